/** A result's description as it leaves the engine: user-defined types by the OIDs that the catalogs show. */
import { isUserType, publicTypeOid, resultType } from '../catalog/user-types.ts';
import type { ResultSet } from './api.ts';

export function publicFields(fields: ResultSet['fields']): ResultSet['fields'] {
  if (!fields.some(({ dataTypeID }) => isUserType(dataTypeID))) return fields;
  return fields.map((field) => {
    const { oid, typmod } = resultType({ oid: field.dataTypeID, typmod: field.typeModifier });
    return { ...field, dataTypeID: oid, typeModifier: typmod };
  });
}

export function publicDescription({ parameters, fields }: Description): Description {
  return { parameters: parameters.map(publicTypeOid), fields: publicFields(fields) };
}

interface Description {
  readonly parameters: readonly number[];
  readonly fields: ResultSet['fields'];
}
