/**
 * The oracle: what a database may say after a fault. It compares every state AS OF its sequence number, each by scan and by
 * index, the versions of rows, what changed between two moments, tags, and the transactions with the model; and it asks
 * the database to check itself.
 *
 * Where the medium was damaged an answer may be refused, but only by an error that names the file and what is wrong with
 * it. A wrong answer never passes.
 */
import type { EngineApi, SessionApi } from '../../src/database/api.ts';
import { textRows } from '../database/helper.ts';
import { sortedRows, type Table, versionsOf, type World } from './world.ts';

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
}

/** True for an error that says which file failed, and how; throws any other. */
export function isRefusal(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code === undefined || !REFUSALS.has(code)) throw error;
  if (!/(MANIFEST|log-\d+|pack-\d+|files of a database)/.test(message ?? ''))
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

  constructor(engine: EngineApi, worlds: readonly World[], options: OracleOptions) {
    this.#session = engine.session();
    this.#worlds = worlds;
    this.#options = options;
    this.findings = { last: engine.status().lastSeq, states: 0, refused: 0 };
  }

  /** Compares everything; throws what differs. */
  async compare(): Promise<Findings> {
    const { last } = this.findings;
    for (let seq = last; seq > 0; seq -= this.#options.stride) await this.#attempt(() => this.#state(seq));
    await this.#attempt(() => this.#transactions());
    for (const [name, table] of this.#world(last).tables) await this.#attempt(() => this.#versions(name, table));
    await this.#attempt(() => this.#diff());
    await this.#attempt(() => this.#check());
    await this.#session.close();
    return this.findings;
  }

  /** One state at `seq` and the present: what an opened database still answers after a fault. */
  async glance(): Promise<void> {
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

  async #state(seq: number): Promise<void> {
    const world = this.#world(seq);
    for (const [name, table] of world.tables) {
      const { columns } = table;
      same(
        `${name} AS OF ${seq}`,
        await this.#rows(`SELECT ${columns.join(', ')} FROM ${name}`, seq),
        table.rows.values(),
      );
      await this.#byIndex(name, table, seq);
    }
    for (const missing of ['a', 'b', 'c'].filter((name) => !world.tables.has(name))) {
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
    const [key, row] = [...table.rows][seq % table.rows.size] as [number, readonly (string | null)[]];
    const found = await this.#rows(`SELECT id, n FROM ${name} WHERE id = ${key}`, seq);
    same(`${name} by key AS OF ${seq}`, found, [[row[0] as string, row[2] as string | null]]);
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

  async #versions(name: string, { id }: Table): Promise<void> {
    const rows = await this.#rows(`SELECT id, v, n, _seq_from, _seq_to FROM ${name} FOR SYSTEM_TIME ALL`);
    const found = rows
      .map((row) => `${JSON.stringify(row.slice(0, 3))} ${row[3] ?? 'null'} ${row[4] ?? 'null'}`)
      .sort();
    const wanted = versionsOf(this.#worlds, this.findings.last, id, ['id', 'v', 'n']);
    if (found.join('\n') !== wanted.join('\n'))
      throw new Error(`versions of ${name}: ${firstDifference(found, wanted)}`);
  }

  /** What was added and removed between two moments, for a table that was there at both. */
  async #diff(): Promise<void> {
    const { last } = this.findings;
    const middle = last >> 1;
    const [before, after] = [this.#world(middle), this.#world(last)];
    for (const [name, now] of after.tables) {
      const old = before.tables.get(name);
      if (old?.id !== now.id || old.columns.length !== 3) continue;
      const minus = (a: Table, b: Table): (string | null)[][] => {
        const there = new Set([...b.rows.values()].map((row) => JSON.stringify(row.slice(0, 3))));
        return [...a.rows.values()].map((row) => row.slice(0, 3)).filter((row) => !there.has(JSON.stringify(row)));
      };
      const at = (seq: number): string => `SELECT id, v, n FROM ${name} FOR SYSTEM_TIME AS OF SEQ ${seq}`;
      same(`${name} from ${middle} to ${last}`, await this.#rows(`${at(last)} EXCEPT ${at(middle)}`), minus(now, old));
      same(`${name} from ${last} to ${middle}`, await this.#rows(`${at(middle)} EXCEPT ${at(last)}`), minus(old, now));
    }
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

function same(
  what: string,
  found: readonly (readonly (string | null)[])[],
  wanted: Iterable<readonly (string | null)[]>,
): void {
  const [a, b] = [sortedRows(found), sortedRows(wanted)];
  if (a.length !== b.length || a.some((row, i) => row !== b[i])) throw new Error(`${what}: ${firstDifference(a, b)}`);
}

function firstDifference(found: readonly string[], wanted: readonly string[]): string {
  const surplus = found.filter((row) => !wanted.includes(row)).map(short);
  const missing = wanted.filter((row) => !found.includes(row)).map(short);
  return `found ${found.length} rows, expected ${wanted.length}; too many: ${surplus.slice(0, 3).join(' ')}; missing: ${missing.slice(0, 3).join(' ')}`;
}

function short(row: string): string {
  return row.length > 100 ? `${row.slice(0, 60)}…${row.slice(-30)}` : row;
}
