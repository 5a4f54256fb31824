/**
 * The least that lets a page call an engine in a worker: one message there, one back. The peers get no more than an
 * application would write for them, and no less.
 */
import type { Engine, Row } from './engine.ts';

interface Request {
  readonly id: number;
  readonly method: 'open' | 'exec' | 'query' | 'close';
  readonly text: string;
  readonly parameters: readonly (number | string)[];
}

type Reply = { readonly id: number } & ({ readonly rows: readonly Row[] } | { readonly error: string });

/** Answers the page's calls in the worker. */
export function serve(open: (name: string) => Promise<Engine>): void {
  let engine: Engine | undefined;
  addEventListener('message', ({ data }: MessageEvent<Request>) => {
    const answer = async (): Promise<readonly Row[]> => {
      if (data.method === 'open') engine = await open(data.text);
      else if (engine === undefined) throw new Error('not open');
      else if (data.method === 'query') return engine.query(data.text, data.parameters);
      else if (data.method === 'exec') await engine.exec(data.text);
      else await engine.close();
      return [];
    };
    answer().then(
      (rows) => postMessage({ id: data.id, rows } satisfies Reply),
      (error: unknown) => postMessage({ id: data.id, error: String(error) } satisfies Reply),
    );
  });
}

/** The engine in a worker, from the page. */
export async function connect(worker: Worker, name: string): Promise<Engine> {
  const waiting = new Map<number, (reply: Reply) => void>();
  let last = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  });
  const call = (
    method: Request['method'],
    text = '',
    parameters: Request['parameters'] = [],
  ): Promise<readonly Row[]> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, (reply) => ('error' in reply ? reject(new Error(reply.error)) : resolve(reply.rows)));
      worker.postMessage({ id, method, text, parameters } satisfies Request);
    });
  worker.addEventListener('error', ({ message }) => {
    for (const [id, reply] of waiting) reply({ id, error: message });
  });
  await call('open', name);
  return {
    exec: async (sql) => {
      await call('exec', sql);
    },
    query: (sql, parameters) => call('query', sql, parameters),
    close: async () => {
      await call('close');
      worker.terminate();
    },
  };
}
