/** CREATE TABLE: columns first, then constraints in the order written, then the structures. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import type { CreateTable, LikeClause, TableConstraint } from '../../sql/ast-table.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { checked } from '../../txn/checked.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { columnOf } from './column.ts';
import { refuseSystemName } from './names.ts';
import { addConstraint, constraintsOf } from './constraint.ts';
import { type Draft } from './draft.ts';
import { type DdlContext, define, isTemporarySchema, refuseTaken, schemaFor, skipExisting } from './context.ts';
import { isNotRetention, withRetention } from './retention.ts';
import { refuseUnknownOptions } from './storage-options.ts';
import { addLike, likeColumns, likeIndexes } from './like.ts';

const INT8 = 20;
/** Name under which the hidden row id is stored; no SQL name reaches a hidden column. */
const ROW_ID = 'rowid';

export function* createTable(context: DdlContext, statement: CreateTable): Task<boolean> {
  const { name } = statement;
  if (statement.unsupported !== undefined) {
    throw new DriftError('0A000', `${statement.unsupported.feature} is not supported`, {
      position: statement.unsupported.position,
    });
  }
  if (statement.inherits.length > 0)
    throw new DriftError('0A000', 'table inheritance is not supported', { position: name.position });
  const schema = schemaFor(context, name, statement.persistence);
  if (statement.ifNotExists && context.transaction.catalog.relation(schema, name.name) !== undefined) {
    skipExisting(context, `relation "${name.name}"`);
    return false;
  }
  const id = context.nextId();
  const identity = { id, schema, name: name.name };
  const columns: ColumnDef[] = [];
  const constraints: TableConstraint[] = [];
  const likes: LikeClause[] = [];
  for (const element of statement.elements) {
    if (element.kind === 'column') {
      refuseSystemName(element.name, element.position);
      if (columns.some((column) => column.name === element.name)) {
        throw new DriftError('42701', `column "${element.name}" specified more than once`, {
          position: element.position,
        });
      }
      columns.push(columnOf(context, element, identity, columns.length));
      constraints.push(...constraintsOf(element));
    } else if (element.kind === 'like') {
      for (const column of likeColumns(context, element, identity, columns.length)) {
        if (columns.some((other) => other.name === column.name))
          throw new DriftError('42701', `column "${column.name}" specified more than once`, {
            position: element.position,
          });
        columns.push(column);
      }
      likes.push(element);
    } else {
      constraints.push(element);
    }
  }
  const { options } = statement;
  refuseUnknownOptions(options.filter(isNotRetention), 'table');
  refuseTaken(context, schema, name.name, name.position);
  const draft = draftOf(identity, columns);
  refuseOnCommit(schema, statement.onCommit);
  draft.table = { ...draft.table, onCommit: statement.onCommit };
  if (options.length > 0) draft.table = yield* withRetention(context, draft.table, options);
  for (const like of likes) addLike(context, draft, like);
  yield* makeTable(context, draft, constraints);
  for (const like of likes) yield* likeIndexes(context, like, identity);
  return true;
}

/** Only temporary tables have rows that end with a transaction. */
export function refuseOnCommit(schema: string, onCommit: CreateTable['onCommit']): void {
  if (onCommit !== undefined && !isTemporarySchema(schema))
    throw new DriftError('42P16', 'ON COMMIT can only be used on temporary tables');
}

export function rowIdColumn(id: number): ColumnDef {
  return { id, name: ROW_ID, type: { oid: INT8, typmod: -1 }, notNull: true, hidden: true };
}

/** A table with columns and a hidden row id for its key, before constraints. */
export function draftOf(identity: { id: number; schema: string; name: string }, columns: readonly ColumnDef[]): Draft {
  const rowId = rowIdColumn(columns.length);
  return {
    table: {
      kind: 'table',
      ...identity,
      columns: [...columns, rowId],
      nextColumnId: columns.length + 1,
      key: [rowId.id],
      indexes: [],
      checks: [],
      foreignKeys: [],
      dropped: [],
    },
  };
}

/** Adds the constraints, checks defaults and generated columns, and creates the table. */
export function* makeTable(context: DdlContext, draft: Draft, constraints: readonly TableConstraint[]): Task<TableDef> {
  for (const constraint of constraints) addConstraint(context, draft, constraint);
  const hadRowId = draft.table.columns.some((column) => column.hidden === true);
  if (!hadRowId)
    draft.table = { ...draft.table, nextColumnId: Math.max(-1, ...draft.table.columns.map((column) => column.id)) + 1 };
  const { table } = draft;
  table.columns.forEach((column, index) => {
    for (const use of ['default', 'generated'] as const) {
      const text = column[use];
      if (text !== undefined && column.sequenceId === undefined)
        bindTableExpression(parseExpression(text), table, use, context.bind, index);
    }
  });
  createStructure(context.store, table, context.eval);
  define(context, table, () => context.store.removeTable(table.id));
  yield* checked(fillIndexes(context.store, table), context.eval.cancellation);
  return table;
}
