/**
 * Portals: results that are read piece by piece, by FETCH or by a cursor of a routine. The rows are all there from the
 * start; the position is between rows, 0 before the first.
 */
import { DriftError } from '../base/error.ts';
import { type Value, valueAt } from '../base/vector.ts';
import type { ResultSet } from './api.ts';

export interface Portal {
  readonly name: string;
  readonly result: ResultSet;
  /** NO SCROLL. */
  readonly forwardOnly: boolean;
  /** The row that was read last, counted from 1; 0 before the first, rowCount + 1 behind the last. */
  position: number;
}

export type Portals = Map<string, Portal>;

interface PortalRow {
  readonly values: readonly Value[];
  readonly oids: readonly number[];
  readonly names: readonly string[];
}

/** Opens a portal under a name, else the name wished for, else one of its own. Throws 42P03. */
export function openPortal(
  portals: Portals,
  name: string | null,
  result: ResultSet,
  { wish = null, forwardOnly = false }: { readonly wish?: string | null; readonly forwardOnly?: boolean } = {},
): string {
  const chosen = name ?? wish ?? freeName(portals);
  if (portals.has(chosen)) throw new DriftError('42P03', `cursor "${chosen}" already in use`);
  portals.set(chosen, { name: chosen, result, forwardOnly, position: 0 });
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
