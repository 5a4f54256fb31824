/**
 * WITH: common table expressions.
 *
 * Each is bound once. References read it through `cteScan`; after the body is bound, one that was referenced once and
 * has no volatile parts is put in the place of its reference, so that the optimizer sees through it, and one that was
 * never referenced is dropped, unless it changes data. WITH RECURSIVE gives a `recursiveUnion` whose step reads the
 * working table.
 */
import { DriftError } from '../../base/error.ts';
import type { CommonTable, DerivedTable, Query, SetOperation, TableName, WithClause } from '../../sql/ast-query.ts';
import { commonType } from '../../sql/resolve.ts';
import type { CteScanNode, PlanColumn, PlanNode } from '../plan.ts';
import { isVolatile } from '../walk-expression.ts';
import { mapNodes, modifiesOf, somePlan, visitExpressions } from '../walk-plan.ts';
import { displayType } from './coerce.ts';
import { convertOutputs, decideOutputs } from './outputs.ts';
import { checkRecursion } from './recursion.ts';
import { columnOf, type CteBinding, type Scope } from './scope.ts';
import {
  checkParts,
  hasPaths,
  initialWithPaths,
  pathColumns,
  stepWithPaths,
  type PathColumns,
} from './search-cycle.ts';

interface BoundCte {
  readonly binding: CteBinding;
  readonly definition: PlanNode;
  readonly syntax: CommonTable;
}

/** Binds the clause into the scope; the result wraps the finished body. */
export function bindWith(clause: WithClause, scope: Scope): (body: PlanNode) => PlanNode {
  const bound: BoundCte[] = [];
  const seen = new Set<string>();
  for (const table of clause.tables) {
    if (seen.has(table.name)) {
      throw new DriftError('42712', `WITH query name "${table.name}" specified more than once`, {
        position: table.position,
      });
    }
    seen.add(table.name);
    if (hasPaths(table) && !clause.recursive)
      throw new DriftError('42601', 'WITH query is not recursive', { position: table.position });
  }
  const waiting = new Set<CommonTable>();
  const bindTable = (table: CommonTable): void => {
    if (scope.ctes.has(table.name)) return;
    waiting.add(table);
    const definition = withLater(table, clause, { scope, waiting, bindTable });
    waiting.delete(table);
    const columns = namedColumns(definition.outputs, table);
    const { query } = table;
    const silent = query.kind !== 'query' && query.kind !== 'merge' && query.returning === undefined;
    const binding: CteBinding = {
      name: table.name,
      cte: scope.state.nextCte(),
      columns,
      working: false,
      silent,
      references: 0,
      syntax: clause.recursive || query.kind !== 'query' ? undefined : table,
      time: scope.time,
    };
    scope.ctes.set(table.name, binding);
    bound.push({ binding, definition, syntax: table });
  };
  for (const table of clause.tables) bindTable(table);
  return (body) => {
    let plan = body;
    for (const cte of bound.toReversed()) plan = wrap(cte, plan);
    return plan;
  };
}

interface Later {
  readonly scope: Scope;
  /** Those whose definitions are being bound. */
  readonly waiting: ReadonlySet<CommonTable>;
  readonly bindTable: (table: CommonTable) => void;
}

/** Under RECURSIVE a definition may mention tables that come later, which are bound first then. */
function withLater(table: CommonTable, clause: WithClause, { scope, waiting, bindTable }: Later): PlanNode {
  for (;;) {
    try {
      return bindDefinition(table, clause.recursive, scope);
    } catch (error) {
      if (!clause.recursive || !(error instanceof DriftError) || error.code !== '42P01') throw error;
      const later = clause.tables.find((other) => other !== table && error.message === missing(other.name));
      if (later === undefined || scope.ctes.has(later.name)) throw error;
      if (waiting.has(later)) {
        throw new DriftError('0A000', 'mutual recursion between WITH items is not implemented', {
          position: table.position,
        });
      }
      bindTable(later);
    }
  }
}

function namedColumns(outputs: readonly PlanColumn[], table: CommonTable): PlanColumn[] {
  if (table.columns.length > outputs.length) {
    const message = `WITH query "${table.name}" has ${outputs.length} columns available but ${table.columns.length} columns specified`;
    throw new DriftError('42P10', message, { position: table.position });
  }
  return outputs.map((output, i) => ({ ...output, name: table.columns[i] ?? output.name }));
}

function bindDefinition(table: CommonTable, recursive: boolean, scope: Scope): PlanNode {
  const { query } = table;
  if (query.kind === 'merge')
    throw new DriftError('0A000', 'MERGE not supported in WITH query', { position: query.position });
  if (query.kind !== 'query') {
    if (!scope.top) {
      throw new DriftError('0A000', 'WITH clause containing a data-modifying statement must be at the top level', {
        position: table.position,
      });
    }
    return scope.hooks.change(query, scope);
  }
  if (recursive) {
    const union = unionOf(query);
    const plan = union === null ? null : bindRecursive(table, query, union, scope);
    if (plan !== null) return plan;
    if (hasPaths(table)) throw new DriftError('42601', 'WITH query is not recursive', { position: table.position });
    return bindPlain(table, query, scope);
  }
  return scope.hooks.query(query, scope);
}

/** A query under WITH RECURSIVE that is no recursive union: it must not mention itself. */
function bindPlain(table: CommonTable, query: Query, scope: Scope): PlanNode {
  try {
    return scope.hooks.query(query, scope);
  } catch (error) {
    if (error instanceof DriftError && error.code === '42P01' && error.message === missing(table.name)) {
      const message = `recursive query "${table.name}" does not have the form non-recursive-term UNION [ALL] recursive-term`;
      throw new DriftError('42P19', message, { position: table.position });
    }
    throw error;
  }
}

function missing(name: string): string {
  return `relation "${name}" does not exist`;
}

function unionOf(query: Query): SetOperation | null {
  const { body } = query;
  return body.kind === 'setOperation' && body.operator === 'union' ? body : null;
}

/** Returns null where the query does not mention itself. */
function bindRecursive(table: CommonTable, query: Query, union: SetOperation, scope: Scope): PlanNode | null {
  const part = (body: SetOperation['left']): Query =>
    body.kind === 'query'
      ? body
      : { ...query, with: undefined, body, orderBy: [], limit: undefined, offset: undefined };
  const inner = scope.child();
  let before: PlanNode;
  let names: readonly string[];
  let paths: PathColumns = { shown: [], all: [] };
  try {
    before = decideOutputs(scope.hooks.query(part(union.left), inner), scope);
    names = namedColumns(before.outputs, table).map((column) => column.name);
    if (hasPaths(table)) {
      checkParts(table, union);
      paths = pathColumns(table, names);
      before = decideOutputs(scope.hooks.query(initialWithPaths(table, part(union.left), names), inner), scope);
    }
  } catch (error) {
    // The first part mentions the name itself: not a recursive union of the form that is allowed.
    if (error instanceof DriftError && error.code === '42P01' && error.message === missing(table.name)) {
      throw new DriftError(
        '42P19',
        `recursive reference to query "${table.name}" must not appear within its non-recursive term`,
        {
          position: error.position,
        },
      );
    }
    throw error;
  }
  const columns = before.outputs.map((output, i) => ({ ...output, name: [...names, ...paths.all][i] ?? output.name }));
  const work = scope.state.nextCte();
  const binding: CteBinding = {
    name: table.name,
    cte: work,
    columns,
    working: true,
    time: scope.time,
    silent: false,
    references: 0,
    hidden: paths.all.length,
  };
  inner.ctes.set(table.name, binding);
  const right = part(union.right);
  // The first look tells whether the name is mentioned at all; paths are added to a step that mentions it.
  if (hasPaths(table)) {
    scope.hooks.query(right, inner, { keepUnknown: true });
    if (binding.references === 0) return null;
    binding.references = 0;
  }
  const step = scope.hooks.query(hasPaths(table) ? stepWithPaths(table, right, names, paths) : right, inner, {
    keepUnknown: true,
  });
  if (binding.references === 0) return null;
  if (query.orderBy.length > 0)
    throw new DriftError('0A000', 'ORDER BY in a recursive query is not implemented', { position: query.position });
  if (query.limit !== undefined || query.offset !== undefined) {
    throw new DriftError('0A000', 'LIMIT in a recursive query is not implemented', { position: query.position });
  }
  if (query.locking.length > 0) {
    throw new DriftError('0A000', 'FOR UPDATE/SHARE in a recursive query is not implemented', {
      position: query.position,
    });
  }
  if (step.outputs.length !== before.outputs.length) {
    throw new DriftError('42601', 'each UNION query must have the same number of columns', {
      position: union.right.position,
    });
  }
  checkRecursion(step, { name: table.name, work, references: binding.references }, table.position);
  checkTypes(table.name, before.outputs, step.outputs);
  const outputs = columns.map((column) => ({ id: scope.state.nextId(), name: column.name, type: column.type }));
  const node: PlanNode = {
    kind: 'recursiveUnion',
    work,
    distinct: !union.all,
    initial: before,
    step: convertOutputs(step, before.outputs, scope),
    outputs,
  };
  const shown = names.length + paths.shown.length;
  return shown === outputs.length ? node : firstColumns(node, shown);
}

function firstColumns(source: PlanNode, count: number): PlanNode {
  const outputs = source.outputs.slice(0, count);
  const expressions = outputs.map((output) => columnOf(output.id, output.name, output.type));
  return { kind: 'project', source, expressions, outputs };
}

function checkTypes(name: string, before: readonly PlanColumn[], step: readonly PlanColumn[]): void {
  before.forEach((column, i) => {
    const other = step[i] as PlanColumn;
    if (other.type.oid === column.type.oid || common(column.type.oid, other.type.oid) === column.type.oid) return;
    const first = displayType(column.type);
    const second = displayType(other.type);
    throw new DriftError(
      '42804',
      `recursive query "${name}" column ${i + 1} has type ${first} in non-recursive term but type ${second} overall`,
      { hint: 'Cast the output of the non-recursive term to the correct type.' },
    );
  });
}

function common(before: number, step: number): number | undefined {
  try {
    return commonType([before, step], 'UNION');
  } catch {
    return undefined;
  }
}

function wrap({ binding, definition, syntax }: BoundCte, body: PlanNode): PlanNode {
  const changes = modifiesOf(definition).length > 0;
  if (binding.references === 0 && !changes) return body;
  if (binding.references === 1 && !changes && syntax.materialized !== true && !isRestless(definition)) {
    return mapNodes(body, (node) =>
      node.kind === 'cteScan' && node.cte === binding.cte ? inlined(node, definition) : node,
    );
  }
  return { kind: 'with', name: binding.name, cte: binding.cte, definition, body, outputs: body.outputs };
}

function inlined(scan: CteScanNode, definition: PlanNode): PlanNode {
  const expressions = scan.columns.map((column) => {
    const output = definition.outputs[column] as PlanColumn;
    return columnOf(output.id, output.name, output.type);
  });
  return { kind: 'project', source: definition, expressions, outputs: scan.outputs };
}

/** Has volatile expressions: must run once, as written. */
function isRestless(plan: PlanNode): boolean {
  return somePlan(plan, (node) => {
    let found = false;
    visitExpressions(node, (expression) => {
      found ||= isVolatile(expression);
    });
    return found;
  });
}

/** A common table at another time than that of its WITH: its query once more, to be read under that time. */
export function cteAt(reference: TableName, { syntax }: CteBinding): DerivedTable {
  const { name, systemTime, position } = reference;
  if (syntax?.query.kind !== 'query') {
    const message = `WITH query "${name.name}" recurs or changes data, and cannot be read at another time`;
    throw new DriftError('0A000', message, { position });
  }
  const alias = reference.alias ?? name.name;
  const renamed = syntax.columns.map((column, i) => reference.columnAliases[i] ?? column);
  const columnAliases = renamed.length === 0 ? reference.columnAliases : renamed;
  return { kind: 'derived', query: syntax.query, lateral: false, systemTime, alias, columnAliases, position };
}
