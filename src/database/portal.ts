/**
 * Portals: results that are read piece by piece, by FETCH or by a cursor of a routine. The rows are all there from the
 * start, which is why one WITH HOLD outlives its transaction without further ado; the position is between rows, 0 before
 * the first.
 *
 * A portal over tables keeps the keys of their rows beside its own rows (plan/cursor-keys.ts): WHERE CURRENT OF asks for
 * them.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type Value, valueAt, type Vector } from '../base/vector.ts';
import type { TableDef } from '../catalog/schema.ts';
import {
  type CursorTable,
  exposeKeys,
  isPlainScan,
  type KeyedPlan,
  scansBackward,
  type Shape,
} from '../plan/cursor-keys.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { somePlan } from '../plan/walk-plan.ts';
import type { ResultSet } from './api.ts';

export interface Portal {
  readonly name: string;
  readonly result: ResultSet;
  /** Where its rows come from; null where nobody can say. */
  readonly source: CursorSource | null;
  /** Ids of the tables that its query reads. */
  readonly reads: ReadonlySet<number>;
  readonly forwardOnly: boolean;
  readonly binary: boolean;
  readonly hold: boolean;
  /** The transaction that made it is over. */
  held: boolean;
  /** A FETCH has ended with an error: it gives no more rows, also where a savepoint takes the error back. */
  failed: boolean;
  /** As it was written, and when (µs). */
  readonly text: string;
  readonly made: number;
  /** The row that was read last, counted from 1; 0 before the first, rowCount + 1 behind the last. */
  position: number;
}

export type Portals = Map<string, Portal>;

/** The tables under a cursor, and the keys of their rows: one vector for each part of a key. */
export interface CursorSource {
  readonly tables: readonly CursorTable[];
  readonly keys: readonly Vector[];
  readonly width: number;
  /** FOR UPDATE or FOR SHARE was written. */
  readonly locks: boolean;
  readonly plain: boolean;
  /** Its plan can run backwards. */
  readonly backward: boolean;
}

export interface CursorRows {
  readonly result: ResultSet;
  readonly source: CursorSource | null;
  readonly reads?: ReadonlySet<number>;
}

/** Runs a cursor's query by `run`, which plans it under the given `shape`. */
export function* rowsForCursor(run: (shape: Shape) => Task<ResultSet>): Task<CursorRows> {
  const made: { keyed: KeyedPlan; plan: Plan; locks: boolean }[] = [];
  const result = yield* run((bound, statement, optimized) => {
    if (statement.kind !== 'query' || made.length > 0) return optimized(bound);
    const keyed = exposeKeys(bound, statement);
    const plan = optimized(keyed.plan);
    made.push({ keyed, plan, locks: statement.locking.length > 0 });
    return plan;
  });
  const [cursor] = made;
  if (cursor === undefined) return { result, source: null };
  const { keyed, plan, locks } = cursor;
  const { width, tables } = keyed;
  const { root } = plan;
  const source = { tables, keys: result.columns.slice(width), width, locks, plain: isPlainScan(plan) };
  return {
    result: { ...result, fields: result.fields.slice(0, width), columns: result.columns.slice(0, width) },
    source: { ...source, backward: !locks && scansBackward(root) },
    reads: tablesOf(root),
  };
}

function tablesOf(root: PlanNode): ReadonlySet<number> {
  const ids = new Set<number>();
  somePlan(root, (node) => {
    if (node.kind === 'scan') ids.add(node.table.id);
    return false;
  });
  return ids;
}

/** The key of the row of a table that a cursor stands on; null for the missing side of an outer join. */
export function cursorKey(portals: Portals, name: string, table: TableDef): readonly Value[] | null {
  const portal = portalNamed(portals, name);
  const refuse = (what: string): never => {
    throw new DriftError('24000', `cursor "${name}" ${what}`);
  };
  if (portal.held) refuse('is held from a previous transaction');
  const { source, position } = portal;
  if (source === null) return refuse('is not a SELECT query');
  const own = source.tables.filter((entry) => entry.table.id === table.id && (entry.locked || !source.locks));
  const [found] = own;
  if (source.locks) {
    if (found === undefined) return refuse(`does not have a FOR UPDATE/SHARE reference to table "${table.name}"`);
    if (own.length > 1) refuse(`has multiple FOR UPDATE/SHARE references to table "${table.name}"`);
  } else if (found === undefined || own.length > 1 || !source.plain) {
    return refuse(`is not a simply updatable scan of table "${table.name}"`);
  }
  if (position < 1 || position > portal.result.rowCount) refuse('is not positioned on a row');
  const cells = found.outputs.map((output) => {
    const vector = output < source.width ? portal.result.columns[output] : source.keys[output - source.width];
    return vector === undefined ? null : valueAt(vector, position - 1);
  });
  return cells.includes(null) ? null : cells;
}

export function portalNamed(portals: Portals, name: string): Portal {
  const portal = portals.get(name);
  if (portal === undefined) throw new DriftError('34000', `cursor "${name}" does not exist`);
  return portal;
}

/** What the end of a transaction does: those WITH HOLD stay where it commits, those of earlier ones in any case. */
export function endPortals(portals: Portals, undone: boolean): void {
  for (const portal of portals.values()) {
    if (!portal.held && (undone || !portal.hold)) portals.delete(portal.name);
    portal.held = true;
  }
}

interface PortalRow {
  readonly values: readonly Value[];
  readonly oids: readonly number[];
  readonly names: readonly string[];
}

/** Opens a portal under a name, else the name wished for, else one of its own. Throws 42P03. */
export function openPortal(
  portals: Portals,
  name: string | null,
  { result, source, reads = new Set() }: CursorRows,
  {
    wish = null,
    scroll = source?.backward ?? true,
    binary = false,
    hold = false,
    text = '',
    made,
  }: {
    readonly wish?: string | null;
    /** Whether it may go backwards; by itself if its plan can. */
    readonly scroll?: boolean | undefined;
    readonly binary?: boolean;
    readonly hold?: boolean;
    readonly text?: string;
    readonly made: number;
  },
): string {
  const chosen = name ?? wish ?? freeName(portals);
  if (portals.has(chosen)) throw new DriftError('42P03', `cursor "${chosen}" already in use`);
  const forwardOnly = !scroll;
  const portal = {
    name: chosen,
    result,
    source,
    reads,
    forwardOnly,
    binary,
    hold,
    held: false,
    failed: false,
    text,
    made,
    position: 0,
  };
  portals.set(chosen, portal);
  return chosen;
}

function freeName(portals: Portals): string {
  for (let n = 1; ; n++) if (!portals.has(`<unnamed portal ${n}>`)) return `<unnamed portal ${n}>`;
}

/** Moves a portal; gives the rows (numbers from 0) that it passed, in that order, and how to read one. */
export function movePortal(
  portal: Portal,
  direction: 'forward' | 'backward' | 'absolute' | 'relative',
  count: number,
): { readonly rows: readonly number[]; readonly from: (row: number) => PortalRow } {
  const { result } = portal;
  const { rowCount } = result;
  const back = direction === 'backward' ? count > 0 : direction === 'absolute' ? count < portal.position : count < 0;
  if (portal.forwardOnly && back) {
    throw new DriftError('55000', 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
  const rows: number[] = [];
  if (direction === 'absolute' || direction === 'relative') {
    const start = direction === 'relative' ? portal.position : count < 0 ? rowCount + 1 : 0;
    portal.position = Math.max(0, Math.min(rowCount + 1, start + count));
    if (portal.position >= 1 && portal.position <= rowCount) rows.push(portal.position - 1);
  } else {
    const step = (direction === 'forward') === count >= 0 ? 1 : -1;
    let left = Math.abs(count);
    if (left === 0 && portal.position >= 1 && portal.position <= rowCount) rows.push(portal.position - 1);
    while (left-- > 0) {
      const next = portal.position + step;
      if (next < 0 || next > rowCount + 1) break;
      portal.position = next;
      if (next < 1 || next > rowCount) break;
      rows.push(next - 1);
    }
  }
  const from = (row: number): PortalRow => ({
    values: result.columns.map((column) => valueAt(column, row)),
    oids: result.fields.map((field) => field.dataTypeID),
    names: result.fields.map((field) => field.name),
  });
  return { rows, from };
}
