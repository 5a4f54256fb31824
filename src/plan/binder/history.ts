/**
 * History functions in FROM: `table_changes('t', from, to)` and its like become the query that they stand for
 * (history-queries.ts), whose columns are those of the table. So the table's name is a constant; the moments are any
 * expressions that see no columns: an integer is a sequence number, a time a time, a string a tag's name or a time.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Catalog, TableDef } from '../../catalog/schema.ts';
import type { Expression, FunctionCall } from '../../sql/ast.ts';
import type { Query, SystemTime, TableFunction, TimePoint } from '../../sql/ast-query.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { WHOLE } from '../../table/kept.ts';
import { withArguments } from '../../sql/with-arguments.ts';
import {
  blameQuery,
  changesQuery,
  databaseDiffQuery,
  diffQuery,
  rowHistoryQuery,
  type TableAt,
} from '../history-queries.ts';
import { type BoundFrom, renamed, single } from './from-item.ts';
import type { HistoryCall, HistoryFunction } from './history-call.ts';
import { CLAUSES, type FromItem, Scope, visible } from './scope.ts';
import { timeOf } from './time.ts';

type Maker = (call: FunctionCall, scope: Scope) => Query;

const MAKERS: Readonly<Record<HistoryFunction, Maker>> = {
  table_changes: tableChanges,
  table_diff: tableDiff,
  row_history: rowHistory,
  blame,
  database_diff: databaseDiff,
};

/** Throws 42883 for a wrong number of arguments, 42P01 for a table that is not there. */
export function bindHistory(
  { name, call, least, most }: HistoryCall,
  reference: TableFunction,
  scope: Scope,
  beside: readonly FromItem[],
): BoundFrom {
  if (call.args.length < least || call.args.length > most) {
    throw new DriftError('42883', `function ${name} takes ${least} to ${most} arguments`, { position: call.position });
  }
  const query = MAKERS[name](call, scope);
  const inner = new Scope({
    state: scope.state,
    hooks: scope.hooks,
    parent: scope.parent,
    catalog: scope.catalog,
    time: { kind: 'now' },
  });
  inner.items = [...scope.items, ...beside];
  inner.clause = CLAUSES.fromItems;
  const plan = scope.hooks.query(query, inner);
  const alias = reference.alias ?? name;
  const columns = renamed(
    plan.outputs.map((output) => visible(output)),
    reference.columnAliases,
    alias,
    reference.position,
  );
  return single(plan, { schema: undefined, name: alias, columns, pseudo: [], table: null });
}

function tableChanges(call: FunctionCall, scope: Scope): Query {
  const period = periodOf(call, 1, scope);
  const { table } = tableAt(call, catalogAt(call, period.b, scope), period.b);
  // Without a beginning it is all that is left.
  const a = call.args.length > 1 ? period.a : (scope.state.context.keptOf?.(table.id).historyFrom ?? 0);
  return parsed(call, changesQuery(table, a, period.b));
}

function tableDiff(call: FunctionCall, scope: Scope): Query {
  const { a, b } = periodOf(call, 1, scope);
  const name = nameIn(call);
  const [before, after] = [catalogAt(call, a, scope), catalogAt(call, b, scope)];
  const to = found(name, after, b);
  // A table that was renamed is the same one.
  const same = to === null ? undefined : before.byId(to.table.id);
  const from = same?.kind === 'table' ? { table: same, seq: a } : found(name, before, a);
  if (from === null && to === null) throw missing(call, name);
  return parsed(call, diffQuery(name.join('.'), from, to, a, b));
}

function rowHistory(call: FunctionCall, scope: Scope): Query {
  const { table } = tableAt(call, scope.catalog, Infinity);
  const keys = call.args.length - 1;
  if (keys !== table.key.length || table.columns.some(({ id, hidden }) => hidden === true && table.key.includes(id))) {
    throw new DriftError('42883', `row_history needs a value for each column of the primary key of "${table.name}"`, {
      position: call.position,
    });
  }
  // Retention moves the limit.
  scope.state.cacheable = false;
  return parsed(call, rowHistoryQuery(table, scope.state.context.keptOf?.(table.id) ?? WHOLE), call.args.slice(1));
}

function blame(call: FunctionCall, scope: Scope): Query {
  const [, moment] = call.args;
  if (moment === undefined && scope.time.kind !== 'asOf')
    return parsed(call, blameQuery(tableAt(call, scope.catalog, Infinity).table, null));
  const seq = moment === undefined ? lastOf(scope) : seqOf(call, moment, scope);
  const { table } = tableAt(call, catalogAt(call, seq, scope), seq);
  return parsed(call, blameQuery(table, seq));
}

function databaseDiff(call: FunctionCall, scope: Scope): Query {
  const { a, b } = periodOf(call, 0, scope);
  return parsed(call, databaseDiffQuery(catalogAt(call, a, scope), catalogAt(call, b, scope), a, b));
}

// ---- arguments ---------------------------------------------------------------------------------------------------

function nameIn(call: FunctionCall): string[] {
  const [argument] = call.args;
  if (argument?.kind !== 'string') {
    throw new DriftError('42601', `the first argument of ${call.name.name} is the name of a table, as a constant`, {
      position: argument?.position ?? call.position,
    });
  }
  const parts = [...argument.value.matchAll(/"((?:[^"]|"")+)"|([^".]+)/g)];
  return parts.map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? (bare ?? '').trim().toLowerCase());
}

function tableAt(call: FunctionCall, catalog: Catalog, seq: number): TableAt {
  const name = nameIn(call);
  const at = found(name, catalog, seq);
  if (at === null) throw missing(call, name);
  return at;
}

function found(name: readonly string[], catalog: Catalog, seq: number): TableAt | null {
  const relation = catalog.relation(name.length > 1 ? name[0] : undefined, name[name.length - 1] ?? '');
  return relation?.kind === 'table' ? { table: relation satisfies TableDef, seq } : null;
}

function missing(call: FunctionCall, name: readonly string[]): DriftError {
  return new DriftError('42P01', `table "${name.join('.')}" does not exist`, {
    position: call.args[0]?.position ?? call.position,
    hint: 'Its name is that at the moment of the last argument.',
  });
}

/** The moments from argument `first` on: after commit `a`, up to commit `b`. */
function periodOf(call: FunctionCall, first: number, scope: Scope): { readonly a: number; readonly b: number } {
  const [from, to] = [call.args[first], call.args[first + 1]];
  const b = to === undefined ? lastOf(scope) : seqOf(call, to, scope);
  const a = from === undefined ? 0 : seqOf(call, from, scope);
  if (a > b) {
    throw new DriftError('22023', `the first moment (commit ${a}) is after the second (commit ${b})`, {
      position: from?.position ?? call.position,
    });
  }
  return { a, b };
}

/** The newest commit that the statement sees. */
function lastOf(scope: Scope): number {
  const { time, state } = scope;
  state.cacheable = false;
  return time.kind === 'asOf' ? time.seq : state.context.lastSeq;
}

function seqOf(call: FunctionCall, moment: Expression, scope: Scope): number {
  scope.state.cacheable = false;
  const clause = clauseOf(call, moment, () => pointOf(moment, scope));
  const { time } = timeOf(clause, scope);
  return time.kind === 'asOf' ? time.seq : 0;
}

function catalogAt(call: FunctionCall, seq: number, scope: Scope): Catalog {
  scope.state.cacheable = false;
  const { position } = call;
  const value: Expression = { kind: 'integer', value: seq, position };
  return timeOf(
    clauseOf(call, `catalog ${seq}`, () => ({ kind: 'seq', value, position })),
    scope,
  ).catalog;
}

function pointOf(moment: Expression, scope: Scope): TimePoint {
  const { position } = moment;
  if (moment.kind === 'string') {
    const isTag = scope.state.context.catalog.tag(moment.value) !== undefined;
    return { kind: isTag ? 'tag' : 'timestamp', value: moment, position };
  }
  if (moment.kind === 'parameter') return { kind: 'seq', value: moment, position };
  const empty = new Scope({
    state: scope.state,
    hooks: scope.hooks,
    parent: null,
    catalog: scope.catalog,
    time: scope.time,
  });
  const { oid } = empty.within(CLAUSES.systemTime, () => empty.bind(moment)).type;
  return { kind: typeByOid(oid).category === 'N' ? 'seq' : 'timestamp', value: moment, position };
}

// ---- what stays the same when binding begins anew with moments that are known -------------------------------------

const clauses = new WeakMap<FunctionCall, Map<Expression | string, SystemTime>>();
const queries = new WeakMap<FunctionCall, Map<string, Query>>();

function clauseOf(call: FunctionCall, key: Expression | string, point: () => TimePoint): SystemTime {
  const known = within(clauses, call);
  let clause = known.get(key);
  if (clause === undefined) known.set(key, (clause = { kind: 'asOf', at: point(), position: call.position }));
  return clause;
}

function parsed(call: FunctionCall, text: string, args: readonly Expression[] = []): Query {
  const known = within(queries, call);
  let query = known.get(text);
  if (query === undefined) {
    const statement = parseOne(text);
    assert(statement.kind === 'query', 'history is a query');
    query = withArguments(statement, args);
    known.clear();
    known.set(text, query);
  }
  return query;
}

function within<K extends object, L, V>(maps: WeakMap<K, Map<L, V>>, key: K): Map<L, V> {
  let map = maps.get(key);
  if (map === undefined) maps.set(key, (map = new Map<L, V>()));
  return map;
}
