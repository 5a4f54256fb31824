/** Wide window frames are made of merged states; they give what stepping through each frame gives. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

const ROWS = 700;
const rows = Array.from({ length: ROWS }, (_, i) => ({ id: i + 1, g: Math.floor(i / 7), v: (i * 7919) % 1009 }));

type Exclude = 'NO OTHERS' | 'CURRENT ROW' | 'GROUP' | 'TIES';

function frameOf(at: number, mode: 'ROWS' | 'GROUPS', exclude: Exclude): number[] {
  const own = rows[at] as (typeof rows)[number];
  return rows
    .filter((other, i) => {
      const distance = mode === 'ROWS' ? i - at : other.g - own.g;
      const near = mode === 'ROWS' ? distance >= -150 && distance <= 90 : distance >= -20 && distance <= 30;
      if (!near) return false;
      if (exclude === 'CURRENT ROW') return i !== at;
      if (exclude === 'GROUP') return other.g !== own.g;
      return exclude === 'NO OTHERS' || i === at || other.g !== own.g;
    })
    .map(({ v }) => v);
}

test.each([
  ['ROWS', 'NO OTHERS'],
  ['ROWS', 'CURRENT ROW'],
  ['GROUPS', 'GROUP'],
  ['GROUPS', 'TIES'],
] as const)('%s, EXCLUDE %s', async (mode, exclude) => {
  const db = await openDb();
  await db.run(
    `CREATE TABLE t (id int PRIMARY KEY, g int, v int);
     INSERT INTO t SELECT i + 1, i / 7, i * 7919 % 1009 FROM generate_series(0, ${ROWS - 1}) i`,
  );
  const bounds = mode === 'ROWS' ? '150 PRECEDING AND 90 FOLLOWING' : '20 PRECEDING AND 30 FOLLOWING';
  // The key makes the order of rows one; the peers are those of the group.
  const order = mode === 'ROWS' ? 'id' : 'g';
  const got = await db.rows(
    `SELECT count(*) OVER w, sum(v) OVER w, min(v) OVER w, max(v) OVER w, sum(v::float8) OVER w, bit_xor(v) OVER w,
            bool_or(v = 5) OVER w, round(var_pop(v) OVER w, 6), count(*) FILTER (WHERE v > 500) OVER w,
            first_value(v) OVER w, last_value(v) OVER w, nth_value(v, 3) OVER w
     FROM t WINDOW w AS (ORDER BY ${order} ${mode} BETWEEN ${bounds} EXCLUDE ${exclude}) ORDER BY id`,
  );
  for (let at = 0; at < ROWS; at++) {
    const frame = frameOf(at, mode, exclude);
    const sum = frame.reduce((a, b) => a + b, 0);
    const squares = frame.reduce((a, b) => a + b * b, 0);
    const n = frame.length;
    expect(got[at]?.slice(0, 7)).toEqual([
      String(n),
      String(sum),
      String(Math.min(...frame)),
      String(Math.max(...frame)),
      String(sum),
      String(frame.reduce((a, b) => a ^ b, 0)),
      frame.includes(5) ? 't' : 'f',
    ]);
    expect(Number(got[at]?.[7])).toBeCloseTo((n * squares - sum * sum) / (n * n), 4);
    expect(got[at]?.slice(8)).toEqual(
      [frame.filter((v) => v > 500).length, frame[0], frame.at(-1), frame[2]].map(String),
    );
  }
  await db.engine.close();
});
