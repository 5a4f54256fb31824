/**
 * PGlite on its pool of OPFS handles (opfs-ahp), durable at each commit, which is its default, and in memory. Its
 * statements are parsed at each call (its API prepares none); bulk loads are its COPY from a blob.
 */
import { PGlite } from '@electric-sql/pglite';
import { type Engine, type Open, rowsOf, type TableData } from '../harness/engine.ts';

export const openEngine: Open = async (mode, database) =>
  engineOf(
    await PGlite.create(mode === 'memory' ? 'memory://' : `opfs-ahp://${database}`, { relaxedDurability: false }),
  );

function engineOf(db: PGlite): Engine {
  return {
    exec: (sql) => db.exec(sql),
    rows: async (sql, parameters = []) => (await db.query<Record<string, unknown>>(sql, [...parameters])).rows,
    arrays: async (sql) => (await db.query<unknown[]>(sql, [], { rowMode: 'array' })).rows,
    prepare: (sql) => ({
      rows: async (parameters) => (await db.query<Record<string, unknown>>(sql, [...parameters])).rows,
      run: (parameters) => db.query(sql, [...parameters]),
    }),
    bulk: (table) => db.query(`COPY ${table.name} FROM '/dev/blob'`, [], { blob: copyText(table) }),
    close: () => db.close(),
  };
}

/** The table in COPY's text format; the workloads' texts have nothing to escape. */
function copyText(table: TableData): Blob {
  const pieces: string[] = [];
  let lines: string[] = [];
  for (const row of rowsOf(table)) {
    lines.push(row.join('\t'));
    if (lines.length === 10_000) {
      pieces.push(`${lines.join('\n')}\n`);
      lines = [];
    }
  }
  return new Blob([...pieces, ...lines.map((line) => `${line}\n`)]);
}
