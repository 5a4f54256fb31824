/** Collations: ICU's orders beside that of code units, what an expression's is, definitions and catalogs. Values are PostgreSQL 15's. */
import { describe, expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

async function letters(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, a text COLLATE "de-x-icu", b text COLLATE "C", c text);
    INSERT INTO t VALUES (1,'ä','ä','ä'),(2,'z','z','z'),(3,'A','A','A'),(4,'a','a','a'),(5,'Z','Z','Z'),(6,NULL,NULL,NULL)`);
  return db;
}

async function list(db: Db, sql: string): Promise<string> {
  return (await db.rows(sql)).map((row) => row.map((value) => value ?? '-').join('|')).join(' ');
}

test.each([
  ['SELECT a FROM t ORDER BY a', 'a A ä z Z -'],
  ['SELECT a FROM t ORDER BY a DESC NULLS LAST', 'Z z ä A a -'],
  ['SELECT b FROM t ORDER BY b', 'A Z a z ä -'],
  ['SELECT c FROM t ORDER BY c COLLATE "de-x-icu" LIMIT 3', 'a A ä'],
  ['SELECT a FROM t ORDER BY a COLLATE "C" LIMIT 3', 'A Z a'],
  ["SELECT a FROM t WHERE a < 'b' ORDER BY a", 'a A ä'],
  ["SELECT a FROM t WHERE a > 'z'", 'Z'],
  ['SELECT c FROM t WHERE c BETWEEN \'a\' AND \'b\' COLLATE "de-x-icu" ORDER BY c COLLATE "en-US-x-icu" DESC', 'ä a'],
  ["SELECT a FROM t WHERE (a, id) < ('b', 5) ORDER BY a", 'a A ä'],
  ['SELECT min(a), max(a), min(b), max(b), max(c COLLATE "sv-x-icu") FROM t', 'a|Z|A|ä|ä'],
  ["SELECT greatest(a, 'b'), least(a, 'b') FROM t WHERE id = 1", 'b|ä'],
  ['SELECT DISTINCT a FROM t WHERE id < 6 ORDER BY a DESC', 'Z z ä A a'],
  ['SELECT a FROM t WHERE id < 6 GROUP BY a ORDER BY a', 'a A ä z Z'],
  ["SELECT string_agg(a, ',' ORDER BY a DESC) FROM t", 'Z,z,ä,A,a'],
  ['SELECT a, rank() OVER (ORDER BY a) FROM t WHERE id < 6 ORDER BY 2', 'a|1 A|2 ä|3 z|4 Z|5'],
  ['SELECT max(a) OVER (ORDER BY id ROWS 1 PRECEDING) FROM t WHERE id < 6 ORDER BY id', 'ä z z A Z'],
  ['SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM t', 'ä'],
  ['SELECT a FROM t UNION SELECT NULL ORDER BY 1', 'a A ä z Z -'],
  [
    "WITH RECURSIVE r(x) AS (SELECT 'ä' COLLATE \"de-x-icu\" UNION ALL SELECT x || 'x' FROM r WHERE length(x) < 3) SELECT x FROM r WHERE x < 'b'",
    'ä äx äxx',
  ],
  ["SELECT 'a' < ANY (ARRAY['B','C']), 'a' < ANY (ARRAY['B','C'] COLLATE \"de-x-icu\")", 'f|t'],
  ["SELECT a FROM t WHERE a < SOME (SELECT 'b'::text) ORDER BY a", 'a A ä'],
  ["SELECT 'b'::char(3) COLLATE \"de-x-icu\" <= 'B', 'a '::char(3) COLLATE \"de-x-icu\" = 'a'", 't|t'],
  [
    'SELECT lower(\'I\' COLLATE "tr-x-icu"), upper(\'i\' COLLATE "tr-x-icu"), upper(\'ß\' COLLATE "de-x-icu")',
    'ı|İ|SS',
  ],
])('%s', async (sql, expected) => {
  expect(await list(await letters(), sql)).toBe(expected);
});

test('an index on a column under ICU finds equal values; it gives the order of code units alone', async () => {
  const db = await letters();
  await db.run('CREATE INDEX i ON t (a)');
  const plan = async (sql: string): Promise<string> => list(db, `EXPLAIN (COSTS OFF) ${sql}`);
  expect(await plan("SELECT id FROM t WHERE a = 'ä'")).toContain('Scan using i');
  const sorted = await plan("SELECT id, a FROM t WHERE a < 'b' ORDER BY a");
  expect(sorted).toContain('Sort Key: a COLLATE "de-x-icu"');
  expect(sorted).not.toContain('Index Cond');
  expect(await plan('SELECT a FROM t ORDER BY a COLLATE "C"')).not.toContain('Sort');
  expect(await list(db, 'SELECT a FROM t ORDER BY a COLLATE "C"')).toBe('A Z a z ä -');
  expect(await list(db, "SELECT a FROM t WHERE a < 'b' ORDER BY a")).toBe('a A ä');
  expect(await list(db, 'SELECT min(a), max(a) FROM t')).toBe('a|Z');
});

test('unique under ICU is unique to the byte', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE u (x text COLLATE "und-x-icu" PRIMARY KEY); INSERT INTO u VALUES ('a'), ('A'), ('á')`);
  expect(await db.code("INSERT INTO u VALUES ('a')")).toBe('23505');
  expect(await list(db, 'SELECT x FROM u ORDER BY x')).toBe('a A á');
});

describe('what an expression has', () => {
  const tables = `CREATE TABLE e (a text COLLATE "de-x-icu", b text COLLATE "en-US-x-icu", c text, n name, i int);
    INSERT INTO e VALUES ('ä', 'z', 'z', 'n', 1)`;

  test.each([
    ['a', '"de-x-icu"'],
    ['c', '"default"'],
    ['n', '"C"'],
    ["a || 'x'", '"de-x-icu"'],
    ['lower(a)', '"de-x-icu"'],
    ['a || c', '"de-x-icu"'],
    ['a COLLATE "C"', '"C"'],
    ['b || a COLLATE "C"', '"C"'],
    ['CASE WHEN a COLLATE "C" > c THEN b ELSE c END', '"en-US-x-icu"'],
    ['coalesce(c, a)', '"de-x-icu"'],
    ['(SELECT max(a) FROM e)', '"de-x-icu"'],
    ['a::varchar(3)', '"de-x-icu"'],
    ['i::text', '"default"'],
    ['a || b', '-'],
    ["'x'", '-'],
  ])('COLLATION FOR (%s)', async (expression, expected) => {
    const db = await openDb();
    await db.run(tables);
    expect(await list(db, `SELECT COLLATION FOR (${expression}) FROM e`)).toBe(expected);
  });

  test.each([
    ['SELECT a COLLATE "C" < b COLLATE "de-x-icu" FROM e', '42P21'],
    ['SELECT a < b FROM e', '42P22'],
    ['SELECT a = b FROM e', '42P22'],
    ["SELECT (a || b) LIKE 'x' FROM e", '42P22'],
    ['SELECT lower(a || b) FROM e', '42P22'],
    ['SELECT max(a || b) FROM e', '42P22'],
    ['SELECT greatest(a, b) FROM e', '42P22'],
    ['SELECT a || b FROM e ORDER BY 1', '42P21'],
    ['SELECT a || b, count(*) FROM e GROUP BY 1', '42P21'],
    ['SELECT DISTINCT a || b FROM e', '42P21'],
    ['SELECT a FROM e UNION SELECT b FROM e', '42P21'],
    ['SELECT x FROM (SELECT a FROM e UNION ALL SELECT b FROM e) s (x) ORDER BY 1', '42P22'],
    ['CREATE TABLE f AS SELECT a || b AS x FROM e', '42P22'],
    ['CREATE VIEW f AS SELECT a || b AS x FROM e', '42P22'],
    ['SELECT i COLLATE "C" FROM e', '42804'],
    ['SELECT COLLATION FOR (i) FROM e', '42804'],
    ['SELECT a COLLATE nowhere FROM e', '42704'],
    ['SELECT a COLLATE nowhere."C" FROM e', '3F000'],
    ['CREATE TABLE f (x int COLLATE "C")', '42804'],
    ['CREATE INDEX f ON e (i COLLATE "C")', '42804'],
  ])('%s: %s', async (sql, code) => {
    const db = await openDb();
    await db.run(tables);
    expect(await db.code(sql)).toBe(code);
  });

  test('what contradicts itself may pass through', async () => {
    const db = await openDb();
    await db.run(tables);
    expect(await list(db, 'SELECT a || b, a < b COLLATE "de-x-icu" FROM e')).toBe('äz|t');
    expect(await list(db, 'SELECT a FROM e UNION ALL SELECT b FROM e')).toBe('ä z');
  });
});

test('definitions keep their collations: checks, defaults, domains, views, copies of tables', async () => {
  const db = await letters();
  await db.run(`CREATE TABLE k (x text COLLATE "de-x-icu" CHECK (x < 'n'));
    CREATE DOMAIN swedish AS text COLLATE "sv-x-icu";
    CREATE TABLE d (a swedish, b swedish COLLATE "C");
    CREATE VIEW v AS SELECT a, c COLLATE "fr-x-icu" AS f, c FROM t;
    CREATE TABLE cp (LIKE t); CREATE TABLE ca AS SELECT a || 'x' AS x, c COLLATE "sv-x-icu" AS y, b, c FROM t;
    ALTER TABLE t ALTER COLUMN b TYPE text COLLATE "sv-x-icu", ADD COLUMN z text COLLATE ucs_basic`);
  await db.run("INSERT INTO k VALUES ('ä')");
  expect(await db.code("INSERT INTO k VALUES ('z')")).toBe('23514');
  expect(await list(db, 'SELECT b FROM t ORDER BY b')).toBe('a A z Z ä -');
  expect(await list(db, 'SELECT f FROM v ORDER BY f')).toBe('a A ä z Z -');
  const columns = async (table: string): Promise<string> =>
    list(
      db,
      `SELECT attname, attcollation::regcollation FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 ORDER BY attnum`,
    );
  expect(await columns('d')).toBe('a|"sv-x-icu" b|"C"');
  expect(await columns('v')).toBe('a|"de-x-icu" f|"fr-x-icu" c|"default"');
  expect(await columns('cp')).toBe('id|- a|"de-x-icu" b|"C" c|"default"');
  expect(await columns('ca')).toBe('x|"de-x-icu" y|"sv-x-icu" b|"C" c|"default"');
  expect(
    await list(
      db,
      "SELECT column_name, collation_schema, collation_name FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position",
    ),
  ).toBe('id|-|- a|pg_catalog|de-x-icu b|pg_catalog|sv-x-icu c|-|- z|pg_catalog|ucs_basic');
});

test('an index shows the collations that are not its columns’ own', async () => {
  const db = await letters();
  await db.run('CREATE INDEX i ON t (a, c COLLATE "de-x-icu" DESC, b COLLATE "C", lower(c))');
  expect(await list(db, "SELECT pg_get_indexdef('i'::regclass)")).toBe(
    'CREATE INDEX i ON public.t USING btree (a, c COLLATE "de-x-icu" DESC, b, lower(c))',
  );
  expect(
    await list(db, "SELECT c::regcollation FROM pg_index, unnest(indcollation) c WHERE indexrelid = 'i'::regclass"),
  ).toBe('"de-x-icu" "de-x-icu" "C" "default"');
});

describe('CREATE COLLATION', () => {
  test.each([
    ["CREATE COLLATION x (provider = libc, locale = 'en_US.utf8')", '22023'],
    ["CREATE COLLATION x (provider = foo, locale = 'de')", '42P17'],
    ["CREATE COLLATION x (locale = 'de', foo = 1)", '42601'],
    ['CREATE COLLATION x (provider = icu)', '42P17'],
    ["CREATE COLLATION x (provider = icu, locale = 'und', locale = 'und')", '42601'],
    ["CREATE COLLATION x (provider = libc, locale = 'C', lc_collate = 'C')", '42601'],
    ["CREATE COLLATION x (provider = libc, locale = 'C', deterministic = false)", '0A000'],
    ["CREATE COLLATION x (provider = icu, locale = 'und-u-ks-level2', deterministic = false)", '0A000'],
    ["CREATE COLLATION x (provider = icu, locale = 'und-u-kr-grek')", '0A000'],
    ['CREATE COLLATION x FROM nope', '42704'],
    ["CREATE COLLATION nat (provider = icu, locale = 'de')", '42710'],
    ['ALTER COLLATION nat RENAME TO other', '42710'],
    ['ALTER COLLATION nope RENAME TO other', '42704'],
    ['DROP COLLATION nope', '42704'],
    ['DROP COLLATION "C"', '2BP01'],
    ['DROP COLLATION nat', '2BP01'],
  ])('%s: %s', async (sql, code) => {
    const db = await openDb();
    await db.run(`CREATE COLLATION nat (provider = icu, locale = 'en-u-kn-true'); CREATE COLLATION other FROM "C";
      CREATE TABLE n (x text COLLATE nat)`);
    expect(await db.code(sql)).toBe(code);
  });

  test('is kept, renamed, travelled through and dropped', async () => {
    const storage = new MemoryStorage();
    let db = await openDb(storage);
    await db.run(`CREATE COLLATION nat (provider = icu, locale = 'en-u-kn-true');
      CREATE COLLATION IF NOT EXISTS nat (provider = icu, locale = 'de');
      CREATE TABLE n (x text COLLATE nat); INSERT INTO n VALUES ('a10'), ('a9'), ('a1');
      COMMENT ON COLLATION nat IS 'numbers'; CREATE TAG before;
      ALTER COLLATION nat RENAME TO digits; ALTER COLLATION digits OWNER TO drift; ALTER COLLATION digits REFRESH VERSION`);
    expect(await list(db, 'SELECT x FROM n ORDER BY x')).toBe('a1 a9 a10');
    await db.engine.close();
    db = await openDb(storage);
    expect(await list(db, 'SELECT x FROM n ORDER BY x')).toBe('a1 a9 a10');
    expect(await list(db, 'SELECT COLLATION FOR (x) FROM n LIMIT 1')).toBe('digits');
    expect(
      await list(
        db,
        "SELECT collname, collprovider, collisdeterministic, collencoding, colliculocale, obj_description(oid, 'pg_collation') FROM pg_collation WHERE collnamespace = 'public'::regnamespace",
      ),
    ).toBe('digits|i|t|-1|en-u-kn-true|numbers');
    await db.run('DROP COLLATION digits CASCADE');
    expect(await list(db, 'SELECT * FROM n')).toBe('  ');
    expect(await list(db, "SELECT x FROM n FOR SYSTEM_TIME AS OF TAG 'before' ORDER BY x")).toBe('a1 a9 a10');
  });

  test('a schema that is dropped takes its collations along', async () => {
    const db = await openDb();
    await db.run(`CREATE SCHEMA s; CREATE COLLATION s.k FROM "de-x-icu"; DROP SCHEMA s CASCADE`);
    expect(await list(db, "SELECT count(*) FROM pg_collation WHERE collname = 'k'")).toBe('0');
  });
});
