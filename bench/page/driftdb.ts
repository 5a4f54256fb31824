/** DriftDB as its users have it: the public API, the worker that it starts, full durability. */
import { open } from 'driftdb-web';
import type { Bench } from './engine.ts';
import { start } from './workloads.ts';

const bench: Bench = {
  open: async (name) => {
    const db = await open(`opfs://${name}`, { durability: 'full' });
    return {
      exec: async (sql) => {
        await db.exec(sql);
      },
      query: async (sql, parameters = []) => (await db.query(sql, [...parameters])).rows,
      close: () => db.close(),
    };
  },
  numbers: (n) => `generate_series(1, ${n}) AS g(i)`,
};
start(bench);
