/** SQLite in a worker of its own. */
import { connect } from './rpc.ts';
import { start } from './workloads.ts';

start({
  open: (name) => connect(new Worker(new URL('sqlite.worker.ts', import.meta.url), { type: 'module' }), name),
  numbers: (n) =>
    `(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${n}) SELECT i FROM s) AS g`,
});
