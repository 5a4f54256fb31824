/**
 * Runs workloads in one thread, the page or a worker: opens the engine, prepares its database, runs measures on demand.
 */
import type { Dialect, Engine, Open, Where } from './engine.ts';
import { type Context, NotApplicable, type Sample } from './workload.ts';
import { workloads } from '../workloads/all.ts';

export interface Setup {
  readonly workload: string;
  readonly mode: string;
  readonly dialect: Dialect;
  readonly scale: number;
  readonly database: string;
}

export type Outcome = Sample | { readonly notApplicable: string } | { readonly error: string };

interface Current {
  readonly engine: Engine;
  readonly context: Context;
  readonly workload: string;
}

export class Thread {
  readonly #where: Where;
  readonly #open: Open;
  #current: Current | undefined;

  constructor(where: Where, open: Open) {
    this.#where = where;
    this.#open = open;
  }

  async setup({ workload: id, mode, dialect, scale, database }: Setup): Promise<Outcome> {
    return outcome(async () => {
      await this.close();
      const open = async (): Promise<Engine> => this.#open(mode, database);
      const context: Context = {
        scale,
        mode,
        dialect,
        where: this.#where,
        text,
        reopen: async () => {
          await this.#current?.engine.close();
          return async () => {
            const engine = await open();
            this.#current = { engine, context, workload: id };
            return engine;
          };
        },
        kept: new Map(),
      };
      const started = performance.now();
      const engine = await open();
      this.#current = { engine, context, workload: id };
      await find(id).setup(engine, context);
      return { ms: performance.now() - started, answer: '' };
    });
  }

  run(measure: string): Promise<Outcome> {
    return outcome(async () => {
      if (this.#current === undefined) throw new Error('not set up');
      const { engine, context, workload } = this.#current;
      const found = find(workload).measures.find(({ id }) => id === measure);
      if (found === undefined) throw new Error(`${workload} has no measure ${measure}`);
      return found.run(engine, context);
    });
  }

  async close(): Promise<void> {
    const engine = this.#current?.engine;
    this.#current = undefined;
    await engine?.close();
  }
}

async function outcome(work: () => Promise<Sample>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotApplicable) return { notApplicable: error.message };
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function find(id: string): (typeof workloads)[number] {
  const workload = workloads.find((one) => one.id === id);
  if (workload === undefined) throw new Error(`no workload ${id}`);
  return workload;
}

async function text(path: string): Promise<string> {
  const response = await fetch(path);
  if (!response.ok) throw new NotApplicable(`${path} is not there`);
  return response.text();
}
