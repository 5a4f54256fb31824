/** The page that the runner drives: `bench.worker` and `bench.page` run workloads in the worker and here. */
import { openFromPage } from 'bench:client';
import { pageLimits } from './limits.ts';
import { caller } from './rpc.ts';
import { type Outcome, type Setup, Thread } from './thread.ts';

interface Runs {
  setup(setup: Setup): Promise<Outcome>;
  run(measure: string): Promise<Outcome>;
  close(): Promise<void>;
}

declare global {
  var bench: {
    readonly worker: Runs;
    readonly page: Runs;
    limits(): Promise<Record<string, number>>;
    /** Computes for so long, so that the runner can tell the page's process by its time. */
    spin(ms: number): void;
  };
}

let call: ReturnType<typeof caller> | undefined;
const inWorker = (method: string, argument: unknown = null): Promise<unknown> => {
  call ??= caller(new Worker(new URL('bench-worker.ts', import.meta.url), { type: 'module' }));
  return call({ method, argument });
};
const thread = new Thread('page', openFromPage);

globalThis.bench = {
  worker: {
    setup: (setup) => inWorker('setup', setup) as Promise<Outcome>,
    run: (measure) => inWorker('run', measure) as Promise<Outcome>,
    close: async () => {
      await inWorker('close');
    },
  },
  page: thread,
  limits: async () => ({
    ...((await inWorker('limits')) as Record<string, number>),
    ...(await pageLimits((value) => inWorker('echo', value))),
  }),
  spin: (ms) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  },
};
