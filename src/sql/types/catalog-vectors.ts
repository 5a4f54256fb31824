/**
 * Types of columns of PostgreSQL's catalogs that nothing else has: `int2vector` and `oidvector`, arrays that count from
 * zero and print as numbers apart by spaces; `pg_node_tree`, an expression, here as the text it stands for; `aclitem`.
 */
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { arrayTypeOf, SqlArray } from './array.ts';
import { makeType } from './basic.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

const INT2 = 21;
const OID = 26;

function vectorType(oid: number, name: string, element: SqlType, stored: EvalContext): SqlType {
  return {
    ...arrayTypeOf(element, stored),
    oid,
    name,
    display: name,
    arrayOid: 0,
    input(text, _typmod, context) {
      const items = cleanText(text).trim();
      const values = items === '' ? [] : items.split(/\s+/).map((item) => element.input(item, -1, context));
      return new SqlArray([values.length], [0], values, element.oid);
    },
    output: (value: Value, context) =>
      (value as SqlArray).elements.map((item) => (item === null ? '' : element.output(item, context))).join(' '),
  };
}

function textual(oid: number, name: string, arrayOid: number): SqlType {
  return makeType({
    oid,
    name,
    display: name,
    category: name === 'aclitem' ? 'U' : 'Z',
    arrayOid,
    length: name === 'aclitem' ? 12 : -1,
    format: () => ({ kind: 'text' }),
    input: (text) => cleanText(text),
  });
}

export function catalogVectors(byOid: (oid: number) => SqlType, stored: EvalContext): readonly SqlType[] {
  return [
    vectorType(22, 'int2vector', byOid(INT2), stored),
    vectorType(30, 'oidvector', byOid(OID), stored),
    textual(194, 'pg_node_tree', 0),
    textual(1033, 'aclitem', 1034),
  ];
}
