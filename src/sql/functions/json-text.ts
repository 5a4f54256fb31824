/**
 * JSON as text, one level at a time.
 *
 * Values of json and jsonb are strings that the type's input function has checked, so reading them needs no parser: to
 * find a member it is enough to skip its siblings, counting brackets outside of strings. The parts that come back are
 * slices of the text; a slice of a canonical jsonb text is canonical itself. REQUIRES, everywhere: well-formed JSON.
 */
import { canonicalJson } from '../types/json.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export function jsonKind(text: string): JsonKind {
  switch (text.charAt(skipSpace(text, 0))) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

export function isScalar(text: string): boolean {
  const kind = jsonKind(text);
  return kind !== 'object' && kind !== 'array';
}

/** The elements of an array. */
export function jsonElements(text: string): string[] {
  const items: string[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charAt(at) !== ']') {
    const end = skipValue(text, at);
    items.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
  }
  return items;
}

/** The members of an object as they stand there; json may repeat a key. */
export function jsonMembers(text: string): [key: string, value: string][] {
  const members: [string, string][] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charAt(at) !== '}') {
    const keyEnd = skipString(text, at);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    members.push([decodeString(text.slice(at, keyEnd)), text.slice(start, end)]);
    at = skipSpace(text, end);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** The value of a key (of the last of its name), or undefined; also for what is no object. */
export function jsonMember(text: string, key: string): string | undefined {
  let at = skipSpace(text, 0);
  if (text.charAt(at) !== '{') return undefined;
  at = skipSpace(text, at + 1);
  const quoted = JSON.stringify(key);
  let found: string | undefined;
  while (text.charAt(at) !== '}') {
    const keyEnd = skipString(text, at);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    const same =
      (keyEnd - at === quoted.length && text.startsWith(quoted, at)) ||
      (text.slice(at, keyEnd).includes('\\') && decodeString(text.slice(at, keyEnd)) === key);
    if (same) found = text.slice(start, end);
    at = skipSpace(text, end);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
  }
  return found;
}

/** The element at an index, from the end where it is negative; undefined where there is none, or no array. */
export function jsonElement(text: string, index: number): string | undefined {
  if (jsonKind(text) !== 'array') return undefined;
  return jsonElements(text).at(index);
}

/** What a path of keys and indexes leads to. */
export function jsonAt(text: string, path: readonly (string | null)[]): string | undefined {
  let found: string | undefined = text.trim();
  for (const step of path) {
    if (found === undefined || step === null) return undefined;
    if (jsonKind(found) === 'array') {
      const index = arrayIndex(step);
      found = index === undefined ? undefined : jsonElement(found, index);
    } else found = jsonMember(found, step);
  }
  return found;
}

export function arrayIndex(step: string): number | undefined {
  return /^\s*[+-]?\d{1,10}$/.test(step) ? Number(step) : undefined;
}

/** As ->> gives it: strings without quotes, null as SQL's null, the rest as text. */
export function jsonAsText(text: string): string | null {
  const kind = jsonKind(text);
  if (kind === 'null') return null;
  return kind === 'string' ? decodeString(text.trim()) : text;
}

/** JSON without optional space (json_strip_nulls and the like write it so). */
export function compactJson(text: string): string {
  switch (jsonKind(text)) {
    case 'array':
      return `[${jsonElements(text).map(compactJson).join(',')}]`;
    case 'object':
      return `{${jsonMembers(text)
        .map(([key, value]) => `${JSON.stringify(key)}:${compactJson(value)}`)
        .join(',')}}`;
    default:
      return text.trim();
  }
}

/** A jsonb array of jsonb values. */
export function jsonbArray(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

/** A jsonb object: keys in their order, the last of a name wins. */
export function jsonbObject(members: Iterable<readonly [string, string]>): string {
  const parts: string[] = [];
  for (const [key, value] of members) parts.push(`${JSON.stringify(key)}: ${value}`);
  return canonicalJson(`{${parts.join(', ')}}`);
}

function decodeString(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 32) at++;
  return at;
}

/** The position after the string that begins at `from`. */
function skipString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

/** The position after the value that begins at `from`. */
function skipValue(text: string, from: number): number {
  const first = text.charAt(from);
  if (first === '"') return skipString(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 34: // "
        at = skipString(text, at) - 1;
        break;
      case 91: // [
      case 123: // {
        depth++;
        break;
      case 93: // ]
      case 125: // }
        if (depth === 0) return trimmedEnd(text, from, at);
        if (--depth === 0) return at + 1;
        break;
      case 44: // ,
        if (depth === 0) return trimmedEnd(text, from, at);
        break;
    }
  }
  return trimmedEnd(text, from, text.length);
}

function trimmedEnd(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && text.charCodeAt(at - 1) <= 32) at--;
  return at;
}
