/** The views over PostgreSQL's catalogs: pg_tables, pg_views, pg_indexes, pg_sequences, pg_settings, pg_stats and others. */
import { timeOf } from './backends.ts';
import { OWNER_OID } from '../../catalog/oids.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { Interval } from '../../sql/types/interval.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { offsetAt } from '../../sql/types/time-zone.ts';
import { settingSpecs } from '../setting-specs.ts';
import { settingNumber, shownDefault } from '../setting-values.ts';
import { knownStatistics } from '../analyze.ts';
import { DATABASE_OID, OWNER } from './constants.ts';
import { indexText, viewText } from './definitions.ts';
import { indexesOf, sequencesOf, tablesOf, viewsOf } from './model.ts';
import { sequenceType } from '../ddl/sequence-options.ts';
import { systemRelations } from './relations.ts';
import type { RowSource, SystemContext, SystemRecord } from './source.ts';

const TEXT = 25;
const FLOAT4 = 700;

export const viewSources: Readonly<Record<string, RowSource>> = {
  *pg_tables({ catalog }) {
    for (const { schema, name, kind } of systemRelations())
      if (kind === 'r') yield { schemaname: schema, tablename: name, tableowner: OWNER, ...NO_FEATURES };
    for (const table of tablesOf(catalog)) {
      if (table.materialized !== undefined) continue;
      yield {
        schemaname: table.schema,
        tablename: table.name,
        tableowner: OWNER,
        ...NO_FEATURES,
        hasindexes: table.primaryKeyName !== undefined || table.indexes.length > 0,
        hastriggers: table.foreignKeys.length > 0,
      };
    }
  },
  *pg_views({ catalog }) {
    for (const { schema, name, kind } of systemRelations())
      if (kind === 'v') yield { schemaname: schema, viewname: name, viewowner: OWNER };
    for (const view of viewsOf(catalog))
      yield { schemaname: view.schema, viewname: view.name, viewowner: OWNER, definition: viewText(view, catalog) };
  },
  *pg_matviews({ catalog }) {
    for (const table of tablesOf(catalog)) {
      if (table.materialized === undefined) continue;
      yield {
        schemaname: table.schema,
        matviewname: table.name,
        matviewowner: OWNER,
        hasindexes: table.indexes.length > 0,
        ispopulated: table.unpopulated !== true,
        definition: viewText(table, catalog),
      };
    }
  },
  *pg_indexes({ catalog, bind }) {
    for (const table of tablesOf(catalog))
      for (const index of indexesOf(table))
        yield {
          schemaname: table.schema,
          tablename: table.name,
          indexname: index.name,
          indexdef: indexText(index, { bind, pretty: false }),
        };
  },
  *pg_sequences({ catalog, sequences }) {
    for (const sequence of sequencesOf(catalog)) {
      const state = sequences.get(sequence.id);
      yield {
        schemaname: sequence.schema,
        sequencename: sequence.name,
        sequenceowner: OWNER,
        data_type: sequenceType(sequence),
        start_value: plain(BigInt(sequence.start)),
        min_value: plain(BigInt(sequence.min)),
        max_value: plain(BigInt(sequence.max)),
        increment_by: sequence.increment,
        cycle: sequence.cycle,
        cache_size: sequence.cache ?? 1,
        last_value: state?.isCalled === true ? plain(state.value) : null,
      };
    }
  },
  *pg_settings({ settings }) {
    for (const [key, spec] of settingSpecs()) {
      const shown = settings.get(key) ?? '';
      const number = settingNumber(key, shown);
      const numeric = spec.type === 'integer' || spec.type === 'real';
      const initial = numeric ? spec.default : shownDefault(spec);
      yield {
        name: spec.name,
        setting: number === null ? shown : String(number),
        unit: spec.unit === '' ? null : spec.unit,
        category: spec.category,
        context: spec.fixed ? 'internal' : 'user',
        vartype: spec.type,
        source: shown === shownDefault(spec) ? 'default' : 'session',
        min_val: numeric ? bound(spec.min) : null,
        max_val: numeric ? bound(spec.max) : null,
        enumvals: spec.type === 'enum' ? SqlArray.of(spec.words, TEXT) : null,
        boot_val: initial,
        reset_val: initial,
        short_desc: '',
        pending_restart: false,
      };
    }
  },
  *pg_stats(context) {
    for (const table of tablesOf(context.catalog)) {
      for (const { column, statistics } of knownStatistics(context.store, table)) {
        const { commonValues, commonShares, histogram, distinct, distinctShare } = statistics;
        const texts = (values: readonly unknown[]): string | null =>
          values.length === 0 ? null : arrayText(values, column.type.oid, context);
        yield {
          schemaname: table.schema,
          tablename: table.name,
          attname: column.name,
          inherited: false,
          null_frac: Math.fround(statistics.nullFraction),
          avg_width: Math.round(statistics.averageWidth),
          n_distinct: Math.fround(distinctShare === null ? distinct : -distinctShare),
          most_common_vals: texts(commonValues),
          most_common_freqs: commonShares.length === 0 ? null : SqlArray.of(commonShares.map(Math.fround), FLOAT4),
          histogram_bounds: texts(histogram),
          correlation: statistics.correlation === null ? null : Math.fround(statistics.correlation),
        };
      }
    }
  },
  pg_stat_all_tables: tableCounters,
  pg_stat_user_tables: tableCounters,
  pg_stat_all_indexes: indexCounters,
  pg_stat_user_indexes: indexCounters,
  *pg_stat_database() {
    yield { datid: DATABASE_OID, datname: 'drift', numbackends: 1 };
  },
  *pg_stat_activity({ eval: { database, statementTime: now }, backends, host }) {
    for (const { id, settings, activity, open, party } of backends.values()) {
      yield {
        wait_event_type: party.wait === null ? null : 'Lock',
        wait_event: party.wait?.wanted.kind === 'tuple' ? 'transactionid' : (party.wait?.wanted.kind ?? null),
        datid: DATABASE_OID,
        datname: database,
        pid: id,
        usesysid: OWNER_OID,
        usename: settings.user,
        application_name: settings.get('application_name') ?? '',
        backend_start: timeOf(activity.startMs, host, now),
        xact_start:
          open?.transaction.startedAt ??
          (activity.state === 'active' ? timeOf(activity.queryStartMs, host, now) : null),
        query_start: activity.query === '' ? null : timeOf(activity.queryStartMs, host, now),
        state_change: timeOf(activity.stateChangeMs, host, now),
        state: activity.state,
        query: activity.query,
        backend_type: 'client backend',
      };
    }
  },
  *pg_timezone_names({ eval: { statementTime } }) {
    for (const name of ['UTC', ...Intl.supportedValuesOf('timeZone')]) {
      const seconds = offsetAt(name, statementTime);
      const january = offsetAt(name, Date.UTC(new Date(statementTime / 1000).getUTCFullYear(), 0, 1) * 1000);
      const july = offsetAt(name, Date.UTC(new Date(statementTime / 1000).getUTCFullYear(), 6, 1) * 1000);
      yield {
        name,
        abbrev: name === 'UTC' ? 'UTC' : offsetText(seconds),
        utc_offset: new Interval(0, 0, seconds * 1_000_000),
        is_dst: january !== july && seconds === Math.max(january, july),
      };
    }
  },
};

const NO_FEATURES = { hasindexes: false, hasrules: false, hastriggers: false, rowsecurity: false } as const;

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function bound(limit: number): string {
  return limit === Infinity ? '1.79769e+308' : String(limit);
}

function offsetText(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const rest = minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}${rest}`;
}

/** Values of a column as the text of an array: what PostgreSQL's anyarray columns show. */
function arrayText(values: readonly unknown[], oid: number, { eval: context }: SystemContext): string {
  const type = typeByOid(oid);
  const items = values.map((value) => {
    const text = type.output(value as never, context);
    return text === '' || /[\s",\\{}]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
  });
  return `{${items.join(',')}}`;
}

function* tableCounters({ catalog, store }: SystemContext): Generator<SystemRecord> {
  for (const table of tablesOf(catalog)) {
    const rows = store.has(table.id) ? store.table(table.id).rowCount : 0;
    yield { relid: table.id, schemaname: table.schema, relname: table.name, n_live_tup: rows, n_dead_tup: 0 };
  }
}

function* indexCounters({ catalog }: SystemContext): Generator<SystemRecord> {
  for (const table of tablesOf(catalog))
    for (const index of indexesOf(table))
      yield {
        relid: table.id,
        indexrelid: index.oid,
        schemaname: table.schema,
        relname: table.name,
        indexrelname: index.name,
      };
}
