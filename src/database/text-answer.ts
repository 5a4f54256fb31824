/** A statement's answer as text, for who asks for it so. */
import { type Value, valueAt } from '../base/vector.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { ResultSet } from './api.ts';
import { publicFields } from './public-fields.ts';

const TEXT_OID = 25;

/** The result with every column as text, as PostgreSQL prints it. */
export function asText(result: ResultSet, context: EvalContext): ResultSet {
  const columns = result.columns.map((column, c) => {
    const type = typeByOid(result.fields[c]?.dataTypeID ?? TEXT_OID);
    const texts: Value[] = [];
    for (let row = 0; row < result.rowCount; row++) {
      const value = valueAt(column, row);
      texts.push(value === null ? null : type.output(value, context));
    }
    return vectorFromValues(texts, TEXT_OID);
  });
  return { ...result, columns, fields: publicFields(result.fields) };
}
