/**
 * Queries: WITH, the body (SELECT, VALUES, set operations), ORDER BY and LIMIT.
 *
 * `bindQuery` gives a plan whose outputs are the query's result columns.
 */
import { DriftError } from '../../base/error.ts';
import type { Expression } from '../../sql/ast.ts';
import type { Query, QueryBody, SetOperation, SortItem, Values } from '../../sql/ast-query.ts';
import type { BoundExpression, SortKey } from '../expression.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { sortKeyOf } from './calls.ts';
import { commonTypeOf, unify } from './coerce.ts';
import { limited } from './limit.ts';
import { checkLocking } from './locking.ts';
import { convertOutputs } from './outputs.ts';
import { CLAUSES, columnOf, type FromItem, type QueryOptions, type Scope, visible } from './scope.ts';
import { bindSelect } from './select.ts';
import { bindWith } from './with.ts';

export function bindQuery(query: Query, outer: Scope, options: QueryOptions = {}): PlanNode {
  const scope = outer.child();
  scope.top = outer.top && outer.parent === null && outer.items.length === 0;
  const wrap = query.with === undefined ? null : bindWith(query.with, scope);
  const plan = bindBody(query, scope, options);
  if (query.locking.length > 0) checkLocking(query, scope);
  return wrap === null ? plan : wrap(plan);
}

function bindBody(query: Query, scope: Scope, options: QueryOptions): PlanNode {
  const { body } = query;
  if (body.kind === 'select') return bindSelect(body, query, scope, options);
  const plan = bindPlainBody(body, scope, options);
  const sorted = sortOutputs(plan, query.orderBy, body.kind === 'setOperation', scope);
  return limited(sorted.plan, query, scope, sorted.keys);
}

function bindPlainBody(body: QueryBody, scope: Scope, options: QueryOptions): PlanNode {
  switch (body.kind) {
    case 'values':
      return bindValues(body, scope, options);
    case 'setOperation':
      return bindSetOperation(body, scope);
    case 'query':
      return bindQuery(body, scope, options);
    case 'select': {
      const query: Query = {
        kind: 'query',
        with: undefined,
        body,
        orderBy: [],
        limit: undefined,
        offset: undefined,
        withTies: false,
        locking: [],
        position: body.position,
        end: body.position,
      };
      return bindQuery(query, scope, options);
    }
  }
}

// ---- VALUES ------------------------------------------------------------------------------------------------------

function bindValues(values: Values, scope: Scope, options: QueryOptions): PlanNode {
  const width = values.rows[0]?.length ?? 0;
  const rows = values.rows.map((row) => {
    if (row.length !== width) {
      throw new DriftError('42601', 'VALUES lists must all be the same length', {
        position: row[0]?.position ?? values.position,
      });
    }
    return scope.within(CLAUSES.values, () => row.map((cell) => scope.bind(cell)));
  });
  const outputs: PlanColumn[] = [];
  const converted: BoundExpression[][] = rows.map(() => []);
  for (let column = 0; column < width; column++) {
    const cells = rows.map((row) => row[column] as BoundExpression);
    const keep = options.keepUnknown === true && cells.length === 1;
    const unified = keep
      ? { type: (cells[0] as BoundExpression).type, items: cells }
      : unify(cells, 'VALUES', scope.state);
    unified.items.forEach((item, row) => converted[row]?.push(item));
    outputs.push({ id: scope.state.nextId(), name: `column${column + 1}`, type: unified.type });
  }
  return { kind: 'values', rows: converted, outputs };
}

// ---- set operations ----------------------------------------------------------------------------------------------

function bindSetOperation(body: SetOperation, scope: Scope): PlanNode {
  const left = bindPlainBody(body.left, scope, { keepUnknown: true });
  const right = bindPlainBody(body.right, scope, { keepUnknown: true });
  const name = body.operator.toUpperCase();
  if (left.outputs.length !== right.outputs.length) {
    throw new DriftError('42601', `each ${name} query must have the same number of columns`, {
      position: body.right.position,
    });
  }
  const types = left.outputs.map((output, i) => {
    const other = right.outputs[i] as PlanColumn;
    return commonTypeOf([sample(left, output, body.left.position), sample(right, other, body.right.position)], name);
  });
  const outputs: PlanColumn[] = left.outputs.map((output, i) => ({
    id: scope.state.nextId(),
    name: output.name,
    type: types[i] ?? output.type,
  }));
  return {
    kind: 'setOperation',
    operation: body.operator,
    all: body.all,
    left: convertOutputs(left, outputs, scope),
    right: convertOutputs(right, outputs, scope),
    outputs,
  };
}

/** An output as an expression, at the place of the target behind it. */
function sample(plan: PlanNode, output: PlanColumn, position: number): BoundExpression {
  const index = plan.outputs.indexOf(output);
  const target = plan.kind === 'project' ? plan.expressions[index] : undefined;
  return { ...columnOf(output.id, output.name, output.type), position: target?.position ?? position };
}

// ---- ORDER BY over finished outputs ------------------------------------------------------------------------------

function sortOutputs(
  plan: PlanNode,
  items: readonly SortItem[],
  setOperation: boolean,
  scope: Scope,
): { plan: PlanNode; keys: readonly SortKey[] } {
  if (items.length === 0) return { plan, keys: [] };
  const inner = scope.child();
  inner.add(outputsItem(plan.outputs));
  const keys = items.map((item) => {
    const output = outputOf(plan.outputs, item.expression);
    if (output === undefined) {
      const { kind, position } = item.expression;
      if (kind === 'boolean' || kind === 'string' || kind === 'number' || kind === 'null') {
        throw new DriftError('42601', 'non-integer constant in ORDER BY', { position });
      }
      const expression = inner.within(CLAUSES.orderBy, () => inner.bind(item.expression));
      if (!setOperation) return sortKeyOf(expression, item);
      throw new DriftError('0A000', 'invalid UNION/INTERSECT/EXCEPT ORDER BY clause', {
        position,
        detail: 'Only result column names can be used, not expressions or functions.',
        hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      });
    }
    return sortKeyOf(columnOf(output.id, output.name, output.type), item);
  });
  return { plan: { kind: 'sort', source: plan, keys, limit: null, outputs: plan.outputs }, keys };
}

/** Outputs as expressions of ORDER BY see them. */
function outputsItem(outputs: readonly PlanColumn[]): FromItem {
  const columns = outputs.map((output) => visible(output));
  return { relations: [{ schema: undefined, name: '*VALUES*', columns, pseudo: [], table: null }], columns };
}

/** The output that an ORDER BY item names, by number or name. */
function outputOf(outputs: readonly PlanColumn[], syntax: Expression): PlanColumn | undefined {
  if (syntax.kind === 'integer') {
    const output = outputs[syntax.value - 1];
    if (output !== undefined) return output;
    throw new DriftError('42P10', `ORDER BY position ${syntax.value} is not in select list`, {
      position: syntax.position,
    });
  }
  if (syntax.kind !== 'column' || syntax.names.length !== 1) return undefined;
  return outputs.find((output) => output.name === syntax.names[0]);
}
