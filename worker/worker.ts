/** driftdb-web/worker: a dedicated worker that is one engine. Import nothing from here: start it as a module worker. */
import { expose } from 'comlink';
import { systemHost } from './host.ts';
import { loadPart } from './parts.ts';
import type { ToWorker } from './protocol.ts';
import { EngineServer } from './server.ts';

/** For the build, which cuts the worker in parts. */
export { standIn } from '../src/base/part.ts';

const server = new EngineServer({
  host: {
    ...systemHost(),
    loadPart,
    startHelper: () => new Worker(new URL('./helper.ts', import.meta.url), { type: 'module' }),
    spareProcessors: navigator.hardwareConcurrency - 1,
  },
  holdLock,
  post: (message, transfer) => postMessage(message, transfer),
});
addEventListener('message', ({ data }: MessageEvent<ToWorker>) => server.receive(data));
expose(server);

/** Web Locks exist where OPFS does, in secure contexts; elsewhere the page does not notice a worker's death. */
function holdLock(name: string): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const held = (): Promise<never> => {
      resolve();
      return new Promise(() => undefined);
    };
    locks.request(name, held).catch(reject);
  });
}
