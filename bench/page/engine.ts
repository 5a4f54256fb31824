/**
 * The three engines behind one interface, called from the main thread, as an application calls them. Each runs in a
 * dedicated worker on OPFS, with every commit durable when it is acknowledged.
 */
export interface Engine {
  /** Runs statements; a transaction may span calls. */
  exec(sql: string): Promise<void>;
  /** Runs one statement; parameters are `$1`, `$2` …. Rows are objects. */
  query(sql: string, parameters?: readonly (number | string)[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export type Row = Readonly<Record<string, unknown>>;

/** A page's program gives this to the driver (bench/run.ts). */
export interface Bench {
  readonly open: (name: string) => Promise<Engine>;
  /** SQL for the numbers from 1 to n as a table `g(i)`. */
  readonly numbers: (n: number) => string;
}
