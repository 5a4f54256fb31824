/**
 * The database whose files are changed, and what readers may do with changed ones: give the right answer, or a DriftError
 * that says what is damaged. Never another error, never more time or memory than the limits.
 */
import { collected } from '../../../src/client/backup.ts';
import { LocalConnection } from '../../../src/client/local.ts';
import { DriftError } from '../../../src/base/error.ts';
import { openEngine } from '../../../src/database/engine.ts';
import { MemoryStorage } from '../../../src/storage/memory.ts';
import { testHost, textRows } from '../../database/helper.ts';

export const SMALL = { maxLeafRows: 32, minClosedRows: 8, packSizeBytes: 16_384, logStepBytes: 4096 };
const QUERIES = [
  'SELECT id, name, v, note, tags FROM item FOR SYSTEM_TIME AS OF SEQ $1 ORDER BY id',
  "SELECT id FROM item FOR SYSTEM_TIME AS OF SEQ $1 WHERE name = 'item 7'",
  'SELECT a, b FROM plain FOR SYSTEM_TIME AS OF SEQ $1 ORDER BY 1, 2',
];
/** So many tables that have ended that the directory has them apart (version 3). */
const ENDED = 20;
/** A newer version, or what no format of ours has. */
const CODES: ReadonlySet<string> = new Set(['XX001', '0A000', '54000']);

export interface Subject {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly exported: Uint8Array;
  /** Newest commit in segments. */
  readonly checkpointed: number;
  readonly states: readonly string[];
  /** A moment when one of the tables that have ended was there, and its number. */
  readonly ended: { readonly seq: number; readonly table: number };
}

export async function makeSubject(): Promise<Subject> {
  const storage = new MemoryStorage();
  const engine = await openEngine({ storage, host: testHost(), ...SMALL });
  const session = engine.session();
  await session.script(`CREATE TABLE item (id int PRIMARY KEY, name text, v float8, note jsonb, tags text[], at timestamptz);
    CREATE INDEX ON item (name DESC); CREATE SEQUENCE s; CREATE TABLE plain (a bigint, b numeric);
    INSERT INTO item SELECT i, 'item ' || i, i / 4.0, '{"n": [1, "x"]}', ARRAY['a', i::text], '2024-01-01Z'
      FROM generate_series(1, 90) i`);
  for (let i = 0; i < 8; i++) await session.script(`UPDATE item SET v = v + 1, name = name || '€' WHERE id % 8 = ${i}`);
  const ended = { seq: engine.status().lastSeq + ENDED + 1, table: ENDED / 2 };
  for (let t = 0; t < ENDED; t++)
    await session.script(`CREATE TABLE ended_${t} AS SELECT i, 'row ' || i AS v FROM generate_series(1, ${t + 3}) i;
      DROP TABLE ended_${t}`);
  await engine.checkpoint();
  const checkpointed = engine.status().lastSeq;
  await session.script(`INSERT INTO plain VALUES (1, 1.5), (9007199254740993, NULL); DELETE FROM item WHERE id < 9;
    UPDATE plain SET b = nextval('s'); ALTER TABLE plain ADD COLUMN c text DEFAULT 'c'`);
  const files = filesOf(storage);
  const states: string[] = [];
  for (let seq = 0; seq <= engine.status().lastSeq; seq++) states.push(await stateAt(engine, seq, ended));
  const exported = await collected(() => new LocalConnection(engine).backup({}));
  await engine.close();
  return { files, exported, checkpointed, states, ended };
}

function filesOf(storage: MemoryStorage): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of storage.list()) {
    const file = storage.open(name);
    files.set(name, file.read(0, file.size()) as Uint8Array);
  }
  return files;
}

type Engine = Awaited<ReturnType<typeof openEngine>>;

async function stateAt(engine: Engine, seq: number, ended: Subject['ended']): Promise<string> {
  if (seq < 4) return '';
  const session = engine.session();
  const parts: unknown[] = [];
  const ofEnded = `SELECT i, v FROM ended_${ended.table} FOR SYSTEM_TIME AS OF SEQ $1 ORDER BY i`;
  for (const query of seq === ended.seq ? [...QUERIES, ofEnded] : QUERIES)
    parts.push(textRows(await session.execute(query, [seq], { text: true })));
  await session.close();
  return JSON.stringify(parts);
}

export type Outcome = 'right' | 'refused' | 'shorter';

/** Opens changed files and reads some of the states. `isHostile`: the checksums hold, so that other content is no mistake. */
export async function readFiles(it: Subject, name: string, bytes: Uint8Array, isHostile: boolean): Promise<Outcome> {
  const storage = new MemoryStorage();
  for (const [file, own] of it.files) void storage.open(file).write(0, file === name ? bytes : own);
  try {
    const engine = await openEngine({ storage, host: testHost(9), ...SMALL });
    const { lastSeq } = engine.status();
    if (isHostile) {
      for (const seq of [lastSeq, it.checkpointed, it.ended.seq]) await stateAt(engine, seq, it.ended);
      const session = engine.session();
      await session.execute('CHECK DATABASE');
      return 'right';
    }
    if (lastSeq < it.checkpointed || lastSeq >= it.states.length) throw new Error(`${lastSeq} commits are there`);
    for (const seq of [lastSeq, it.checkpointed, 5, it.ended.seq])
      if ((await stateAt(engine, seq, it.ended)) !== it.states[seq]) throw new Error(`a wrong answer AS OF ${seq}`);
    if (lastSeq === it.states.length - 1) return 'right';
    if (!name.startsWith('log-')) throw new Error(`${lastSeq} commits are there after a change of ${name}`);
    return 'shorter';
  } catch (error) {
    return refused(error, isHostile);
  }
}

/** What a damaged or hostile file may be answered with. */
export function refused(error: unknown, isHostile: boolean): 'refused' {
  if (!(error instanceof DriftError)) throw error;
  // Where the checksums hold, definitions may say anything that a statement may say, and structures contradict each other.
  if (!CODES.has(error.code) && !isHostile) throw error;
  if (
    error.code === 'XX001' &&
    !/(offset|slot|version|missing|body|found|damaged|instead|transaction|corrupted|log|catalog)/.test(error.message)
  )
    throw new Error(`an error that does not say what is damaged: ${error.message}`, { cause: error });
  return 'refused';
}
