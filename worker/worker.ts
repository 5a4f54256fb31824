/** driftdb-web/worker: a dedicated worker that is one engine. Import nothing from here: start it as a module worker. */
import { expose } from 'comlink';
import { systemHost } from './host.ts';
import { EngineServer } from './server.ts';

expose(new EngineServer(systemHost(), holdLock));

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
