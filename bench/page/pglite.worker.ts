/** PGlite on its pool of OPFS handles (opfs-ahp), durable at each commit, which is its default. */
import { PGlite } from '@electric-sql/pglite';
import { serve } from './rpc.ts';

serve(async (name) => {
  const db = await PGlite.create(`opfs-ahp://${name}`, { relaxedDurability: false });
  return {
    exec: async (sql) => {
      await db.exec(sql);
    },
    query: async (sql, parameters = []) => (await db.query<Record<string, unknown>>(sql, [...parameters])).rows,
    close: () => db.close(),
  };
});
