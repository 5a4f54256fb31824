/**
 * regproc, regprocedure, regoper, regoperator, regrole, and the text search types: OIDs that are read and printed by name
 * (procedure-text.ts, which a first answer does without).
 */
import { makeType } from './basic.ts';
import { findNamed, printNamed } from './procedure-text.ts';
import type { SqlType } from './type.ts';

const FAMILY = [
  [24, 'regproc', 1008],
  [2202, 'regprocedure', 2207],
  [2203, 'regoper', 2208],
  [2204, 'regoperator', 2209],
  [4096, 'regrole', 4097],
  [4191, 'regcollation', 4192],
  [3734, 'regconfig', 3735],
  [3769, 'regdictionary', 3770],
] as const;

/** `regtype` reads and prints the types of arguments. */
export function procedureTypes(regtype: () => SqlType): readonly SqlType[] {
  return FAMILY.map(([oid, name, arrayOid]) =>
    makeType({
      oid,
      name,
      display: name,
      category: 'N',
      arrayOid,
      length: 4,
      format: () => ({ kind: 'int' }),
      input: (text, _typmod, context) => findNamed(name, text, context, regtype()),
      output: (value, context) => (value === 0 ? '-' : printNamed(name, value as number, context, regtype())),
    }),
  );
}
