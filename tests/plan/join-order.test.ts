/** Join order: any order of random joins of up to seven relations gives the rows of the plan as bound. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { joinGraph, stepBetween } from '../../src/plan/optimizer/join-graph.ts';
import { openDb, textRows, type Db } from '../database/helper.ts';

const TABLES = ['a', 'b', 'c', 'd'];

const SCHEMA = `
  ${TABLES.map(
    (name, i) => `CREATE TABLE ${name} (id int PRIMARY KEY, x int, y bigint, z int);
    INSERT INTO ${name} SELECT i, nullif(i % ${3 + i}, 1), i % ${5 + i}, (i * 7) % 11 FROM generate_series(1, ${4 + i * 4}) i;`,
  ).join('\n')}
  CREATE INDEX b_x ON b (x, y); CREATE INDEX d_z ON d (z); ANALYZE;`;

function query(random: Random): string {
  const pick = <T>(items: readonly T[]): T => items[random.uint32() % items.length] as T;
  const count = 2 + (random.uint32() % 4);
  const names = Array.from({ length: count }, (_, i) => `t${i}`);
  const column = (name: string): string => `${name}.${pick(['id', 'x', 'x', 'y', 'z'])}`;
  const link = (i: number): string => {
    const other = names[random.uint32() % i] as string;
    const own = names[i] as string;
    return pick([
      `${column(other)} = ${column(own)}`,
      `${column(other)} = ${column(own)}`,
      `${column(other)} = ${column(own)} AND ${column(other)} = ${column(own)}`,
      `${column(other)} + ${column(pick(names.slice(0, i)))} = ${column(own)}`,
      `${column(other)} < ${column(own)} AND ${own}.x = ${pick(names.slice(0, i))}.x`,
      `${own}.id = ${other}.id`,
    ]);
  };
  let from = `${pick(TABLES)} t0`;
  const where: string[] = [];
  for (let i = 1; i < count; i++) {
    const kind = pick(['JOIN', 'JOIN', 'LEFT JOIN', ',', 'CROSS JOIN']);
    const table = `${pick(TABLES)} t${i}`;
    if (kind === ',' || kind === 'CROSS JOIN') {
      // A comma binds less than JOIN: the ON of a later join may not mention what stands before it.
      from += ` CROSS JOIN ${table}`;
      where.push(link(i));
    } else from += ` ${kind} ${table} ON ${link(i)}`;
  }
  const last = names.at(-1) as string;
  where.push(
    pick([
      'true',
      `t0.x = ${random.uint32() % 4}`,
      `${last}.z > 3`,
      `t0.id = ${last}.z`,
      `${last}.y IN (1, 2)`,
      `t0.x = 2 AND t0.id < 9`,
    ]),
  );
  if (random.uint32() % 3 === 0)
    where.push(
      pick([
        `EXISTS (SELECT 1 FROM a e WHERE e.x = t0.x)`,
        `t0.id NOT IN (SELECT z FROM c WHERE id < 5)`,
        `t0.y IN (SELECT y FROM d WHERE d.x = ${last}.x)`,
      ]),
    );
  return `SELECT count(*), sum(t0.id), sum(${last}.y), min(t1.z) FROM ${from} WHERE ${where.join(' AND ')}`;
}

async function rowsOf(db: Db, sql: string): Promise<string> {
  return JSON.stringify(textRows(await db.session.execute(sql, [], { text: true })));
}

test('250 random joins', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  const plain: Db = { ...db, session: db.engine.session() };
  await plain.session.script('SET drift.optimizer = off');
  const random = new Random(5);
  for (let i = 0; i < 250; i++) {
    const off = ['hashjoin', 'mergejoin', 'nestloop', 'indexscan', 'sort'].filter(() => random.uint32() % 3 === 0);
    await db.session.script(`RESET ALL; ${off.map((name) => `SET enable_${name} = off`).join(';')}`);
    const sql = query(random);
    expect(await rowsOf(db, sql), `${sql}\nwithout ${off.join(', ')}`).toBe(await rowsOf(plain, sql));
  }
  await db.engine.close();
});

test('equal columns form a class, whose members give one key between any two sets', () => {
  const relation = (id: number): { node: never; ids: Set<number>; rows: number } => ({
    node: undefined as never,
    ids: new Set([id]),
    rows: 10,
  });
  const column = (id: number) => ({ kind: 'column', id, name: `c${id}`, type: { oid: 23, typmod: -1 } }) as const;
  const equal = (left: number, right: number) =>
    ({
      kind: 'call',
      operator: '=',
      fn: {} as never,
      args: [column(left), column(right)],
      type: { oid: 16, typmod: -1 },
    }) as const;
  const graph = joinGraph([relation(1), relation(2), relation(3)], [equal(1, 2), equal(2, 3)]);
  expect(graph.conditions).toEqual([]);
  expect(graph.classes.map(({ mask }) => mask)).toEqual([7]);
  const step = stepBetween(graph, { mask: 1, ids: new Set([1]) }, { mask: 6, ids: new Set([2, 3]) });
  expect(step.keys.map(({ left, right }) => [left, right])).toEqual([[column(1), column(2)]]);
});
