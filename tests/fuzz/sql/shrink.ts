/**
 * Shrinks what differs to a small script: the statement by cutting its syntax tree, then the statements before it and
 * the rows they insert, as long as the two databases still differ in the same way.
 *
 * Greedy: the first smaller variant that still fails is taken and its variants are tried in turn, until none fails or
 * the budget of tries is used up.
 */
import type { Statement } from '../../../src/sql/ast-statement.ts';
import { parseOne } from '../../../src/sql/parser/parser.ts';
import { printStatement } from '../../../src/sql/parser/print.ts';
import { compare } from './compare.ts';
import { Drift, type Reference } from './engines.ts';
import type { Failure } from './episode.ts';

const TRIES = 1500;

/** The smallest script found; its last statement is the one that differs. */
export async function shrink(failure: Failure, reference: Reference): Promise<readonly string[]> {
  const sql = failure.script.at(-1) ?? '';
  // A property's two sides, or what was answered differently later, are reported as they are, with what made the data.
  if (failure.check !== 'reference' || !(await fails(failure, failure.script, reference))) return failure.script;
  let before: readonly string[] = failure.script.slice(0, -1);
  const last = await shrinkStatement(failure, before, sql, reference);
  for (let at = before.length - 1; at >= 0; at--) {
    const fewer = before.toSpliced(at, 1);
    if (await fails(failure, [...fewer, last], reference)) before = fewer;
  }
  for (let at = 0; at < before.length; at++) before = await fewerRows(failure, before, at, last, reference);
  return [...before, await shrinkStatement(failure, before, last, reference)];
}

/** What kind of difference it is: values and names taken out. */
function category(what: string): string {
  const [drift = '', postgres = ''] = what.split('; PostgreSQL: ');
  const counts = /^(\d+) rows; PostgreSQL: (\d+)$/.exec(what);
  if (counts !== null) return Number(counts[1]) > Number(counts[2]) ? 'too many rows' : 'too few rows';
  const part = (text: string): string => text.replace(/"[^"]*"|'[^']*'|\b(?![0-9A-Z]{5}\b)\d+/g, '').slice(0, 25);
  return `${part(drift)};${part(postgres)}`;
}

async function prepare(script: readonly string[], reference: Reference): Promise<Drift> {
  const drift = await Drift.open();
  await reference.reset();
  for (const sql of script) {
    await drift.run(sql);
    await reference.run(sql);
  }
  return drift;
}

async function differs(failure: Failure, sql: string, drift: Drift, reference: Reference): Promise<boolean> {
  const verdict = compare(await drift.run(sql), await reference.run(sql), failure.expected);
  return verdict.kind === 'different' && category(verdict.what) === category(failure.what);
}

async function fails(failure: Failure, script: readonly string[], reference: Reference): Promise<boolean> {
  const drift = await prepare(script.slice(0, -1), reference);
  const result = await differs(failure, script.at(-1) ?? '', drift, reference);
  await drift.engine.close();
  return result;
}

/** Tries variants in a transaction that is rolled back each time, so that the data stays. */
async function shrinkStatement(
  failure: Failure,
  before: readonly string[],
  sql: string,
  reference: Reference,
): Promise<string> {
  const drift = await prepare(before, reference);
  const inside = drift.inTransaction;
  const mark = inside ? 'SAVEPOINT shrink' : 'BEGIN';
  const back = inside ? 'ROLLBACK TO shrink' : 'ROLLBACK';
  let smallest = sql;
  let tries = 0;
  for (let progress = true; progress;) {
    progress = false;
    for (const candidate of smaller(smallest)) {
      if (tries++ > TRIES) break;
      for (const peer of [drift, reference]) await peer.run(mark);
      const still = await differs(failure, candidate, drift, reference);
      for (const peer of [drift, reference]) await peer.run(back);
      if (!still) continue;
      smallest = candidate;
      progress = true;
      break;
    }
  }
  await drift.engine.close();
  return smallest;
}

async function fewerRows(
  failure: Failure,
  before: readonly string[],
  at: number,
  last: string,
  reference: Reference,
): Promise<readonly string[]> {
  let script = before;
  for (let progress = true; progress;) {
    progress = false;
    for (const candidate of smaller(script[at] ?? '', true)) {
      const changed = script.with(at, candidate);
      if (!(await fails(failure, [...changed, last], reference))) continue;
      script = changed;
      progress = true;
      break;
    }
  }
  return script;
}

/** Texts of the statement with one thing cut out; only rows of VALUES where `rowsOnly`. */
function* smaller(sql: string, rowsOnly = false): Generator<string> {
  let tree: Statement;
  try {
    tree = parseOne(sql);
  } catch {
    return;
  }
  if (rowsOnly && tree.kind !== 'insert') return;
  const seen = new Set<string>([sql]);
  for (const variant of variants(tree, rowsOnly)) {
    let text: string;
    try {
      text = printStatement(variant as Parameters<typeof printStatement>[0]);
    } catch {
      continue;
    }
    if (text.length >= sql.length + 8 || seen.has(text)) continue;
    seen.add(text);
    yield text;
  }
}

const NULL_LITERAL = { kind: 'null', position: 0 };

function isNode(value: unknown): value is Record<string, unknown> & { kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/** Trees with one cut, larger cuts first. */
function* variants(value: unknown, rowsOnly: boolean): Generator {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const half = items.length >> 1;
    if (half > 1) {
      yield items.slice(0, half);
      yield items.slice(half);
    }
    if (!rowsOnly || items.every(Array.isArray)) for (let i = 0; i < items.length; i++) yield items.toSpliced(i, 1);
    for (const [i, item] of items.entries())
      for (const variant of variants(item, rowsOnly)) yield items.with(i, variant);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (typeof child !== 'object' || child === null) continue;
    const put = (replacement: unknown): object => ({ ...value, [key]: replacement });
    if (!rowsOnly) {
      yield put(undefined);
      if (Array.isArray(child)) yield put([]);
      if (isNode(child)) {
        for (const inner of descendants(child, 3)) yield put(inner);
        yield put(NULL_LITERAL);
      }
    }
    for (const variant of variants(child, rowsOnly)) yield put(variant);
  }
}

function* descendants(node: unknown, depth: number): Generator {
  if (depth === 0 || typeof node !== 'object' || node === null) return;
  for (const child of Object.values(node)) {
    if (isNode(child)) yield child;
    yield* descendants(child, isNode(child) ? depth - 1 : depth);
  }
}
