/** Statements that were run, newest first and each once, kept in localStorage for every database by itself. */
const LIMIT = 200;

export interface PastStatement {
  readonly sql: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function readHistory(database: string): PastStatement[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(database)) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isPastStatement) : [];
  } catch {
    return [];
  }
}

export function remember(database: string, sql: string): PastStatement[] {
  const others = readHistory(database).filter((entry) => entry.sql !== sql);
  const history = [{ sql, at: Date.now() }, ...others].slice(0, LIMIT);
  try {
    localStorage.setItem(key(database), JSON.stringify(history));
  } catch {
    // A full localStorage costs the history, not the statement.
  }
  return history;
}

function key(database: string): string {
  return `drift.history.${database}`;
}

function isPastStatement(value: unknown): value is PastStatement {
  return (
    typeof value === 'object' && value !== null && 'sql' in value && typeof value.sql === 'string' && 'at' in value
  );
}
