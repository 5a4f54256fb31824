/**
 * Lists in the documentation that the engine knows better: functions and types. They stand between `<!-- list NAME -->`
 * and `<!-- end -->` and are compared with the registries. UPDATE_DOCS=1 writes them. And links: all lead somewhere.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { SqlFunction } from '../../src/sql/functions/function.ts';
import { allFunctions, functionsNamed } from '../../src/sql/functions/registry.ts';
import { allTypes, typeByOid } from '../../src/sql/types/registry.ts';
import { pages, readPage, ROOT } from './markdown.ts';

const PAGE = 'docs/sql-functions.md';

/** What a scalar function is about, by the category of the type it takes first (or gives, where it takes none). */
const SUBJECTS: Readonly<Record<string, string>> = {
  N: 'Numbers',
  S: 'Text and bytes',
  D: 'Dates and times',
  T: 'Dates and times',
  A: 'Arrays',
  R: 'Ranges',
  J: 'JSON',
  other: 'Others',
};
const KINDS = { aggregate: 'Aggregates', window: 'Window functions', set: 'Functions that give rows' } as const;

const ABOUT_SESSION =
  /^(pg_|current_(catalog|database|role|schema|setting|user)|session_user|user|version|(next|curr|last|set)val|set_config|getdatabase|drift_|to_reg)/;
const ABOUT_TIME = /^(date_|extract|timezone|(to|make)_(date|time))/;

function subjectOf(fn: SqlFunction): string {
  if (fn.kind !== 'scalar') return KINDS[fn.kind];
  const oid = fn.args[0] ?? fn.returns;
  const { name, category } = typeByOid(oid);
  if (ABOUT_SESSION.test(fn.name) || name === 'regclass' || name === 'oid') return 'Others';
  if (ABOUT_TIME.test(fn.name)) return 'Dates and times';
  if (/jsonb?(_|$)/.test(fn.name) || name.startsWith('json')) return 'JSON';
  if (name === 'bytea') return 'Text and bytes';
  if (name === 'anyarray' || fn.name.startsWith('array_')) return 'Arrays';
  return SUBJECTS[category] ?? 'Others';
}

/** A name stands once under each kind, in the subject of its first entry. */
function functionList(): string {
  const order = [...new Set(Object.values(SUBJECTS)), ...Object.values(KINDS)];
  const subjects = new Map<string, Set<string>>(order.map((subject) => [subject, new Set()]));
  const seen = new Set<string>();
  for (const fn of allFunctions()) {
    if (seen.has(`${fn.kind} ${fn.name}`)) continue;
    seen.add(`${fn.kind} ${fn.name}`);
    subjects.get(subjectOf(fn))?.add(fn.name);
  }
  const lines = [...subjects]
    .filter(([, names]) => names.size > 0)
    .map(
      ([subject, names]) =>
        `| ${subject} | ${[...names]
          .toSorted()
          .map((name) => `\`${name}\``)
          .join(' ')} |`,
    );
  return ['| | |', '| --- | --- |', ...lines].join('\n');
}

test(`${PAGE} names functions as missing that are`, () => {
  const [, table = ''] = /<!-- missing -->\n([^]*?)<!-- end -->/.exec(readPage(PAGE)) ?? [];
  const names = [...table.matchAll(/`([a-z_0-9]+)`/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name) => functionsNamed(name).length > 0)).toEqual([]);
});

/** Types of values, without arrays (each type has one) and pseudo-types. */
function typeList(): string {
  const names = [...allTypes()]
    .filter(({ category }) => !'APX'.includes(category))
    .map(({ display }) => `\`${display}\``);
  return names.toSorted().join(', ');
}

for (const [name, list] of [
  ['functions', functionList],
  ['types', typeList],
] as const) {
  test(`${PAGE} lists the ${name} that there are`, () => {
    const page = readPage(PAGE);
    const [begin, end] = [`<!-- list ${name} -->\n`, '\n<!-- end -->'];
    const start = page.indexOf(begin) + begin.length;
    const stop = page.indexOf(end, start);
    expect([start, stop].every((at) => at > begin.length)).toBe(true);
    if (process.env['UPDATE_DOCS'] === '1')
      writeFileSync(join(ROOT, PAGE), page.slice(0, start) + list() + page.slice(stop));
    else expect(page.slice(start, stop), 'UPDATE_DOCS=1 npx vitest run --project unit tests/docs').toBe(list());
  });
}

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

test.each(pages())('links of %s lead somewhere', (name) => {
  const broken: string[] = [];
  for (const [, target = ''] of readPage(name).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? name : join(dirname(name), file);
    if (!existsSync(join(ROOT, path))) broken.push(target);
    else if (anchor !== undefined) {
      const headings = [...readPage(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
      if (!headings.includes(anchor)) broken.push(target);
    }
  }
  expect(broken).toEqual([]);
});
