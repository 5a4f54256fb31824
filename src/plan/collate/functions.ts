/** Functions that work by a collation: comparisons, lower and upper, min and max, each made for one locale. */
import type { Value } from '../../base/vector.ts';
import type { AggregateFunction, ScalarFunction } from '../../sql/functions/function.ts';
import { caseLocale, collatedTypeOid, type Ordering } from '../../sql/types/collation.ts';
import { typeByOid } from '../../sql/types/registry.ts';

const COMPARISON = /^(text_?|bpchar|name)(eq|ne|lt|le|gt|ge)\(/;
const SIGNS: Readonly<Record<string, string>> = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' };
const TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};
const BPCHAR = 1042;

/** The operator that a comparison of texts is; undefined for other functions. */
export function comparisonSign(fn: ScalarFunction): string | undefined {
  return SIGNS[COMPARISON.exec(fn.id)?.[2] ?? ''];
}

const made = new Map<string, ScalarFunction>();

function once(id: string, make: () => ScalarFunction): ScalarFunction {
  let known = made.get(id);
  if (known === undefined) made.set(id, (known = make()));
  return known;
}

/** A comparison by a collation's order; equality is that of the bytes and stays as it is. */
export function collatedComparison(fn: ScalarFunction, ordering: Ordering): ScalarFunction {
  const sign = comparisonSign(fn) ?? '';
  const test = TESTS[sign];
  if (test === undefined) return fn;
  const id = `${fn.name} ${ordering.locale}(${fn.args.join()})`;
  return once(id, () => {
    const { compare } = typeByOid(collatedTypeOid(ordering, fn.args[0] === BPCHAR));
    return {
      ...fn,
      id,
      sign,
      call: (_, a, b) => test(compare?.(a as Value, b as Value) ?? 0),
    };
  });
}

const CASES: Readonly<Record<string, (text: string, locale: string) => string>> = {
  lower: (text, locale) => text.toLocaleLowerCase(locale),
  upper: (text, locale) => text.toLocaleUpperCase(locale),
  initcap: (text, locale) =>
    text
      .toLocaleLowerCase(locale)
      .replaceAll(
        /[\p{L}\p{N}]+/gu,
        (word) => `${first(word).toLocaleUpperCase(locale)}${word.slice(first(word).length)}`,
      ),
};

function first(word: string): string {
  return String.fromCodePoint(word.codePointAt(0) as number);
}

/** lower, upper and initcap by a locale's rules (Turkish i); undefined for other functions. */
export function collatedCase(fn: ScalarFunction, locale: string): ScalarFunction | undefined {
  const change = fn.args.length === 1 && fn.args[0] === 25 ? CASES[fn.name] : undefined;
  if (change === undefined) return undefined;
  const tag = caseLocale(locale);
  const id = `${fn.name} ${tag}(text)`;
  return once(id, () => ({ ...fn, id, call: (_, text) => change(text as string, tag) }));
}

/** min and max of texts by a collation's order. */
export function collatedExtreme(fn: AggregateFunction, ordering: Ordering): AggregateFunction {
  const { compare } = typeByOid(collatedTypeOid(ordering, fn.args[0] === BPCHAR));
  const sign = fn.name === 'max' ? 1 : -1;
  const better = (value: Value, best: Value): boolean => best === null || (compare?.(value, best) ?? 0) * sign > 0;
  return {
    ...fn,
    id: `${fn.name} ${ordering.locale}(${fn.args.join()})`,
    typed: undefined,
    init: () => null,
    step: (best, [value = null]) => (better(value, best as Value) ? value : best),
    final: (best) => best as Value,
    merge: (a, b) => (b !== null && better(b as Value, a as Value) ? b : a),
  };
}
