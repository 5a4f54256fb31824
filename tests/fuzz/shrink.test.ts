/** The shrinker: failures of a database that is made to answer wrongly become scripts of a few statements. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Moment } from '../../src/database/api.ts';
import { Drift, type Outcome, Reference } from './sql/engines.ts';
import type { Failure } from './sql/episode.ts';
import { MOMENT } from './sql/probes.ts';
import { shrink } from './sql/shrink.ts';
import { smallerTables } from './sql/shrink-schema.ts';
import { sidesOf, type PropertyKind } from './sql/sides.ts';

type Fault = (sql: string, moment: Moment | undefined, off: ReadonlySet<string>) => boolean;

/** Loses the row with 'x' in it where the fault says so. */
class Faulty extends Drift {
  #fault: Fault = () => false;
  readonly #off = new Set<string>();

  static async with(fault: Fault): Promise<Drift> {
    const sound = await Drift.open();
    const faulty = new Faulty(sound.engine);
    faulty.#fault = fault;
    return faulty;
  }

  override async run(sql: string, moment?: Moment): Promise<Outcome> {
    const [, verb, name = ''] = /^(SET|RESET) (\w+)/.exec(sql) ?? [];
    if (verb === 'SET') this.#off.add(name);
    if (verb === 'RESET') this.#off.delete(name);
    const outcome = await super.run(sql, moment);
    if (outcome.kind === 'error' || !this.#fault(sql, moment, this.#off)) return outcome;
    const rows = outcome.rows.filter((row) => !row.includes('x'));
    return { ...outcome, rows };
  }
}

const SCRIPT = [
  'CREATE TABLE t0 (id int4 PRIMARY KEY, a int4 DEFAULT 3, b text, c0 numeric(12,3), CHECK (a <> 100))',
  'CREATE TABLE t1 (id int4 NOT NULL UNIQUE, a int4, d date)',
  'CREATE INDEX t0_i0 ON t0 (b, id)',
  "INSERT INTO t0 (id, a, b, c0) VALUES (1, 4, 'y, (z', 1.5), (2, NULL, 'x', 7), (3, 5, NULL, NULL), (4, 9, 'x', 0)",
  "INSERT INTO t1 (id, a, d) VALUES (1, 2, '2024-01-01'), (2, 3, NULL)",
  'UPDATE t1 SET a = a + 1 WHERE id = 2',
  'DELETE FROM t1 WHERE id = 1',
];
const EXPECTED = { sorted: false, loose: true, strict: false };

function failure(
  kind: PropertyKind,
  sql: string,
  script: readonly string[] = SCRIPT,
  off: readonly string[] = [],
): Failure {
  const property = { kind, sql, off };
  return { seed: 1, what: '', script: [...script, sql], expected: EXPECTED, check: 'property', property };
}

/** What a script answers at its end, by the faulty database and by a sound one. */
async function lastAnswers(
  script: readonly string[],
  fault: Fault,
): Promise<[Outcome | undefined, Outcome | undefined]> {
  const answers: Outcome[] = [];
  for (const drift of [await Faulty.with(fault), await Drift.open()]) {
    let last: Outcome | undefined;
    for (const sql of script) {
      const outcome = await drift.run(sql);
      if (!/^(RE)?SET /.test(sql)) last = outcome;
      expect(outcome.kind, sql).toBe('rows');
    }
    if (last !== undefined) answers.push(last);
    await drift.engine.close();
  }
  return [answers[0], answers[1]];
}

describe('properties', () => {
  test('TLP', async () => {
    const fault: Fault = (sql) => sql.includes('IS NULL UNION') || sql.endsWith(' IS NULL');
    const long = `SELECT r.id AS y0, r.b AS y1, s.d AS y2 FROM t0 AS r LEFT JOIN t1 AS s ON r.id = s.id WHERE (r.a > 3 AND r.c0 < 100) OR r.b LIKE 'y%'`;
    const script = await shrink(failure('tlp', long), undefined, () => Faulty.with(fault));
    expect(script).toHaveLength(4);
    expect(script[0]).toMatch(/^CREATE TABLE t0 \((?:\w+ \w+(?:, )?){1,2}\)$/);
    expect(script[1]).toMatch(/^INSERT INTO t0 \([^)]*b[^)]*\) VALUES \([^)]*'x'[^)]*\)$/);
    expect(script[2]).toBe('SELECT r.b AS y1 FROM t0 AS r');
    const [wrong, right] = await lastAnswers(script, fault);
    expect(wrong).not.toEqual(right);
  });

  test('NoREC', async () => {
    // A count is not a row that can be lost: here WHERE finds nothing.
    const fault: Fault = (sql) => sql.startsWith('SELECT count(*) FROM t0');
    class Zero extends Drift {
      override async run(sql: string, moment?: Moment): Promise<Outcome> {
        const outcome = await super.run(sql, moment);
        return outcome.kind === 'rows' && fault(sql, moment, new Set()) ? { ...outcome, rows: [['0']] } : outcome;
      }
    }
    const sql = "SELECT count(*) FROM t0 AS r WHERE r.a < 20 AND (r.b = 'x' OR r.id IN (SELECT s.id FROM t1 AS s))";
    const script = await shrink(failure('norec', sql), undefined, async () => new Zero((await Drift.open()).engine));
    expect(script).toHaveLength(4);
    expect(script[2]).toMatch(/^SELECT count\(\*\) FROM t0 AS r WHERE \S+( . \S+)?$/);
    expect(script[3]).toMatch(
      /^SELECT count\(\*\) FILTER \(WHERE v\) FROM \(SELECT .* IS TRUE AS v FROM t0 AS r\) AS z$/,
    );
    expect(script.join(';\n').length).toBeLessThan(220);
  });

  test('partitioning, AS OF a moment before later changes', async () => {
    const fault: Fault = (sql, moment) => sql.includes('UNION ALL') && moment !== undefined;
    const sql = 'SELECT r.*, r.a > 2 AS p FROM t0 AS r WHERE r.id > 0 OR r.b IS NULL';
    const past = [...SCRIPT.slice(0, 4), MOMENT, ...SCRIPT.slice(4), 'DELETE FROM t0 WHERE id > 2'];
    const script = await shrink(failure('partition', sql, past), undefined, () => Faulty.with(fault));
    const at = script.indexOf(MOMENT);
    expect(script.slice(0, at)).toHaveLength(2);
    expect(script[at + 1]).toMatch(/^SET drift\.as_of = 'SEQ \d+'$/);
    expect(script.at(-2)).toMatch(/^SELECT r\..* FROM t0 AS r$/);
    expect(script.at(-1)).toContain('WHERE r.id % 3 = 2');
    const [wrong] = await lastAnswers(script, (text) => text.includes('UNION ALL'));
    expect(wrong).toMatchObject({ kind: 'rows', rows: [] });
  });

  test('ways of access', async () => {
    const fault: Fault = (sql, _, off) => sql.includes('t0') && off.has('enable_hashjoin');
    const sql =
      'WITH w AS (SELECT id, b FROM t0 WHERE a IS NULL OR a > 1) SELECT w.b, s.d FROM w LEFT JOIN t1 AS s USING (id) ORDER BY 1, 2';
    const script = await shrink(failure('paths', sql, SCRIPT, ['enable_hashjoin']), undefined, () =>
      Faulty.with(fault),
    );
    expect(script.slice(-4)).toEqual([
      'SET enable_hashjoin = off',
      script.at(-1),
      'RESET enable_hashjoin',
      script.at(-1),
    ]);
    expect(script.join(';\n').length).toBeLessThan(250);
  });
});

test('an answer that changes afterwards', async () => {
  const fault: Fault = (sql, moment) => sql.includes('t0') && moment !== undefined;
  const at = [...SCRIPT.slice(0, 5), MOMENT, ...SCRIPT.slice(5)];
  const sql = 'SELECT r.id, r.b FROM t0 AS r WHERE r.id < 3';
  const given: Failure = { seed: 1, what: '', script: [...at, sql], expected: EXPECTED, check: 'past' };
  const script = await shrink(given, undefined, () => Faulty.with(fault));
  expect(script.at(-3)).toBe('CHECKPOINT');
  expect(script.at(-1)).toBe('SELECT b FROM t0 AS r');
  expect(script).toHaveLength(6);
});

describe('differences from PostgreSQL', () => {
  let reference: Reference;
  beforeAll(async () => {
    reference = await Reference.open();
  }, 60_000);
  afterAll(() => reference.close());

  test('lose statements, rows, columns and parts of the query', async () => {
    const fault: Fault = (sql) => /FROM t0/.test(sql);
    const sql =
      'SELECT r.b, count(s.d) FROM t0 AS r LEFT JOIN t1 AS s ON r.id = s.id WHERE r.id < 9 GROUP BY r.b HAVING count(*) > 0';
    const given: Failure = { seed: 1, what: '', script: [...SCRIPT, sql], expected: EXPECTED, check: 'reference' };
    const script = await shrink(given, reference, () => Faulty.with(fault));
    expect(script).toHaveLength(3);
    expect(script[0]).toMatch(/^CREATE TABLE t0 \((?:\w+ \w+(?:, )?){1,2}\)$/);
    expect(script[2]).toBe('SELECT b FROM t0 AS r');
  });

  test('that are none when they run again are given as they were', async () => {
    const given: Failure = {
      seed: 1,
      what: 'x',
      script: [...SCRIPT, 'SELECT 1'],
      expected: EXPECTED,
      check: 'reference',
    };
    expect(await shrink(given, reference)).toEqual([...SCRIPT, 'SELECT 1']);
  });
});

test('items of a table are cut where they end', () => {
  const scripts = [...smallerTables(SCRIPT, 0)];
  expect(scripts[2]?.[0]).toBe(
    'CREATE TABLE t0 (id int4 PRIMARY KEY, a int4 DEFAULT 3, c0 numeric(12,3), CHECK (a <> 100))',
  );
  expect(scripts[2]?.[3]).toBe('INSERT INTO t0 (id, a, c0) VALUES (1, 4, 1.5), (2, NULL, 7), (3, 5, NULL), (4, 9, 0)');
  expect(scripts[4]?.[0]).toBe('CREATE TABLE t0 (id int4 PRIMARY KEY, a int4 DEFAULT 3, b text, c0 numeric(12,3))');
});

test('statements that have not the form of a property have no sides', () => {
  expect(sidesOf('norec', 'SELECT count(*) FROM t0')).toBeNull();
  expect(sidesOf('norec', 'SELECT max(a) FROM t0 WHERE a > 1')).toBeNull();
  expect(sidesOf('tlp', 'SELECT a FROM t0 WHERE a > 1 LIMIT 3')).toBeNull();
  expect(sidesOf('tlp', 'SELECT a FROM t0 WHERE a > 1 GROUP BY a')).toBeNull();
  expect(sidesOf('tlp', 'SELECT a FROM t0 WHERE a > 1')).toEqual([
    'SELECT a FROM t0',
    'SELECT a FROM t0 WHERE (a > 1) UNION ALL SELECT a FROM t0 WHERE NOT (a > 1) UNION ALL SELECT a FROM t0 WHERE (a > 1) IS NULL',
  ]);
});
