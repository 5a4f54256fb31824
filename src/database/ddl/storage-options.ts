/**
 * Storage parameters of WITH (…) and SET (…). They say how PostgreSQL keeps pages, of which there are none here, and change
 * nothing; but a name that PostgreSQL does not know either is a mistake, and is refused (22023).
 */
import { DriftError } from '../../base/error.ts';
import type { Option } from '../../sql/ast-table.ts';

const VACUUM =
  'autovacuum_enabled autovacuum_vacuum_threshold autovacuum_vacuum_insert_threshold autovacuum_analyze_threshold autovacuum_vacuum_cost_limit autovacuum_vacuum_cost_delay autovacuum_vacuum_scale_factor autovacuum_vacuum_insert_scale_factor autovacuum_analyze_scale_factor autovacuum_freeze_min_age autovacuum_freeze_max_age autovacuum_freeze_table_age autovacuum_multixact_freeze_min_age autovacuum_multixact_freeze_max_age autovacuum_multixact_freeze_table_age log_autovacuum_min_duration vacuum_index_cleanup vacuum_truncate';

const KNOWN: Readonly<Record<string, string>> = {
  table: `fillfactor toast_tuple_target parallel_workers user_catalog_table oids ${VACUUM}`,
  toast: VACUUM,
  btree: 'fillfactor deduplicate_items vacuum_cleanup_index_scale_factor',
  hash: 'fillfactor',
  gin: 'fastupdate gin_pending_list_limit',
  gist: 'fillfactor buffering',
  spgist: 'fillfactor',
  brin: 'pages_per_range autosummarize',
};

/** `kind`: `table`, or an index's method. */
export function refuseUnknownOptions(options: readonly Option[], kind: string): void {
  for (const { name, value, position } of options) {
    const [last = '', namespace] = name.split('.').toReversed();
    if (namespace !== undefined && (namespace !== 'toast' || kind !== 'table'))
      throw new DriftError('22023', `unrecognized parameter namespace "${namespace}"`, { position });
    if (!(KNOWN[namespace ?? kind] ?? '').split(' ').includes(last))
      throw new DriftError('22023', `unrecognized parameter "${last}"`, { position });
    if (last === 'oids' && value !== undefined && !/^(?:false|off|no|0)$/i.test(value))
      throw new DriftError('0A000', 'tables declared WITH OIDS are not supported', { position });
    const percent = Number(value);
    if (last === 'fillfactor' && value !== undefined && !(percent >= 10 && percent <= 100))
      throw new DriftError('22023', `value ${value} out of bounds for option "fillfactor"`, { position });
  }
}
