/** PGlite in a worker of its own. */
import { connect } from './rpc.ts';
import { start } from './workloads.ts';

start({
  open: (name) => connect(new Worker(new URL('pglite.worker.ts', import.meta.url), { type: 'module' }), name),
  numbers: (n) => `generate_series(1, ${n}) AS g(i)`,
});
