/**
 * W11: reads, writes and deletes mixed, of 1, 8 and 64 sessions at once, a commit for each write.
 *
 * An engine that has sessions gets as many; of one that has a single connection all use that, as its applications would.
 */
import { itemTable } from '../harness/data.ts';
import { createTable, type Engine, insertOne, type Prepared } from '../harness/engine.ts';
import { type Context, type Measure, NotApplicable, type Sample, settled, type Workload } from '../harness/workload.ts';

const MIXES = [
  { id: '90-10', reads: 90, writes: 10 },
  { id: '70-30', reads: 70, writes: 30 },
  { id: '40-40-20', reads: 40, writes: 40 },
];
const SESSIONS = [1, 8, 64];
const OPERATIONS = 640;
const ROWS = 10_000;

export const mixed: Workload = {
  id: 'W11',
  title: 'Mixed load',
  setup: async (engine, { dialect }) => {
    if (engine.store !== undefined) throw new NotApplicable('no statements');
    const table = itemTable(ROWS);
    await engine.exec(createTable(table, dialect));
    await engine.bulk(table);
  },
  measures: MIXES.flatMap(({ id, reads, writes }) =>
    SESSIONS.map((sessions): Measure => ({
      id: `${id}-${sessions}`,
      title: `reads/writes${reads + writes < 100 ? '/deletes' : ''} ${id.replaceAll('-', '/')}, ${sessions} sessions`,
      where: ['page'],
      per: 'ms an operation',
      commits: true,
      run: (engine, context) => mix(engine, context, { reads, writes, sessions }),
    })),
  ),
};

interface Mix {
  readonly reads: number;
  readonly writes: number;
  readonly sessions: number;
}

interface Statements {
  readonly read: Prepared;
  readonly write: Prepared;
  readonly remove: Prepared;
  readonly insert: Prepared;
}

async function mix(engine: Engine, { kept }: Context, { reads, writes, sessions }: Mix): Promise<Sample> {
  const own: Engine[] = [];
  for (let i = 0; i < sessions; i++) own.push(engine.session === undefined ? engine : await engine.session());
  const statements: Statements[] = [];
  for (const session of own) {
    statements.push({
      read: await session.prepare('SELECT name, price, stock FROM item WHERE id = $1'),
      write: await session.prepare('UPDATE item SET stock = stock + 1 WHERE id = $1'),
      remove: await session.prepare('DELETE FROM item WHERE id = $1'),
      insert: await session.prepare(insertOne(itemTable(0))),
    });
  }
  const each = OPERATIONS / sessions;
  const first = (kept.get('next') as number | undefined) ?? ROWS;
  let next = first;
  let answered = 0;
  const work = async ({ read, write, remove, insert }: Statements, s: number): Promise<void> => {
    for (let i = 0; i < each; i++) {
      const n = s * each + i;
      const dice = (n * 61) % 100;
      const key = (n * 7919) % ROWS;
      if (dice < reads) {
        const found = await read.rows([key]);
        answered += found.length;
      } else if (dice < reads + writes) await write.run([key]);
      else {
        // Rows that this one has added, so that nothing runs out.
        const id = next++;
        await insert.run([id, 'added', 0, 0, 0]);
        await remove.run([id]);
      }
    }
  };
  const started = performance.now();
  await Promise.all(statements.map((one, s) => work(one, s)));
  const ms = (performance.now() - started) / OPERATIONS;
  kept.set('next', next);
  const changes = (kept.get('changes') as number | undefined) ?? 0;
  const written = Array.from({ length: OPERATIONS }, (_, n) => (n * 61) % 100).filter(
    (dice) => dice >= reads && dice < reads + writes,
  ).length;
  kept.set('changes', changes + written);
  if (engine.session !== undefined) for (const session of own) await session.close();
  const [state] = await settled(engine.rows('SELECT count(*) AS n, sum(stock) AS stock FROM item'));
  const before = (ROWS / 100) * 4950;
  const right = Number(state?.['n']) === ROWS && Number(state?.['stock']) === before + changes + written;
  return { ms, answer: `${answered} ${right}` };
}
