/**
 * The state of the whole console and the only place that talks to the database on its behalf.
 *
 * The moment is one number: the sequence number that everything shown is read at, or null for now. Setting it returns
 * at once; a refresh loop runs behind it (schema, row counts, the shown result, the open panel) that is never entered
 * twice: when the moment has moved on meanwhile it runs again with the newest, so that the latest wins and a drag
 * over thousands of commits asks the engine only as often as it can answer.
 */
import type { Branch, Commits, Merge, TableInfo, Tag } from '../catalog.ts';
import {
  countRows,
  NO_COMMITS,
  quote,
  readBranches,
  readCommits,
  readMerges,
  readTables,
  readTags,
  rowHistoryQuery,
} from '../catalog.ts';
import type { DataSet, Example } from '../data/step.ts';
import { replay } from '../data/step.ts';
import type { Database, Progress, QueryError, Reader, TextResult } from '../database.ts';
import { errorText, isDamage, openingText, queryText, toQueryError } from '../database.ts';
import { openDatabase } from '../open-database.ts';
import { isQuery, mentionedTables, splitStatements } from '../sql/statements.ts';
import type { Comparison } from './compare.ts';
import { compareResults } from './compare.ts';
import type { PastStatement } from './history.ts';
import { readHistory, remember } from './history.ts';
import { LineDatabase } from './line-database.ts';
import { commitsOf, currentOf, MAIN } from './lines.ts';
import { indexOfSeq } from './moments.ts';
import type { Damaged, Loading, Outcome, Panel, RowHistory } from './shown.ts';
import { keepPlace, readPlace } from './place.ts';
import { StatementRunner } from './run-statement.ts';
import type { Trend } from './trend.ts';
import { sampleTrend } from './trend.ts';

/** A refresh that has taken this long is given up when the moment moves on: its answer is no longer asked for. */
const PATIENCE_MS = 500;
const CANCELED = '57014';

export class ConsoleState extends EventTarget {
  dataSet: DataSet | undefined;
  loading: Loading | undefined;
  /** An error that is not a statement's: opening, loading, importing. */
  failure: string | undefined;
  /** The database that did not open because it is damaged: it may be repaired. */
  damaged: Damaged | undefined;
  /** Of the open database, where it is encrypted. */
  passphrase: string | undefined;
  /** The commits of the line that is shown; `everyCommit` has those of all lines. */
  commits: Commits = NO_COMMITS;
  everyCommit: Commits = NO_COMMITS;
  branches: readonly Branch[] = [];
  /** Into the line that is shown. */
  merges: readonly Merge[] = [];
  /** The branch that the session is on. */
  branch: string = MAIN;
  tags: readonly Tag[] = [];
  /** Sequence number that everything is read at; null is now. */
  moment: number | null = null;
  tables: readonly TableInfo[] = [];
  /** The statement that is shown, and what it gave. */
  outcome: Outcome | undefined;
  busy = false;
  /** When the statement began that a person waits for, and how far it is as far as is known. */
  runningSince: number | undefined;
  progress: Progress | undefined;
  panel: Panel = 'result';
  comparison: Comparison | QueryError | undefined;
  trend: Trend | QueryError | undefined;
  plan: unknown;
  rowHistory: RowHistory | QueryError | undefined;
  history: readonly PastStatement[] = [];
  durability = '';
  #database: LineDatabase | undefined;
  readonly #runner = new StatementRunner();
  #running: AbortController | undefined;
  #refreshing = false;
  #refresher: AbortController | undefined;
  #refreshBegan = 0;
  #refreshedFor: string | undefined;

  /** Opens a database, loading what is missing of its data set. */
  async open(dataSet: DataSet, file?: Uint8Array, passphrase?: string): Promise<void> {
    const [previous, opened] = [this.dataSet, this.passphrase];
    this.failure = this.damaged = undefined;
    this.loading = { title: dataSet.title, done: 0, total: 0, message: 'Opening' };
    this.#changed();
    try {
      await this.#database?.close();
      this.#database = undefined;
      const database = new LineDatabase(await openDatabase(dataSet.name, file, passphrase));
      this.#database = database;
      this.passphrase = passphrase;
      // Set before loading: a reload in the middle of it goes on with it.
      localStorage.setItem('drift.database', dataSet.name);
      const { durability, lastSeq } = await database.status();
      this.durability = durability;
      // The browser may have cleared one store and kept the other: an empty database is loaded again.
      const loaded = localStorage.getItem(`drift.loaded.${dataSet.name}`) !== null && lastSeq > 0;
      if (file === undefined && !loaded) await this.#load(dataSet, database);
      localStorage.setItem(`drift.loaded.${dataSet.name}`, 'yes');
      this.#reset(dataSet);
      await this.#goToKeptBranch(database, dataSet);
      await this.#readCommits();
    } catch (error) {
      if (previous !== undefined && previous !== dataSet) await this.open(previous, undefined, opened);
      this.failure = openingText(error);
      if (isDamage(error)) this.damaged = { dataSet, passphrase };
    }
    this.loading = undefined;
    this.#changed();
    await this.#refresh();
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
    this.dataSet = this.passphrase = undefined;
    this.failure = this.damaged = undefined;
    document.documentElement.dataset['moment'] = 'now';
    localStorage.removeItem('drift.database');
    this.#changed();
  }

  get database(): Database | undefined {
    return this.#database;
  }

  /** What queries read from: the present, or a read-only view of the chosen moment. */
  get reader(): Reader | undefined {
    return this.moment === null ? this.#database : this.#database?.asOf({ seq: this.moment });
  }

  /** Index in `commits` of the shown moment; the last commit when it is now. */
  get commitIndex(): number {
    return this.moment === null ? this.commits.seq.length - 1 : indexOfSeq(this.commits, this.moment);
  }

  /** Moves the whole console to the commit with this index; the last one is now. */
  travel(index: number): void {
    const last = this.commits.seq.length - 1;
    const moment = index >= last ? null : (this.commits.seq[Math.max(0, index)] ?? null);
    if (moment === this.moment) return;
    this.moment = moment;
    if (this.dataSet !== undefined) keepPlace(this.dataSet.name, { moment });
    document.documentElement.dataset['moment'] = moment === null ? 'now' : 'past';
    this.#giveUp();
    this.#changed();
    void this.#refresh();
  }

  show(panel: Panel): void {
    this.panel = panel;
    this.#refreshedFor = undefined;
    this.#changed();
    void this.#refresh();
  }

  /** Runs the statements of `text` one after another; the last one that gave rows, or the error, is shown. */
  async run(text: string, offset = 0): Promise<void> {
    const statements = splitStatements(text);
    if (statements.length === 0 || this.#database === undefined || this.busy) return;
    this.#giveUp();
    this.busy = true;
    this.failure = undefined;
    this.#changed();
    let shown: Outcome | undefined;
    this.#running = new AbortController();
    for (const statement of statements) {
      this.runningSince = performance.now();
      this.#changed();
      const outcome = await this.#execute(statement.text, offset + statement.from);
      this.runningSince = this.progress = undefined;
      if (outcome.error !== undefined || outcome.result?.fields.length || (shown?.result?.fields.length ?? 0) === 0)
        shown = outcome;
      if (outcome.error !== undefined) break;
    }
    if (this.dataSet !== undefined) this.history = remember(this.dataSet.name, text.trim());
    this.busy = false;
    this.#running = undefined;
    this.outcome = shown;
    const leaves = (this.panel === 'diff' || this.panel === 'kept') && shown !== undefined && isQuery(shown.sql);
    if (leaves || this.panel === 'history' || this.panel === 'row' || this.panel === 'commits') this.panel = 'result';
    this.#changed();
    await this.committed();
  }

  /** True between a BEGIN typed by hand and its end: what is shown includes what is not committed. */
  get inTransaction(): boolean {
    return this.#runner.open;
  }

  /** Ends the running statement; it fails with 57014. */
  stop(): void {
    this.#running?.abort();
  }

  async example(example: Example): Promise<void> {
    this.panel = example.panel ?? 'result';
    // At now there is nothing to compare: half of the way back there is.
    if (example.panel === 'compare' && this.moment === null) this.travel(this.commits.seq.length >> 1);
    await this.run(example.sql);
  }

  /** Shows every version of a row of the result, if the result's rows are rows of one table with a key. */
  async openRow(row: readonly (string | null)[]): Promise<void> {
    const table = this.rowTable();
    const result = this.outcome?.result;
    if (table === undefined || result === undefined || this.#database === undefined) return;
    const key = table.key.map((name) => row[result.fields.findIndex((field) => field.name === name)] ?? null);
    try {
      const current = (await readTables(this.#database)).find((candidate) => candidate.name === table.name);
      // A dropped table is read under the catalogue of the chosen moment.
      const reader = current === undefined ? this.reader : this.#database;
      if (reader === undefined) return;
      const versions = await queryText(reader, rowHistoryQuery(current ?? table), [...key]);
      this.rowHistory = { table: current ?? table, key, versions };
    } catch (error) {
      this.rowHistory = toQueryError(error);
    }
    this.panel = 'row';
    this.#changed();
  }

  /** The table whose key is among the result's columns, undefined where rows of the result are no rows of a table. */
  rowTable(): TableInfo | undefined {
    const { sql, result } = this.outcome ?? {};
    if (sql === undefined || result === undefined || /\bgroup\s+by\b|\bunion\b/i.test(sql)) return undefined;
    const names = new Set(result.fields.map((field) => field.name));
    const mentioned = mentionedTables(sql);
    return this.tables.find(
      (table) =>
        mentioned.includes(table.name) && table.key.length > 0 && table.key.every((column) => names.has(column)),
    );
  }

  /** Names the shown moment; that is a commit of its own, at now. */
  async tag(name: string): Promise<void> {
    const seq = this.commits.seq[this.commitIndex];
    if (this.#database === undefined || seq === undefined) return;
    try {
      const options = { author: 'you', message: `Tag ${name}` };
      await this.#database.transaction(
        (transaction) => transaction.query(`CREATE TAG ${quote(name)} AS OF SEQ ${seq}`),
        options,
      );
      await this.committed();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Tells the console that something else (an import) has committed. */
  async committed(): Promise<void> {
    this.#refreshedFor = undefined;
    try {
      await this.#readCommits();
    } catch (error) {
      this.#refused(error);
    }
    this.#changed();
    await this.#refresh();
  }

  fail(error: unknown): void {
    this.failure = error === undefined ? undefined : errorText(error);
    this.#changed();
  }

  async #load(dataSet: DataSet, database: Database): Promise<void> {
    const steps = await dataSet.steps();
    let shownAt = 0;
    await replay(database, steps, (done, total, step) => {
      if (performance.now() - shownAt < 40) return;
      shownAt = performance.now();
      this.loading = { title: dataSet.title, done, total, message: step.message, at: step.at };
      this.#changed();
    });
  }

  #reset(dataSet: DataSet): void {
    this.dataSet = dataSet;
    this.commits = this.everyCommit = NO_COMMITS;
    this.branches = this.merges = [];
    this.branch = MAIN;
    this.tags = [];
    this.moment = null;
    this.tables = [];
    this.outcome = undefined;
    this.comparison = this.trend = this.plan = this.rowHistory = undefined;
    this.panel = 'result';
    this.#refreshedFor = undefined;
    this.#runner.reset();
    this.history = readHistory(dataSet.name);
    document.documentElement.dataset['moment'] = 'now';
  }

  async #execute(sql: string, offset: number): Promise<Outcome> {
    const started = performance.now();
    const readAt = this.#readAt();
    let result: TextResult | undefined;
    let error: QueryError | undefined;
    try {
      const [database, reader] = [this.#database, this.reader];
      const { signal } = this.#running ?? this.#refresher ?? new AbortController();
      if (database !== undefined && reader !== undefined)
        result = await this.#runner.run(database, reader, sql, signal, (progress) => {
          this.progress = progress;
        });
    } catch (caught) {
      error = toQueryError(caught);
      if (error.code === '25006' && this.moment !== null)
        error = { ...error, hint: error.hint || 'The past is read-only. Go back to now to write.' };
    }
    return { sql, offset, result, error, ms: performance.now() - started, readAt };
  }

  async #readCommits(): Promise<void> {
    if (this.#database === undefined) return;
    const [known, line] = [this.everyCommit, this.branch];
    this.everyCommit = await readCommits(this.#database, known);
    this.branches = await readBranches(this.#database);
    this.branch = this.#database.current = currentOf(this.branches);
    if (this.everyCommit === known && this.branch === line) return;
    this.commits = commitsOf(this.everyCommit, this.branches, this.branch);
    this.tags = await readTags(this.#database);
    this.merges = this.branches.length < 2 ? [] : await readMerges(this.#database);
    if (this.branch === line || this.dataSet === undefined) return;
    keepPlace(this.dataSet.name, { branch: this.branch });
    // What was shown of the other line may not be there.
    if (this.moment !== null && !this.commits.seq.includes(this.moment)) this.travel(Infinity);
  }

  /** A session begins on main: goes on where the person was, if that is still there. */
  async #goToKeptBranch(database: Database, { name }: DataSet): Promise<void> {
    const { branch = MAIN } = readPlace(name);
    if (branch === MAIN) return;
    const branches = await readBranches(database);
    if (branches.some((other) => other.name === branch)) await queryText(database, `USE BRANCH ${quote(branch)}`);
  }

  /** Brings everything shown to the moment; see the head of this file. */
  async #refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      for (
        let state = this.#wanted();
        state !== this.#refreshedFor && this.#database !== undefined;
        state = this.#wanted()
      ) {
        this.#refreshedFor = state;
        this.#refresher = new AbortController();
        this.#refreshBegan = performance.now();
        await this.#refreshOnce(this.#refresher.signal);
        this.#changed();
      }
    } catch (error) {
      this.#refused(error);
      this.#changed();
    } finally {
      this.#refreshing = false;
      this.#refresher = undefined;
    }
  }

  /** A question of the console's own failed. In a transaction that failed it has to, until the person ends it. */
  #refused(error: unknown): void {
    if (toQueryError(error).code !== '25P02') this.failure = errorText(error);
  }

  #giveUp(): void {
    if (performance.now() - this.#refreshBegan > PATIENCE_MS) this.#refresher?.abort();
  }

  #readAt(): string {
    return `${this.branch}|${this.moment}|${this.commits.seq.length}`;
  }

  #wanted(): string {
    return `${this.dataSet?.name}|${this.panel}|${this.#readAt()}|${this.outcome?.sql}`;
  }

  async #refreshOnce(signal: AbortSignal): Promise<void> {
    const reader = this.reader;
    if (reader === undefined) return;
    const outcome = this.outcome;
    // What a person ended is not begun again.
    const isWanted = outcome !== undefined && outcome.error?.code !== CANCELED && isQuery(outcome.sql);
    if (isWanted && outcome.readAt !== this.#readAt()) {
      const fresh = await this.#execute(outcome.sql, outcome.offset);
      if (signal.aborted) return;
      if (this.outcome === outcome) this.outcome = fresh;
      this.#changed();
    }
    this.tables = await countRows(reader, await readTables(reader));
    await this.#refreshPanel(reader);
  }

  async #refreshPanel(reader: Reader): Promise<void> {
    const { outcome, panel } = this;
    if (outcome === undefined || !isQuery(outcome.sql)) {
      this.comparison = this.trend = this.plan = undefined;
      return;
    }
    try {
      if (panel === 'compare') await this.#compare(outcome);
      if (panel === 'plan') {
        const { rows } = await queryText(reader, `EXPLAIN (ANALYZE, FORMAT JSON) ${outcome.sql}`);
        this.plan = JSON.parse(rows.map((row) => row[0]).join('\n'));
      }
      // The trend spans all moments, so moving along the time line does not change it.
      if (panel === 'trend' && this.#trendOf !== this.#trendKey(outcome)) await this.#sample(outcome);
    } catch (error) {
      const shown = toQueryError(error);
      if (panel === 'compare') this.comparison = shown;
      if (panel === 'plan') this.plan = shown;
      if (panel === 'trend') this.trend = shown;
    }
  }

  async #compare(outcome: Outcome): Promise<void> {
    if (this.#database === undefined || outcome.result === undefined) return;
    const now = await queryText(this.#database, outcome.sql);
    this.comparison = compareResults(outcome.result, now, this.rowTable()?.key ?? []);
  }

  #trendOf = '';

  #trendKey(outcome: Outcome): string {
    return `${this.dataSet?.name}|${this.branch}|${this.commits.seq.length}|${outcome.sql}`;
  }

  /** Draws the statement's course while it is read. */
  async #sample(outcome: Outcome): Promise<void> {
    if (this.#database === undefined) return;
    const key = this.#trendKey(outcome);
    for await (const trend of sampleTrend(this.#database, this.commits, outcome.sql)) {
      if (this.outcome?.sql !== outcome.sql || this.panel !== 'trend') return;
      this.trend = trend;
      this.#changed();
    }
    this.#trendOf = key;
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
