/** From the page, of a package that has no client of its own: its engine in a worker behind the least of messages. */
import type { Open } from './engine.ts';
import { caller, type Offers, remote } from './rpc.ts';

export const openFromPage: Open = async (mode, database) => {
  const worker = new Worker(new URL('engine-worker.ts', import.meta.url), { type: 'module' });
  const call = caller(worker);
  const offers = (await call({ method: 'open', mode, database })) as Offers;
  const engine = remote(call, offers);
  return {
    ...engine,
    close: async () => {
      await engine.close();
      worker.terminate();
    },
  };
};
