/** Asks a database for rows as text. */
export type Ask = (sql: string) => Promise<(string | null)[][]>;
