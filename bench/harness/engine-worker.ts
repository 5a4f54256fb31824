/** The worker of an engine that has none of its own: opens it and answers the page's calls. */
import { openEngine } from 'bench:contestant';
import { answering, type Call, type Offers, serve } from './rpc.ts';

interface Open {
  readonly method: 'open';
  readonly mode: string;
  readonly database: string;
}

let answer: ((call: Call) => Promise<unknown>) | undefined;

serve(async (request: Open | Call) => {
  if (request.method === 'open') {
    const engine = await openEngine(request.mode, request.database);
    answer = answering(engine);
    return { arrays: engine.arrays !== undefined, columns: engine.columns !== undefined } satisfies Offers;
  }
  if (answer === undefined) throw new Error('not open');
  return answer(request);
});
