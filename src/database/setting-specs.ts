/**
 * What each setting takes: PostgreSQL's names, types, units and bounds, one line a setting under its category.
 *
 *     name type[:unit][!] default [lowest highest | words]
 *
 * Types: b(oolean), i(nteger), r(eal), e(num), s(tring). `!`: fixed. Spaces in an enumeration's words are underscores.
 */
const SPECS = `
# Autovacuum
autovacuum b! on
# Client Connection Defaults / Locale and Formatting
client_encoding s UTF8
DateStyle s ISO, MDY
default_text_search_config s pg_catalog.english
extra_float_digits i 1 -15 3
IntervalStyle e postgres postgres,postgres_verbose,sql_standard,iso_8601
lc_messages s C
lc_monetary s C
lc_numeric s C
lc_time s C
TimeZone s UTC
timezone_abbreviations s Default
# Client Connection Defaults / Other Defaults
gin_fuzzy_search_limit i 0 0 2147483647
# Client Connection Defaults / Statement Behavior
bytea_output e hex escape,hex
check_function_bodies b on
client_min_messages e notice debug5,debug4,debug3,debug2,debug1,debug,log,info,notice,warning,error
default_table_access_method s heap
default_tablespace s
default_toast_compression e pglz pglz,lz4
default_transaction_deferrable b off
default_transaction_isolation e read_committed serializable,repeatable_read,read_committed,read_uncommitted
default_transaction_read_only b off
gin_pending_list_limit i:kB 4096 64 2147483647
idle_in_transaction_session_timeout i:ms 0 0 2147483647
idle_session_timeout i:ms 0 0 2147483647
lock_timeout i:ms 0 0 2147483647
row_security b on
search_path s "$user", public
session_replication_role e origin origin,replica,local
statement_timeout i:ms 0 0 2147483647
temp_tablespaces s
transaction_deferrable b off
transaction_isolation e read_committed serializable,repeatable_read,read_committed,read_uncommitted
transaction_read_only b off
vacuum_failsafe_age i 1600000000 0 2100000000
vacuum_freeze_min_age i 50000000 0 1000000000
vacuum_freeze_table_age i 150000000 0 2000000000
vacuum_multixact_failsafe_age i 1600000000 0 2100000000
vacuum_multixact_freeze_min_age i 5000000 0 1000000000
vacuum_multixact_freeze_table_age i 150000000 0 2000000000
xmlbinary e base64 base64,hex
xmloption e content content,document
# Connections and Authentication / Authentication
password_encryption e scram-sha-256 md5,scram-sha-256
# Connections and Authentication / Connection Settings
max_connections i! 100 1 262143
# Developer Options
force_parallel_mode e off off,on,regress
jit_expressions b on
jit_tuple_deforming b on
trace_notify b off
trace_sort b off
# Lock Management
deadlock_timeout i:ms 1000 1 2147483647
# Preset Options
block_size i! 8192 8192 8192
data_checksums b! off
integer_datetimes b! on
lc_collate s! C
lc_ctype s! C.UTF-8
max_identifier_length i! 63 63 63
max_index_keys i! 32 32 32
server_encoding s! UTF8
server_version s! 15.0
server_version_num i! 150000 150000 150000
# Query Tuning / Genetic Query Optimizer
geqo b on
geqo_effort i 5 1 10
geqo_generations i 0 0 2147483647
geqo_pool_size i 0 0 2147483647
geqo_seed r 0 0 1
geqo_selection_bias r 2 1.5 2
geqo_threshold i 12 2 2147483647
# Query Tuning / Other Planner Options
constraint_exclusion e partition partition,on,off
cursor_tuple_fraction r 0.1 0 1
default_statistics_target i 100 1 10000
from_collapse_limit i 8 1 2147483647
jit b off
join_collapse_limit i 8 1 2147483647
plan_cache_mode e auto auto,force_generic_plan,force_custom_plan
recursive_worktable_factor r 10 0.001 1e+06
# Query Tuning / Planner Cost Constants
cpu_index_tuple_cost r 0.005 0 inf
cpu_operator_cost r 0.0025 0 inf
cpu_tuple_cost r 0.01 0 inf
effective_cache_size i:8kB 524288 1 2147483647
jit_above_cost r 100000 -1 inf
jit_inline_above_cost r 500000 -1 inf
jit_optimize_above_cost r 500000 -1 inf
min_eager_agg_group_size r 2 0 inf
min_parallel_index_scan_size i:8kB 64 0 715827882
min_parallel_table_scan_size i:8kB 1024 0 715827882
parallel_setup_cost r 1000 0 inf
parallel_tuple_cost r 0.1 0 inf
random_page_cost r 4 0 inf
seq_page_cost r 1 0 inf
# Query Tuning / Planner Method Configuration
enable_async_append b on
enable_bitmapscan b on
enable_eager_aggregate b on
enable_gathermerge b on
enable_hashagg b on
enable_hashjoin b on
enable_incremental_sort b on
enable_indexonlyscan b on
enable_indexscan b on
enable_material b on
enable_memoize b on
enable_mergejoin b on
enable_nestloop b on
enable_parallel_append b on
enable_parallel_hash b on
enable_partition_pruning b on
enable_partitionwise_aggregate b off
enable_partitionwise_join b off
enable_seqscan b on
enable_sort b on
enable_tidscan b on
# Replication / Sending Servers
wal_sender_timeout i:ms 60000 0 2147483647
# Reporting and Logging / What to Log
application_name s
debug_pretty_print b on
debug_print_parse b off
debug_print_plan b off
debug_print_rewritten b off
log_duration b off
log_statement e none none,ddl,mod,all
# Reporting and Logging / When to Log
log_min_duration_statement i:ms -1 -1 2147483647
log_min_messages e warning debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic
# Resource Usage / Asynchronous Behavior
effective_io_concurrency i 1 0 1000
maintenance_io_concurrency i 10 0 1000
max_parallel_maintenance_workers i 2 0 1024
max_parallel_workers i 8 0 1024
max_parallel_workers_per_gather i 2 0 1024
parallel_leader_participation b on
# Resource Usage / Cost-Based Vacuum Delay
vacuum_cost_delay r:ms 0 0 100
vacuum_cost_limit i 200 1 10000
vacuum_cost_page_dirty i 20 0 10000
vacuum_cost_page_hit i 1 0 10000
vacuum_cost_page_miss i 2 0 10000
# Resource Usage / Memory
hash_mem_multiplier r 2 1 1000
maintenance_work_mem i:kB 65536 1024 2147483647
temp_buffers i:8kB 1024 100 1073741823
work_mem i:kB 4096 64 2147483647
# Statistics / Cumulative Query and Index Statistics
stats_fetch_consistency e cache none,cache,snapshot
track_activities b on
track_counts b on
track_functions e none none,pl,all
track_io_timing b off
# Version and Platform Compatibility / Other Platforms and Clients
transform_null_equals b off
# Version and Platform Compatibility / Previous PostgreSQL Versions
array_nulls b on
backslash_quote e safe_encoding safe_encoding,on,off
escape_string_warning b on
quote_all_identifiers b off
standard_conforming_strings b on
synchronize_seqscans b on
# Write-Ahead Log / Settings
commit_siblings i 5 0 1000
synchronous_commit e on local,remote_write,remote_apply,on,off
wal_level e! minimal minimal,replica,logical
wal_skip_threshold i:kB 2048 0 2147483647
`;

export interface SettingSpec {
  /** As PostgreSQL prints it: TimeZone. */
  readonly name: string;
  readonly type: 'bool' | 'integer' | 'real' | 'enum' | 'string';
  /** Unit of numbers: ms, s, min, B, kB, 8kB, MB; empty for none. */
  readonly unit: string;
  /** SET refuses it (55P02). */
  readonly fixed: boolean;
  /** In the base unit. */
  readonly default: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
  readonly category: string;
}

const TYPES: Readonly<Record<string, SettingSpec['type']>> = {
  b: 'bool',
  i: 'integer',
  r: 'real',
  e: 'enum',
  s: 'string',
};

let specs: ReadonlyMap<string, SettingSpec> | null = null;

/** All settings that PostgreSQL has too, by their names in lower case. */
export function settingSpecs(): ReadonlyMap<string, SettingSpec> {
  specs ??= new Map(readSpecs());
  return specs;
}

function* readSpecs(): Generator<readonly [string, SettingSpec]> {
  let category = '';
  for (const line of SPECS.trim().split('\n')) {
    if (line.startsWith('# ')) {
      category = line.slice(2);
      continue;
    }
    const spec = readSpec(line, category);
    yield [spec.name.toLowerCase(), spec];
  }
}

function readSpec(line: string, category: string): SettingSpec {
  const [name = '', code = '', ...rest] = line.split(' ');
  const type = TYPES[code.charAt(0)] ?? 'string';
  const [first = '', second = '', third = ''] = rest;
  const numeric = type === 'integer' || type === 'real';
  const spaced = (word: string): string => word.replaceAll('_', ' ');
  const isolation = name.endsWith('isolation');
  const words = type === 'enum' ? second.split(',') : [];
  return {
    name,
    type,
    unit: /:(\w+)/.exec(code)?.[1] ?? '',
    fixed: code.endsWith('!'),
    default: type === 'string' ? rest.join(' ') : isolation ? spaced(first) : first,
    min: numeric ? Number(second) : 0,
    max: numeric ? (third === 'inf' ? Infinity : Number(third)) : 0,
    words: isolation ? words.map(spaced) : words,
    category,
  };
}
