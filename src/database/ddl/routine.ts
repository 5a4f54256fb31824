/** CREATE, ALTER and DROP of functions and procedures. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { AggregateDef, RoutineArgument, RoutineDef, TableDef, TypeRef, ViewDef } from '../../catalog/schema.ts';
import type { Expression, QualifiedName, TypeName } from '../../sql/ast.ts';
import type { FunctionArgument } from '../../sql/ast-function.ts';
import type { AlterFunction, CreateFunction, Statement } from '../../sql/ast-statement.ts';
import type { DropStatement, ObjectName } from '../../sql/ast-table.ts';
import { printExpression, printStatement } from '../../sql/parser/print.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { signatureOf } from '../routine/result.ts';
import { mentions } from './alter-column.ts';
import { type DdlContext, define, schemaFor, skipMissing } from './context.ts';
import type { RoutineKind } from './routine-kind.ts';
import { type NamedType, namedType } from './routine-types.ts';

const RECORD: TypeRef = { oid: 2249, typmod: -1 };
const VOID: TypeRef = { oid: 2278, typmod: -1 };
const POLYMORPHIC: ReadonlySet<number> = new Set([2276, 2277, 2283, 2776]);
const TRIGGER = 2279;

export function* createRoutine(context: DdlContext, statement: CreateFunction): Task<void> {
  const schema = schemaFor(context, statement.name);
  const args = argumentsOf(context, statement);
  const result = resultOf(context, statement, args);
  const { language, body } = bodyOf(statement);
  if (language === 'sql' && result.type.oid === TRIGGER) throw invalid('SQL functions cannot return type trigger');
  const old = sameArguments(context, schema, statement.name.name, args);
  if (old !== undefined) refuseOther(old, statement, args, result);
  const def: RoutineDef = {
    kind: 'routine',
    id: old?.id ?? context.nextId(),
    schema,
    name: statement.name.name,
    procedure: statement.procedure,
    args,
    returns: result.type,
    returnsRow: result.row,
    set: statement.returns?.setOf === true || statement.returnsTable !== undefined,
    language,
    body,
    standard: statement.sqlBody === undefined ? undefined : true,
    volatility: statement.volatility ?? 'volatile',
    strict: statement.strict,
    settings: settingsOf(statement.settings),
  };
  define(context, def);
  if (context.eval.setting('check_function_bodies') !== 'off') yield* context.checkRoutine(def);
}

function invalid(message: string, fields: ConstructorParameters<typeof DriftError>[2] = {}): DriftError {
  return new DriftError('42P13', message, fields);
}

function settingsOf(settings: CreateFunction['settings']): RoutineDef['settings'] {
  if (settings.length === 0) return undefined;
  return settings.flatMap(({ name, values }) =>
    name === undefined || values === undefined ? [] : [[name, values.join(', ')] as const],
  );
}

// ---- arguments and results -------------------------------------------------------------------------------------------

function argumentsOf(context: DdlContext, statement: CreateFunction): RoutineArgument[] {
  const table = (statement.returnsTable ?? []).map((column) => argument(context, { ...column, mode: 'out' }, 'table'));
  const args = [...statement.args.map((arg) => argument(context, arg, arg.mode)), ...table];
  const names = args.map(({ name }) => name).filter((name) => name !== '');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(`parameter name "${twice}" used more than once`);
  const inputs = args.filter(({ mode }) => mode !== 'out' && mode !== 'table');
  inputs.forEach((input, i) => {
    if (input.mode === 'variadic' && i < inputs.length - 1)
      throw invalid('VARIADIC parameter must be the last input parameter');
    if (input.mode === 'variadic' && typeByOid(input.type.oid).elementOid === 0 && !POLYMORPHIC.has(input.type.oid))
      throw invalid('VARIADIC parameter must be an array');
    if (i > 0 && inputs[i - 1]?.default !== undefined && input.default === undefined)
      throw invalid('input parameters after one with a default value must also have defaults');
  });
  return args;
}

function argument(context: DdlContext, written: FunctionArgument, mode: RoutineArgument['mode']): RoutineArgument {
  const { type } = plainType(context, written.type);
  if (written.default !== undefined && (mode === 'out' || mode === 'table'))
    throw invalid('only input parameters can have default values', { position: written.position });
  return {
    name: written.name ?? '',
    mode,
    type,
    default: written.default === undefined ? undefined : printExpression(written.default),
  };
}

/** Modifiers of arguments and results mean nothing, as in PostgreSQL. */
function plainType(context: DdlContext, name: TypeName): NamedType {
  const found = namedType(name, context.transaction.catalog);
  return { type: { oid: found.type.oid, typmod: -1 }, row: found.row };
}

function resultOf(context: DdlContext, statement: CreateFunction, args: readonly RoutineArgument[]): NamedType {
  const out = args.filter(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');
  const [first] = out;
  const implied = out.length > 1 || (statement.procedure && out.length > 0) ? RECORD : first?.type;
  if (statement.procedure) return { type: implied ?? VOID };
  if (statement.returnsTable !== undefined) {
    if (statement.args.some(({ mode }) => mode === 'out' || mode === 'inout'))
      throw invalid("OUT and INOUT arguments aren't allowed in TABLE functions");
    return { type: implied ?? RECORD };
  }
  if (statement.returns === undefined) {
    if (implied === undefined) throw invalid('function result type must be specified');
    return { type: implied };
  }
  const result = plainType(context, statement.returns);
  if (implied !== undefined && implied.oid !== result.type.oid)
    throw invalid(`function result type must be ${typeByOid(implied.oid).display} because of OUT parameters`);
  if (POLYMORPHIC.has(result.type.oid) && !args.some(({ type, mode }) => mode !== 'out' && POLYMORPHIC.has(type.oid)))
    throw invalid('cannot determine result data type', {
      detail: `A result of type ${typeByOid(result.type.oid).display} requires at least one input of type anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange.`,
    });
  return result;
}

function bodyOf(statement: CreateFunction): { language: RoutineDef['language']; body: string } {
  const { sqlBody, body } = statement;
  const language = statement.language?.toLowerCase() ?? (sqlBody === undefined ? undefined : 'sql');
  if (language === undefined) throw invalid('no language specified');
  if (language === 'c' || language === 'internal')
    throw new DriftError('42501', `permission denied for language ${language}`);
  if (language !== 'sql' && language !== 'plpgsql')
    throw new DriftError('42704', `language "${language}" does not exist`, {
      hint: 'Functions in JavaScript are registered through the API.',
    });
  if (sqlBody !== undefined) {
    if (language !== 'sql') throw invalid('inline SQL function body only valid for language SQL');
    if (body !== undefined) throw invalid('duplicate function body specified');
    return {
      language,
      body: Array.isArray(sqlBody) ? printed(sqlBody) : `SELECT ${printExpression(sqlBody as Expression)}`,
    };
  }
  if (body === undefined) throw invalid('no function body specified');
  return { language, body: body.text };
}

function printed(statements: readonly Statement[]): string {
  return statements
    .map((statement) => {
      switch (statement.kind) {
        case 'query':
        case 'insert':
        case 'update':
        case 'delete':
        case 'merge':
          return printStatement(statement);
        default:
          throw new DriftError('0A000', `${statement.kind} is not yet supported in unquoted SQL function body`, {
            position: statement.position,
          });
      }
    })
    .join(';\n');
}

// ---- replacing -------------------------------------------------------------------------------------------------------

export function inputTypes(args: readonly RoutineArgument[]): number[] {
  return args.filter(({ mode }) => mode !== 'out' && mode !== 'table').map(({ type }) => type.oid);
}

function sameTypes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((oid, i) => oid === b[i]);
}

export function sameArguments(
  context: DdlContext,
  schema: string,
  name: string,
  args: readonly RoutineArgument[],
): RoutineDef | undefined {
  const types = inputTypes(args);
  return context.transaction.catalog.routines(schema, name).find((def) => sameTypes(inputTypes(def.args), types));
}

function refuseOther(
  old: RoutineDef,
  statement: CreateFunction,
  args: readonly RoutineArgument[],
  result: NamedType,
): void {
  const word = old.procedure ? 'procedure' : 'function';
  if (old.aggregate !== undefined && statement.orReplace)
    throw new DriftError('42809', 'cannot change routine kind', { detail: `"${old.name}" is an aggregate function.` });
  if (!statement.orReplace)
    throw new DriftError('42723', `function "${old.name}" already exists with same argument types`);
  if (old.procedure !== statement.procedure)
    throw new DriftError('42809', 'cannot change routine kind', { detail: `"${old.name}" is a ${word}.` });
  const hint = `Use DROP ${word.toUpperCase()} ${signatureOf(old)} first.`;
  const set = statement.returns?.setOf === true || statement.returnsTable !== undefined;
  const sameRow = old.returnsRow === result.row;
  if (old.returns.oid !== result.type.oid || old.set !== set || !sameRow)
    throw invalid(
      old.procedure
        ? 'cannot change whether a procedure has output parameters'
        : 'cannot change return type of existing function',
      { hint },
    );
  const outs = (list: readonly RoutineArgument[]): string =>
    list
      .filter(({ mode }) => mode !== 'in' && mode !== 'variadic')
      .map(({ name, type }) => `${name} ${type.oid}`)
      .join();
  if (old.returns.oid === RECORD.oid && outs(old.args) !== outs(args))
    throw invalid('cannot change return type of existing function', {
      detail: 'Row type defined by OUT parameters is different.',
      hint,
    });
  old.args.forEach((arg, i) => {
    if (arg.name !== '' && arg.mode !== 'out' && arg.mode !== 'table' && args[i]?.name !== arg.name)
      throw invalid(`cannot change name of input parameter "${arg.name}"`, { hint });
    if (arg.default !== undefined && args[i]?.default === undefined)
      throw invalid('cannot remove parameter defaults from existing function', { hint });
  });
}

// ---- finding, altering, dropping -------------------------------------------------------------------------------------

/** The routine that DROP, ALTER or COMMENT names. Throws 42883, 42725, 42809. */
export function routineNamed(context: DdlContext, object: RoutineKind, { name, args }: ObjectName): RoutineDef {
  const all = context.transaction.catalog.routines(name.schema, name.name);
  const word = object === 'routine' ? 'routine' : object;
  const fits = all.filter((def) => object === 'routine' || object === kindOf(def));
  const { position } = name;
  if (args === undefined) {
    const [only, second] = fits.length > 0 ? fits : all;
    if (only === undefined)
      throw new DriftError('42883', `could not find a ${word} named "${written(name)}"`, { position });
    if (second !== undefined)
      throw new DriftError('42725', `${word} name "${written(name)}" is not unique`, {
        position,
        hint: `Specify the argument list to select the ${word} unambiguously.`,
      });
    return checkedKind(only, object, written(name), position);
  }
  const types = args
    .filter(({ mode }) => mode !== 'out')
    .map((arg) => namedType(arg.type, context.transaction.catalog).type.oid);
  const found = all.find((def) => sameTypes(inputTypes(def.args), types));
  const shown = `${written(name)}(${types.map((oid) => typeByOid(oid).display).join(', ')})`;
  if (found === undefined) throw new DriftError('42883', `${word} ${shown} does not exist`, { position });
  return checkedKind(found, object, shown, position);
}

function written({ schema, name }: QualifiedName): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function checkedKind(def: RoutineDef, object: RoutineKind, shown: string, position: number): RoutineDef {
  if (object === 'routine' || object === kindOf(def)) return def;
  if (object === 'function' && def.aggregate !== undefined)
    throw new DriftError('42809', `"${def.name}" is an aggregate function`, {
      position,
      hint: 'Use DROP AGGREGATE to drop aggregate functions.',
    });
  const article = object === 'aggregate' ? 'an' : 'a';
  const what = object === 'aggregate' ? `function ${shown}` : shown;
  throw new DriftError('42809', `${what} is not ${article} ${object}`, { position });
}

export function kindOf(def: RoutineDef): 'function' | 'procedure' | 'aggregate' {
  if (def.aggregate !== undefined) return 'aggregate';
  return def.procedure ? 'procedure' : 'function';
}

export function dropRoutines(context: DdlContext, statement: DropStatement): void {
  for (const name of statement.names) {
    let def: RoutineDef;
    try {
      def = routineNamed(context, statement.object as RoutineKind, name);
    } catch (error) {
      // A type that is not there is no function's.
      const missing = error instanceof DriftError && (error.code === '42883' || error.code === '42704');
      if (!missing || !statement.ifExists) throw error;
      const args = name.args === undefined ? '()' : `(${name.args.map(({ type }) => type.name).join(',')})`;
      skipMissing(context, `${statement.object} ${name.name.name}${args}`);
      continue;
    }
    dropRoutine(context, def, statement.cascade);
  }
}

export function dropRoutine(context: DdlContext, def: RoutineDef, cascade: boolean): void {
  const shown = `${def.procedure ? 'procedure' : 'function'} ${signatureOf(def).replaceAll(', ', ',')}`;
  for (const dependent of dependentsOf(context, def)) {
    if (!cascade) {
      throw new DriftError('2BP01', `cannot drop ${shown} because other objects depend on it`, {
        detail: `${dependent.text} depends on ${shown}`,
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      });
    }
    context.notices.push({ severity: 'NOTICE', code: '00000', message: `drop cascades to ${dependent.text}` });
    dependent.release();
  }
  context.transaction.changeCatalog([{ id: def.id, object: null }]);
}

interface Dependent {
  readonly text: string;
  release(): void;
}

function calls({ transition, final, combine }: AggregateDef, id: number): boolean {
  return [transition, final, combine].some((ref) => ref !== undefined && 'routine' in ref && ref.routine === id);
}

/** Aggregates and triggers that run it, and what is kept as text and calls it by name. */
function* dependentsOf(context: DdlContext, def: RoutineDef): Generator<Dependent> {
  for (const object of [...context.transaction.catalog.objects()]) {
    if (object.kind === 'routine' && object.aggregate !== undefined && calls(object.aggregate, def.id))
      yield {
        text: `function ${signatureOf(object).replaceAll(', ', ',')}`,
        release: () => dropRoutine(context, object, true),
      };
    if (object.kind !== 'table' && object.kind !== 'view') continue;
    const redefine = (change: (now: TableDef | ViewDef) => TableDef | ViewDef): void => {
      const now = context.transaction.catalog.byId(object.id);
      if (now?.kind === 'table' || now?.kind === 'view') define(context, change(now));
    };
    for (const trigger of object.triggers ?? []) {
      if (trigger.routineId !== def.id) continue;
      yield {
        text: `trigger ${trigger.name} on ${object.kind} ${object.name}`,
        release: () =>
          redefine((now) => ({ ...now, triggers: (now.triggers ?? []).filter(({ id }) => id !== trigger.id) })),
      };
    }
    if (def.procedure) continue;
    if (object.kind === 'view') {
      if (mentions(object.query, def.name))
        yield {
          text: `view ${object.name}`,
          release: () => context.transaction.changeCatalog([{ id: object.id, object: null }]),
        };
      continue;
    }
    for (const column of object.columns) {
      if (column.default === undefined || !mentions(column.default, def.name)) continue;
      yield {
        text: `default value for column ${column.name} of table ${object.name}`,
        release: () =>
          redefine((now) =>
            now.kind === 'table'
              ? {
                  ...now,
                  columns: now.columns.map((old) => (old.id === column.id ? { ...old, default: undefined } : old)),
                }
              : now,
          ),
      };
    }
    for (const check of object.checks) {
      if (!mentions(check.expression, def.name)) continue;
      yield {
        text: `constraint ${check.name} on table ${object.name}`,
        release: () =>
          redefine((now) =>
            now.kind === 'table' ? { ...now, checks: now.checks.filter(({ name }) => name !== check.name) } : now,
          ),
      };
    }
  }
}

/** ALTER FUNCTION … volatility, strictness, settings. */
export function alterRoutine(context: DdlContext, statement: AlterFunction): void {
  const def = routineNamed(context, statement.object, statement.name);
  const { volatility, strict, settings } = statement;
  define(context, {
    ...def,
    volatility: volatility ?? def.volatility,
    strict: strict ?? def.strict,
    settings: settings.length === 0 ? def.settings : settingsOf(settings),
  });
}

export function renameRoutine(
  context: DdlContext,
  object: RoutineKind,
  name: ObjectName,
  to: { readonly name?: string; readonly schema?: string },
): void {
  const def = routineNamed(context, object, name);
  const next = { ...def, name: to.name ?? def.name, schema: to.schema ?? def.schema };
  if (to.schema !== undefined) schemaFor(context, { ...name.name, schema: to.schema });
  const taken = sameArguments(context, next.schema, next.name, def.args);
  if (taken !== undefined && taken.id !== def.id)
    throw new DriftError('42723', `function ${signatureOf(next)} already exists in schema "${next.schema}"`);
  define(context, next);
}
