/**
 * No statement changes an earlier state. Files of the corpora run statement by statement; after each one that commits,
 * the rows and columns of the tables it touched are recorded with its sequence number. At the end, with leaves split by
 * key and time, checkpoints in between, and again after the database was opened anew, every record is asked for AS OF
 * its number. Skipped where the corpora do not lie beside the checkout.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { valueAt } from '../../src/base/vector.ts';
import type { EngineApi, EngineOptions, ResultSet, SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { testHost } from '../database/helper.ts';

const CORPORA = fileURLToPath(new URL('../../../shared/corpora/', import.meta.url));

/** Files with many changes and definitions, of each origin. */
const FILES = [
  'pg15-golden/cockroach/cascade.jsonl',
  'pg15-golden/cockroach/alter_table.jsonl',
  'pg15-golden/cockroach/upsert.jsonl',
  'pg15-golden/cockroach/insert.jsonl',
  'pg15-golden/cockroach/array.jsonl',
  'pg15-golden/cockroach/sequences.jsonl',
  'pg15-golden/duckdb/cte/dml_cte.test.jsonl',
  'pg15-golden/duckdb/trigger/trigger_for_each_row.test.jsonl',
  'pg15-golden/duckdb/returning/returning_delete.test.jsonl',
  'pg15-golden/duckdb/returning/returning_update.test.jsonl',
  'pg15-golden/duckdb/constraints/foreignkey/test_foreignkey.test.jsonl',
  'pg15-golden/duckdb/update/update_from_multi_match.test.jsonl',
  'pg15-golden/duckdb/alter/alter_col/test_not_null_in_tran.test.jsonl',
  'pg15-golden/duckdb/aggregate/aggregates/test_null_aggregates.test.jsonl',
  'pg15-golden/databend/crdb/update.test.jsonl',
  'pg15-golden/databend/base/03_common/03_0025_delete_from.test.jsonl',
  'pg15-golden/databend/base/11_data_type/11_0006_data_type_decimal.test.jsonl',
  'pg15-golden/databend/base/05_ddl/05_0019_ddl_create_view.test.jsonl',
  'pg15-golden/materialize/special/memory.slt.jsonl',
  'pg15-golden/materialize/materialized_views.slt.jsonl',
  'pg15-golden/risingwave/streaming/join/asof_join.slt.part.jsonl',
  'pg15-golden/risingwave/batch/basic/insert_expr.slt.part.jsonl',
  'sqllogictest/evidence/slt_lang_update.test',
  'sqllogictest/evidence/slt_lang_droptable.test',
];

const SMALL: Partial<EngineOptions> = {
  maxLeafRows: 8,
  minClosedRows: 4,
  cacheBudgetBytes: 1 << 16,
  logStepBytes: 4096,
  packSizeBytes: 1 << 16,
};
const CHECKPOINT_EVERY = 25;

/** Each file starts with an empty database: queries are left out, for they change nothing. */
function statementsOf(file: string): string[] {
  const text = readFileSync(CORPORA + file, 'utf8');
  if (file.endsWith('.jsonl'))
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly k: string; readonly sql: string })
      .filter(({ k }) => k !== 'query')
      .map(({ sql }) => sql);
  return text
    .split(/\r?\n\s*\r?\n/)
    .map((block) => /^(?:(?:#|skipif|onlyif).*\n)*statement ok.*\n([^]*)$/.exec(block)?.[1] ?? '')
    .filter((sql) => sql !== '');
}

interface State {
  readonly seq: number;
  readonly table: string;
  readonly hash: string;
}

function hashOf(result: ResultSet): string {
  const rows = Array.from({ length: result.rowCount }, (_, row) =>
    JSON.stringify(result.columns.map((column) => valueAt(column, row))),
  );
  const fields = result.fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`);
  return createHash('sha1')
    .update(JSON.stringify([fields, rows.sort()]))
    .digest('hex');
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function read(session: SessionApi, table: string, seq: number): Promise<string> {
  const asOf = { kind: 'seq', seq } as const;
  return hashOf(await session.execute(`SELECT * FROM ${table}`, [], { text: true, asOf }));
}

/** Tables that commit `seq` touched and that are there after it. */
async function touched(session: SessionApi, seq: number): Promise<string[]> {
  const asOf = { kind: 'seq', seq } as const;
  const { columns, rowCount } = await session.execute(
    `SELECT t.schema, t.table_name FROM drift.tables AS t
     WHERE t.table_type = 'BASE TABLE'
       AND t.table_name IN (SELECT unnest(tables) FROM drift.transactions WHERE seq = $1)`,
    [seq],
    { text: true, asOf },
  );
  return Array.from({ length: rowCount }, (_, row) =>
    columns.map((column) => quoted(valueAt(column, row) as string)).join('.'),
  );
}

async function record(engine: EngineApi, statements: readonly string[]): Promise<State[]> {
  const session = engine.session();
  const observer = engine.session();
  const states: State[] = [];
  let seen = engine.status().lastSeq;
  for (const [i, sql] of statements.entries()) {
    try {
      await session.script(sql, { timeoutMs: 5000 });
    } catch {
      // Many statements are meant to fail; what they leave behind is looked at like the rest.
    }
    const { lastSeq } = engine.status();
    for (let seq = seen + 1; seq <= lastSeq; seq++)
      for (const table of await touched(observer, seq))
        states.push({ seq, table, hash: await read(observer, table, seq) });
    seen = lastSeq;
    if (i % CHECKPOINT_EVERY === CHECKPOINT_EVERY - 1) await engine.checkpoint();
  }
  return states;
}

async function verify(engine: EngineApi, states: readonly State[]): Promise<void> {
  const session = engine.session();
  const changed: State[] = [];
  for (const state of states) if ((await read(session, state.table, state.seq)) !== state.hash) changed.push(state);
  expect(changed).toEqual([]);
}

describe.skipIf(!existsSync(CORPORA))('every state stays as it was', () => {
  test.each(FILES)('%s', async (file) => {
    const storage = new MemoryStorage();
    const options: EngineOptions = { storage, host: testHost(), ...SMALL };
    const engine = await openEngine(options);
    const states = await record(engine, statementsOf(file));
    await verify(engine, states);
    await engine.close();
    const again = await openEngine(options);
    await verify(again, states);
    await again.close();
    expect(states.length).toBeGreaterThan(5);
  });
});
