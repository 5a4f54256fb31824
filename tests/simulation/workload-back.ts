/** RESTORE and REVERT TRANSACTION: what they make of the present, from the worlds before. */
import { differences, isChangedAt, meeting } from './history-model.ts';
import type { Step } from './step.ts';
import { type Dice, padded, replaced } from './workload-dice.ts';
import { type Row, type Table, tableById, tableIn, under, withRows, type World } from './world.ts';

/** Null where there is nothing to go back to. */
export function goBack(dice: Dice, worlds: readonly World[], work: 'restore' | 'revert'): readonly Step[] | null {
  const step = work === 'revert' ? revert(dice, worlds) : restore(dice, worlds);
  return step === null ? null : [step];
}

function restore(dice: Dice, worlds: readonly World[]): Step | null {
  const last = worlds.length - 1;
  const now = worlds[last] as World;
  for (let tries = 0; tries < 10; tries++) {
    const seq = dice.below(worlds.length);
    const then = worlds[seq] as World;
    const both = [...now.tables].filter(([, { id }]) => tableById(then, id) !== undefined);
    if (both.length === 0) continue;
    const isWhole = dice.below(3) === 0;
    const chosen = isWhole ? both : [dice.pick(both)];
    if (!chosen.every(([, table]) => isUsable(dice, table, tableById(then, table.id)?.[1]))) continue;
    const sql = `RESTORE ${isWhole ? 'DATABASE' : `TABLE ${chosen[0]?.[0] as string}`} TO SEQ ${seq}`;
    let world = now;
    for (const [name, { id }] of chosen) world = restored(world, name, tableById(then, id)?.[1] as Table);
    return world === now
      ? { kind: 'nothing', work: 'restore', sql, refused: null }
      : { kind: 'commit', work: 'restore', sql, world };
  }
  return null;
}

function isUsable(dice: Dice, { id, hasKey, isPeriod }: Table, then: Table | undefined): boolean {
  return hasKey && !isPeriod && !dice.limited.has(id) && then !== undefined;
}

function restored(world: World, name: string, then: Table): World {
  const now = tableIn(world, name);
  const changes = differences(now, then);
  if (changes.length === 0) return world;
  const from = then.columns.map((column) => meeting(column, then, now));
  const laid = (row: Row, over: Row): Row =>
    row.reduce((result, value, at) => (from[at] === -1 ? result : replaced(result, from[at] as number, value)), over);
  return withRows(world, name, (rows) => {
    for (const { type, before, after } of changes) {
      const key = Number((before ?? after)?.[0]);
      if (type === 'removed') rows.delete(key);
      else rows.set(key, laid(after as Row, before ?? padded([], now)));
    }
  });
}

const MODES = ['', ' NOCASCADE', ' CASCADE', ' NONCONFLICT_ONLY'] as const;

function revert(dice: Dice, worlds: readonly World[]): Step | null {
  const last = worlds.length - 1;
  for (let tries = 0; tries < 10; tries++) {
    const seq = 1 + dice.below(last);
    const mode = dice.pick(MODES);
    const reverted = new Set([seq]);
    const tables = tablesOf(dice, worlds, reverted);
    if (tables === null || tables.length === 0) continue;
    const sql = `REVERT TRANSACTION ${seq}${mode}`;
    const work = 'revert';
    if (mode === ' CASCADE') {
      if (!growWhole(dice, worlds, reverted)) continue;
    } else if (mode !== ' NONCONFLICT_ONLY' && laterOf(worlds, tables, reverted).size > 0)
      return { kind: 'nothing', work, sql, refused: '55000' };
    const world = without(worlds, reverted, tablesOf(dice, worlds, reverted) as number[]);
    return world === worlds[last]
      ? { kind: 'nothing', work, sql, refused: null }
      : { kind: 'commit', work, sql, world };
  }
  return null;
}

/** Adds the later commits that stand in the way, until none does; false where one cannot be reverted. */
function growWhole(dice: Dice, worlds: readonly World[], reverted: Set<number>): boolean {
  for (;;) {
    const tables = tablesOf(dice, worlds, reverted);
    if (tables === null) return false;
    const later = laterOf(worlds, tables, reverted);
    if (later.size === 0) return true;
    for (const seq of later) reverted.add(seq);
  }
}

/** Tables whose rows the commits have changed; null where one of them is none that a commit can be reverted in. */
function tablesOf(dice: Dice, worlds: readonly World[], seqs: ReadonlySet<number>): number[] | null {
  const now = worlds.at(-1) as World;
  const first = Math.min(...seqs);
  const found = new Set<number>();
  for (const seq of seqs)
    for (const world of [worlds[seq - 1], worlds[seq]] as World[])
      for (const { id } of world.tables.values()) {
        const [before, after] = [worlds[seq - 1], worlds[seq]].map((w) => tableById(w as World, id)?.[1]);
        if (before === after) continue;
        // A commit that changes definitions is left alone.
        if (before?.columns !== after?.columns || before?.hasKey !== after?.hasKey) return null;
        if (before?.indexes !== after?.indexes || before?.retention !== after?.retention) continue;
        if (keysAt(worlds, id, seq).length > 0) found.add(id);
      }
  for (const id of found) {
    const table = tableById(now, id)?.[1];
    if (table === undefined) return null;
    for (let seq = first - 1; seq < worlds.length; seq++)
      if (!isUsable(dice, table, tableById(worlds[seq] as World, id)?.[1])) return null;
  }
  return [...found];
}

function keysAt(worlds: readonly World[], id: number, seq: number): number[] {
  const keys = new Set<number>();
  for (const world of [worlds[seq - 1], worlds[seq]] as World[])
    for (const key of tableById(world, id)?.[1].rows.keys() ?? []) keys.add(key);
  return [...keys].filter((key) => isChangedAt(worlds, id, key, seq));
}

/** Later commits that have changed rows which these have changed. */
function laterOf(worlds: readonly World[], tables: readonly number[], reverted: ReadonlySet<number>): Set<number> {
  const later = new Set<number>();
  for (const id of tables)
    for (const [key, { seqs }] of touched(worlds, id, reverted)) {
      const first = Math.min(...seqs);
      for (let seq = first + 1; seq < worlds.length; seq++)
        if (!reverted.has(seq) && isChangedAt(worlds, id, key, seq)) later.add(seq);
    }
  return later;
}

function touched(
  worlds: readonly World[],
  id: number,
  reverted: ReadonlySet<number>,
): ReadonlyMap<number, { readonly seqs: number[] }> {
  const keys = new Map<number, { readonly seqs: number[] }>();
  for (const seq of reverted)
    for (const key of keysAt(worlds, id, seq)) {
      const found = keys.get(key);
      if (found === undefined) keys.set(key, { seqs: [seq] });
      else found.seqs.push(seq);
    }
  return keys;
}

/** The present without what these commits have done, where nobody else has changed it since. */
function without(worlds: readonly World[], reverted: ReadonlySet<number>, tables: readonly number[]): World {
  const now = worlds.at(-1) as World;
  let world = now;
  for (const id of tables) {
    const [name, table] = tableById(now, id) as readonly [string, Table];
    for (const [key, { seqs }] of touched(worlds, id, reverted)) {
      let newest = worlds.length - 1;
      while (!isChangedAt(worlds, id, key, newest)) newest--;
      if (!reverted.has(newest)) continue;
      const [, then] = tableById(worlds[Math.min(...seqs) - 1] as World, id) as readonly [string, Table];
      const before = then.rows.get(key);
      world = withRows(world, name, (rows) => {
        if (before === undefined) rows.delete(key);
        else rows.set(key, under(before, then, table));
      });
    }
  }
  return isUnchanged(world, now) ? now : world;
}

function isUnchanged(world: World, now: World): boolean {
  for (const [name, table] of world.tables) {
    const old = tableIn(now, name);
    if (table.rows.size !== old.rows.size) return false;
    for (const [key, row] of table.rows) if (row.join('\u0000') !== old.rows.get(key)?.join('\u0000')) return false;
  }
  return true;
}
