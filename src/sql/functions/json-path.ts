/** jsonb_path_exists and its kin, and the operators @? and @@ (PostgreSQL's chapter 9.16.2). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { JSONPATH, jsonPathOf } from '../types/json-path.ts';
import { scalar, setFunction, T } from './define.ts';
import type { OperatorEntry, ScalarFunction, SetFunction } from './function.ts';
import { itemJson, PathError, type PathItem } from './json-path-item.ts';
import { PathRun } from './json-path-run.ts';
import { jsonbArray, jsonKind } from './json-text.ts';

const ARGS = [T.jsonb, JSONPATH, T.jsonb, T.bool] as const;
const OPTIONS = { optional: 2, names: 'target path vars silent' };

interface Call {
  readonly run: PathRun;
  readonly silent: boolean;
}

function callOf(context: EvalContext, args: readonly Value[], zones: boolean): Call {
  const [target, path, vars, silent] = args;
  const variables = (vars ?? '{}') as string;
  if (jsonKind(variables) !== 'object') {
    throw new DriftError('22023', '"vars" argument is not an object', {
      detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
    });
  }
  const run = new PathRun(jsonPathOf(path as string), target as string, { context, variables, zones });
  return { run, silent: silent === true };
}

/** Ends quietly at an error where the call is silent; what was found before stays. */
function* found({ run, silent }: Call): Generator<PathItem> {
  try {
    yield* run.items();
  } catch (error) {
    if (!silent || !(error instanceof PathError)) throw error;
  }
}

function exists({ run, silent }: Call): boolean | null {
  try {
    return run.exists();
  } catch (error) {
    if (silent && error instanceof PathError) return null;
    throw error;
  }
}

/** The value of a predicate. Throws 22038 for a path that is none. */
function match(call: Call): boolean | null {
  const [only, second] = [...found(call)];
  if (second === undefined && (only === 'true' || only === 'false')) return only === 'true';
  if ((second === undefined && only === 'null') || call.silent) return null;
  throw new DriftError('22038', 'single boolean result is expected');
}

const texts = (call: Call, context: EvalContext): string[] => [...found(call)].map((item) => itemJson(item, context));

const forms = ([false, true] as const).map((zones) => {
  const suffix = zones ? '_tz' : '';
  const volatility = zones ? ('stable' as const) : ('immutable' as const);
  const options = { ...OPTIONS, volatility };
  const one = (name: string, returns: number, compute: (call: Call, context: EvalContext) => Value): ScalarFunction =>
    scalar(
      `jsonb_path_${name}${suffix}`,
      ARGS,
      returns,
      (context, ...args) => compute(callOf(context, args, zones), context),
      options,
    );
  const name = `jsonb_path_query${suffix}`;
  const query: SetFunction = {
    ...setFunction(
      name,
      ARGS,
      [{ name, oid: T.jsonb }],
      function* (context, ...args) {
        for (const item of found(callOf(context, args, zones))) yield [itemJson(item, context)];
      },
      { volatility },
    ),
    optional: OPTIONS.optional,
    names: OPTIONS.names.split(' '),
  };
  const scalars = [
    one('exists', T.bool, exists),
    one('match', T.bool, match),
    one('query_array', T.jsonb, (call, context) => jsonbArray(texts(call, context))),
    one('query_first', T.jsonb, (call, context) => {
      // All of it is computed, for an error behind the first item is an error.
      return texts(call, context)[0] ?? null;
    }),
  ];
  return { scalars, query };
});

export const pathFunctions: readonly ScalarFunction[] = forms.flatMap(({ scalars }) => scalars);
export const pathSets: readonly SetFunction[] = forms.map(({ query }) => query);

const silently = (name: string, compute: (call: Call) => Value): ScalarFunction =>
  scalar(
    name,
    [T.jsonb, JSONPATH],
    T.bool,
    (context, target, path) => compute(callOf(context, [target ?? null, path ?? null, '{}', true], false)),
    { volatility: 'immutable' },
  );

export const pathOperators: readonly OperatorEntry[] = [
  { name: '@?', left: T.jsonb, right: JSONPATH, fn: silently('jsonb_path_exists_opr', exists) },
  { name: '@@', left: T.jsonb, right: JSONPATH, fn: silently('jsonb_path_match_opr', match) },
];
