/** MERGE on rows that others change or delete while it waits; outcomes are PostgreSQL's. */
import { expect, test } from 'vitest';
import { play } from './script.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v int, s text); INSERT INTO t VALUES (1, 160, $$a$$)';
const TO = 'MERGE INTO t USING (SELECT 1 AS id) s ON s.id = t.id';

test('the clauses are chosen anew for the newest version', async () => {
  const merge = `${TO} WHEN MATCHED AND s = 'a' THEN UPDATE SET s = 'b' WHEN MATCHED AND s = 'b' THEN UPDATE SET s = 'c' WHEN NOT MATCHED THEN INSERT VALUES (9, 9)`;
  const players = await play(
    T,
    `T1: BEGIN
     T1: UPDATE t SET s = 'b' WHERE id = 1       -- 1
     T2: ${merge} -- waits
     T1: COMMIT                                  -- T2: 1
     T2: SELECT * FROM t                         -- 1|160|c`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('rows are locked as strongly as their clauses ask for, others not at all', async () => {
  const merge = (id: number): string =>
    `MERGE INTO t USING (SELECT ${id} AS id) s ON s.id = t.id WHEN MATCHED AND v > 100 THEN UPDATE SET s = 'm' WHEN MATCHED AND v > 50 THEN DELETE WHEN MATCHED THEN DO NOTHING`;
  const players = await play(
    `${T}, (2, 60, NULL), (3, 3, NULL)`,
    `T1: BEGIN
     T1: SELECT id FROM t ORDER BY id FOR KEY SHARE   -- 1, 2, 3
     T2: ${merge(1)} -- 1
     T2: ${merge(2)} -- waits
     T1: UPDATE t SET v = 2 WHERE id = 3              -- 1
     T3: ${merge(3)} -- 0
     T1: UPDATE t SET v = 200 WHERE id = 2            -- 1
     T1: COMMIT                                       -- T2: 1
     T1: SELECT * FROM t                              -- 1|160|m, 2|200|m, 3|2|null
     T1: BEGIN
     T1: UPDATE t SET v = 60 WHERE id = 2             -- 1
     T4: BEGIN
     T4: SELECT id FROM t WHERE id = 2 FOR KEY SHARE  -- 2
     T2: ${merge(2)} -- waits
     T1: COMMIT
     T4: COMMIT                                       -- T2: 1
     T1: SELECT id FROM t                             -- 1, 3`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('a row that is gone, or matches no longer, is not matched', async () => {
  const merge = (id: number): string =>
    `MERGE INTO t USING (VALUES (${id}, 7)) s (id, n) ON s.id = t.id AND t.v < 200 WHEN MATCHED THEN UPDATE SET v = v + n WHEN NOT MATCHED THEN INSERT VALUES (s.id + 10, s.n, 'new')`;
  const players = await play(
    `${T}, (2, 20, NULL), (3, 30, NULL)`,
    `T1: BEGIN
     T1: DELETE FROM t WHERE id = 1              -- 1
     T1: UPDATE t SET v = 300 WHERE id = 2       -- 1
     T1: UPDATE t SET v = 31 WHERE id = 3        -- 1
     T2: ${merge(1)} -- waits
     T3: ${merge(2)} -- waits
     T4: ${merge(3)} -- waits
     T1: COMMIT                                  -- T2: 1; T3: 1; T4: 1
     T1: SELECT * FROM t                         -- 11|7|new, 12|7|new, 2|300|null, 3|38|null`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});
