/** Column definitions: types, defaults, serial and identity, generated columns. */
import { DriftError } from '../../base/error.ts';
import type { ColumnDef, SequenceDef } from '../../catalog/schema.ts';
import { columnType } from '../../plan/collate/clause.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import type { ColumnConstraint, ColumnDefinition } from '../../sql/ast-table.ts';
import type { SequenceOption } from '../../sql/ast-table.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { type DdlContext, define, freeName } from './context.ts';
import { literal, quoted } from './names.ts';

const SERIAL: Readonly<Record<string, number>> = {
  serial: 23,
  serial4: 23,
  bigserial: 20,
  serial8: 20,
  smallserial: 21,
  serial2: 21,
};
const LIMITS: Readonly<Record<number, readonly [string, string]>> = {
  21: ['-32768', '32767'],
  23: ['-2147483648', '2147483647'],
  20: ['-9223372036854775808', '9223372036854775807'],
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
      if (LIMITS[column.type.oid] === undefined) {
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
  const name = freeName(context, table.schema, `${table.name}_${column.name}_seq`);
  const base: SequenceDef = {
    ...newSequence(context.nextId(), table.schema, name, column.type.oid),
    ownedBy: { tableId: table.id, columnId: column.id },
  };
  const sequence = withSequenceOptions(base, options);
  define(context, sequence);
  return sequence;
}

/** The default of a serial column: it names its sequence. */
export function nextvalText(sequence: SequenceDef): string {
  const plain = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoted(name));
  return `nextval(${literal(`${plain(sequence.schema)}.${plain(sequence.name)}`)}::regclass)`;
}

export function newSequence(id: number, schema: string, name: string, oid = 20): SequenceDef {
  const limits = LIMITS[oid] ?? (LIMITS[20] as readonly [string, string]);
  return { kind: 'sequence', id, schema, name, increment: 1, min: '1', max: limits[1], start: '1', cycle: false };
}

/** Types that a sequence can have. */
const INTEGERS: Readonly<Record<string, number>> = { int2: 21, int4: 23, int8: 20 };

export function withSequenceOptions(sequence: SequenceDef, options: readonly SequenceOption[]): SequenceDef {
  let result = sequence;
  options.forEach((option, i) => {
    if (option.kind === 'start' && option.position === 0) return;
    if (options.findIndex((other) => other.kind === option.kind && other.position !== 0) === i) return;
    throw new DriftError('42601', 'conflicting or redundant options', { position: option.position });
  });
  let start: string | undefined;
  for (const option of options) {
    switch (option.kind) {
      case 'increment':
        result = { ...result, increment: Number(option.value ?? '1') };
        if (result.increment === 0)
          throw new DriftError('22023', 'INCREMENT must not be zero', { position: option.position });
        if (result.increment < 0) result = { ...result, min: LIMITS[20]?.[0] ?? result.min, max: '-1', start: '-1' };
        break;
      case 'minValue':
        if (option.value !== undefined) result = { ...result, min: option.value };
        break;
      case 'maxValue':
        if (option.value !== undefined) result = { ...result, max: option.value };
        break;
      case 'start':
        start = option.value;
        break;
      case 'as': {
        const limits = LIMITS[INTEGERS[option.type.name] ?? 0];
        if (limits === undefined)
          throw new DriftError('22023', 'sequence type must be smallint, integer, or bigint', {
            position: option.position,
          });
        const whole = Object.values(LIMITS).some((other) => other[1] === result.max);
        if (whole) result = { ...result, max: limits[1] };
        break;
      }
      case 'cache':
        if (Number(option.value) <= 0)
          throw new DriftError('22023', `CACHE (${option.value ?? ''}) must be greater than zero`, {
            position: option.position,
          });
        break;
      case 'cycle':
        result = { ...result, cycle: option.value };
        break;
      default:
        break;
    }
  }
  const first = start ?? (result.increment > 0 ? result.min : result.max);
  if (BigInt(result.min) > BigInt(result.max))
    throw new DriftError('22023', `MINVALUE (${result.min}) must be less than MAXVALUE (${result.max})`);
  if (BigInt(first) < BigInt(result.min))
    throw new DriftError('22023', `START value (${first}) cannot be less than MINVALUE (${result.min})`);
  if (BigInt(first) > BigInt(result.max))
    throw new DriftError('22023', `START value (${first}) cannot be greater than MAXVALUE (${result.max})`);
  return { ...result, start: first };
}
