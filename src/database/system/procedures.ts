/** Functions and triggers as SQL: arguments, results and definitions of built-in and of own ones, in PostgreSQL's words. */
import { DriftError } from '../../base/error.ts';
import type { Catalog, RoutineArgument, RoutineDef, TriggerDef, TypeRef } from '../../catalog/schema.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { columnName, type Relation } from './model.ts';
import { builtinFunctions } from './pg-proc.ts';
import { typeText } from './types.ts';

function routineOf(catalog: Catalog, oid: number): RoutineDef | undefined {
  const object = catalog.byId(oid);
  return object?.kind === 'routine' ? object : undefined;
}

/** What an argument's default is printed as. */
export type PrintDefault = (text: string, type: TypeRef) => string;

/** "a integer, OUT b text", with defaults or without (as an identity). */
export function functionArguments(catalog: Catalog, oid: number, print: PrintDefault | null): string | null {
  const routine = routineOf(catalog, oid);
  if (routine !== undefined) {
    const shown = routine.args.filter(({ mode }) => mode !== 'table');
    return shown
      .map((arg) => (routine.procedure && arg.mode === 'in' ? 'IN ' : '') + argumentText(arg, print))
      .join(', ');
  }
  const builtin = builtinFunctions().get(oid)?.fn;
  if (builtin === undefined) return null;
  return builtin.args
    .map((type, i) => {
      const name = builtin.names?.[i];
      const variadic = builtin.variadic && i === builtin.args.length - 1 ? 'VARIADIC ' : '';
      return `${variadic}${name === undefined ? '' : `${quoteIdent(name)} `}${typeText({ oid: type, typmod: -1 })}`;
    })
    .join(', ');
}

const MODES: Readonly<Record<RoutineArgument['mode'], string>> = {
  in: '',
  out: 'OUT ',
  inout: 'INOUT ',
  variadic: 'VARIADIC ',
  table: '',
};

function argumentText({ name, mode, type, default: initial }: RoutineArgument, print: PrintDefault | null): string {
  const named = name === '' ? '' : `${quoteIdent(name)} `;
  const ending = print !== null && initial !== undefined ? ` DEFAULT ${print(initial, type)}` : '';
  return `${MODES[mode]}${named}${typeText({ oid: type.oid, typmod: -1 })}${ending}`;
}

/** What a function returns; null for a procedure. */
export function functionResult(catalog: Catalog, oid: number): string | null {
  const routine = routineOf(catalog, oid);
  if (routine !== undefined) return routine.procedure ? null : resultText(routine, catalog);
  const builtin = builtinFunctions().get(oid)?.fn;
  if (builtin === undefined) return null;
  return `${builtin.kind === 'set' ? 'SETOF ' : ''}${typeText({ oid: builtin.returns, typmod: -1 })}`;
}

function resultText(routine: RoutineDef, catalog: Catalog): string {
  const columns = routine.args.filter(({ mode }) => mode === 'table');
  if (columns.length > 0) return `TABLE(${columns.map((column) => argumentText(column, null)).join(', ')})`;
  const row = routine.returnsRow === undefined ? undefined : catalog.byId(routine.returnsRow);
  const type = row !== undefined && 'name' in row ? quoteIdent(row.name) : typeText(routine.returns);
  return `${routine.set ? 'SETOF ' : ''}${type}`;
}

/** CREATE OR REPLACE FUNCTION as pg_get_functiondef writes it; null for what is built in. */
export function routineDefinition(catalog: Catalog, oid: number, print: PrintDefault): string | null {
  const routine = routineOf(catalog, oid);
  if (routine === undefined) return null;
  if (routine.aggregate !== undefined) throw new DriftError('42809', `"${routine.name}" is an aggregate function`);
  const args = functionArguments(catalog, oid, print) ?? '';
  const kind = routine.procedure ? 'PROCEDURE' : 'FUNCTION';
  const returns = routine.procedure || routine.returns.oid === 0 ? '' : ` RETURNS ${resultText(routine, catalog)}\n`;
  const traits = [
    routine.volatility === 'volatile' ? '' : ` ${routine.volatility.toUpperCase()}`,
    routine.strict ? ' STRICT' : '',
  ].join('');
  const settings = (routine.settings ?? []).map(([name, value]) => ` SET ${name} TO '${value}'\n`).join('');
  const tag = routine.procedure ? '$procedure$' : '$function$';
  return (
    `CREATE OR REPLACE ${kind} ${quoteIdent(routine.schema)}.${quoteIdent(routine.name)}(${args})\n${returns}` +
    ` LANGUAGE ${routine.language}\n${traits === '' ? '' : `${traits}\n`}${settings}AS ${tag}${routine.body}${tag}\n`
  );
}

const TIMES: Readonly<Record<TriggerDef['time'], string>> = {
  before: 'BEFORE',
  after: 'AFTER',
  'instead of': 'INSTEAD OF',
};

export function triggerText(
  trigger: TriggerDef,
  relation: Relation,
  { catalog, pretty }: { readonly catalog: Catalog; readonly pretty: boolean },
): string {
  const events = trigger.events.map((event) => {
    if (event !== 'update' || trigger.columns.length === 0) return event.toUpperCase();
    const names = trigger.columns.map((id) => (relation.kind === 'table' ? columnName(relation, id) : ''));
    return `UPDATE OF ${names.map(quoteIdent).join(', ')}`;
  });
  const routine = routineOf(catalog, trigger.routineId);
  const hidesSchema = pretty && catalog.relation(undefined, relation.name) === relation;
  const args = trigger.args.map((arg) => `'${arg.replaceAll("'", "''")}'`).join(', ');
  const tables = [
    trigger.oldTable === undefined ? '' : `OLD TABLE AS ${quoteIdent(trigger.oldTable)} `,
    trigger.newTable === undefined ? '' : `NEW TABLE AS ${quoteIdent(trigger.newTable)} `,
  ].join('');
  return [
    `CREATE ${trigger.constraint === true ? 'CONSTRAINT ' : ''}TRIGGER ${quoteIdent(trigger.name)} ${TIMES[trigger.time]}`,
    `${events.join(' OR ')} ON ${hidesSchema ? '' : `${quoteIdent(relation.schema)}.`}${quoteIdent(relation.name)}`,
    ...(tables === '' ? [] : [`REFERENCING ${tables.trim()}`]),
    `FOR EACH ${trigger.row ? 'ROW' : 'STATEMENT'}`,
    ...(trigger.when === undefined ? [] : [pretty ? `WHEN (${trigger.when})` : `WHEN ((${trigger.when}))`]),
    `EXECUTE FUNCTION ${routine === undefined ? '' : routine.name}(${args})`,
  ].join(' ');
}
