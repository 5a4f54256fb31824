/** Column definitions: types, defaults, serial and identity, generated columns. */
import { DriftError } from '../../base/error.ts';
import type { ColumnDef, SequenceDef } from '../../catalog/schema.ts';
import { columnType } from '../../plan/collate/clause.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import type { ColumnConstraint, ColumnDefinition } from '../../sql/ast-table.ts';
import type { SequenceOption } from '../../sql/ast-table.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { type DdlContext, define, freeName, schemaFor, refuseTaken } from './context.ts';
import { literal, quoted } from './names.ts';
import { newSequence, SEQUENCE_LIMITS, withSequenceOptions } from './sequence-options.ts';

const SERIAL: Readonly<Record<string, number>> = {
  serial: 23,
  serial4: 23,
  bigserial: 20,
  serial8: 20,
  smallserial: 21,
  serial2: 21,
};

/** Makes a column's definition; its table-level constraints (unique, check …) are the caller's. */
export function columnOf(
  context: DdlContext,
  syntax: ColumnDefinition,
  table: { id: number; schema: string; name: string },
  id: number,
): ColumnDef {
  const serial =
    syntax.type.schema === undefined && syntax.type.arrayBounds.length === 0 ? SERIAL[syntax.type.name] : undefined;
  const { catalog } = context.transaction;
  const written = serial === undefined ? resolveType(syntax.type, catalog) : { oid: serial, typmod: -1 };
  const type = columnType(catalog, written, syntax.collation);
  refuseContradiction(syntax, table.name, serial !== undefined);
  let column: ColumnDef = { id, name: syntax.name, type, notNull: serial !== undefined };
  for (const constraint of syntax.constraints)
    column = withConstraint(context, column, constraint, { ...table, serial: serial !== undefined });
  if (serial !== undefined) {
    const sequence = makeSequence(context, table, column, []);
    column = {
      ...column,
      default: nextvalText(sequence),
      sequenceId: sequence.id,
    };
  }
  return column;
}

/** NULL beside NOT NULL, or beside what implies it. */
function refuseContradiction({ name, constraints }: ColumnDefinition, table: string, serial: boolean): void {
  const implied = serial || constraints.some(({ kind }) => kind === 'notNull' || kind === 'identity');
  const none = constraints.find(({ kind }) => kind === 'null');
  if (!implied || none === undefined) return;
  throw new DriftError('42601', `conflicting NULL/NOT NULL declarations for column "${name}" of table "${table}"`, {
    position: none.position,
  });
}

function withConstraint(
  context: DdlContext,
  column: ColumnDef,
  constraint: ColumnConstraint,
  table: { id: number; schema: string; name: string; serial: boolean },
): ColumnDef {
  const { serial } = table;
  switch (constraint.kind) {
    case 'notNull':
    case 'primaryKey':
      return { ...column, notNull: true };
    case 'default':
      if (column.default !== undefined || serial) {
        throw new DriftError(
          '42601',
          `multiple default values specified for column "${column.name}" of table "${table.name}"`,
          { position: constraint.position },
        );
      }
      return { ...column, default: printRestrictedExpression(constraint.expression) };
    case 'generated':
      return { ...column, generated: printRestrictedExpression(constraint.expression) };
    case 'identity': {
      if (SEQUENCE_LIMITS[column.type.oid] === undefined) {
        throw new DriftError('22023', 'identity column type must be smallint, integer, or bigint', {
          position: constraint.position,
        });
      }
      const sequence = makeSequence(context, table, column, constraint.options);
      return { ...column, notNull: true, identity: constraint.when, sequenceId: sequence.id };
    }
    default:
      return column;
  }
}

export function makeSequence(
  context: DdlContext,
  table: { id: number; schema: string; name: string },
  column: ColumnDef,
  options: readonly SequenceOption[],
): SequenceDef {
  const called = options.find((option) => option.kind === 'name');
  const schema = called?.kind === 'name' ? schemaFor(context, called.name) : table.schema;
  const name =
    called?.kind === 'name' ? called.name.name : freeName(context, schema, `${table.name}_${column.name}_seq`);
  if (called !== undefined) refuseTaken(context, schema, name, called.position);
  const base: SequenceDef = {
    ...newSequence(context.nextId(), schema, name, column.type.oid),
    ownedBy: { tableId: table.id, columnId: column.id },
  };
  const sequence = withSequenceOptions(base, options, true);
  define(context, sequence);
  return sequence;
}

/** The default of a serial column: it names its sequence. */
export function nextvalText(sequence: SequenceDef): string {
  const plain = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoted(name));
  return `nextval(${literal(`${plain(sequence.schema)}.${plain(sequence.name)}`)}::regclass)`;
}
