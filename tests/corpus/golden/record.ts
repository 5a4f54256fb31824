/** What is missed, as it is kept in misses.json and shown in docs/corpora.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Counts, Miss } from './score.ts';

export interface Recorded {
  /** By source: cockroach, databend … */
  readonly counts: Readonly<Record<string, Counts>>;
  /** Lines by cause and file. */
  readonly misses: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

const FILE = new URL('misses.json', import.meta.url);

export const recorded = (): Recorded => JSON.parse(readFileSync(FILE, 'utf8')) as Recorded;

export const sourceOf = (file: string): string => file.slice(0, file.indexOf('/'));

/** The causes and lines of some misses; causes with most of them first. */
export function grouped(misses: readonly Miss[]): Recorded['misses'] {
  const causes = new Map<string, Map<string, number[]>>();
  for (const { cause, file, line } of misses) {
    const files = causes.get(cause) ?? new Map<string, number[]>();
    causes.set(cause, files.set(file, [...(files.get(file) ?? []), line]));
  }
  const size = (files: Map<string, number[]>): number => [...files.values()].flat().length;
  const sorted = [...causes].sort(([a, left], [b, right]) => size(right) - size(left) || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([cause, files]) => [cause, Object.fromEntries(files)]));
}

/** The lines that are known to be missed in one file. */
export function knownIn({ misses }: Recorded, file: string): number[] {
  return Object.values(misses)
    .flatMap((files) => files[file] ?? [])
    .sort((a, b) => a - b);
}

export function write(recordedNow: Recorded): void {
  // One line a cause.
  const lines = Object.entries(recordedNow.misses).map(
    ([cause, by]) => `    ${JSON.stringify(cause)}: ${JSON.stringify(by)}`,
  );
  writeFileSync(
    FILE,
    `{\n  "counts": ${JSON.stringify(recordedNow.counts)},\n  "misses": {\n${lines.join(',\n')}\n  }\n}\n`,
  );
}

const percent = ({ right, wrong }: { readonly right: number; readonly wrong: number }): string =>
  `${((100 * right) / Math.max(1, right + wrong)).toFixed(1)} % of ${right + wrong}`;

/** The generated part of docs/corpora.md. */
export function tables({ counts, misses }: Recorded): string {
  const sources = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  const all: Counts = {
    query: { right: 0, wrong: 0 },
    statement: { right: 0, wrong: 0 },
    error: { right: 0, wrong: 0 },
  };
  for (const [, each] of sources)
    for (const kind of ['query', 'statement', 'error'] as const) {
      all[kind].right += each[kind].right;
      all[kind].wrong += each[kind].wrong;
    }
  const row = (name: string, each: Counts): string =>
    `| ${name} | ${percent(each.query)} | ${percent(each.statement)} | ${percent(each.error)} |`;
  const causes = Object.entries(misses).map(([cause, by]) => {
    const lines = Object.entries(by);
    const [example, [line]] = lines[0] ?? ['', []];
    return `| ${Object.values(by).flat().length} | ${cause.replaceAll('|', '\\|')} | \`${example.replace('.jsonl', '')}\` line ${line ?? ''} |`;
  });
  return [
    '| source | queries | statements | expected errors |',
    '| --- | --- | --- | --- |',
    ...sources.map(([name, each]) => row(name, each)),
    row('all', all),
    '',
    '| records | cause | for example |',
    '| ---: | --- | --- |',
    ...causes,
    '',
  ].join('\n');
}
