/**
 * CREATE AGGREGATE: a state, a function that takes it from row to row, and perhaps one that makes the result of it
 * (PostgreSQL, "User-Defined Aggregates"). Kept as a routine without a body.
 *
 * What only helps a parallel or a moving computation (COMBINEFUNC, MSFUNC …) is checked and recorded or passed over: the
 * results are the same without.
 */
import { DriftError } from '../../base/error.ts';
import type { AggregateDef, FunctionRef, RoutineArgument, RoutineDef, TypeRef } from '../../catalog/schema.ts';
import { entryOf } from '../../plan/bind-outer.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { AggregateOption, CreateAggregate, FunctionArgument } from '../../sql/ast-function.ts';
import type { ScalarFunction, SqlFunction } from '../../sql/functions/function.ts';
import { functionsNamed } from '../../sql/functions/registry.ts';
import { parseTypeName } from '../../sql/parser/parser.ts';
import { coercionPath, resolveFunction } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { type DdlContext, define, schemaFor } from './context.ts';
import { inputTypes, sameArguments } from './routine.ts';
import { namedType } from './routine-types.ts';

const POLYMORPHIC: ReadonlySet<number> = new Set([2276, 2277, 2283, 2776, 3500, 3831, 4537]);
const ANY_NAME = 'any';
const KNOWN =
  /^(?:[sm]func1?|[sm]type1?|m?sspace|m?finalfunc(?:_extra|_modify)?|combinefunc|(?:de)?serialfunc|m?initcond1?|minvfunc|sortop|parallel|basetype|hypothetical)$/;

export function createAggregate(context: DdlContext, statement: CreateAggregate): void {
  const { name, orReplace, position } = statement;
  const options = new Map(statement.options.map((option) => [option.name, option]));
  if (statement.ordered !== undefined || options.has('hypothetical'))
    throw new DriftError('0A000', 'ordered-set aggregates are not supported', { position });
  for (const option of options.values()) if (!KNOWN.test(option.name)) warnUnknown(context, option);
  const schema = schemaFor(context, name);
  const args = argumentsOf(context, statement, options.get('basetype'));
  const { aggregate, returns } = new Definer(context, options, args).define();
  const old = sameArguments(context, schema, name.name, args);
  if (old !== undefined) refuseOther(old, orReplace, returns);
  const def: RoutineDef = {
    kind: 'routine',
    id: old?.id ?? context.nextId(),
    schema,
    name: name.name,
    procedure: false,
    args,
    returns,
    set: false,
    language: 'sql',
    body: '',
    volatility: 'immutable',
    strict: false,
    aggregate,
  };
  define(context, old?.comment === undefined ? def : { ...def, comment: old.comment });
}

function warnUnknown(context: DdlContext, { name }: AggregateOption): void {
  const message = `aggregate attribute "${name}" not recognized`;
  context.notices.push({ severity: 'WARNING', code: '42601', message });
}

function argumentsOf(
  context: DdlContext,
  { args, position }: CreateAggregate,
  basetype: AggregateOption | undefined,
): RoutineArgument[] {
  if (args !== undefined) {
    if (basetype !== undefined) throw invalid('basetype is redundant with aggregate input type specification');
    return args.map((arg) => argument(context, arg));
  }
  if (basetype === undefined) throw invalid('aggregate input type must be specified', position);
  if (basetype.text.replaceAll('"', '').toLowerCase() === ANY_NAME) return [];
  return [{ name: '', mode: 'in', type: typeOf(context, basetype) }];
}

function argument(
  context: DdlContext,
  { name, mode, type, default: initial, position }: FunctionArgument,
): RoutineArgument {
  if (mode === 'out' || mode === 'inout')
    throw new DriftError('0A000', 'aggregates cannot have output arguments', { position });
  if (initial !== undefined) throw invalid('aggregates cannot have default values for their arguments', position);
  const found = namedType(type, context.transaction.catalog);
  return { name: name ?? '', mode, type: { oid: found.type.oid, typmod: -1 } };
}

function typeOf(context: DdlContext, { type, text }: AggregateOption): TypeRef {
  const { oid } = namedType(type ?? parseTypeName(text), context.transaction.catalog).type;
  return { oid, typmod: -1 };
}

function invalid(message: string, position?: number): DriftError {
  return new DriftError('42P13', message, { position });
}

function undetermined(what: string, oid: number): DriftError {
  return new DriftError('42P13', `cannot determine ${what} data type`, {
    detail: `A result of type ${typeByOid(oid).display} requires at least one input of type anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange.`,
  });
}

function refuseOther(old: RoutineDef, orReplace: boolean, returns: TypeRef): void {
  if (!orReplace) throw new DriftError('42723', `function "${old.name}" already exists with same argument types`);
  if (old.aggregate === undefined)
    throw new DriftError('42809', 'cannot change routine kind', {
      detail: `"${old.name}" is ${old.procedure ? 'a procedure' : 'a function'}.`,
    });
  if (old.returns.oid !== returns.oid) throw invalid('cannot change return type of existing function');
}

/** Reads the options in PostgreSQL's order of checks. */
class Definer {
  readonly #context: DdlContext;
  readonly #options: ReadonlyMap<string, AggregateOption>;
  readonly #inputs: readonly number[];
  readonly #variadic: boolean;

  constructor(context: DdlContext, options: ReadonlyMap<string, AggregateOption>, args: readonly RoutineArgument[]) {
    this.#context = context;
    this.#options = options;
    this.#inputs = inputTypes(args);
    this.#variadic = args.at(-1)?.mode === 'variadic';
  }

  define(): { readonly aggregate: AggregateDef; readonly returns: TypeRef } {
    const stype = this.#option('stype', 'stype1');
    const sfunc = this.#option('sfunc', 'sfunc1');
    if (stype === undefined) throw invalid('aggregate stype must be specified');
    if (sfunc === undefined) throw invalid('aggregate sfunc must be specified');
    this.#checkMoving();
    const stateType = typeOf(this.#context, stype);
    this.#checkState(stateType.oid);
    const initial = this.#option('initcond', 'initcond1')?.text;
    if (initial !== undefined && !POLYMORPHIC.has(stateType.oid))
      typeByOid(stateType.oid).input(initial, -1, this.#context.eval);
    const transition = this.#function(sfunc, [stateType.oid, ...this.#inputs]);
    this.#returns(transition, stateType.oid, sfunc, 'transition');
    if (transition.fn.strict && initial === undefined && !this.#fits(this.#inputs[0], stateType.oid))
      throw invalid(
        'must not omit initial value when transition function is strict and transition type is not compatible with input type',
      );
    const finalfunc = this.#option('finalfunc');
    const finalExtra = this.#flag('finalfunc_extra');
    const final =
      finalfunc === undefined
        ? undefined
        : this.#function(finalfunc, [stateType.oid, ...(finalExtra ? this.#inputs : [])]);
    const combinefunc = this.#option('combinefunc');
    const combine = combinefunc === undefined ? undefined : this.#function(combinefunc, [stateType.oid, stateType.oid]);
    if (combine !== undefined && combinefunc !== undefined)
      this.#returns(combine, stateType.oid, combinefunc, 'combine');
    for (const name of ['serialfunc', 'deserialfunc'])
      if (this.#options.has(name))
        throw invalid(
          'serialization functions may be specified only when the aggregate transition data type is internal',
        );
    const returns = final?.returns ?? stateType.oid;
    if (POLYMORPHIC.has(returns) && !this.#inputs.some((oid) => POLYMORPHIC.has(oid)))
      throw undetermined('result', returns);
    const parallel = this.#word('parallel', { safe: 's', restricted: 'r', unsafe: undefined });
    return {
      returns: { oid: returns, typmod: -1 },
      aggregate: {
        stateType,
        initial,
        transition: transition.ref,
        final: final?.ref,
        finalExtra: finalExtra && final !== undefined ? true : undefined,
        combine: combine?.ref,
        finalModify: this.#word('finalfunc_modify', { read_only: 'r', shareable: 's', read_write: 'w' }),
        sortOperator: this.#option('sortop')?.text,
        parallel,
      },
    };
  }

  #option(name: string, older = name): AggregateOption | undefined {
    return this.#options.get(name) ?? this.#options.get(older);
  }

  #flag(name: string): boolean {
    const value = this.#options.get(name)?.text.toLowerCase();
    return value !== undefined && value !== 'false' && value !== 'off' && value !== '0';
  }

  #word<T>(name: string, words: Readonly<Record<string, T>>): T | undefined {
    const value = this.#options.get(name)?.text.replaceAll('"', '').toLowerCase();
    if (value === undefined) return undefined;
    if (!(value in words)) {
      const list = Object.keys(words).map((word) => word.toUpperCase());
      throw new DriftError('42601', `parameter "${name}" must be ${list.slice(0, -1).join(', ')}, or ${list.at(-1)}`);
    }
    return words[value];
  }

  /** The moving state comes whole or not at all. */
  #checkMoving(): void {
    const moving = this.#options.has('mstype');
    for (const name of ['msfunc', 'minvfunc']) {
      if (moving && !this.#options.has(name))
        throw invalid(`aggregate ${name} must be specified when mstype is specified`);
    }
    for (const name of ['msfunc', 'minvfunc', 'mfinalfunc', 'msspace', 'minitcond']) {
      if (!moving && this.#options.has(name)) throw invalid(`aggregate ${name} must not be specified without mstype`);
    }
    if (!moving) return;
    const { oid } = typeOf(this.#context, this.#options.get('mstype') as AggregateOption);
    for (const name of ['msfunc', 'minvfunc'])
      this.#function(this.#options.get(name) as AggregateOption, [oid, ...this.#inputs]);
  }

  #checkState(oid: number): void {
    if (POLYMORPHIC.has(oid)) {
      if (this.#inputs.some((input) => POLYMORPHIC.has(input))) return;
      throw undetermined('transition', oid);
    }
    const type = typeByOid(oid);
    if (type.category === 'P') throw invalid(`aggregate transition data type cannot be ${type.display}`);
  }

  #fits(from: number | undefined, to: number): boolean {
    if (from === undefined) return false;
    return from === to || POLYMORPHIC.has(to) || isRelabel(from, to);
  }

  #returns({ fn, returns }: Found, wanted: number, { text }: AggregateOption, what: string): void {
    if (returns === wanted || (POLYMORPHIC.has(fn.returns) && POLYMORPHIC.has(wanted))) return;
    const message = `return type of ${what} function ${text} is not ${typeByOid(wanted).display}`;
    throw new DriftError('42804', message);
  }

  /** The function of a name for these arguments, which it must take as they are. */
  #function({ named, text, position }: AggregateOption, types: readonly number[]): Found {
    const name: QualifiedName = named ?? { catalog: undefined, schema: undefined, name: text, position };
    const { catalog } = this.#context.transaction;
    const defs = catalog.routines(name.schema, name.name);
    const own = defs.filter(({ aggregate, procedure }) => aggregate === undefined && !procedure);
    const builtin = name.schema === undefined || name.schema === 'pg_catalog' ? functionsNamed(name.name) : [];
    const candidates = [...own.map((def) => entryOf(def, catalog)), ...builtin];
    const fitting = candidates.filter((fn) => this.#takes(fn, types));
    const fn = fitting.find(({ args }) => args.every((oid, i) => oid === types[i])) ?? fitting[0];
    const shown = `${name.name}(${types.map((oid) => typeByOid(oid).display).join(', ')})`;
    if (fn === undefined) throw new DriftError('42883', `function ${shown} does not exist`, { position });
    if (fn.kind === 'set') throw new DriftError('42804', `function ${shown} returns a set`, { position });
    if (fn.kind !== 'scalar') throw new DriftError('42883', `function ${shown} does not exist`, { position });
    const ref: FunctionRef = fn.routine === undefined ? { name: name.name } : { routine: fn.routine.def.id };
    return { fn, ref, returns: this.#resultOf(fn, name.name, types) };
  }

  #takes(fn: SqlFunction, types: readonly number[]): boolean {
    // What an aggregate's VARIADIC gathers, its function takes as an array.
    const last = fn.args.length - 1;
    const declared =
      fn.variadic && this.#variadic ? fn.args.map((oid, i) => (i === last ? typeByOid(oid).arrayOid : oid)) : fn.args;
    return declared.length === types.length && declared.every((oid, i) => this.#fits(types[i], oid));
  }

  #resultOf(fn: ScalarFunction, name: string, types: readonly number[]): number {
    if (!POLYMORPHIC.has(fn.returns) || types.some((oid) => POLYMORPHIC.has(oid))) return fn.returns;
    return resolveFunction(name, types, { defined: fn.routine === undefined ? [] : [fn] }).returns;
  }
}

interface Found {
  readonly fn: ScalarFunction;
  readonly ref: FunctionRef;
  readonly returns: number;
}

/** Whether a value of one type is one of the other as it is. */
function isRelabel(from: number, to: number): boolean {
  return coercionPath(from, to, 'implicit')?.method === 'relabel';
}
