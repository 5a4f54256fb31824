/** What each program of this project does with a database; plain JavaScript, as in many projects. */
export async function work(db) {
  await db.exec(`
    CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance numeric(12,2) CHECK (balance >= 0));
    INSERT INTO account VALUES (1, 'Ada', 100);
  `);
  await db.transaction(
    async (tx) => {
      await tx.query('UPDATE account SET balance = balance - $1 WHERE id = 1', [30]);
      await tx.query('INSERT INTO account VALUES (2, $1, 30)', ['Bob']);
    },
    { author: 'ada', message: 'lend Bob 30' },
  );
}

export async function read(db) {
  const { rows: now } = await db.query('SELECT * FROM account ORDER BY id');
  const { rows: transactions } = await db.query('SELECT seq, message FROM drift.transactions ORDER BY seq');
  const { seq, message } = transactions.at(-1);
  const { rows: before } = await db.asOf({ seq: seq - 1 }).query('SELECT * FROM account ORDER BY id');
  const code = await db.query('UPDATE account SET balance = -1').catch((error) => error.code);
  return { now, before, message, code };
}
