/**
 * Periods of valid time: keys WITHOUT OVERLAPS, and foreign keys with PERIOD.
 *
 * No two rows with the same values in a key's other columns may overlap in its period; the periods of the parents with
 * a child's values must together cover the child's. Both are checked when a statement has made all its changes, over
 * all rows with the values that it touched, its own among them.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { ForeignKeyDef, IndexDef, TableDef } from '../../catalog/schema.ts';
import { contains, overlaps } from '../../sql/functions/ranges.ts';
import { normalized } from '../../sql/types/multirange.ts';
import type { RangeKind, SqlRange } from '../../sql/types/range.ts';
import { rangeKind, rangeOver } from '../../sql/types/range-lookup.ts';
import { keyText, type ModifyTarget } from './target.ts';
import { tupleId } from './tuple.ts';

/** More values than these are looked for in one scan of the table. */
const MOST_LOOKUPS = 64;

/** The columns of a key and what its last ones mean. */
class PeriodKey {
  readonly columns: readonly number[];
  readonly scalars: readonly number[];
  readonly #ends: readonly number[];
  readonly kind: RangeKind;

  constructor(table: TableDef, columns: readonly number[], size: 1 | 2) {
    this.columns = columns;
    this.scalars = columns.slice(0, -size);
    this.#ends = columns.slice(-size);
    const type = table.columns.find(({ id }) => id === this.#ends[0])?.type.oid ?? 0;
    const kind = size === 1 ? rangeKind(type) : rangeOver(type);
    assert(kind !== undefined, 'the type of a period has ranges');
    this.kind = kind;
  }

  read(rows: readonly Vector[], row: number): ReturnType<PeriodKey['of']> {
    return this.of((ordinal) => valueAt(rows[ordinal] as Vector, row));
  }

  /** Null where a value is null, which conflicts with nothing. */
  of(valueOf: (ordinal: number) => Value): { readonly scalars: readonly Value[]; readonly range: SqlRange } | null {
    const scalars = this.scalars.map(valueOf);
    const [from = null, to = null] = this.#ends.map(valueOf);
    if (scalars.includes(null) || from === null) return null;
    if (this.#ends.length === 1) return { scalars, range: from as SqlRange };
    if (to === null) return null;
    const range = this.kind.make(
      { value: from, inclusive: true, isLower: true },
      { value: to, inclusive: false, isLower: false },
    );
    return { scalars, range };
  }
}

/** Rows with the same values: their periods, and where the first stands for messages. */
interface Group {
  readonly scalars: readonly Value[];
  readonly ranges: SqlRange[];
}

/** Checks the entries from `from` on against a key WITHOUT OVERLAPS; throws 23P01, and 23514 for an empty range. */
export function* checkOverlaps(target: ModifyTarget, table: TableDef, index: IndexDef, from: number): Task<void> {
  const key = keyOf(table, index);
  const touched = touchedGroups(target, table, key, from);
  for (const { scalars, ranges } of touched.values()) {
    if (ranges.some(({ empty }) => empty))
      throw new DriftError('23514', `empty WITHOUT OVERLAPS value found in relation "${table.name}"`, {
        detail: `${keyText(target, table, key.scalars, scalars)} has an empty range.`,
        schema: table.schema,
        table: table.name,
        constraint: index.name,
      });
  }
  const groups = yield* rowsLike(target, table, index, [...touched.values()]);
  for (const { scalars, ranges } of groups.values()) {
    const sorted = ranges.toSorted((a, b) => key.kind.compare(a, b));
    sorted.forEach((range, i) => {
      const before = sorted[i - 1];
      if (before === undefined || !overlaps(key.kind, before, range)) return;
      throw new DriftError('23P01', `conflicting key value violates exclusion constraint "${index.name}"`, {
        detail: `${keyText(target, table, key.scalars, scalars)}: the periods ${shown(key.kind, before, target)} and ${shown(key.kind, range, target)} overlap.`,
        schema: table.schema,
        table: table.name,
        constraint: index.name,
      });
    });
  }
}

/** Checks that the parents of every live entry from `from` on cover its period; throws 23503. */
export function* checkCovered(target: ModifyTarget, table: TableDef, foreign: ForeignKeyDef, from: number): Task<void> {
  const key = new PeriodKey(table, foreign.columns, foreign.period ?? 1);
  const children = touchedGroups(target, table, key, from);
  const bad = yield* uncovered(target, foreign, key, children);
  if (bad === null) return;
  const parent = target.catalog.byId(foreign.foreignTableId);
  throw new DriftError(
    '23503',
    `insert or update on table "${table.name}" violates foreign key constraint "${foreign.name}"`,
    {
      detail: `${keyText(target, table, key.scalars, bad.scalars)} is not present in table "${parent?.name ?? ''}" for all of ${shown(key.kind, bad.range, target)}.`,
      schema: table.schema,
      table: table.name,
      constraint: foreign.name,
    },
  );
}

/** Of children (their rows by ordinal), the first that its parents do not cover. */
export function* firstUncovered(
  target: ModifyTarget,
  child: TableDef,
  foreign: ForeignKeyDef,
  rows: readonly (readonly Value[])[],
): Task<readonly Value[] | null> {
  const key = new PeriodKey(child, foreign.columns, foreign.period ?? 1);
  const groups = new Map<string, Group>();
  for (const row of rows)
    note(
      groups,
      key.of((ordinal) => row[ordinal] ?? null),
    );
  return (yield* uncovered(target, foreign, key, groups))?.scalars ?? null;
}

function* uncovered(
  target: ModifyTarget,
  foreign: ForeignKeyDef,
  key: PeriodKey,
  children: ReadonlyMap<string, Group>,
): Task<{ readonly scalars: readonly Value[]; readonly range: SqlRange } | null> {
  const parent = target.catalog.byId(foreign.foreignTableId);
  const index =
    parent?.kind === 'table'
      ? parent.indexes.find(
          ({ withoutOverlaps, columns }) =>
            withoutOverlaps !== undefined && columns.every(({ column }, i) => column === foreign.foreignColumns[i]),
        )
      : undefined;
  const parents =
    parent?.kind === 'table' && index !== undefined
      ? yield* rowsLike(target, parent, index, [...children.values()])
      : new Map<string, Group>();
  for (const [id, { scalars, ranges }] of children) {
    const covered = normalized(key.kind, parents.get(id)?.ranges ?? []);
    for (const range of ranges)
      if (!range.empty && !covered.ranges.some((part) => contains(key.kind, part, range))) return { scalars, range };
  }
  return null;
}

function keyOf(table: TableDef, index: IndexDef): PeriodKey {
  return new PeriodKey(
    table,
    index.columns.map(({ column }) => column),
    index.withoutOverlaps ?? 1,
  );
}

function touchedGroups(target: ModifyTarget, table: TableDef, key: PeriodKey, from: number): Map<string, Group> {
  const writes = target.writes(table.id);
  const groups = new Map<string, Group>();
  for (let entry = from; entry < writes.count; entry++)
    if (writes.isLive(entry)) note(groups, key.read(writes.rows(), entry));
  return groups;
}

function note(groups: Map<string, Group>, read: ReturnType<PeriodKey['read']>): void {
  if (read === null) return;
  const id = tupleId(read.scalars);
  const group = groups.get(id);
  if (group === undefined) groups.set(id, { scalars: read.scalars, ranges: [read.range] });
  else group.ranges.push(read.range);
}

/** All rows that there are now with the values of the groups, through the index WITHOUT OVERLAPS or by one scan. */
function* rowsLike(
  target: ModifyTarget,
  table: TableDef,
  index: IndexDef,
  wanted: readonly Group[],
): Task<ReadonlyMap<string, Group>> {
  const key = keyOf(table, index);
  const found = new Map<string, Group>();
  if (wanted.length === 0) return found;
  const ids = new Set(wanted.map(({ scalars }) => tupleId(scalars)));
  const reader = target.reader.table(table.id);
  const columns = target.table(table.id).columns.map((_, ordinal) => ordinal);
  const tree = reader.table.indexes.find(({ id }) => id === index.id);
  const sources =
    wanted.length <= MOST_LOOKUPS
      ? wanted.map(({ scalars }) => reader.scanIndex(index.id, { columns, range: tree?.prefixRange([...scalars]) }))
      : [reader.scan({ columns })];
  for (const source of sources) {
    for (;;) {
      const batch = yield* source.next();
      if (batch === null) break;
      for (let i = 0; i < batch.count; i++) {
        const read = key.read(batch.columns, batch.selection === null ? i : (batch.selection[i] as number));
        if (read !== null && ids.has(tupleId(read.scalars))) note(found, read);
      }
    }
    source.close();
  }
  return found;
}

function shown(kind: RangeKind, { lower, upper }: SqlRange, { eval: context }: ModifyTarget): string {
  const text = (value: Value): string => (value === null ? '' : kind.subtype.output(value, context));
  return `${lower.inclusive ? '[' : '('}${text(lower.value)},${text(upper.value)}${upper.inclusive ? ']' : ')'}`;
}
