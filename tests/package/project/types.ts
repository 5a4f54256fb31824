/** A program as strict as TypeScript allows, against the public declarations. */
import { type Database, DriftError, open, type QueryOptions, type Results } from 'driftdb-web';

interface Account {
  id: number;
  owner: string;
}

async function accounts(db: Database, options: QueryOptions): Promise<readonly Account[]> {
  const result: Results<Account> = await db.query<Account>('SELECT id, owner FROM account', [], options);
  return result.rows;
}

const db = await open('memory://');
try {
  const owners: string[] = (await accounts(db, { timeout: 1000 })).map(({ owner }) => owner);
  const affected: number = await db.transaction(
    async (tx) => (await tx.query('DELETE FROM account WHERE id = $1', [owners.length])).affectedRows,
    { author: 'ada' },
  );
  const past: Results = await db.asOf(new Date(0)).query('SELECT 1');
  console.log(affected, past.fields[0]?.name);
} catch (error) {
  if (error instanceof DriftError) console.log(error.code, error.position);
}
await db.close();
