/**
 * The oracle: what a database may say after a fault. It compares every state AS OF its sequence number, each by scan and by
 * index, the versions of rows, what changed between two moments, tags, and the transactions with the model; and it asks
 * the database to check itself.
 *
 * Where the medium was damaged an answer may be refused, but only by an error that names the file and what is wrong with
 * it. A wrong answer never passes.
 */
import type { EngineApi, SessionApi } from '../../src/database/api.ts';
import { isKept, type Kept } from '../../src/table/kept.ts';
import { textRows } from '../database/helper.ts';
import { same } from './compare.ts';
import { type Limit, type Limits, WHOLE } from './limits.ts';
import { compareHistory } from './oracle-history.ts';
import { names, type Row, type Table, type World } from './world.ts';

/** Codes that a failing medium may be answered with. */
const REFUSALS: ReadonlySet<string> = new Set(['XX001', '58030', '53100']);

export interface Findings {
  /** Last sequence number. */
  readonly last: number;
  states: number;
  refused: number;
}

export interface OracleOptions {
  /** Compares every n-th state only. */
  readonly stride: number;
  /** Whether the medium may have been damaged, so that refusing is an answer. */
  readonly mayRefuse: boolean;
  /** What may have gone of the history of tables, by their ids. */
  readonly limits: Limits;
}

/** True for an error that says which file failed, and how; throws any other. */
export function isRefusal(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code === undefined || !REFUSALS.has(code)) throw error;
  if (!/(MANIFEST|KEYS|log-\d+|pack-\d+|files of a database)/.test(message ?? ''))
    throw new Error(`an error that names no file: ${String(message)}`, { cause: error });
  if (code === 'XX001' && !/(offset|slot|version|missing|body|found|instead)/.test(message ?? ''))
    throw new Error(`an error that does not say where: ${String(message)}`, { cause: error });
  return true;
}

export class Oracle {
  readonly #session: SessionApi;
  readonly #worlds: readonly World[];
  readonly #options: OracleOptions;
  readonly findings: Findings;
  /** What tables that are there now say that they keep. */
  readonly #kept = new Map<number, Kept>();

  constructor(engine: EngineApi, worlds: readonly World[], options: OracleOptions) {
    this.#session = engine.session();
    this.#worlds = worlds;
    this.#options = options;
    this.findings = { last: engine.status().lastSeq, states: 0, refused: 0 };
  }

  /** Compares everything; throws what differs. */
  async compare(): Promise<Findings> {
    const { last } = this.findings;
    await this.#attempt(() => this.#limits());
    for (let seq = last; seq > 0; seq -= this.#options.stride) await this.#attempt(() => this.#state(seq));
    await this.#attempt(() => this.#transactions());
    const history = {
      worlds: this.#worlds,
      last,
      limitOf: (id: number) => this.#limitOf(id),
      keptOf: (id: number) => this.#keptOf(id),
    };
    await this.#attempt(() => compareHistory((sql) => this.#rows(sql), history));
    await this.#attempt(() => this.#check());
    await this.#session.close();
    return this.findings;
  }

  /** One state at `seq` and the present: what an opened database still answers after a fault. */
  async glance(): Promise<void> {
    await this.#attempt(() => this.#limits());
    await this.#attempt(() => this.#state(this.findings.last));
    await this.#session.close();
  }

  async #attempt(compare: () => Promise<void>): Promise<void> {
    try {
      await compare();
    } catch (error) {
      if (!this.#options.mayRefuse || !isRefusal(error)) throw error;
      this.findings.refused++;
    }
  }

  #world(seq: number): World {
    const world = this.#worlds[seq];
    if (world === undefined) throw new Error(`the database has a commit ${seq}, the model has none`);
    return world;
  }

  async #rows(sql: string, seq: number | null = null): Promise<(string | null)[][]> {
    const moment = seq === null ? {} : { asOf: { kind: 'seq' as const, seq } };
    return textRows(await this.#session.execute(sql, [], { text: true, ...moment }));
  }

  /** What each table keeps must be what the model says that it may. */
  async #limits(): Promise<void> {
    const world = this.#world(this.findings.last);
    for (const [name, from, before] of await this.#rows(
      'SELECT table_name, history_from, kept_before FROM drift.retention',
    )) {
      const table = world.tables.get(name as string);
      if (table === undefined) throw new Error(`drift.retention has a table ${name}`);
      const { must, may } = this.#options.limits.get(table.id) ?? WHOLE;
      const spans = [...(before ?? '').matchAll(/\[(\d+),(\d+)\)/g)];
      const keptBefore = spans.map(([, start, end]) => ({ start: Number(start), end: Number(end) }));
      const kept = { historyFrom: Number(from), keptBefore };
      for (let seq = 0; seq <= Math.max(this.findings.last, kept.historyFrom); seq++)
        if (isKept(kept, seq) ? must.has(seq) : !may.has(seq))
          throw new Error(`${name} at ${seq} is ${isKept(kept, seq) ? 'kept' : 'gone'}: ${from} ${before}`);
      this.#kept.set(table.id, kept);
    }
  }

  #limitOf(id: number): Limit {
    return this.#options.limits.get(id) ?? WHOLE;
  }

  /** Null where it is not known, or the background may take more while this looks. */
  #keptOf(id: number): Kept | null {
    const isMoving = [...this.#world(this.findings.last).tables.values()].some(
      (table) => table.id === id && table.retention !== 'forever',
    );
    return isMoving ? null : (this.#kept.get(id) ?? null);
  }

  async #state(seq: number): Promise<void> {
    const world = this.#world(seq);
    for (const [name, table] of world.tables) {
      const { must, may } = this.#limitOf(table.id);
      const kept = this.#keptOf(table.id);
      try {
        const query = `SELECT ${names(table).join(', ')} FROM ${name}`;
        same(`${name} AS OF ${seq}`, await this.#rows(query, seq), table.rows.values());
        await this.#byIndex(name, table, seq);
      } catch (error) {
        // What retention has taken is an error, never another state.
        if ((error as { code?: string }).code !== '72000' || !may.has(seq) || (kept !== null && isKept(kept, seq)))
          throw error;
        continue;
      }
      if (must.has(seq) || (kept !== null && !isKept(kept, seq)))
        throw new Error(`${name} AS OF ${seq} is readable, and should be gone`);
    }
    for (const missing of ['a', 'b', 'c', 'p'].filter((name) => !world.tables.has(name))) {
      const code = await this.#rows(`SELECT 1 FROM ${missing}`, seq).then(
        () => 'there',
        (error: unknown) => (error as { code?: string }).code,
      );
      if (code !== '42P01' && !(this.#options.mayRefuse && REFUSALS.has(String(code))))
        throw new Error(`table ${missing} AS OF ${seq}: expected 42P01, found ${String(code)}`);
    }
    this.findings.states++;
  }

  async #byIndex(name: string, table: Table, seq: number): Promise<void> {
    if (table.rows.size === 0) return;
    const row = [...table.rows.values()][seq % table.rows.size] as Row;
    const found = await this.#rows(`SELECT id, n FROM ${name} WHERE id = ${row[0] as string}`, seq);
    const ofKey = [...table.rows.values()].filter(([id]) => id === row[0]);
    same(
      `${name} by key AS OF ${seq}`,
      found,
      ofKey.map(([id, , n]): Row => [id as string, n as string | null]),
    );
    if (table.indexes.length === 0 || row[1] === null) return;
    const wanted = [...table.rows.values()].filter(([, v]) => v === row[1]).map(([id]) => [id as string]);
    same(
      `${name} by index AS OF ${seq}`,
      await this.#rows(`SELECT id FROM ${name} WHERE v = '${row[1] as string}'`, seq),
      wanted,
    );
  }

  async #transactions(): Promise<void> {
    const rows = await this.#rows('SELECT seq FROM drift.transactions');
    same(
      'drift.transactions',
      rows,
      Array.from({ length: this.findings.last }, (_, i) => [String(i + 1)]),
    );
    const { tags } = this.#world(this.findings.last);
    same(
      'drift.tags',
      await this.#rows('SELECT name, seq FROM drift.tags'),
      [...tags].map(([name, seq]) => [name, String(seq)]),
    );
  }

  async #check(): Promise<void> {
    // A slot that a crash has torn is told of until the next checkpoint writes it, and what that has not removed as well.
    const isLeft = ([object, , , , problem]: (string | null)[]): boolean =>
      problem === 'nothing needs this file' || (object === 'MANIFEST' && problem?.startsWith('slot') === true);
    const problems = (await this.#rows('CHECK DATABASE')).filter((row) => row[4] !== null && !isLeft(row));
    if (problems.length === 0) return;
    if (!this.#options.mayRefuse) throw new Error(`CHECK DATABASE: ${JSON.stringify(problems)}`);
    this.findings.refused++;
  }
}
