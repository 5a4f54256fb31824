/**
 * FROM: tables, views, derived tables, functions and joins become plans and the names that they make visible.
 *
 * Items of a FROM list are joined left to right without conditions; the optimizer finds the keys in WHERE. An item that
 * mentions columns of one to its left (LATERAL, or any function) is joined by `apply`.
 */
import { DriftError, assert } from '../../base/error.ts';
import type { Catalog, SequenceDef, ViewDef } from '../../catalog/schema.ts';
import type { DerivedTable, Join, TableName, TableReference } from '../../sql/ast-query.ts';
import type { Identifier } from '../../sql/ast.ts';
import { refuseOtherDatabase } from '../../sql/other-database.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import type { BoundExpression } from '../expression.ts';
import type { JoinNode, JoinType, PlanColumn, PlanNode, ScanTime } from '../plan.ts';
import { conjunction } from '../walk-expression.ts';
import { correlationOf } from '../walk-plan.ts';
import { BOOL, INT8, asBoolean, unify } from './coerce.ts';
import type { SystemTable } from './context.ts';
import { type BoundFrom, renamed, single } from './from-item.ts';
import { operate } from './operators.ts';
import { heldAt, noValidTime } from './period.ts';
import { type FromItem, type VisibleColumn, CLAUSES, Scope, visible } from './scope.ts';
import { sampled } from './sample.ts';
import { scanTable } from './scan.ts';
import { bindTableFunction } from './table-function.ts';
import { timeOf } from './time.ts';
import { cteAt } from './with.ts';

/** Binds a FROM list into the scope; without FROM the plan is one row without columns. */
export function bindFrom(references: readonly TableReference[], scope: Scope): PlanNode {
  let plan: PlanNode | null = null;
  for (const reference of references) {
    const bound = bindReference(reference, scope, []);
    scope.add(bound.item);
    plan = plan === null ? bound.plan : joinPlans('inner', plan, bound.plan, null);
  }
  return plan ?? { kind: 'oneRow', outputs: [] };
}

/** `beside`: items of the enclosing join tree that a lateral item may mention. */
export function bindReference(reference: TableReference, scope: Scope, beside: readonly FromItem[]): BoundFrom {
  switch (reference.kind) {
    case 'table':
      return bindTable(reference, scope);
    case 'derived':
      return bindDerived(reference, scope, beside);
    case 'tableFunction':
      return bindTableFunction(reference, scope, beside);
    case 'join':
      return bindJoin(reference, scope, beside);
  }
}

export function joinPlans(
  type: JoinType,
  left: PlanNode,
  right: PlanNode,
  condition: BoundExpression | null,
): JoinNode {
  const correlated = correlationOf(left, right);
  return {
    kind: 'join',
    type,
    left,
    right,
    keys: [],
    residual: condition,
    mark: null,
    nullAware: false,
    algorithm: correlated.length > 0 ? 'apply' : 'loop',
    correlated,
    outputs: [...left.outputs, ...right.outputs],
  };
}

// ---- tables and views --------------------------------------------------------------------------------------------

function bindTable(reference: TableName, scope: Scope): BoundFrom {
  const { name, position } = reference;
  const cte = name.schema === undefined ? scope.cte(name.name) : undefined;
  if (cte !== undefined) {
    rejectSample(reference);
    if (reference.validTime !== undefined) throw noValidTime(reference);
    const { systemTime } = reference;
    if (systemTime === undefined && scope.time === cte.time) return bindCteReference(reference, cte.name, scope);
    return bindDerived(cteAt(reference, cte), scope, []);
  }
  if (name.catalog !== undefined) refuseOtherDatabase(name, scope.state.context.eval.database);
  const resolved = reference.systemTime === undefined ? null : timeOf(reference.systemTime, scope);
  const catalog = resolved?.catalog ?? scope.catalog;
  const time = resolved?.time ?? scope.time;
  const found = relationOf(name, catalog, scope);
  const alias = reference.alias ?? name.name;
  if (found?.kind === 'table') {
    if (found.unpopulated === true) {
      throw new DriftError('55000', `materialized view "${found.name}" has not been populated`, {
        position: name.position,
        hint: 'Use the REFRESH MATERIALIZED VIEW command.',
      });
    }
    const scan = scanTable(found, alias, time, scope.state);
    const columns = renamed(scan.columns, reference.columnAliases, alias, position);
    const schema = reference.alias === undefined ? found.schema : undefined;
    let plan = reference.sample === undefined ? scan.plan : sampled(scan, reference.sample, scope);
    if (reference.validTime !== undefined) {
      const shown = [...scan.columns, ...scan.pseudo];
      plan = heldAt({ table: found, shown }, plan, reference.validTime, scope);
    }
    return single(plan, { schema, name: alias, columns, pseudo: scan.pseudo, table: found });
  }
  rejectSample(reference);
  if (reference.validTime !== undefined) throw noValidTime(reference);
  if (found?.kind === 'view') return bindView(found, reference, { catalog, time }, scope);
  if (found?.kind === 'sequence') return bindSystemTable(sequenceTable(found), reference, time, scope);
  const system = systemTableOf(name, catalog, scope);
  if (system !== undefined) return bindSystemTable(system, reference, time, scope);
  const qualified = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
  if (found !== undefined) throw new DriftError('42809', `"${name.name}" is not a table or view`, { position });
  if (time.kind === 'asOf' && scope.state.context.catalog.relation(name.schema, name.name) !== undefined) {
    throw new DriftError('42P01', `relation "${qualified}" did not exist at sequence number ${time.seq % 2 ** 40}`, {
      position: name.position,
    });
  }
  throw new DriftError('42P01', `relation "${qualified}" does not exist`, { position: name.position });
}

function rejectSample({ sample, position }: TableName): void {
  if (sample === undefined) return;
  throw new DriftError('0A000', 'TABLESAMPLE clause can only be applied to tables and materialized views', {
    position,
  });
}

/** A bare name of pg_catalog's is found there before the path is looked through, but after temporary tables. */
function relationOf(name: TableName['name'], catalog: Catalog, scope: Scope): ReturnType<Catalog['relation']> {
  // What a trigger calls its rows hides tables.
  if (name.schema === undefined && scope.state.context.transitions?.get(name.name) !== undefined) return undefined;
  const bare = name.schema === undefined && name.name.startsWith('pg_');
  if (!bare || scope.state.context.systemTables.find('pg_catalog', name.name) === undefined)
    return catalog.relation(name.schema, name.name);
  return catalog.temp === null ? undefined : catalog.relation(catalog.temp, name.name);
}

/** A virtual table by name: bare names mean those of pg_catalog, and of the schemas that the path names. */
/** A sequence read as a table: its present state, which is no part of history. */
function sequenceTable({ id, schema, name }: SequenceDef): SystemTable {
  const columns = [
    { name: 'last_value', type: INT8 },
    { name: 'log_cnt', type: INT8 },
    { name: 'is_called', type: BOOL },
  ];
  return { id: `sequence ${id}`, schema, name, columns };
}

function systemTableOf({ schema, name }: TableName['name'], catalog: Catalog, scope: Scope): SystemTable | undefined {
  const { systemTables } = scope.state.context;
  if (schema !== undefined) return systemTables.find(schema, name);
  const own = scope.state.context.transitions?.get(name)?.table;
  if (own !== undefined) return own;
  for (const candidate of ['pg_catalog', ...catalog.path]) {
    const found = systemTables.find(candidate, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function bindCteReference(reference: TableName, name: string, scope: Scope): BoundFrom {
  const cte = scope.cte(name);
  if (cte === undefined)
    throw new DriftError('42P01', `relation "${name}" does not exist`, { position: reference.position });
  if (cte.silent)
    throw new DriftError('0A000', `WITH query "${name}" does not have a RETURNING clause`, {
      position: reference.position,
    });
  cte.references++;
  const outputs: PlanColumn[] = cte.columns.map((column) => ({ ...column, id: scope.state.nextId() }));
  const columns = cte.columns.map((_, i) => i);
  const plan: PlanNode = cte.working
    ? { kind: 'workScan', name, work: cte.cte, columns, outputs }
    : { kind: 'cteScan', name, cte: cte.cte, columns, outputs };
  const alias = reference.alias ?? name;
  const all = outputs.map((output) => visible(output));
  const shown = all.length - (cte.hidden ?? 0);
  const named = renamed(all.slice(0, shown), reference.columnAliases, alias, reference.position);
  return single(plan, { schema: undefined, name: alias, columns: named, pseudo: all.slice(shown), table: null });
}

const MAX_VIEW_DEPTH = 64;

function bindView(
  view: ViewDef,
  reference: TableName,
  at: { catalog: Catalog; time: ScanTime },
  scope: Scope,
): BoundFrom {
  const { state } = scope;
  if (state.viewDepth >= MAX_VIEW_DEPTH) {
    throw new DriftError('42P17', `infinite recursion detected in rules for relation "${view.name}"`, {
      position: reference.position,
    });
  }
  let query = state.views.get(view.query);
  if (query === undefined) {
    const statement = parseOne(view.query);
    assert(statement.kind === 'query', `the body of view ${view.name} is not a query`);
    query = statement;
    state.views.set(view.query, query);
  }
  // Names of temporary objects come last: a view means what it meant when it was made.
  const catalog = at.catalog.forSession(at.catalog.temp, [...(view.path ?? ['public']), 'pg_temp']);
  const outer = new Scope({ state, hooks: scope.hooks, parent: null, catalog, time: at.time });
  state.viewDepth++;
  const plan = scope.hooks.query(query, outer);
  state.viewDepth--;
  const alias = reference.alias ?? view.name;
  const columns = plan.outputs.map((output, i) => visible(output, view.columns[i] ?? output.name));
  const schema = reference.alias === undefined ? view.schema : undefined;
  const shown = renamed(columns, reference.columnAliases, alias, reference.position);
  return single(plan, { schema, name: alias, columns: shown, pseudo: [], table: null });
}

function bindSystemTable(system: SystemTable, reference: TableName, time: ScanTime, scope: Scope): BoundFrom {
  if (time.kind === 'versions' || time.kind === 'contained') {
    throw new DriftError('0A000', `"${system.name}" can be read AS OF a moment only`, { position: reference.position });
  }
  const alias = reference.alias ?? system.name;
  const outputs: PlanColumn[] = system.columns.map((column) => ({
    id: scope.state.nextId(),
    name: column.name,
    type: column.type,
  }));
  const tableOid: PlanColumn = { id: scope.state.nextId(), name: 'tableoid', type: { oid: 26, typmod: -1 } };
  const all = system.oid === undefined ? outputs : [...outputs, tableOid];
  const plan: PlanNode = {
    kind: 'systemScan',
    systemTable: system.id,
    alias,
    columns: all.map((_, i) => i),
    seq: time.kind === 'asOf' ? time.seq : null,
    filter: null,
    outputs: all,
  };
  const columns = renamed(
    outputs.map((output) => visible(output)),
    reference.columnAliases,
    alias,
    reference.position,
  );
  const schema = reference.alias === undefined ? system.schema : undefined;
  const pseudo = all.slice(outputs.length).map((output) => visible(output));
  return single(plan, { schema, name: alias, columns, pseudo, table: null });
}

// ---- derived tables and functions --------------------------------------------------------------------------------

function bindDerived(reference: DerivedTable, scope: Scope, beside: readonly FromItem[]): BoundFrom {
  const { alias, position } = reference;
  if (alias === undefined) {
    const what = reference.query.body.kind === 'values' ? 'VALUES' : 'subquery';
    throw new DriftError('42601', `${what} in FROM must have an alias`, {
      position,
      hint: `For example, FROM (${what === 'VALUES' ? 'VALUES ...' : 'SELECT ...'}) [AS] foo.`,
    });
  }
  const at = reference.systemTime === undefined ? scope : timeOf(reference.systemTime, scope);
  const outer = scope.sibling(reference.lateral ? [...scope.items, ...beside] : [], at);
  outer.clause = CLAUSES.fromItems;
  const plan = scope.hooks.query(reference.query, outer);
  const columns = renamed(
    plan.outputs.map((output) => visible(output)),
    reference.columnAliases,
    alias,
    position,
  );
  return single(plan, { schema: undefined, name: alias, columns, pseudo: [], table: null });
}

// ---- joins -------------------------------------------------------------------------------------------------------

function bindJoin(reference: Join, scope: Scope, beside: readonly FromItem[]): BoundFrom {
  const left = bindReference(reference.left, scope, beside);
  const right = bindReference(reference.right, scope, [...beside, left.item]);
  checkNames(left.item, right.item);
  const type = reference.type === 'cross' ? 'inner' : reference.type;
  const names = mergedNames(reference, left.item, right.item);
  const merged: VisibleColumn[] = [];
  const conditions: BoundExpression[] = [];
  for (const name of names) {
    const column = mergeColumn(name, { type, left: left.item, right: right.item }, scope);
    merged.push(column.visible);
    conditions.push(column.condition);
  }
  if (reference.on !== undefined) {
    const on = reference.on;
    const inner = scope.sibling([left.item, right.item]);
    conditions.push(inner.within(CLAUSES.on, () => asBoolean(inner.bind(on), 'JOIN/ON', scope.state)));
  }
  const plan = joinPlans(type, left.plan, right.plan, conjunction(conditions));
  if (plan.correlated.length > 0 && (type === 'right' || type === 'full')) {
    throw new DriftError(
      '42P10',
      'invalid reference to FROM-clause entry: a lateral item cannot be on the right of a RIGHT or FULL JOIN',
      {
        position: reference.position,
        detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.',
      },
    );
  }
  const mergedSet = new Set(names.map((item) => item.name));
  const rest = [...left.item.columns, ...right.item.columns].filter((column) => !mergedSet.has(column.name));
  const columns = [...merged, ...rest];
  if (reference.alias !== undefined) {
    const shown = renamed(columns, reference.columnAliases, reference.alias, reference.position);
    return single(plan, { schema: undefined, name: reference.alias, columns: shown, pseudo: [], table: null });
  }
  const relations = [...left.item.relations, ...right.item.relations];
  if (reference.usingAlias !== undefined) {
    const name = reference.usingAlias;
    if (relations.some((relation) => relation.name === name))
      throw new DriftError('42712', `table name "${name}" specified more than once`);
    relations.push({ schema: undefined, name, columns: merged, pseudo: [], table: null });
  }
  return { plan, item: { relations, columns } };
}

function checkNames(left: FromItem, right: FromItem): void {
  for (const relation of right.relations) {
    const clash = left.relations.find(
      (other) =>
        other.name === relation.name &&
        (other.schema === undefined || relation.schema === undefined || other.schema === relation.schema),
    );
    if (clash !== undefined) throw new DriftError('42712', `table name "${relation.name}" specified more than once`);
  }
}

function mergedNames(reference: Join, left: FromItem, right: FromItem): readonly Identifier[] {
  if (reference.using !== undefined) {
    reference.using.forEach(({ name, position }, i, all) => {
      if (all.findIndex((other) => other.name === name) === i) return;
      throw new DriftError('42701', `column name "${name}" appears more than once in USING clause`, { position });
    });
    return reference.using;
  }
  if (!reference.natural) return [];
  const names: Identifier[] = [];
  for (const column of left.columns) {
    const shared = right.columns.some((other) => other.name === column.name);
    if (shared && !names.some((item) => item.name === column.name))
      names.push({ name: column.name, position: reference.position });
  }
  return names;
}

function mergeColumn(
  { name, position }: Identifier,
  join: { readonly type: JoinType; readonly left: FromItem; readonly right: FromItem },
  scope: Scope,
): { visible: VisibleColumn; condition: BoundExpression } {
  const find = (item: FromItem, side: string): VisibleColumn => {
    const matches = item.columns.filter((column) => column.name === name);
    const [only] = matches;
    if (only === undefined) {
      throw new DriftError('42703', `column "${name}" specified in USING clause does not exist in ${side} table`, {
        position,
      });
    }
    if (matches.length > 1)
      throw new DriftError('42702', `common column name "${name}" appears more than once in ${side} table`, {
        position,
      });
    return only;
  };
  const left = find(join.left, 'left');
  const right = find(join.right, 'right');
  const { type, items } = unify([left.expression, right.expression], 'JOIN/USING', scope.state);
  const [first, second] = items as [BoundExpression, BoundExpression];
  const condition = operate('=', left.expression, right.expression, { scope, position });
  if (join.type === 'full')
    return { visible: { name, expression: { kind: 'coalesce', args: [first, second], type } }, condition };
  const [kept, source] = join.type === 'right' ? [second, right] : [first, left];
  return { visible: kept === source.expression ? source : { name, expression: kept }, condition };
}
