/** What runs in a world (world.ts): the writer, the background, and readers that compare what they find with the model. */
import { DriftError } from '../../src/base/error.ts';
import { PAUSE, type Task } from '../../src/base/task.ts';
import { type Batch, valueAt } from '../../src/base/vector.ts';
import { type BatchSource, type KeyRange, MISS, OP_DELETE, OP_INSERT, OP_UPDATE } from '../../src/table/table.ts';
import { firstGone, isKept, narrowed } from '../../src/table/kept.ts';
import { below, changesOf, note, type Version, type World } from './world.ts';

const TABLE = 1;

// ---- writing -------------------------------------------------------------------------------------------------------

/** Commits, some in slices. */
export function* writer(world: World, commits: number): Task<void> {
  const { random, store } = world;
  for (let n = 0; n < commits; n++) {
    const isBulk = below(random, 3) === 0;
    const seq = world.seq + 1;
    const made = changes(world, isBulk ? 30 : 4);
    const rows = changesOf(made.ops, made.keys, made.values);
    const { bulk } = store;
    if (isBulk && bulk !== undefined) {
      const prepared = yield* bulk.prepare(TABLE, rows);
      world.isTaken = true;
      yield* bulk.apply(seq, prepared);
      world.isTaken = false;
      prepared.release();
    } else {
      const prepared = yield* store.prepare(TABLE, rows);
      // The log makes room, others are waited for.
      for (let turns = below(random, 30); turns > 0; turns--) yield PAUSE;
      store.apply(seq, prepared);
      prepared.release();
    }
    take(world, seq, made);
    note(world, isBulk ? 'bulk' : 'plain');
    yield PAUSE;
  }
  world.isOver = true;
}

/** One commit of new rows. */
export function* inserted(world: World, keys: readonly number[]): Task<void> {
  const made: Made = { ops: keys.map(() => OP_INSERT), keys: [...keys], values: keys.map(() => 1) };
  const prepared = yield* world.store.prepare(TABLE, changesOf(made.ops, made.keys, made.values));
  world.store.apply(world.seq + 1, prepared);
  prepared.release();
  take(world, world.seq + 1, made);
}

interface Made {
  readonly ops: number[];
  readonly keys: number[];
  readonly values: number[];
}

function changes({ random, versions, keys: limit }: World, most: number): Made {
  const live = new Map(versions.filter(({ to }) => to === Infinity).map((version) => [version.key, version]));
  const keys = new Set<number>();
  for (let n = 1 + below(random, most); n > 0; n--) keys.add(below(random, limit));
  const made: Made = { ops: [], keys: [], values: [] };
  for (const key of keys) {
    const old = live.get(key);
    made.ops.push(old === undefined ? OP_INSERT : below(random, 4) === 0 ? OP_DELETE : OP_UPDATE);
    made.keys.push(key);
    // An update changes something.
    made.values.push(((old?.value ?? 0) + 1 + below(random, 9)) % 10);
  }
  return made;
}

function take(world: World, seq: number, { ops, keys, values }: Made): void {
  keys.forEach((key, i) => {
    const old = world.versions.find((version) => version.key === key && version.to === Infinity);
    if (old !== undefined) old.to = seq;
    if (ops[i] !== OP_DELETE) world.versions.push({ key, value: values[i] ?? 0, from: seq, to: Infinity });
  });
  world.seq = seq;
}

// ---- in the background ---------------------------------------------------------------------------------------------

/** One piece of work after the other, until the writer is done. */
export function* maintenance(world: World): Task<void> {
  const { store, random } = world;
  while (!world.isOver) {
    yield PAUSE;
    const split = store.takeSplit();
    if (split !== null) {
      if (yield* split.task()) note(world, split.kind);
      continue;
    }
    if (below(random, 20) === 0) yield* trim(world);
    if (below(random, 10) > 0) continue;
    if (yield* store.repack()) note(world, 'repack');
    yield* checkpoint(world);
  }
}

export function* checkpoint(world: World): Task<void> {
  while (world.isTaken) yield PAUSE;
  world.directory = yield* world.store.checkpoint(() => ({ columns: 2, indexes: new Set([2]) }));
  yield* world.store.checkpointDone();
  note(world, 'checkpoint');
}

function* trim(world: World): Task<void> {
  const { store, random, seq } = world;
  // Of the moments of before that are still needed one goes now and then, some others become such.
  const points = store.table(TABLE).keptBefore.map(({ start }) => start);
  if (below(random, 2) === 0) points.shift();
  for (let n = below(random, 5); n > 0; n--) points.push(below(random, Math.max(1, seq - 20)));
  store.keepHistory(TABLE, narrowed(store.table(TABLE), seq - 20, points));
  if (store.table(TABLE).keptBefore.length > 0) note(world, 'gaps');
  yield* store.trimHistory(TABLE);
  note(world, 'trim');
}

/** All moments that can be read. */
function keptOf({ store, seq }: World): number[] {
  const table = store.table(TABLE);
  return Array.from({ length: seq + 1 }, (_, moment) => moment).filter((moment) => isKept(table, moment));
}

// ---- reading -------------------------------------------------------------------------------------------------------

/** Reads of all kinds at moments of all ages. */
export function* reader(world: World, reads: number): Task<void> {
  const { random } = world;
  for (let n = 0; n < reads; n++) {
    for (let turns = below(random, 40); turns > 0; turns--) yield PAUSE;
    const kept = keptOf(world);
    const seq = below(random, 3) === 0 ? world.seq : (kept[below(random, kept.length)] as number);
    // From a moment that is there alone to a later one that is there alone, or a whole period.
    const last = seq < world.store.table(TABLE).historyFrom ? seq : world.seq;
    try {
      yield* read(world, seq, last);
    } catch (error) {
      // It has gone meanwhile.
      const isGone = firstGone(world.store.table(TABLE), seq, last) !== null;
      if (!(error instanceof DriftError && error.code === '72000' && isGone)) throw error;
    }
  }
}

function* read(world: World, seq: number, last: number): Task<void> {
  const { random } = world;
  switch (below(random, 4)) {
    case 0:
      return yield* find(world, seq, below(random, world.keys));
    case 1:
      return yield* versions(world, seq, last);
    case 2:
      return yield* scanIndex(world, seq);
    default:
      return yield* scan(world, seq);
  }
}

/** All states that there are. */
export function* readEverything(world: World): Task<void> {
  for (const seq of keptOf(world)) {
    yield* scan(world, seq);
    yield* scanIndex(world, seq);
    if (seq % 5 === 0) for (let key = 0; key < world.keys; key += 3) yield* find(world, seq, key);
  }
  for (const { start, end } of world.store.table(TABLE).keptBefore) yield* versions(world, start, end - 1);
  yield* versions(world, world.store.table(TABLE).historyFrom, world.seq);
}

function inForce({ versions }: World, seq: number): Version[] {
  return versions.filter(({ from, to }) => from <= seq && seq < to);
}

function* find(world: World, seq: number, key: number): Task<void> {
  const table = world.store.table(TABLE);
  const { value } = inForce(world, seq).find((version) => version.key === key) ?? { value: null };
  // Who has to load asks again at once; what a load cannot bring together would be asked for for ever.
  for (let tries = 0; ; tries++) {
    const found = table.find(key, seq);
    if (found !== MISS) {
      compare(`key ${key} at ${seq}`, [found === null ? null : valueAt(found.columns[1] as never, found.row)], [value]);
      break;
    }
    if (tries > 100) throw new Error(`key ${key} at ${seq} is never there`);
    yield* table.load(key, seq);
  }
  note(world, 'find');
}

function* scan(world: World, seq: number): Task<void> {
  const { random } = world;
  const order = ([undefined, 'asc', 'desc'] as const)[below(random, 3)];
  const low = below(random, world.keys);
  const range: KeyRange =
    below(random, 2) === 0 ? {} : { low, lowInclusive: true, high: low + 20, highInclusive: false };
  const versionColumns = below(random, 3) === 0;
  const expected = inForce(world, seq)
    .filter(({ key }) => range.low === undefined || (key >= low && key < low + 20))
    .map(({ key, value, from, to }) => [key, value, ...(versionColumns ? [from, ended(to, world.seq)] : [])])
    .sort((a, b) => ((a[0] ?? 0) - (b[0] ?? 0)) * (order === 'desc' ? -1 : 1));
  const newest = world.seq;
  const source = world.store.table(TABLE).scan({ seq, columns: [0, 1], range, order, versionColumns });
  const rows = yield* rowsOf(source);
  if (versionColumns) for (const row of rows) row[3] = ended(row[3] ?? 0, newest);
  if (order === undefined) rows.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  compare(`scan at ${seq} of ${newest} ${order ?? ''} ${JSON.stringify(range)}`, rows, expected);
  note(world, 'scan');
}

function* scanIndex(world: World, seq: number): Task<void> {
  const expected = inForce(world, seq)
    .map(({ key, value }) => [value, key])
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0));
  const index = world.store.table(TABLE).indexes[0];
  if (index === undefined) throw new Error('no index');
  const rows = yield* rowsOf(index.scan({ seq, columns: [0, 1], order: 'asc' }));
  compare(`index at ${seq} of ${world.seq}`, rows, expected);
  note(world, 'index');
}

function* versions(world: World, fromSeq: number, toSeq: number): Task<void> {
  const expected = world.versions
    .filter(({ from, to }) => from <= toSeq && to > fromSeq)
    .map(({ key, value, from, to }) => [key, value, from, ended(to, toSeq)])
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0));
  const source = world.store.table(TABLE).scanVersions({ fromSeq, toSeq, columns: [0, 1], versionColumns: true });
  const rows = yield* rowsOf(source);
  for (const row of rows) row[3] = ended(row[3] ?? 0, toSeq);
  compare(`versions from ${fromSeq} to ${toSeq}`, rows, expected);
  note(world, 'versions');
}

/** What ends later than anybody knew when the read began. */
function ended(to: number, seq: number): number {
  return to > seq ? Infinity : to;
}

function* rowsOf(source: BatchSource): Task<number[][]> {
  const rows: number[][] = [];
  for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) rows.push(...ofBatch(batch));
  source.close();
  return rows;
}

function ofBatch({ columns, selection, count }: Batch): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const row = selection === null ? i : (selection[i] ?? 0);
    return columns.map((column) => valueAt(column, row) as number);
  });
}

function compare(what: string, found: readonly unknown[], expected: readonly unknown[]): void {
  const [left, right] = [text(found), text(expected)];
  if (left !== right) throw new Error(`${what}:\n found    ${left}\n expected ${right}`);
}

function text(rows: readonly unknown[]): string {
  return rows.map(String).join(' ');
}
