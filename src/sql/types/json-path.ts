/** jsonpath: a value is the path's text as PostgreSQL prints it; parsed paths are kept for the next row. */
import { makeType } from './basic.ts';
import { printJsonPath } from './json-path-print.ts';
import { type JsonPath, parseJsonPath } from './json-path-syntax.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

const KEPT = 100;
const known = new Map<string, JsonPath>();

/** The tree of a path; the last ones are kept. */
export function jsonPathOf(text: string): JsonPath {
  let path = known.get(text);
  if (path === undefined) {
    path = parseJsonPath(text);
    if (known.size >= KEPT) known.clear();
    known.set(text, path);
  }
  return path;
}

export const JSONPATH = 4072;

export const jsonPathType: SqlType = makeType({
  oid: JSONPATH,
  name: 'jsonpath',
  display: 'jsonpath',
  category: 'U',
  arrayOid: 4073,
  length: -1,
  compare: undefined,
  format: () => ({ kind: 'text' }),
  input: (text) => printJsonPath(parseJsonPath(cleanText(text))),
});
