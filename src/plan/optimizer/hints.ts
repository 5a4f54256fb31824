/**
 * Planner hints, after pg_hint_plan:
 *
 *     SeqScan(t)  IndexScan(t [index …])  IndexOnlyScan(t [index …])  BitmapScan(t [index …])   how t is read
 *     NoSeqScan(t)  NoIndexScan(t)  NoIndexOnlyScan(t)  NoBitmapScan(t)                         how it is not
 *     HashJoin(a b …)  MergeJoin(a b …)  NestLoop(a b …)  and with No                           how these are joined
 *     Leading(a b c)  Leading((a (b c)))                                                        in which order
 *     Set(enable_sort off)                                                                      a setting for this plan
 *
 * Tables go by their alias. Like the settings, a hint makes other ways dear, not impossible. What is no hint is passed
 * over: a comment may never make a statement fail.
 */
import type { Switches } from './switches.ts';

/** An order of joins: an alias, or two of them. */
export type Leading = string | readonly [Leading, Leading];

export interface ScanHint {
  readonly switches: Partial<Switches>;
  /** Names of the indexes that may be used; null: any. */
  readonly indexes: ReadonlySet<string> | null;
}

export interface JoinHint {
  readonly aliases: ReadonlySet<string>;
  readonly switches: Partial<Switches>;
}

export interface Hints {
  readonly scans: ReadonlyMap<string, ScanHint>;
  readonly joins: readonly JoinHint[];
  readonly leading: Leading | null;
  readonly settings: ReadonlyMap<string, string>;
}

type Scans = 'seqscan' | 'indexscan' | 'indexonlyscan' | 'bitmapscan';
type Joins = 'hashjoin' | 'mergejoin' | 'nestloop';
/** What else has to be on: an index-only scan is an index scan. */
const SCANS: Readonly<Record<string, readonly Scans[]>> = {
  seqscan: ['seqscan'],
  indexscan: ['indexscan'],
  indexonlyscan: ['indexscan', 'indexonlyscan'],
  bitmapscan: ['bitmapscan'],
};
const ALL_SCANS: readonly Scans[] = ['seqscan', 'indexscan', 'indexonlyscan', 'bitmapscan'];
const ALL_JOINS: readonly Joins[] = ['hashjoin', 'mergejoin', 'nestloop'];

export function parseHints(text: string): Hints {
  const scans = new Map<string, ScanHint>();
  const joins: JoinHint[] = [];
  const settings = new Map<string, string>();
  let leading: Leading | null = null;
  for (const match of text.matchAll(/([A-Za-z]+)\s*\(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)/g)) {
    const name = (match[1] as string).toLowerCase();
    const body = match[2] as string;
    const negated = name.startsWith('no');
    const method = negated ? name.slice(2) : name;
    const [first, ...rest] = words(body);
    if (first === undefined) continue;
    if (SCANS[method] !== undefined) {
      const wanted = SCANS[method];
      const switches = negated ? { [wanted.at(-1) as Scans]: false } : only(ALL_SCANS, wanted);
      const indexes = rest.length === 0 ? null : new Set(rest);
      scans.set(first, { switches: { ...scans.get(first)?.switches, ...switches }, indexes });
    } else if (isJoin(method)) {
      joins.push({
        aliases: new Set([first, ...rest]),
        switches: negated ? { [method]: false } : only(ALL_JOINS, [method]),
      });
    } else if (name === 'leading') leading = leadingOf(body);
    else if (name === 'set' && rest[0] !== undefined) settings.set(first.toLowerCase(), rest[0].toLowerCase());
  }
  return { scans, joins, leading, settings };
}

function isJoin(name: string): name is Joins {
  return (ALL_JOINS as readonly string[]).includes(name);
}

function only<T extends keyof Switches>(all: readonly T[], wanted: readonly T[]): Partial<Switches> {
  return Object.fromEntries(all.map((name) => [name, wanted.includes(name)]));
}

function words(body: string): string[] {
  return [...body.matchAll(/"([^"]*)"|([^\s()"]+)/g)].map((match) => match[1] ?? (match[2] as string));
}

/** `a b c` is ((a b) c). */
function leadingOf(body: string): Leading | null {
  const tokens = body.match(/[()]|"[^"]*"|[^\s()"]+/g) ?? [];
  let at = 0;
  const item = (): Leading | null => {
    const token = tokens[at++];
    if (token === undefined || token === ')') return null;
    if (token !== '(') return token.replaceAll('"', '');
    const inner = list();
    at++;
    return inner;
  };
  const list = (): Leading | null => {
    let tree: Leading | null = null;
    while (at < tokens.length && tokens[at] !== ')') {
      const next = item();
      if (next === null) return tree;
      tree = tree === null ? next : [tree, next];
    }
    return tree;
  };
  return list();
}
