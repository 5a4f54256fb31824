/**
 * GROUP BY and aggregates: lifts a query's aggregate calls into an aggregate node and checks what may stand beside them.
 *
 * After grouping only groups and aggregates exist. So each expression above is rewritten top-down: a part equal to a
 * grouping expression becomes the group's column, an aggregate call its result's, and a column that is neither is an
 * error (42803), unless its table's whole primary key is grouped: then it depends on the groups and becomes one itself.
 */
import { DriftError } from '../../base/error.ts';
import type { Expression } from '../../sql/ast.ts';
import type { GroupingElement, Select } from '../../sql/ast-query.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { AggregateCall, AggregateExpression, BoundExpression, ColumnId } from '../expression.ts';
import { expressionKey } from '../expression-key.ts';
import type { AggregateNode, PlanColumn, PlanNode } from '../plan.ts';
import { idsOf, mapChildren } from '../walk-expression.ts';
import { freeColumns, mapRoots } from '../walk-plan.ts';
import { INT4, OID, displayType } from './coerce.ts';
import { operate } from './operators.ts';
import { isOwn, mentions } from './own-aggregate.ts';
import { columnOf, type Relation, type Scope } from './scope.ts';

export interface Grouping {
  readonly expressions: readonly BoundExpression[];
  /** Positions in `expressions` for each grouping set; null: plain GROUP BY. */
  readonly sets: readonly (readonly number[])[] | null;
}

/** Binds GROUP BY; `bindItem` knows about output names and numbers. */
export function bindGrouping(
  { groupBy: elements, groupByDistinct }: Pick<Select, 'groupBy' | 'groupByDistinct'>,
  bindItem: (syntax: Expression) => BoundExpression,
): Grouping {
  const expressions: BoundExpression[] = [];
  const positions = new Map<string, number>();
  const position = (syntax: Expression): number[] => {
    return flattened(syntax).map((item) => {
      const bound = bindItem(item);
      const key = expressionKey(bound);
      let index = positions.get(key);
      if (index === undefined) {
        index = expressions.length;
        checkGroupable(bound);
        positions.set(key, index);
        expressions.push(bound);
      }
      return index;
    });
  };
  if (elements.every((element) => element.kind === 'expression')) {
    for (const element of elements) if (element.kind === 'expression') position(element.expression);
    return { expressions, sets: null };
  }
  let sets: number[][] = [[]];
  for (const element of elements) {
    const alternatives = setsOf(element, position);
    sets = sets.flatMap((set) => alternatives.map((other) => [...new Set([...set, ...other])]));
    if (sets.length > 4096)
      throw new DriftError('54001', 'too many grouping sets present (maximum 4096)', { position: element.position });
  }
  return { expressions, sets: groupByDistinct ? withoutDuplicates(sets) : sets };
}

/** GROUP BY DISTINCT: one of the sets with the same members. */
function withoutDuplicates(sets: readonly number[][]): readonly number[][] {
  const found = new Map<string, number[]>();
  for (const set of sets) {
    const key = set.toSorted((a, b) => a - b).join();
    if (!found.has(key)) found.set(key, set);
  }
  return [...found.values()];
}

/** (a, (b, c)) in GROUP BY is a, b, c. */
function flattened(syntax: Expression): readonly Expression[] {
  return syntax.kind === 'row' && !syntax.explicit ? syntax.fields.flatMap((field) => flattened(field)) : [syntax];
}

function checkGroupable(expression: BoundExpression): void {
  const { oid } = expression.type;
  if (oid === OID.record || oid === OID.unknown || typeByOid(oid).compare !== undefined) return;
  throw new DriftError('42883', `could not identify an equality operator for type ${displayType(oid)}`, {
    position: expression.position,
  });
}

function setsOf(element: GroupingElement, position: (syntax: Expression) => number[]): number[][] {
  switch (element.kind) {
    case 'expression':
      return [position(element.expression)];
    case 'empty':
      return [[]];
    case 'rollup': {
      const parts = element.elements.map((part) => part.flatMap((item) => position(item)));
      return [...parts.map((_, i) => parts.slice(0, parts.length - i).flat()), []];
    }
    case 'cube': {
      const parts = element.elements.map((part) => part.flatMap((item) => position(item)));
      if (parts.length > 12)
        throw new DriftError('54023', 'CUBE is limited to 12 elements', { position: element.position });
      const sets: number[][] = [];
      for (let mask = (1 << parts.length) - 1; mask >= 0; mask--) {
        sets.push(parts.filter((_, i) => (mask >> (parts.length - 1 - i)) & 1).flat());
      }
      return sets;
    }
    case 'groupingSets':
      return element.sets.flatMap((set) => setsOf(set, position));
  }
}

/** Rewrites expressions over the ungrouped rows into expressions over groups, collecting the aggregates. */
export class Grouper {
  readonly #scope: Scope;
  readonly #source: PlanNode;
  readonly #own: Set<ColumnId>;
  readonly #grouping: Grouping;
  readonly #groups: BoundExpression[];
  readonly #groupColumns: PlanColumn[];
  readonly #groupIndex = new Map<string, number>();
  readonly #aggregates: AggregateCall[] = [];
  readonly #aggregateColumns: PlanColumn[] = [];
  readonly #aggregateIndex = new Map<string, number>();
  readonly #setColumn: PlanColumn | null;

  constructor(grouping: Grouping, source: PlanNode, scope: Scope) {
    this.#scope = scope;
    this.#source = source;
    this.#own = idsOf(source);
    this.#grouping = grouping;
    this.#groups = [...grouping.expressions];
    this.#groupColumns = grouping.expressions.map((expression) => this.#groupColumn(expression));
    grouping.expressions.forEach((expression, index) => this.#groupIndex.set(expressionKey(expression), index));
    this.#setColumn = grouping.sets === null ? null : { id: scope.state.nextId(), name: 'grouping_set', type: INT4 };
  }

  /** The aggregate node; call after everything has been rewritten. */
  node(): AggregateNode {
    const outputs = [...this.#groupColumns, ...this.#aggregateColumns];
    if (this.#setColumn !== null) outputs.push(this.#setColumn);
    return {
      kind: 'aggregate',
      source: this.#source,
      groups: this.#groups,
      sets: this.#grouping.sets,
      sorted: false,
      aggregates: this.#aggregates,
      outputs,
    };
  }

  rewrite = (expression: BoundExpression): BoundExpression => this.#rewrite(expression, false);

  #groupColumn(expression: BoundExpression): PlanColumn {
    const id = this.#scope.state.nextId();
    const name = expression.kind === 'column' ? expression.name : 'group';
    const origin =
      expression.kind === 'column' ? this.#source.outputs.find((output) => output.id === expression.id) : undefined;
    return { id, name, type: expression.type, tableId: origin?.tableId, columnId: origin?.columnId };
  }

  #rewrite(expression: BoundExpression, inSubquery: boolean): BoundExpression {
    // Inside a subquery only whole columns are matched with groups, as in PostgreSQL.
    if (expression.kind !== 'const' && (!inSubquery || expression.kind === 'column')) {
      const index = this.#groupIndex.get(expressionKey(expression));
      if (index !== undefined) return this.#reference(index, expression);
    }
    switch (expression.kind) {
      case 'aggregate':
        if (inSubquery ? mentions(expression, this.#own) : isOwn(expression, this.#own))
          return this.#aggregate(expression);
        return mapChildren(expression, (child) => this.#rewrite(child, inSubquery));
      case 'grouping':
        return inSubquery ? expression : this.#groupingValue(expression.args);
      case 'column':
        return this.#own.has(expression.id) ? this.#dependent(expression, inSubquery) : expression;
      case 'subquery': {
        const inner = mapChildren(expression, (child) => this.#rewrite(child, inSubquery));
        if (inner.kind !== 'subquery') return inner;
        const plan = mapRoots(inner.plan, (part) => this.#rewrite(part, true));
        return { ...inner, plan, correlated: freeColumns(plan) };
      }
      default:
        return mapChildren(expression, (child) => this.#rewrite(child, inSubquery));
    }
  }

  #reference(index: number, expression: BoundExpression): BoundExpression {
    const column = this.#groupColumns[index] as PlanColumn;
    return { ...columnOf(column.id, column.name, column.type), position: expression.position };
  }

  #aggregate(expression: AggregateExpression): BoundExpression {
    const key = expressionKey(expression);
    let index = this.#aggregateIndex.get(key);
    if (index === undefined) {
      index = this.#aggregates.length;
      this.#aggregateIndex.set(key, index);
      this.#aggregates.push(expression.call);
      this.#aggregateColumns.push({
        id: this.#scope.state.nextId(),
        name: expression.call.fn.name,
        type: expression.type,
      });
    }
    const column = this.#aggregateColumns[index] as PlanColumn;
    return { ...columnOf(column.id, column.name, column.type), position: expression.position };
  }

  /** GROUPING(a, b): a bit for each argument, set where it is not part of the row's grouping set. */
  #groupingValue(args: readonly BoundExpression[]): BoundExpression {
    const indexes = args.map((arg) => {
      const index = this.#groupIndex.get(expressionKey(arg));
      // A column of an enclosing query is no group of this one, also where it is grouped by.
      if (index !== undefined && (arg.kind !== 'column' || this.#own.has(arg.id))) return index;
      throw new DriftError(
        '42803',
        'arguments to GROUPING must be grouping expressions of the associated query level',
        { position: arg.position },
      );
    });
    const { sets } = this.#grouping;
    const zero: BoundExpression = { kind: 'const', value: 0, type: INT4 };
    if (sets === null || this.#setColumn === null) return zero;
    const column = columnOf(this.#setColumn.id, this.#setColumn.name, INT4);
    const branches = sets.map((set, number) => {
      const value = indexes.reduce((bits, index) => bits * 2 + (set.includes(index) ? 0 : 1), 0);
      return { when: this.#isSet(column, number), then: { kind: 'const', value, type: INT4 } as BoundExpression };
    });
    return { kind: 'case', branches, otherwise: null, type: INT4 };
  }

  #isSet(column: BoundExpression, number: number): BoundExpression {
    const value: BoundExpression = { kind: 'const', value: number, type: INT4 };
    return operate('=', column, value, { scope: this.#scope, position: undefined });
  }

  /** A column that is not grouped: fine if its table's primary key is. */
  #dependent(column: BoundExpression & { kind: 'column' }, inSubquery: boolean): BoundExpression {
    const relation = this.#relationOf(column.id);
    if (this.#grouping.sets === null && relation?.table?.primaryKeyName !== undefined && this.#hasKey(relation)) {
      const index = this.#groups.length;
      this.#groups.push(column);
      this.#groupColumns.push(this.#groupColumn(column));
      this.#groupIndex.set(expressionKey(column), index);
      return this.#reference(index, column);
    }
    const name = relation === undefined ? column.name : `${relation.name}.${column.name}`;
    const message = inSubquery
      ? `subquery uses ungrouped column "${name}" from outer query`
      : `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`;
    throw new DriftError('42803', message, { position: column.position });
  }

  #relationOf(id: ColumnId): Relation | undefined {
    for (const item of this.#scope.items) {
      for (const relation of item.relations) {
        for (const column of [...relation.columns, ...relation.pseudo]) {
          if (column.expression.kind === 'column' && column.expression.id === id) return relation;
        }
      }
    }
    return undefined;
  }

  #hasKey(relation: Relation): boolean {
    const { table } = relation;
    if (table === null) return false;
    return table.key.every((ordinal) => {
      const column = relation.columns.find((candidate) => candidate.columnId === ordinal);
      return column !== undefined && this.#groupIndex.has(expressionKey(column.expression));
    });
  }
}
