/** Migrations through the API. */
import { expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';
import type { Migration } from '../../src/client/migrate.ts';

const FIRST: Migration = {
  version: 1,
  name: 'customers',
  up: "CREATE TABLE customer (id int PRIMARY KEY, name text); INSERT INTO customer VALUES (1, 'Ada''s \\')",
  down: 'DROP TABLE customer',
  ensure: 'SELECT count(*) = 1 FROM customer',
};
const SECOND: Migration = {
  version: 20261121140500,
  name: 'email',
  up: 'ALTER TABLE customer ADD email text; CREATE INDEX ON customer (email)',
  down: 'ALTER TABLE customer DROP email',
  require: 'SELECT count(*) > 0 FROM customer',
};
const LIST = [SECOND, FIRST];

export function migrateSuite(open: () => Promise<Database>): void {
  const versions = async (db: Database): Promise<unknown[]> =>
    (await db.query('SELECT version::float8 AS v FROM drift_migrations ORDER BY 1')).rows.map(({ v }) => v);

  test('up, nothing, down', async () => {
    const db = await open();
    expect(await db.migrate(LIST, { to: 1 })).toEqual({
      from: 0,
      to: 1,
      steps: [{ version: 1, name: 'customers', direction: 'up' }],
    });
    expect((await db.migrate(LIST)).steps.map(({ version }) => version)).toEqual([SECOND.version]);
    expect((await db.migrate(LIST)).steps).toEqual([]);
    expect((await db.query('SELECT name, email FROM customer')).rows).toEqual([{ name: "Ada's \\", email: null }]);
    expect((await db.migrate(LIST, { to: 1 })).steps).toEqual([
      { version: SECOND.version, name: 'email', direction: 'down' },
    ]);
    expect(await versions(db)).toEqual([1]);
    await db.migrate(LIST, { to: 0 });
    expect(await versions(db)).toEqual([]);
    const { rows } = await db.query('SELECT message FROM drift.transactions ORDER BY seq');
    expect(rows.map(({ message }) => message)).toEqual([
      'migration 1 "customers"',
      'migration 20261121140500 "email"',
      'reverting migration 20261121140500 "email"',
      'reverting migration 1 "customers"',
    ]);
    await db.close();
  });

  test('a dry run says what would change, and changes nothing', async () => {
    const db = await open();
    const { steps, to } = await db.migrate(LIST, { dryRun: true });
    expect(to).toBe(SECOND.version);
    expect(steps.map(({ changes }) => changes)).toEqual([
      [
        '+ column public.customer.id: integer NOT NULL',
        '+ column public.customer.name: text',
        '+ index public.customer_pkey: CREATE UNIQUE INDEX customer_pkey ON public.customer USING btree (id)',
        '+ table public.customer',
      ],
      [
        '+ column public.customer.email: text',
        '+ index public.customer_email_idx: CREATE INDEX customer_email_idx ON public.customer USING btree (email)',
      ],
    ]);
    await expect(db.query('SELECT * FROM drift_migrations')).rejects.toMatchObject({ code: '42P01' });
    await expect(db.migrate([{ version: 1, name: 'bad', up: 'SELECT 1/0' }], { dryRun: true })).rejects.toMatchObject({
      code: '22012',
      where: 'migration 1 "bad", statement 1',
    });
    expect((await db.status()).lastSeq).toBe(0);
    await db.close();
  });

  test('refuses what has changed, is missing, comes too late or cannot go back', async () => {
    const db = await open();
    await db.migrate(LIST);
    const refusal = (list: readonly Migration[], to?: number): Promise<unknown> =>
      db.migrate(list, { to }).then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await refusal([{ ...FIRST, up: `${FIRST.up} ` }, SECOND])).toBe('55000');
    expect(await refusal([SECOND])).toBe('55000');
    expect(await refusal([...LIST, { version: 2, name: 'late', up: 'SELECT 1' }])).toBe('55000');
    expect(await refusal([FIRST, { ...SECOND, down: undefined }], 1)).toBe('55000');
    expect(await refusal(LIST, 7)).toBe('22023');
    expect(await refusal([FIRST, FIRST])).toBe('22023');
    expect(await refusal([{ ...FIRST, version: 1.5 }])).toBe('22023');
    await expect(db.migrate(LIST, { table: 'x; DROP TABLE customer' })).rejects.toMatchObject({ code: '42602' });
    await db.close();
  });

  test('a migration comes whole or not at all', async () => {
    const db = await open();
    const third = (rest: Partial<Migration>): Migration[] => [
      ...LIST,
      { version: 20261122000000, name: 'third', up: 'CREATE TABLE x (a int)', ...rest },
    ];
    for (const [rest, code] of [
      [{ up: 'CREATE TABLE x (a int); SELECT 1/0' }, '22012'],
      [{ up: 'CREATE TABLE x (a int); SELEC' }, '42601'],
      [{ up: 'CREATE TABLE x (a int); COMMIT' }, '2D000'],
      [{ require: 'SELECT false' }, 'P0004'],
      [{ ensure: 'SELECT count(*) = 1 FROM x' }, 'P0004'],
      [{ ensure: 'SELECT a = 1 FROM x' }, 'P0004'],
    ] as const) {
      await expect(db.migrate(third(rest))).rejects.toMatchObject({ code });
      await expect(db.query('SELECT * FROM x')).rejects.toMatchObject({ code: '42P01' });
    }
    expect(await versions(db)).toEqual([1, SECOND.version]);
    await db.close();
  });

  test('two at once', async () => {
    const db = await open();
    await Promise.all([db.migrate(LIST), db.migrate(LIST), db.migrate(LIST)]);
    expect(await versions(db)).toEqual([1, SECOND.version]);
    expect((await db.query('SELECT count(*)::int AS n FROM customer')).rows).toEqual([{ n: 1 }]);
    await db.close();
  });
}
