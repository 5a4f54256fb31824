/**
 * What ERASE means beside the table that it names, where there are branches.
 *
 * Rows of a table are in the trees of the line that made them, and once more in what branches keep of inherited rows: the
 * keys that they have hidden, and the entries of their own indexes (seeds). These go with the rows, unless the line that
 * the branch has left has versions of its own under the key. Versions that a branch has made itself are the branch's:
 * they stay until ERASE runs there, and whoever erases is told.
 */
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { BranchDef, LineTableDef } from '../../catalog/lines.ts';
import type { Key, VersionedTable } from '../../table/table.ts';
import type { Core } from '../core.ts';

const LAST = Number.MAX_SAFE_INTEGER;

export interface ErasedPart {
  readonly tableId: number;
  readonly keys: ReadonlySet<Key>;
  /** Versions from before this commit go. */
  readonly before: number;
  /** Its rows are part of no proof. */
  readonly isDerived: boolean;
}

/** The trees that have something of erased rows: the table itself, and what branches keep of it. */
export function* erasedParts(core: Core, tableId: number, keys: ReadonlySet<Key>, seq: number): Task<ErasedPart[]> {
  const parts: ErasedPart[] = [{ tableId, keys, before: seq, isDerived: false }];
  const all = tablesOfLines(core);
  const own = all.find(({ id }) => id === tableId);
  const [of, line] = own === undefined || own.role === 'table' ? [tableId, own?.line ?? 0] : [own.of, own.line];
  for (const def of all) {
    if (def.of !== of || (def.role !== 'hidden' && def.role !== 'index')) continue;
    const gone = new Set<Key>();
    const parents = def.line === line ? null : chainTo(core, def.line, line);
    if (parents === null) continue;
    // What the branch itself has inherited is there further up, whatever becomes of its own versions.
    const above =
      own?.role === 'own'
        ? all.find((other) => other.of === of && other.role === 'hidden' && other.line === line)
        : undefined;
    for (const key of keys) {
      if (above !== undefined && (yield* hasVersion(core.store.table(above.id), key))) continue;
      if (!(yield* isHeld(core, all, of, parents, key))) gone.add(key);
    }
    if (gone.size === 0) continue;
    if (def.role === 'hidden') parts.push({ tableId: def.id, keys: gone, before: LAST, isDerived: false });
    else parts.push({ tableId: def.id, keys: yield* seedKeys(core, def, gone), before: LAST, isDerived: true });
  }
  return parts;
}

/** Branches that have versions of their own of some of these rows. */
export function* branchesWith(core: Core, tableId: number, keys: ReadonlySet<Key>): Task<BranchDef[]> {
  const found: BranchDef[] = [];
  for (const { of, role, id, line } of tablesOfLines(core)) {
    const branch = core.lines.state.byId(line) as BranchDef | undefined;
    if (of !== tableId || role !== 'own' || branch === undefined) continue;
    for (const key of keys) {
      if (!(yield* hasVersion(core.store.table(id), key))) continue;
      found.push(branch);
      break;
    }
  }
  return found;
}

function tablesOfLines({ lines, store }: Core): LineTableDef[] {
  return [...lines.state.objects()].filter(
    (object): object is LineTableDef => 'line' in object && store.has(object.id),
  );
}

/** The lines between a branch and one that it comes from, nearest first; null where it does not come from it. */
function chainTo({ lines }: Core, from: number, to: number): number[] | null {
  const chain: number[] = [];
  let branch = lines.state.byId(from) as BranchDef | undefined;
  while (branch !== undefined) {
    if (branch.parent === to) return chain;
    chain.push(branch.parent);
    branch = lines.state.byId(branch.parent) as BranchDef | undefined;
  }
  return null;
}

/** Whether one of some lines has versions of its own under a key. */
function* isHeld(
  { store }: Core,
  all: readonly LineTableDef[],
  of: number,
  parents: readonly number[],
  key: Key,
): Task<boolean> {
  for (const def of all)
    if (def.of === of && def.role === 'own' && parents.includes(def.line))
      if (yield* hasVersion(store.table(def.id), key)) return true;
  return false;
}

function* hasVersion(table: VersionedTable, key: Key): Task<boolean> {
  const range = { low: key, lowInclusive: true, high: key, highInclusive: true };
  const source = table.scanVersions({ fromSeq: 0, toSeq: Infinity, columns: [], range });
  try {
    return (yield* source.next()) !== null;
  } finally {
    source.close();
  }
}

/** Keys of a seed's entries of some rows. */
function* seedKeys({ store }: Core, def: LineTableDef, rows: ReadonlySet<Key>): Task<Set<Key>> {
  const seed = store.table(def.id);
  const rowsOf = store.table(def.of);
  const width = rowsOf.key.length;
  const keys = new Set<Key>();
  const source = seed.scan({ seq: LAST, columns: seed.columns.map((_, ordinal) => ordinal) });
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next())
      for (let i = 0; i < batch.count; i++) {
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const values: Value[] = seed.columns.map((_, c) => valueAt(batch?.columns[c] as Vector, row));
        if (rows.has(rowsOf.encodeKey(values.slice(-width)))) keys.add(seed.encodeKey(values));
      }
  } finally {
    source.close();
  }
  return keys;
}
