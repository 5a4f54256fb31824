/** Starts helpers of the engine as worker threads of Node. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { HelperWorker, Host } from '../base/host.ts';

/** `script`: what a helper runs. One that nobody waits for does not keep the process. */
export function helperThreads(script: URL): Pick<Host, 'startHelper' | 'spareProcessors'> {
  return { spareProcessors: availableParallelism() - 1, startHelper: () => start(script) };
}

function start(script: URL): HelperWorker {
  const worker = new Worker(script, { name: 'driftdb-helper' });
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    addEventListener(type, listener) {
      if (type === 'message') worker.on('message', (data) => listener({ data }));
      else if (type === 'messageerror') worker.on('messageerror', () => listener({}));
      else {
        worker.on('error', () => listener({}));
        worker.on('exit', () => listener({}));
      }
    },
    hold(isAwaited) {
      if (isAwaited) worker.ref();
      else worker.unref();
    },
    terminate: () => void worker.terminate(),
  };
}
