/** A helper of the engine's worker (src/exec/helpers): a worker that it starts itself. Import nothing from here. */
import { serveHelper } from '../src/database/helping/server.ts';
import { systemHost } from './host.ts';

serveHelper(
  {
    post: (message, transfer) => postMessage(message, transfer),
    listen: (onMessage) => addEventListener('message', ({ data }: MessageEvent<unknown>) => onMessage(data)),
  },
  systemHost(),
);
