/** The statement texts of a session that are likely to come again, with their trees and plans. */
import type { Cached } from './bindable.ts';

const MAX_STATEMENTS = 500;
/** Longer texts carry their values in them and hardly come twice. */
const MAX_LENGTH = 8192;

export class StatementCache {
  readonly #byText = new Map<string, Cached>();

  get(sql: string): Cached | undefined {
    return this.#byText.get(sql);
  }

  /** Keeps a statement; the one that came first makes room. */
  keep(sql: string, statement: Cached): void {
    if (sql.length > MAX_LENGTH) return;
    if (this.#byText.size >= MAX_STATEMENTS) this.#byText.delete(this.#byText.keys().next().value as string);
    this.#byText.set(sql, statement);
  }

  clear(): void {
    this.#byText.clear();
  }
}
