/** The scan of one table with all of its columns and pseudo-columns; pruning drops what nobody reads. */
import type { TableDef } from '../../catalog/schema.ts';
import type { PlanColumn, ScanColumn, ScanNode, ScanTime } from '../plan.ts';
import { INT8, TIMESTAMPTZ } from './coerce.ts';
import type { BindState } from './context.ts';
import { periodColumns } from './period.ts';
import { visible, type VisibleColumn } from './scope.ts';

export interface BoundScan {
  readonly plan: ScanNode;
  /** What `*` shows: no hidden columns. */
  readonly columns: readonly VisibleColumn[];
  readonly pseudo: readonly VisibleColumn[];
  /** Output columns parallel to table.columns, hidden ones included. */
  readonly row: readonly PlanColumn[];
}

export function scanTable(table: TableDef, alias: string, time: ScanTime, state: BindState): BoundScan {
  const columns: ScanColumn[] = [];
  const row: PlanColumn[] = [];
  const shown: VisibleColumn[] = [];
  /** The key of a table without a primary key. */
  const rowId: VisibleColumn[] = [];
  for (const column of table.columns) {
    const id = state.nextId();
    columns.push({ id, ordinal: column.id });
    const output: PlanColumn = { id, name: column.name, type: column.type, tableId: table.id, columnId: column.id };
    row.push(output);
    if (column.type.collation !== undefined) state.collated = true;
    if (column.hidden !== true) shown.push(visible(output));
    else if (table.key.includes(column.id)) rowId.push(visible({ ...output, name: '_row_id' }));
  }
  const seqFrom: PlanColumn = { id: state.nextId(), name: '_seq_from', type: INT8 };
  const seqTo: PlanColumn = { id: state.nextId(), name: '_seq_to', type: INT8 };
  const sysFrom: PlanColumn = { id: state.nextId(), name: '_sys_from', type: TIMESTAMPTZ };
  const sysTo: PlanColumn = { id: state.nextId(), name: '_sys_to', type: TIMESTAMPTZ };
  const version = [seqFrom, seqTo, sysFrom, sysTo];
  const plan: ScanNode = {
    kind: 'scan',
    table,
    alias,
    time,
    columns,
    version: { seqFrom: seqFrom.id, seqTo: seqTo.id, sysFrom: sysFrom.id, sysTo: sysTo.id },
    filter: null,
    zones: [],
    access: { kind: 'full' },
    order: null,
    outputs: [...row, ...version],
  };
  const periods = table.periods === undefined ? [] : periodColumns(table, row);
  return { plan, columns: shown, pseudo: [...version.map((column) => visible(column)), ...rowId, ...periods], row };
}
