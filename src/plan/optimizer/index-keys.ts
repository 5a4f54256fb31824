/**
 * What an index is about: its key expressions and its predicate, in terms of a scan's columns.
 *
 * An index on an expression, or a partial one, is over hidden columns that hold the expression's value (null where the
 * predicate does not hold). A query's condition is about such a column if one of its sides equals the expression, and a
 * partial index may answer only what implies its predicate: each part of it is among the conditions, or follows from one
 * of them (x > 5 implies x > 3 and x IS NOT NULL).
 */
import type { IndexDef, TableDef } from '../../catalog/schema.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { expressionKey } from '../expression-key.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { ScanNode } from '../plan.ts';
import { columnsOf, conjuncts } from '../walk-expression.ts';
import { substitute } from '../walk-plan.ts';
import { rejectsNulls } from './null-rejection.ts';

/** Binds an expression over a table's row; column ids are positions in table.columns. Null where it can't be bound. */
export type BindTableText = (table: TableDef, text: string) => BoundExpression | null;

interface BoundKeys {
  /** By position in the index; null for a plain column. */
  readonly keys: readonly (BoundExpression | null)[];
  readonly where: readonly BoundExpression[];
}

/** Expressions of indexes by definition object, which is made anew by every DDL that touches the table. */
const bound = new WeakMap<IndexDef, BoundKeys | null>();

function boundKeys(table: TableDef, index: IndexDef, bind: BindTableText): BoundKeys | null {
  let known = bound.get(index);
  if (known !== undefined) return known;
  const texts = index.keys ?? [];
  const keys = index.columns.map((part, i) => {
    const text = texts[i];
    return isHidden(table, part.column) && text !== undefined ? bind(table, text) : null;
  });
  const where = index.where === undefined ? null : bind(table, index.where);
  const usable =
    index.columns.every((part, i) => keys[i] !== null || !isHidden(table, part.column)) &&
    (index.where === undefined || where !== null);
  known = usable ? { keys, where: conjuncts(where) } : null;
  bound.set(index, known);
  return known;
}

function isHidden(table: TableDef, ordinal: number): boolean {
  return table.columns.find((column) => column.id === ordinal)?.hidden === true;
}

/** Key expressions of hidden columns that conditions may be about: expression keys to ordinals, one map an index. */
export interface UsableIndex {
  readonly index: IndexDef;
  /** Ordinals by the key of the expression that the column holds. */
  readonly expressions: ReadonlyMap<string, number>;
}

/** The indexes that may answer a scan under these conditions. */
export function usableIndexes(
  scan: ScanNode,
  conditions: readonly BoundExpression[],
  bind: BindTableText | undefined,
): UsableIndex[] {
  const { table } = scan;
  const usable: UsableIndex[] = [];
  for (const index of table.indexes) {
    if (index.keys === undefined && index.where === undefined) {
      usable.push({ index, expressions: NONE });
      continue;
    }
    const keys = bind === undefined ? null : boundKeys(table, index, bind);
    if (keys === null) continue;
    const translate = translation(scan);
    if (!keys.where.every((part) => isImplied(translate(part), conditions))) continue;
    const expressions = new Map<string, number>();
    keys.keys.forEach((key, i) => {
      const translated = key === null ? null : translate(key);
      if (translated !== null)
        expressions.set(expressionKey(translated), (index.columns[i] as { column: number }).column);
    });
    usable.push({ index, expressions });
  }
  return usable;
}

const NONE: ReadonlyMap<string, number> = new Map();

/** From positions in table.columns to the scan's column ids; null where the scan does not read a column. */
function translation(scan: ScanNode): (expression: BoundExpression) => BoundExpression | null {
  const ids = new Map<number, ColumnId>(scan.columns.map((column) => [column.ordinal, column.id]));
  return (expression) => {
    const replacements = new Map<ColumnId, BoundExpression>();
    for (const position of columnsOf(expression)) {
      const column = scan.table.columns[position];
      const id = column === undefined ? undefined : ids.get(column.id);
      if (column === undefined || id === undefined) return null;
      replacements.set(position, { kind: 'column', id, name: column.name, type: column.type });
    }
    return substitute(expression, replacements);
  };
}

function isImplied(part: BoundExpression | null, conditions: readonly BoundExpression[]): boolean {
  if (part === null) return false;
  const key = expressionKey(part);
  return conditions.some((condition) => expressionKey(condition) === key || implies(condition, part));
}

function implies(condition: BoundExpression, part: BoundExpression): boolean {
  if (part.kind === 'isNull' && part.negated && part.operand.kind === 'column') {
    const { id } = part.operand;
    return rejectsNulls(condition, (other) => other === id);
  }
  if (condition.kind !== 'call' || part.kind !== 'call') return false;
  const [left, given] = condition.args;
  const [other, wanted] = part.args;
  if (left === undefined || other === undefined || given?.kind !== 'const' || wanted?.kind !== 'const') return false;
  if (given.value === null || wanted.value === null || given.type.oid !== wanted.type.oid) return false;
  if (expressionKey(left) !== expressionKey(other)) return false;
  const order = typeByOid(given.type.oid).compare?.(given.value, wanted.value);
  if (order === undefined) return false;
  switch (`${condition.operator ?? ''} ${part.operator ?? ''}`) {
    case '> >':
    case '>= >=':
    case '> >=':
    case '= >=':
      return order >= 0;
    case '>= >':
    case '= >':
      return order > 0;
    case '< <':
    case '<= <=':
    case '< <=':
    case '= <=':
      return order <= 0;
    case '<= <':
    case '= <':
      return order < 0;
    case '= <>':
      return order !== 0;
    default:
      return false;
  }
}
