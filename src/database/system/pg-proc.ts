/** pg_proc, pg_aggregate, pg_operator, pg_cast, pg_language: the function catalogue as PostgreSQL's. */
import { hashedOid, OWNER_OID, PG_CATALOG_OID } from '../../catalog/oids.ts';
import type {
  AggregateDef,
  Catalog,
  FunctionRef,
  RoutineDef,
  TableDef,
  TriggerDef,
  ViewDef,
} from '../../catalog/schema.ts';
import type { OperatorEntry, SqlFunction } from '../../sql/functions/function.ts';
import { allCasts, allFunctions, allOperators, functionsNamed } from '../../sql/functions/registry.ts';
import { publicTypeOid } from '../../catalog/user-types.ts';
import { resolveFunction } from '../../sql/resolve.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { functionOid, operatorOid } from './builtin-oids.ts';
import { PLPGSQL_OID } from './constants.ts';
import { attributeNumber, namespaceOid, relationsOf } from './model.ts';
import { aclArray } from './privileges.ts';
import { once, type RowSource, type SystemRecord } from './source.ts';

const INTERNAL_LANGUAGE = 12;
const SQL_LANGUAGE = 14;
/** PL/pgSQL's handlers, by PostgreSQL's OIDs. */
const PLPGSQL = { lanplcallfoid: 13539, laninline: 13540, lanvalidator: 13541 } as const;
const TEXT = 25;
const OID = 26;

export interface BuiltinFunction {
  readonly oid: number;
  readonly fn: SqlFunction;
}

let builtins: ReadonlyMap<number, BuiltinFunction> | null = null;

/** Built-in functions by OID, those behind operators included. */
export function builtinFunctions(): ReadonlyMap<number, BuiltinFunction> {
  if (builtins === null) {
    const found = new Map<number, BuiltinFunction>();
    const add = (fn: SqlFunction): void => {
      const oid = functionOid(fn.name, fn.args);
      if (!found.has(oid)) found.set(oid, { oid, fn });
    };
    for (const fn of allFunctions()) add(fn);
    for (const { fn } of allOperators()) add(fn);
    for (const { fn } of allCasts()) if (fn !== null) add(fn);
    builtins = found;
  }
  return builtins;
}

export const procedureSources: Readonly<Record<string, RowSource>> = {
  *pg_proc({ catalog }) {
    yield* builtinProcedures();
    for (const object of catalog.objects()) if (object.kind === 'routine') yield routineRow(object, catalog);
  },
  *pg_trigger({ catalog }) {
    for (const relation of relationsOf(catalog)) {
      if (relation.kind === 'sequence') continue;
      for (const trigger of relation.triggers ?? []) yield triggerRow(trigger, relation);
    }
  },
  *pg_aggregate({ catalog }) {
    for (const { oid, fn } of builtinFunctions().values()) {
      if (fn.kind !== 'aggregate') continue;
      yield { aggfnoid: oid, aggkind: fn.orderedSet ? 'o' : 'n', aggfinalmodify: 'r', aggmfinalmodify: 'r' };
    }
    for (const object of catalog.objects())
      if (object.kind === 'routine' && object.aggregate !== undefined) yield aggregateRow(object, object.aggregate);
  },
  pg_operator: () => builtinOperators(),
  *pg_cast() {
    for (const { from, to, context, fn } of allCasts()) {
      const castmethod = fn === null ? 'b' : 'f';
      const castcontext = context === 'implicit' ? 'i' : context === 'assignment' ? 'a' : 'e';
      const castfunc = fn === null ? 0 : functionOid(fn.name, fn.args);
      yield {
        oid: hashedOid('cast', `${from} ${to}`),
        castsource: from,
        casttarget: to,
        castfunc,
        castcontext,
        castmethod,
      };
    }
  },
  *pg_language() {
    const common = { lanowner: OWNER_OID };
    yield { ...common, oid: INTERNAL_LANGUAGE, lanname: 'internal' };
    yield { ...common, oid: SQL_LANGUAGE, lanname: 'sql', lanpltrusted: true };
    yield { ...common, oid: PLPGSQL_OID, lanname: 'plpgsql', lanispl: true, lanpltrusted: true, ...PLPGSQL };
  },
};

const builtinProcedures = once(function* () {
  for (const { oid, fn } of builtinFunctions().values()) yield procedure(oid, fn);
});

const builtinOperators = once(function* () {
  for (const operator of distinctOperators()) yield operatorRow(operator);
});

function procedure(oid: number, fn: SqlFunction): SystemRecord {
  const outputs = fn.kind === 'set' && fn.columns.length > 1 ? fn.columns : [];
  const isSet = fn.kind === 'set';
  return {
    oid,
    proname: fn.name,
    pronamespace: PG_CATALOG_OID,
    proowner: OWNER_OID,
    prolang: INTERNAL_LANGUAGE,
    procost: 1,
    prorows: isSet ? 1000 : 0,
    provariadic: fn.variadic ? variadicElement(fn.args.at(-1) ?? 0) : 0,
    prokind: fn.kind === 'aggregate' ? 'a' : fn.kind === 'window' ? 'w' : 'f',
    proisstrict: fn.kind === 'window' || fn.kind === 'aggregate' ? false : fn.strict,
    proretset: isSet,
    provolatile: fn.kind === 'scalar' || fn.kind === 'set' ? fn.volatility.charAt(0) : 'i',
    proparallel: 's',
    pronargs: fn.args.length,
    pronargdefaults: fn.optional,
    prorettype: fn.returns,
    proargtypes: new SqlArray([fn.args.length], [0], fn.args, OID),
    proallargtypes:
      outputs.length === 0 ? null : SqlArray.of([...fn.args, ...outputs.map((column) => column.oid)], OID),
    proargmodes: outputs.length === 0 ? null : SqlArray.of([...fn.args.map(() => 'i'), ...outputs.map(() => 'o')], 18),
    proargnames:
      outputs.length === 0 && fn.names === undefined
        ? null
        : SqlArray.of([...fn.args.map((_, i) => fn.names?.[i] ?? ''), ...outputs.map(({ name }) => name)], TEXT),
    prosrc: fn.id.replace(/\(.*/, ''),
  };
}

function routineRow(routine: RoutineDef, catalog: Catalog): SystemRecord {
  const inputs = routine.args.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');
  const plain = inputs.length === routine.args.length && inputs.every(({ mode }) => mode === 'in');
  const named = routine.args.some(({ name }) => name !== '');
  const last = inputs.at(-1);
  const isAggregate = routine.aggregate !== undefined;
  return {
    oid: routine.id,
    proname: routine.name,
    pronamespace: namespaceOid(catalog, routine.schema),
    proowner: OWNER_OID,
    prolang: isAggregate ? INTERNAL_LANGUAGE : routine.language === 'sql' ? SQL_LANGUAGE : PLPGSQL_OID,
    procost: isAggregate ? 1 : 100,
    prorows: routine.set ? 1000 : 0,
    provariadic: last?.mode === 'variadic' ? variadicElement(last.type.oid) : 0,
    prokind: isAggregate ? 'a' : routine.procedure ? 'p' : 'f',
    proisstrict: routine.strict,
    proretset: routine.set,
    provolatile: routine.volatility.charAt(0),
    proparallel: routine.aggregate?.parallel ?? 'u',
    pronargs: inputs.length,
    pronargdefaults: inputs.filter((arg) => arg.default !== undefined).length,
    prorettype: publicTypeOid(routine.returns.oid),
    proargtypes: new SqlArray(
      [inputs.length],
      [0],
      inputs.map(({ type }) => publicTypeOid(type.oid)),
      OID,
    ),
    proallargtypes: plain
      ? null
      : SqlArray.of(
          routine.args.map(({ type }) => publicTypeOid(type.oid)),
          OID,
        ),
    proargmodes: plain
      ? null
      : SqlArray.of(
          routine.args.map(({ mode }) => MODES[mode]),
          18,
        ),
    proargnames: named
      ? SqlArray.of(
          routine.args.map(({ name }) => name),
          TEXT,
        )
      : null,
    prosrc: isAggregate ? 'aggregate_dummy' : routine.body,
    proacl: aclArray(routine.acl, catalog),
  };
}

function aggregateRow({ id, args }: RoutineDef, aggregate: AggregateDef): SystemRecord {
  const state = aggregate.stateType.oid;
  const inputs = args.map(({ type }) => type.oid);
  const oidOf = (ref: FunctionRef | undefined, types: readonly number[]): number =>
    ref === undefined ? 0 : 'routine' in ref ? ref.routine : builtinOid(ref.name, types);
  const modify = aggregate.finalModify ?? 'r';
  const sort = aggregate.sortOperator;
  const [input] = inputs;
  return {
    aggfnoid: id,
    aggkind: 'n',
    aggtransfn: oidOf(aggregate.transition, [state, ...inputs]),
    aggfinalfn: oidOf(aggregate.final, [state, ...(aggregate.finalExtra === true ? inputs : [])]),
    aggcombinefn: oidOf(aggregate.combine, [state, state]),
    aggfinalextra: aggregate.finalExtra === true,
    aggfinalmodify: modify,
    aggmfinalmodify: 'r',
    aggsortop:
      sort === undefined || input === undefined
        ? 0
        : operatorOid(sort.replace(/^operator\s*\(.*?([^.\s]+)\s*\)$/i, '$1'), input, input),
    aggtranstype: publicTypeOid(state),
    agginitval: aggregate.initial ?? null,
  };
}

function builtinOid(name: string, types: readonly number[]): number {
  const exact = functionsNamed(name).find(
    ({ args }) => args.length === types.length && args.every((oid, i) => oid === types[i]),
  );
  const { args } = exact ?? resolveFunction(name, types).fn;
  return functionOid(name, args);
}

const MODES = { in: 'i', out: 'o', inout: 'b', variadic: 'v', table: 't' } as const;
const EVENT_BITS = { insert: 4, delete: 8, update: 16, truncate: 32 } as const;

function triggerRow(trigger: TriggerDef, relation: TableDef | ViewDef): SystemRecord {
  const timing = trigger.time === 'before' ? 2 : trigger.time === 'instead of' ? 64 : 0;
  const events = trigger.events.reduce((bits, event) => bits | EVENT_BITS[event], 0);
  const numbers =
    relation.kind === 'table'
      ? trigger.columns.map((id) => attributeNumber(relation, id))
      : trigger.columns.map((column) => column + 1);
  return {
    oid: trigger.id,
    tgrelid: relation.id,
    tgname: trigger.name,
    tgfoid: trigger.routineId,
    tgtype: (trigger.row ? 1 : 0) | timing | events,
    tgenabled: trigger.disabled === true ? 'D' : 'O',
    tgdeferrable: trigger.deferrable !== undefined,
    tginitdeferred: trigger.deferrable === 'deferred',
    tgnargs: trigger.args.length,
    tgattr: new SqlArray([numbers.length], [0], numbers, 21),
    tgargs: new TextEncoder().encode(trigger.args.map((arg) => `${arg}\0`).join('')),
    tgqual: trigger.when ?? null,
    tgoldtable: trigger.oldTable ?? null,
    tgnewtable: trigger.newTable ?? null,
  };
}

function variadicElement(type: number): number {
  const { elementOid } = typeByOid(type);
  return elementOid === 0 ? type : elementOid;
}

function* distinctOperators(): Generator<OperatorEntry> {
  const seen = new Set<number>();
  for (const operator of allOperators()) {
    const oid = operatorOid(operator.name, operator.left, operator.right);
    if (!seen.has(oid)) yield operator;
    seen.add(oid);
  }
}

function operatorRow({ name, left, right, fn, commutator, negator }: OperatorEntry): SystemRecord {
  return {
    oid: operatorOid(name, left, right),
    oprname: name,
    oprnamespace: PG_CATALOG_OID,
    oprowner: OWNER_OID,
    oprkind: left === 0 ? 'l' : 'b',
    oprcanmerge: name === '=',
    oprcanhash: name === '=',
    oprleft: left,
    oprright: right,
    oprresult: fn.returns,
    oprcom: commutator === undefined ? 0 : operatorOid(commutator, right, left),
    oprnegate: negator === undefined ? 0 : operatorOid(negator, left, right),
    oprcode: functionOid(fn.name, fn.args),
  };
}
