/**
 * Functions over PostgreSQL's catalogs (chapter 9.26): their signatures. What they answer is made where the catalogs are
 * (database/system/functions.ts), which a statement reaches through its context.
 */
import type { EvalContext } from '../eval-context.ts';
import { pure, scalar, setFunction, T } from './define.ts';
import type { ScalarFunction, SetFunction } from './function.ts';

const NODE_TREE = 194;

/** Answered by the session's catalogs under the function's own name. */
function asked(name: string, args: readonly number[], returns: number): ScalarFunction {
  return scalar(name, args, returns, (context: EvalContext, ...values) => context.catalogFunction(name, values));
}

const VISIBLE = [
  'pg_table_is_visible',
  'pg_type_is_visible',
  'pg_function_is_visible',
  'pg_operator_is_visible',
  'pg_opclass_is_visible',
  'pg_opfamily_is_visible',
  'pg_collation_is_visible',
  'pg_conversion_is_visible',
  'pg_statistics_obj_is_visible',
  'pg_ts_config_is_visible',
  'pg_ts_dict_is_visible',
  'pg_ts_parser_is_visible',
  'pg_ts_template_is_visible',
];

/** What a privilege is on, by the types that name it besides text and OIDs. */
const PRIVILEGES = [
  'has_table_privilege',
  'has_schema_privilege',
  'has_sequence_privilege',
  'has_database_privilege',
  'has_function_privilege',
  'has_type_privilege',
  'has_language_privilege',
  'has_tablespace_privilege',
  'has_any_column_privilege',
];

const privileges: readonly ScalarFunction[] = [
  ...PRIVILEGES.flatMap((name) =>
    [T.text, T.oid].flatMap((object) => [
      asked(name, [object, T.text], T.bool),
      asked(name, [T.name, object, T.text], T.bool),
      asked(name, [T.oid, object, T.text], T.bool),
    ]),
  ),
  ...[T.text, T.oid].flatMap((table) =>
    [T.text, T.int2].flatMap((column) => [
      asked('has_column_privilege', [table, column, T.text], T.bool),
      asked('has_column_privilege', [T.name, table, column, T.text], T.bool),
    ]),
  ),
  asked('pg_has_role', [T.name, T.text], T.bool),
  asked('pg_has_role', [T.oid, T.text], T.bool),
  asked('pg_has_role', [T.name, T.name, T.text], T.bool),
  asked('pg_has_role', [T.name, T.oid, T.text], T.bool),
];

/** Partitions do not exist: no table has ancestors or a tree of them. */
export const catalogSets: readonly SetFunction[] = [
  setFunction('pg_partition_ancestors', [T.regclass], [{ name: 'relid', oid: T.regclass }], () => []),
];

export const catalogFunctions: readonly ScalarFunction[] = [
  ...VISIBLE.map((name) => asked(name, [T.oid], T.bool)),
  ...privileges,
  pure('pg_get_expr', [NODE_TREE, T.oid], T.text, (text: string) => text),
  asked('pg_get_expr', [NODE_TREE, T.oid, T.bool], T.text),
  asked('pg_get_constraintdef', [T.oid], T.text),
  asked('pg_get_constraintdef', [T.oid, T.bool], T.text),
  asked('pg_get_indexdef', [T.oid], T.text),
  asked('pg_get_indexdef', [T.oid, T.int4, T.bool], T.text),
  asked('pg_get_viewdef', [T.text], T.text),
  asked('pg_get_viewdef', [T.text, T.bool], T.text),
  asked('pg_get_viewdef', [T.oid], T.text),
  asked('pg_get_viewdef', [T.oid, T.bool], T.text),
  asked('pg_get_viewdef', [T.oid, T.int4], T.text),
  asked('pg_get_ruledef', [T.oid], T.text),
  asked('pg_get_ruledef', [T.oid, T.bool], T.text),
  asked('pg_get_triggerdef', [T.oid], T.text),
  asked('pg_get_triggerdef', [T.oid, T.bool], T.text),
  asked('pg_get_functiondef', [T.oid], T.text),
  asked('pg_get_function_arguments', [T.oid], T.text),
  asked('pg_get_function_identity_arguments', [T.oid], T.text),
  asked('pg_get_function_result', [T.oid], T.text),
  asked('pg_get_function_sqlbody', [T.oid], T.text),
  asked('pg_get_statisticsobjdef_columns', [T.oid], T.text),
  asked('pg_get_serial_sequence', [T.text, T.text], T.text),
  asked('pg_get_userbyid', [T.oid], T.name),
  asked('obj_description', [T.oid], T.text),
  asked('obj_description', [T.oid, T.name], T.text),
  asked('col_description', [T.oid, T.int4], T.text),
  asked('shobj_description', [T.oid, T.name], T.text),
  asked('to_regclass', [T.text], T.regclass),
  asked('to_regnamespace', [T.text], 4089),
  asked('pg_relation_size', [T.regclass], T.int8),
  asked('pg_relation_size', [T.regclass, T.text], T.int8),
  asked('pg_table_size', [T.regclass], T.int8),
  asked('pg_indexes_size', [T.regclass], T.int8),
  asked('pg_total_relation_size', [T.regclass], T.int8),
  asked('pg_database_size', [T.name], T.int8),
  asked('pg_database_size', [T.oid], T.int8),
  asked('pg_tablespace_size', [T.name], T.int8),
  asked('pg_tablespace_size', [T.oid], T.int8),
  asked('pg_relation_is_publishable', [T.regclass], T.bool),
  asked('pg_relation_is_updatable', [T.regclass, T.bool], T.int4),
  asked('pg_column_is_updatable', [T.regclass, T.int2, T.bool], T.bool),
  asked('pg_sequence_last_value', [T.regclass], T.int8),
  asked('pg_tablespace_location', [T.oid], T.text),
  asked('pg_my_temp_schema', [], T.oid),
  asked('pg_is_other_temp_schema', [T.oid], T.bool),
  pure('pg_encoding_to_char', [T.int4], T.name, (encoding: number) => (encoding === 6 ? 'UTF8' : '')),
  pure('pg_char_to_encoding', [T.name], T.int4, (name: string) => (/^utf-?8$/i.test(name) ? 6 : -1)),
  pure('pg_client_encoding', [], T.name, () => 'UTF8'),
  pure('getdatabaseencoding', [], T.name, () => 'UTF8'),
  pure('pg_is_in_recovery', [], T.bool, () => false),
  pure('pg_size_pretty', [T.int8], T.text, (bytes: number | bigint) => sizeText(Number(bytes))),
];

/** Names of units, and the number from which on the next one is used; all but bytes are rounded from halves. */
const SIZES: readonly (readonly [string, number])[] = [
  ['bytes', 10 * 1024],
  ['kB', 20 * 1024 - 1],
  ['MB', 20 * 1024 - 1],
  ['GB', 20 * 1024 - 1],
  ['TB', 20 * 1024 - 1],
  ['PB', Infinity],
];

/** "10 kB": PostgreSQL's way of choosing the unit. */
function sizeText(bytes: number): string {
  let size = bytes;
  for (const [i, [unit, limit]] of SIZES.entries()) {
    const rounded = i > 0;
    if (Math.abs(size) < limit) return `${rounded ? Math.trunc((size + Math.sign(size)) / 2) : size} ${unit}`;
    size = Math.trunc(size / (rounded ? 1024 : 512));
  }
  return '';
}
