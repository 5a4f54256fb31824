/** From catalog definitions to what the table layer stores: formats by type, keys, indexes. */
import type { Value } from '../base/vector.ts';
import type { LineTableDef } from '../catalog/lines.ts';
import type { TableDef, TypeRef } from '../catalog/schema.ts';
import { storedType } from '../catalog/user-types.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { IndexSpec, TableSpec, TreeColumn } from '../table/table.ts';

const DEFAULT_TIME_SPLIT_FACTOR = 1;

export function specOf(def: TableDef, context: EvalContext): TableSpec {
  const columns: TreeColumn[] = [];
  for (const { id, type, missing } of [...def.dropped, ...def.columns]) {
    const value = missing === undefined ? null : typeByOid(storedType(type)).input(missing, type.typmod, context);
    columns[id] = { format: formatOf(type), missing: value };
  }
  return {
    id: def.id,
    columns,
    key:
      (def as Partial<LineTableDef>).order ??
      def.key.map((column) => ({ column, descending: false, nullsFirst: false })),
    indexes: def.indexes.map(indexSpecOf),
    timeSplitFactor: def.timeSplitFactor ?? DEFAULT_TIME_SPLIT_FACTOR,
  };
}

export function indexSpecOf(index: TableDef['indexes'][number]): IndexSpec {
  return {
    id: index.id,
    columns: index.columns,
    unique: index.unique,
    nullsNotDistinct: index.nullsNotDistinct === true,
  };
}

export function formatOf(type: TypeRef): TreeColumn['format'] {
  return typeByOid(storedType(type)).format(type.typmod);
}

/** The boxed text[] of the given strings. */
export function textArray(texts: readonly string[], context: EvalContext): Value {
  const quoted = texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  return typeByOid(TEXT_ARRAY).input(`{${quoted.join(',')}}`, -1, context);
}

const TEXT_ARRAY = 1009;
