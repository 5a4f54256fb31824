/** Proofs that history is unchanged: drift_verify, drift_digest, drift_proof. */
import { expect, test } from 'vitest';
import { run } from '../../src/base/task.ts';
import type { Value } from '../../src/base/vector.ts';
import type { SegmentRef } from '../../src/segment/segment.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { proofAt } from '../../src/txn/proof/prover.ts';
import { Salts } from '../../src/txn/proof/salts.ts';
import { reopened } from './branch-copies.ts';
import { damage, type Edit, type Place, type Version } from './damage.ts';
import { type Db, openDb } from './helper.ts';

const SMALL = { maxLeafRows: 16, minClosedRows: 8, packSizeBytes: 8192 };

interface Verified {
  readonly ok: boolean;
  readonly commits: number;
  readonly from: number;
  readonly to: number;
  readonly headersOnly: number;
  readonly problems: { readonly seq: number; readonly problem: string }[];
}

async function verify(db: Db, digest?: string): Promise<Verified> {
  const argument = digest === undefined ? '' : `'${digest}'::jsonb`;
  const rows = await db.rows(`SELECT drift_verify(${argument})`);
  return JSON.parse(String(rows[0]?.[0])) as Verified;
}

const text = async (db: Db, sql: string): Promise<string> => String((await db.rows(sql))[0]?.[0]);

/** Everything that makes or ends versions. */
async function work(db: Db): Promise<void> {
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, n int, big int8, d numeric(10,2), x numeric, s text, a int[], b bytea, at timestamptz);
    INSERT INTO t SELECT i, i % 7, i * 9007199254740993, i * 1.5, i / 3.0, 'text ' || i, ARRAY[i, i + 1], 'abc', '2020-01-01'::timestamptz + i * interval '1 day' FROM generate_series(1, 100) i;
    CREATE TABLE plain (s text); INSERT INTO plain VALUES ('a'), ('b'), (NULL);
    CREATE INDEX ON t (n)`);
  for (let i = 0; i < 10; i++) await db.run(`UPDATE t SET n = n + 1 WHERE id % 10 = ${i}`);
  await db.run(`UPDATE t SET n = n WHERE id < 50; UPDATE t SET n = CASE WHEN id < 5 THEN 0 ELSE n END;
    DELETE FROM t WHERE id BETWEEN 20 AND 30; INSERT INTO t (id) VALUES (25);
    UPDATE t SET id = id + 1000 WHERE id > 90;
    ALTER TABLE t ADD COLUMN extra text DEFAULT 'none';
    INSERT INTO t (id) VALUES (5000); UPDATE t SET extra = 'some' WHERE id < 10;
    ALTER TABLE t DROP COLUMN b; INSERT INTO t (id) VALUES (5001);
    ALTER TABLE t ALTER n TYPE text; ALTER TABLE t RENAME TO u;
    BEGIN; DELETE FROM u WHERE id = 1; INSERT INTO u (id, s) VALUES (1, 'again'); SAVEPOINT s; UPDATE u SET s = 'x'; ROLLBACK TO s; COMMIT;
    BEGIN; CREATE TABLE gone (id int); INSERT INTO gone VALUES (1); DROP TABLE gone; COMMIT;
    CREATE TABLE dropped (id int PRIMARY KEY); INSERT INTO dropped SELECT generate_series(1, 40); DROP TABLE dropped;
    TRUNCATE plain; INSERT INTO plain VALUES ('c');
    CREATE SEQUENCE q; SELECT nextval('q');
    CREATE TABLE k (a int, b int); INSERT INTO k SELECT i, i FROM generate_series(1, 20) i; ALTER TABLE k ADD PRIMARY KEY (a); ALTER TABLE k DROP CONSTRAINT k_pkey;
    CREATE VIEW v AS SELECT * FROM u; CREATE TAG here`);
  await db.run('UNDROP TABLE dropped; INSERT INTO dropped VALUES (77)');
}

test('a sound history verifies, whatever was done, through checkpoints and openings', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  expect(await db.code('SELECT drift_verify()')).toBe('55000');
  await db.run('CREATE TABLE before (id int); INSERT INTO before VALUES (1)');
  await db.run('SELECT drift_enable_proofs(); SELECT drift_enable_proofs()');
  expect(await verify(db)).toMatchObject({ ok: true, commits: 0 });
  await work(db);
  const first = await verify(db);
  expect(first.problems).toEqual([]);
  expect(first.commits).toBeGreaterThan(40);
  const digest = await text(db, 'SELECT drift_digest()');
  await db.run('CHECKPOINT');
  expect((await verify(db)).problems).toEqual([]);
  await db.engine.close();
  db = await openDb(storage, SMALL);
  await db.run("UPDATE u SET s = 'later' WHERE id = 3; DROP TABLE u CASCADE");
  const last = await verify(db, digest);
  expect(last).toMatchObject({ ok: true, commits: first.commits + 2, problems: [] });
  await db.engine.close();
});

/** As the documentation has it, with what WebCrypto gives. */
async function isProven(
  { header, previous, index, path }: { header: string; previous: string; index: number; path: string[] },
  digest: { count: number; root: string },
): Promise<boolean> {
  const bytes = (hex: string): number[] => (hex.match(/../g) ?? []).map((digits) => parseInt(digits, 16));
  const hash = async (...parts: (number | readonly number[])[]): Promise<number[]> => [
    ...new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(parts.flat()))),
  ];
  let node = await hash(2, bytes(previous), [...new TextEncoder().encode(header)]);
  let last = digest.count - 1;
  for (const sibling of path) {
    if (last === 0) return false;
    const isRight = index % 2 === 1 || index === last;
    node = isRight ? await hash(1, bytes(sibling), node) : await hash(1, node, bytes(sibling));
    if (isRight) while (index % 2 === 0 && index !== 0) [index, last] = [index / 2, Math.floor(last / 2)];
    [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  }
  return last === 0 && node.join() === bytes(digest.root).join();
}

test('each commit is proven to be in the digest by a few lines, and nothing else is', async () => {
  const db = await openDb(new MemoryStorage());
  await db.run("SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY); SET drift.author = 'ada'");
  const proof = async (
    seq: number,
  ): Promise<Parameters<typeof isProven>[0] & { digest: Parameters<typeof isProven>[1] }> =>
    JSON.parse(await text(db, `SELECT drift_proof(${seq})`)) as never;
  for (let i = 0; i < 21; i++) {
    await db.run(`INSERT INTO t VALUES (${i})`);
    const { lastSeq } = db.engine.status();
    const digest = JSON.parse(await text(db, 'SELECT drift_digest()')) as { count: number; root: string };
    for (let seq = 2; seq <= lastSeq; seq++) {
      const found = await proof(seq);
      expect(found.digest).toMatchObject(digest);
      expect(await isProven(found, digest), `${seq} of ${lastSeq}`).toBe(true);
      expect(
        await isProven(
          { ...found, header: found.header.replace('ada', 'eve').replace('"seq":2,', '"seq":3,') },
          digest,
        ),
      ).toBe(!found.header.includes('ada') && seq !== 2);
    }
  }
  expect(JSON.parse((await proof(5)).header)).toMatchObject({ seq: 5, author: 'ada', tables: ['t'], changes: 1 });
  expect(await db.code('SELECT drift_proof(1)')).toBe('22023');
  expect(await db.code('SELECT drift_proof(1000)')).toBe('22023');
  expect(await db.code("SELECT drift_verify('{}'::jsonb)")).toBe('22023');
});

async function sealed(): Promise<{ readonly storage: MemoryStorage; readonly places: ReadonlyMap<string, Place> }> {
  const storage = new MemoryStorage();
  const db = await openDb(storage, { maxLeafRows: 64, minClosedRows: 64 });
  await db.run(`SELECT drift_enable_proofs(); SET drift.author = 'ada';
    CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i;
    UPDATE t SET n = 100 WHERE id = 3; DELETE FROM t WHERE id = 4; INSERT INTO t VALUES (11, 11)`);
  const { core } = await db.engine.inside();
  const places = new Map<string, Place>();
  for (const name of ['t', 'drift.transactions', 'drift.proofs']) {
    const table = core.store.table(Number(await text(db, `SELECT '${name}'::regclass::oid`)));
    places.set(name, { table: table.id, columns: table.columns });
  }
  places.set('objects', { table: 1, columns: core.store.table(1).columns });
  await db.engine.close();
  return { storage, places };
}

/** What is found when the versions of a table were changed, with every checksum right. */
async function altered(name: string, change: (versions: Version[]) => Version[]): Promise<Verified['problems']> {
  const { storage, places } = await sealed();
  damage(storage, places.get(name) as Place, (it) => {
    const leaf = it.tree.leaves[0] as Edit['tree']['leaves'][number];
    leaf.ref = it.rewrite(leaf.ref as SegmentRef, change);
  });
  const db = await openDb(storage);
  return (await verify(db)).problems;
}

/** The one version that a test is about, changed. */
function changing(
  is: (version: Version) => boolean,
  change: (version: Version) => void,
): (versions: Version[]) => Version[] {
  return (versions) => {
    const found = versions.filter(is);
    expect(found).toHaveLength(1);
    found.forEach(change);
    return versions;
  };
}

const CHANGES = 'its changes are not what they were';

test('altered, removed and inserted history is found, at its commit', async () => {
  const row = (id: number, isCurrent: boolean) => (version: Version) =>
    version.values[0] === id && (version.to === Infinity) === isCurrent;
  expect(await altered('t', (versions) => versions)).toEqual([]);
  // Values of now, of the past, and of a row that is gone. Commits: 2 CREATE, 3 INSERT, 4 UPDATE, 5 DELETE, 6 INSERT.
  expect(
    await altered(
      't',
      changing(row(7, true), ({ values }) => (values[1] = 8)),
    ),
  ).toEqual([{ seq: 3, problem: CHANGES }]);
  expect(
    await altered(
      't',
      changing(row(3, false), ({ values }) => (values[1] = 4)),
    ),
  ).toEqual([{ seq: 3, problem: CHANGES }]);
  expect(
    await altered(
      't',
      changing(row(4, false), ({ values }) => (values[1] = null)),
    ),
  ).toEqual([{ seq: 3, problem: CHANGES }]);
  expect(
    await altered(
      't',
      changing(row(11, true), ({ values }) => (values[0] = 12)),
    ),
  ).toEqual([{ seq: 6, problem: CHANGES }]);
  // When.
  expect(
    await altered(
      't',
      changing(row(11, true), (version) => (version.from = 5)),
    ),
  ).toEqual([
    { seq: 5, problem: CHANGES },
    { seq: 6, problem: CHANGES },
  ]);
  expect(
    await altered(
      't',
      changing(row(4, false), (version) => (version.to = 6)),
    ),
  ).toEqual([
    { seq: 5, problem: CHANGES },
    { seq: 6, problem: CHANGES },
  ]);
  // Removed and put in.
  expect(await altered('t', (versions) => versions.filter((version) => !row(4, false)(version)))).toEqual([
    { seq: 3, problem: CHANGES },
    { seq: 5, problem: CHANGES },
  ]);
  const put = { values: [12, 1], from: 2, to: Infinity };
  expect(
    await altered('t', (versions) => [...versions.slice(0, 10), put, ...versions.slice(10)].filter((_, i) => i !== 99)),
  ).toEqual([{ seq: 2, problem: CHANGES }]);
  // Definitions.
  const definition = (version: Version): boolean => String(version.values[1]).includes('"name":"t"');
  const renamed = changing(
    definition,
    ({ values }) => (values[1] = String(values[1]).replace('"name":"n"', '"name":"m"')),
  );
  expect(await altered('objects', renamed)).toEqual([{ seq: 2, problem: CHANGES }]);
});

test('who, when and why are found as well, and so are the proofs themselves', async () => {
  const commit = (seq: number) => (version: Version) => version.values[0] === seq;
  const CHAINED = 'it is not the commit that was chained to the one before';
  for (const [column, value] of [
    [1, 5],
    [2, 'eve'],
    [3, 'because'],
    [4, '{}'],
  ] as const)
    expect(
      await altered(
        'drift.transactions',
        changing(commit(4), ({ values }) => (values[column] = value)),
      ),
    ).toEqual([{ seq: 4, problem: CHAINED }]);
  expect(
    await altered('drift.transactions', (versions) => versions.filter((version) => !commit(4)(version))),
  ).toContainEqual({
    seq: 4,
    problem: 'it is missing from drift.transactions',
  });
  const zeros = (): Uint8Array => new Uint8Array(32);
  const proof = (column: number, value: Value): Promise<Verified['problems']> =>
    altered(
      'drift.proofs',
      changing(commit(4), ({ values }) => (values[column] = value)),
    );
  expect(await proof(1, 2)).toEqual([
    { seq: 4, problem: CHANGES },
    { seq: 4, problem: CHAINED },
  ]);
  expect(await proof(2, zeros())).toEqual([
    { seq: 4, problem: CHANGES },
    { seq: 4, problem: CHAINED },
  ]);
  expect((await proof(3, zeros())).map(({ seq }) => seq)).toEqual(expect.arrayContaining([4, 5]));
  expect(await proof(5, zeros())).toEqual([{ seq: 4, problem: CHANGES }]);
  expect(
    await altered(
      'drift.proofs',
      changing(commit(3), ({ values }) => (values[4] = zeros())),
    ),
  ).toEqual([{ seq: 3, problem: 'nodes of the tree over all commits were altered' }]);
  expect(await altered('drift.proofs', (versions) => versions.filter((version) => !commit(4)(version)))).toContainEqual(
    {
      seq: 4,
      problem: 'its proof is missing',
    },
  );
});

test('a history that was made up whole is found by a digest that somebody kept', async () => {
  const made = async (n: number): Promise<Db> => {
    const db = await openDb(new MemoryStorage());
    await db.run(
      `SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, ${n})`,
    );
    return db;
  };
  const [real, forged] = [await made(1), await made(2)];
  const digest = await text(real, 'SELECT drift_digest()');
  await real.run('UPDATE t SET n = 5');
  await forged.run('UPDATE t SET n = 5');
  expect(await verify(real, digest)).toMatchObject({ ok: true });
  expect(await verify(forged)).toMatchObject({ ok: true });
  expect((await verify(forged, digest)).problems).toEqual([
    { seq: 3, problem: 'it is not the history that the digest is of' },
  ]);
  const later = await text(real, 'SELECT drift_digest()');
  const cut = await made(1);
  expect((await verify(cut, later)).problems).toEqual([
    { seq: 4, problem: 'the digest is of a commit that is not there' },
  ]);
});

test('ERASE keeps the chain valid, and what is left of a row does not tell what it was', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  await db.run(`SELECT drift_enable_proofs(); CREATE TABLE p (id int PRIMARY KEY, name text);
    INSERT INTO p SELECT i, 'name ' || i FROM generate_series(1, 50) i; UPDATE p SET name = 'other' WHERE id % 5 = 0;
    UPDATE p SET name = 'more' WHERE id = 10; CHECKPOINT; DELETE FROM p WHERE id = 20`);
  const digest = await text(db, 'SELECT drift_digest()');
  const salts = async (seq: number): Promise<Salts> => {
    const { core } = await db.engine.inside();
    const proofs = core.store.table(Number(await text(db, "SELECT 'drift.proofs'::regclass::oid")));
    return Salts.decode((await run(proofAt(proofs, seq))).salts);
  };
  const secret = Buffer.from((await salts(4)).at(9) as Uint8Array);
  await db.run('ERASE FROM p WHERE id IN (10, 20)');
  expect((await verify(db, digest)).problems).toEqual([]);
  await db.run('ERASE FROM p WHERE id IN (11, 20, 30); ERASE FROM p WHERE id = 49');
  await db.engine.close();
  db = await openDb(storage, SMALL);
  const last = await verify(db, digest);
  expect(last).toMatchObject({ ok: true, problems: [], headersOnly: 0 });
  const left = await salts(3);
  expect([...left.destroyed.keys()].toSorted((a, b) => a - b)).toEqual([9, 10, 19, 29, 48]);
  for (let i = 0; i < 50; i++) expect(left.at(i) === null, `${i}`).toBe([9, 10, 19, 29, 48].includes(i));
  for (const name of storage.list()) {
    const file = storage.open(name);
    expect(Buffer.from(await file.read(0, file.size())).includes(secret), name).toBe(false);
  }
  await db.run("UPDATE p SET name = 'last' WHERE id < 30");
  expect((await verify(db, digest)).problems).toEqual([]);
});

test('what retention has removed cannot be compared, and is said to be so', async () => {
  const db = await openDb(new MemoryStorage(), SMALL);
  await db.run(`SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1);
    UPDATE t SET n = 2; UPDATE t SET n = 3; DELETE HISTORY FROM t BEFORE SEQ 5; UPDATE t SET n = 4`);
  expect(await verify(db)).toMatchObject({ ok: true, headersOnly: 4, problems: [] });
});

test("proofs are the system's: nobody writes them, transactions that fail leave none, roll back takes them off", async () => {
  const db = await openDb(new MemoryStorage());
  await db.run('BEGIN; SELECT drift_enable_proofs(); ROLLBACK');
  expect(await db.code('SELECT drift_digest()')).toBe('55000');
  expect(await db.code('BEGIN READ ONLY; SELECT drift_enable_proofs()')).toBe('25006');
  await db.run('ROLLBACK; SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY)');
  for (const sql of [
    'INSERT INTO drift.proofs VALUES (9)',
    'DELETE FROM drift.proofs',
    'DROP TABLE drift.proofs',
    'TRUNCATE drift.proofs',
    'ALTER TABLE drift.proofs ADD x int',
  ])
    expect(await db.code(sql), sql).toBe('42501');
  expect(await db.code('INSERT INTO t VALUES (1), (1)')).toBe('23505');
  await db.run('BEGIN; INSERT INTO t VALUES (1); ROLLBACK; INSERT INTO t VALUES (2)');
  expect(await verify(db)).toMatchObject({ ok: true, commits: 2 });
});

test.each([
  ['a column', 'ALTER TABLE t DROP COLUMN tag', 'UPDATE t SET n = n + 1 WHERE id < 20'],
  ['a column, one row', 'ALTER TABLE t DROP COLUMN tag', 'UPDATE t SET n = n + 1 WHERE id = 3'],
  ['an index on an expression', 'DROP INDEX twice', 'CREATE INDEX twice ON t ((n * 2))'],
  ['an index, for a column', 'DROP INDEX twice', 'ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (n + 1) STORED'],
])('what was dropped with %s is alike before and after a crash', async (_, drop, change) => {
  const db = await openDb();
  await db.run(`SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY, n int, tag text);
    CREATE INDEX twice ON t ((n * 2)); INSERT INTO t SELECT i, i, 'a tag' FROM generate_series(1, 30) i`);
  await db.run(`${drop}; ${change}`);
  expect(await db.rows("SELECT drift_verify() ->> 'problems'")).toEqual([['[]']]);
  const again = await reopened(db);
  expect(await again.rows("SELECT drift_verify() ->> 'problems'")).toEqual([['[]']]);
});
