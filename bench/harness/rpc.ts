/**
 * The least that lets a page call an engine in a worker: one message there, one back. Engines whose package has no client
 * of its own for that get no more than an application would write for them, and no less: statements are prepared once,
 * typed arrays of columns are transferred.
 */
import type { Engine, Prepared, Row, Value } from './engine.ts';

type Method = 'exec' | 'rows' | 'arrays' | 'columns' | 'prepare' | 'prepared' | 'run' | 'bulk' | 'close';

export interface Call {
  readonly id: number;
  readonly method: Method;
  readonly argument: unknown;
  readonly parameters?: readonly Value[] | undefined;
}

export type Reply = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** Answers the page's calls. */
export function answering(engine: Engine): (call: Call) => Promise<unknown> {
  const prepared: Prepared[] = [];
  const statement = (id: unknown): Prepared => {
    const found = prepared[id as number];
    if (found === undefined) throw new Error(`no statement ${String(id)}`);
    return found;
  };
  return async ({ method, argument, parameters = [] }) => {
    switch (method) {
      case 'exec':
        await engine.exec(argument as string);
        return null;
      case 'rows':
        return engine.rows(argument as string, parameters);
      case 'arrays':
        return engine.arrays?.(argument as string);
      case 'columns':
        return engine.columns?.(argument as string);
      case 'prepare':
        return prepared.push(await engine.prepare(argument as string)) - 1;
      case 'prepared':
        return statement(argument).rows(parameters);
      case 'run':
        await statement(argument).run(parameters);
        return null;
      case 'bulk':
        await engine.bulk(argument as Parameters<Engine['bulk']>[0]);
        return null;
      case 'close':
        await engine.close();
        return null;
    }
  };
}

/** What a worker says of its engine when it is open. */
export interface Offers {
  readonly arrays: boolean;
  readonly columns: boolean;
}

/** The engine in a worker, as the page sees it. */
export function remote(call: (request: Omit<Call, 'id'>) => Promise<unknown>, offers: Offers): Engine {
  return {
    exec: (sql) => call({ method: 'exec', argument: sql }),
    rows: (sql, parameters) => call({ method: 'rows', argument: sql, parameters }) as Promise<Row[]>,
    arrays: offers.arrays ? (sql) => call({ method: 'arrays', argument: sql }) as Promise<unknown[][]> : undefined,
    columns: offers.columns
      ? (sql) => call({ method: 'columns', argument: sql }) as Promise<ArrayLike<unknown>[]>
      : undefined,
    prepare: async (sql) => {
      const id = await call({ method: 'prepare', argument: sql });
      return {
        rows: (parameters) => call({ method: 'prepared', argument: id, parameters }) as Promise<Row[]>,
        run: (parameters) => call({ method: 'run', argument: id, parameters }),
      };
    },
    bulk: (table) => call({ method: 'bulk', argument: table }),
    close: () => call({ method: 'close', argument: null }),
  };
}

/** Calls a worker; replies find their call by number. */
export function caller(worker: Worker): (request: object, transfer?: Transferable[]) => Promise<unknown> {
  const waiting = new Map<number, (reply: Reply) => void>();
  let last = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  });
  worker.addEventListener('error', ({ message }) => {
    for (const [id, reply] of waiting) reply({ id, error: message });
    waiting.clear();
  });
  return (request) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, (reply) => ('error' in reply ? reject(new Error(reply.error)) : resolve(reply.result)));
      worker.postMessage({ ...request, id });
    });
}

/** Serves calls in the worker, with what `answer` makes of them; buffers of columns are given away. */
export function serve(answer: (request: never) => Promise<unknown>): void {
  addEventListener('message', ({ data }: MessageEvent<{ readonly id: number }>) => {
    answer(data as never).then(
      (result) => postMessage({ id: data.id, result } satisfies Reply, { transfer: buffersOf(result) }),
      (error: unknown) => postMessage({ id: data.id, error: errorText(error) } satisfies Reply),
    );
  });
}

export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function buffersOf(result: unknown): ArrayBuffer[] {
  if (!Array.isArray(result)) return [];
  const buffers = result.flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : []));
  return [...new Set(buffers)];
}
