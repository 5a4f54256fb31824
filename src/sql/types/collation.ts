/**
 * ICU's orders of text, from `Intl.Collator`.
 *
 * What orders rows under a collation sees a *type* of its own, whose values are the texts and whose order is the
 * collator's: sorting, min and max, windows and comparisons then work as for every type with an order, and plain text
 * never knows. No such type is kept anywhere: plan/collate puts it around keys and arguments.
 *
 * Ties of the collator are broken by code units, so that equal means equal to the byte (deterministic collations).
 * `und` is the root order, which is English's: a host would take `und` for its user's own language.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { makeType, order } from './basic.ts';
import { addHiddenType, typeByOid } from './registry.ts';

/** Below the numbers of users' types, above all others. */
const FIRST = 0x3ff0_0000;
const TEXT = 25;
const BPCHAR = 1042;
const ROOT = 'en-US';

const numbers = new Map<string, number>();
const collators = new Map<string, Intl.Collator>();

/** A collation as far as its order goes. */
export interface Ordering {
  readonly name: string;
  /** A language tag. */
  readonly locale: string;
}

/** The number of the type of texts under a collation; `padded` for char(n), whose trailing blanks do not count. */
export function collatedTypeOid({ name, locale }: Ordering, padded: boolean): number {
  const key = `${padded ? 'char' : 'text'} ${locale} ${name}`;
  let oid = numbers.get(key);
  if (oid !== undefined) return oid;
  oid = FIRST + numbers.size;
  numbers.set(key, oid);
  const base = typeByOid(padded ? BPCHAR : TEXT);
  const { compare } = collatorOf(locale);
  const by = (a: Value, b: Value): number => compare(a as string, b as string) || order(a, b);
  addHiddenType(
    makeType({
      ...base,
      oid,
      name: key,
      display: name,
      arrayOid: 0,
      compare: padded ? (a, b) => by(unpadded(a), unpadded(b)) : by,
    }),
  );
  return oid;
}

export function isCollatedType(oid: number): boolean {
  return oid >= FIRST && oid < FIRST + numbers.size;
}

function unpadded(value: Value): string {
  return (value as string).replace(/ +$/, '');
}

function collatorOf(locale: string): Intl.Collator {
  let collator = collators.get(locale);
  if (collator === undefined) collators.set(locale, (collator = makeCollator(locale)));
  return collator;
}

/** BCP 47 keys of collation that a collator takes in the tag itself. */
const OWN_KEYS = new Set(['co', 'kn', 'kf', 'va']);
const SENSITIVITIES: Readonly<Record<string, 'base' | 'accent' | 'variant'>> = {
  level1: 'base',
  level2: 'accent',
  level3: 'variant',
};

/** Throws 0A000 for what `Intl.Collator` cannot be told, 22023 for a tag that is none. */
export function makeCollator(locale: string): Intl.Collator {
  const [language = '', keywords] = locale.replaceAll('_', '-').split('-u-');
  const options: Intl.CollatorOptions = {};
  const kept: string[] = [];
  for (const [key, value] of keywordsOf(keywords)) {
    const sensitivity = SENSITIVITIES[value];
    if (OWN_KEYS.has(key)) kept.push(value === '' ? key : `${key}-${value}`);
    else if (key === 'ks' && sensitivity !== undefined) options.sensitivity = sensitivity;
    else if (key === 'kc' && options.sensitivity === 'base') options.sensitivity = 'case';
    else if (key === 'ka') options.ignorePunctuation = value === 'shifted';
    else throw new DriftError('0A000', `collation attribute "${key}${value && `-${value}`}" is not supported`);
  }
  const root = language === '' || language.toLowerCase() === 'und' || language.toLowerCase() === 'root';
  const tag = `${root ? ROOT : language}${kept.length === 0 ? '' : `-u-${kept.join('-')}`}`;
  try {
    const known = Intl.Collator.supportedLocalesOf([tag]).length > 0;
    return new Intl.Collator(known ? tag : ROOT, options);
  } catch {
    throw new DriftError('22023', `could not open collator for locale "${locale}"`);
  }
}

function keywordsOf(text: string | undefined): [string, string][] {
  const found: [string, string][] = [];
  for (const part of text === undefined ? [] : text.split('-')) {
    const last = found.at(-1);
    if (part.length === 2 || last === undefined) found.push([part.toLowerCase(), '']);
    else last[1] = last[1] === '' ? part.toLowerCase() : `${last[1]}-${part.toLowerCase()}`;
  }
  return found;
}

/** The tag by which a locale's letters change case. */
export function caseLocale(locale: string): string {
  const [language = ''] = locale.replaceAll('_', '-').split('-u-');
  try {
    return Intl.getCanonicalLocales(language)[0] ?? 'und';
  } catch {
    return 'und';
  }
}
