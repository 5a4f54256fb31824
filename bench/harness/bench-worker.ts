/** Runs workloads in the worker, beside the engine; counts what it writes and flushes there. */
import { openEngine } from 'bench:contestant';
import { limits } from './limits.ts';
import { serve } from './rpc.ts';
import { type Setup, Thread } from './thread.ts';
import './opfs-calls.ts';

const thread = new Thread('worker', openEngine);

serve(async (request: { readonly method: string; readonly argument: unknown }) => {
  switch (request.method) {
    case 'setup':
      return thread.setup(request.argument as Setup);
    case 'run':
      return thread.run(request.argument as string);
    case 'close':
      return thread.close();
    case 'limits':
      return limits();
    case 'echo':
      return request.argument;
    default:
      throw new Error(`no method ${request.method}`);
  }
});
