/** Statements of megabytes, read and bound with pauses: rows, errors, cancellations and what they leave are those of others. */
import { expect, test } from 'vitest';
import { Cancellation } from '../../src/base/cancel.ts';
import type { Host } from '../../src/base/host.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { testHost, textRows } from './helper.ts';

const ROWS = 6000;

/** Each look at the clock finds a slice used up: every pause is a turn. */
function turningHost(onTurn: () => void): Host {
  const base = testHost();
  let ms = 0;
  return {
    ...base,
    monotonicMs: () => (ms += 10),
    async yieldToOthers() {
      await base.yieldToOthers();
      onTurn();
    },
  };
}

const insert = (row: (i: number) => string): string =>
  `INSERT INTO t VALUES ${Array.from({ length: ROWS }, (_, i) => row(i)).join(', ')}`;
const GOOD = insert((i) => `(${i}, 'name ${i}', -${i}.25, ${i % 3 === 0 ? 'NULL' : `'2024-01-${(i % 28) + 1}'`})`);

test('a long INSERT has its rows; a bad cell far down its place; cancelled in any turn it leaves nothing', async () => {
  let turns = 0;
  let stop: { at: number; cancellation: Cancellation } | null = null;
  const host = turningHost(() => {
    if (++turns === stop?.at) stop.cancellation.cancel();
  });
  const engine = await openEngine({ storage: new MemoryStorage(), host });
  const session = engine.session();
  await session.script('CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(9, 2), d date)');
  const count = async (): Promise<string | null | undefined> =>
    textRows(await session.execute('SELECT count(*) FROM t', [], { text: true }))[0]?.[0];

  const bad = insert((i) => (i === 5500 ? `(${i}, 'x', 1, '2024-02-31')` : `(${i}, 'name ${i}', 0, NULL)`));
  await expect(session.execute(bad)).rejects.toMatchObject({
    code: '22008',
    position: bad.indexOf("'2024-02-31'") + 1,
  });
  await expect(session.execute(`${GOOD}, (1`)).rejects.toMatchObject({ code: '42601' });
  await expect(session.execute(`${GOOD}, (1)`)).rejects.toMatchObject({ code: '42601' });
  expect(await count()).toBe('0');

  turns = 0;
  const whole = new Cancellation();
  stop = { at: -1, cancellation: whole };
  await session.execute(GOOD, [], { cancellation: whole });
  const all = turns;
  expect(all).toBeGreaterThan(40);
  const [row] = textRows(
    await session.execute('SELECT count(*), sum(a), sum(c), count(d), max(b) FROM t', [], { text: true }),
  );
  expect(row).toEqual(['6000', '17997000', '-17998500.00', '4000', 'name 999']);

  await session.execute('TRUNCATE t');
  for (const at of [1, 5, 20, 24, 28, 34, 40]) {
    turns = 0;
    stop = { at, cancellation: new Cancellation() };
    await expect(session.script(GOOD, { cancellation: stop.cancellation })).rejects.toMatchObject({ code: '57014' });
    stop = null;
    expect(await count()).toBe('0');
  }
  await engine.close();
});
