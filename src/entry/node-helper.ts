/** A helper of the engine on Node (src/exec/helpers): a worker thread that it starts itself. Import nothing from here. */
import { parentPort } from 'node:worker_threads';
import { systemHost } from '../../worker/host.ts';
import { assert } from '../base/error.ts';
import { serveHelper } from '../database/helping/server.ts';

const port = parentPort;
assert(port !== null, 'a helper is a worker thread');
serveHelper(
  {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (onMessage) => void port.on('message', onMessage),
  },
  systemHost(),
);
