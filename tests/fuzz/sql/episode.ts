/**
 * An episode: a schema with rows, then cases on it, each one statement that both databases answer, or a property that
 * DriftDB's answers must have among themselves. At its end every recorded answer is asked for again at its sequence
 * number, from leaves that were split, sealed and written to packs since.
 */
import { change, definition } from './change.ts';
import { Choices } from './choices.ts';
import { compare, type Expectation } from './compare.ts';
import { Drift, type Outcome, type Reference } from './engines.ts';
import { expression, mistyped } from './expression.ts';
import { paths, type PropertyFailure } from './paths.ts';
import { MOMENT } from './probes.ts';
import { property } from './properties.ts';
import { makeQuery, makeWorld } from './query.ts';
import type { Relation } from './relation.ts';
import { makeSchema, type Table } from './schema.ts';
import type { Scope } from './scope.ts';
import type { Property } from './sides.ts';
import { anyType } from './types.ts';
import { versionDifference } from './versions.ts';

export interface Failure {
  readonly seed: number;
  readonly what: string;
  /** Statements before the one that differs, which is the last; with a MOMENT where the past was asked for. */
  readonly script: readonly string[];
  readonly expected: Expectation;
  /** What does not hold, in place of the last statement. */
  readonly property?: Property | undefined;
  readonly check: 'reference' | 'property' | 'past';
}

export interface Tally {
  cases: number;
  errors: number;
  undetermined: number;
  past: number;
  properties: number;
  failures: Failure[];
  /** Hears of each statement before it runs: the last one heard of is the one that hangs. */
  trace?: ((sql: string) => void) | undefined;
}

export const newTally = (): Tally => ({ cases: 0, errors: 0, undetermined: 0, past: 0, properties: 0, failures: [] });

interface Recorded {
  readonly sql: string;
  readonly seq: number;
  readonly outcome: Outcome;
  readonly expected: Expectation;
  /** Statements of the script before it. */
  readonly at: number;
}

const CASES = 60;
/** What a table holds, about: queries are made no greater than both databases answer in time. */
const TABLE_ROWS = 40;
const STATEMENT: Expectation = { sorted: false, loose: false, strict: true };
const CONSTANT: Scope = { columns: [], tables: [], subquery: undefined, risky: true };

export class Episode {
  readonly #seed: number;
  readonly #c: Choices;
  readonly #reference: Reference;
  readonly #tally: Tally;
  readonly #script: string[] = [];
  /** Sequence numbers after its statements. */
  readonly #seqs: number[] = [];
  readonly #recorded: Recorded[] = [];
  #tables: Table[] = [];
  #nextId = 1000;

  constructor(seed: number, reference: Reference, tally: Tally) {
    this.#seed = seed;
    this.#c = new Choices(seed);
    this.#reference = reference;
    this.#tally = tally;
  }

  async run(): Promise<void> {
    const drift = await Drift.open();
    await this.#reference.reset();
    const { tables, script } = makeSchema(this.#c, this.#c.between(2, 3));
    this.#tables = tables;
    let healthy = true;
    for (const sql of script) healthy = (await this.#both(drift, sql, STATEMENT, true)) && healthy;
    for (let i = 0; healthy && i < CASES; i++) healthy = await this.#case(drift);
    if (healthy) await this.#askAgain(drift);
    await drift.engine.close();
  }

  /** One case; false where the two databases hold different data from here on. */
  async #case(drift: Drift): Promise<boolean> {
    const c = this.#c;
    const kind = c.weighted([
      [30, 'query'],
      [10, 'constant'],
      [8, 'change'],
      [4, 'mistyped'],
      [4, 'property'],
      [2, 'definition'],
      [2, 'transaction'],
      [1, 'checkpoint'],
    ] as const);
    switch (kind) {
      case 'query': {
        const query = makeQuery(c, makeWorld(this.#relations()), c.between(0, 3), undefined);
        return this.#both(drift, query.sql, { sorted: query.sorted, loose: query.loose, strict: false }, false);
      }
      case 'constant':
        return this.#constant(drift, `SELECT ${expression(c, CONSTANT, anyType(c), c.between(1, 3))} AS x`);
      case 'mistyped': {
        const relation = c.pick(this.#relations());
        const columns = relation.columns.map(({ name, type }) => ({ text: `${relation.name}.${name}`, type }));
        const text = mistyped(c, { ...CONSTANT, columns }, anyType(c), 2);
        return this.#both(drift, `SELECT ${text} AS x FROM ${relation.name}`, { ...STATEMENT, strict: false }, false);
      }
      case 'change': {
        const { sql, table } = change(c, this.#tables, () => this.#nextId++);
        const same = await this.#both(drift, sql, { ...STATEMENT, strict: false }, true);
        return same && this.#sameTable(drift, table);
      }
      case 'definition': {
        const { sql, apply } = definition(c, this.#tables);
        const [outcome] = await this.#answers(drift, sql, STATEMENT, true);
        // A transaction may be rolled back, and the model with it: definitions only stand outside.
        if (outcome.kind === 'rows') apply();
        return this.#tally.failures.at(-1)?.seed !== this.#seed;
      }
      case 'transaction':
        return this.#transaction(drift);
      case 'property': {
        this.#tally.cases++;
        this.#tally.properties++;
        const failed = await (c.chance(0.6) ? property : paths)(c, drift, this.#relations());
        if (failed !== undefined) this.#failProperty(failed);
        return true;
      }
      default:
        if (!drift.inTransaction) await drift.engine.checkpoint();
        return true;
    }
  }

  /** Its error is determined where nothing in it may be left out, and all of it is computed at one time. */
  #constant(drift: Drift, sql: string): Promise<boolean> {
    const strict = !/CASE|coalesce|nullif|greatest|least|AND|OR|BETWEEN|IN \(|ANY|ALL|to_|make_|timestamptz/.test(sql);
    return this.#both(drift, sql, { ...STATEMENT, strict }, false);
  }

  #relations(): Relation[] {
    return this.#tables.map(({ name, columns }) => ({ name, columns, keyed: true, rows: TABLE_ROWS }));
  }

  async #transaction(drift: Drift): Promise<boolean> {
    let healthy = await this.#both(drift, 'BEGIN', STATEMENT, true);
    for (let i = this.#c.between(1, 6); healthy && i > 0; i--) {
      if (this.#c.chance(0.6)) {
        const { sql, table } = change(this.#c, this.#tables, () => this.#nextId++);
        healthy =
          (await this.#both(drift, sql, { ...STATEMENT, strict: false }, true)) &&
          (await this.#sameTable(drift, table));
      } else {
        const query = makeQuery(this.#c, makeWorld(this.#relations()), 1, undefined);
        healthy = await this.#both(
          drift,
          query.sql,
          { sorted: query.sorted, loose: query.loose, strict: false },
          false,
        );
      }
    }
    return (await this.#both(drift, this.#c.pick(['COMMIT', 'ROLLBACK']), STATEMENT, true)) && healthy;
  }

  async #sameTable(drift: Drift, table: Table): Promise<boolean> {
    return this.#both(drift, `SELECT * FROM ${table.name}`, STATEMENT, false);
  }

  async #both(drift: Drift, sql: string, expected: Expectation, changes: boolean): Promise<boolean> {
    const [, healthy] = await this.#answers(drift, sql, expected, changes);
    return healthy;
  }

  async #answers(drift: Drift, sql: string, expected: Expectation, changes: boolean): Promise<[Outcome, boolean]> {
    this.#tally.trace?.(sql);
    const found = await drift.run(sql);
    const wanted = await this.#reference.run(sql);
    this.#tally.cases++;
    if (found.kind === 'error') this.#tally.errors++;
    const verdict = compare(found, wanted, expected);
    const newer = verdict.kind === 'different' && versionDifference(sql, found, wanted) !== undefined;
    if (verdict.kind === 'undetermined' || newer) this.#tally.undetermined++;
    if (verdict.kind === 'different' && !newer) this.#fail(verdict.what, sql, expected, 'reference');
    if (changes) {
      this.#script.push(sql);
      this.#seqs.push(drift.lastSeq);
    } else if (found.kind === 'rows' && !drift.inTransaction)
      this.#recorded.push({ sql, seq: drift.lastSeq, outcome: found, expected, at: this.#script.length });
    // After a statement that changed one database only, every case would fail.
    const apart = changes && (found.kind !== wanted.kind || verdict.kind === 'different');
    // A query that fails inside a transaction on one side only leaves the two in different states too.
    const torn = drift.inTransaction && found.kind !== wanted.kind;
    return [found, !apart && !torn];
  }

  async #askAgain(drift: Drift): Promise<void> {
    await drift.engine.checkpoint();
    for (const { sql, seq, outcome, expected, at } of this.#recorded) {
      this.#tally.past++;
      const again = await drift.run(sql, { kind: 'seq', seq });
      const verdict = compare(again, outcome, expected);
      if (verdict.kind === 'different') this.#fail(`AS OF ${seq}: ${verdict.what}`, sql, expected, 'past', at);
    }
  }

  #fail(what: string, sql: string, expected: Expectation, check: Failure['check'], at?: number): void {
    const before = at === undefined ? this.#script : this.#script.toSpliced(at, 0, MOMENT);
    this.#tally.failures.push({ seed: this.#seed, what, script: [...before, sql], expected, check });
  }

  #failProperty({ what, property, past, expected }: PropertyFailure): void {
    // The state at a sequence number is that after the last statement that had not gone beyond it.
    const later = past === undefined ? -1 : this.#seqs.findIndex((seq) => seq > past);
    const at = past === undefined ? undefined : later < 0 ? this.#script.length : later;
    const before = at === undefined ? this.#script : this.#script.toSpliced(at, 0, MOMENT);
    const script = [...before, property.sql];
    this.#tally.failures.push({ seed: this.#seed, what, script, expected, check: 'property', property });
  }
}
