/** Chinook and Northwind, scripts written for PostgreSQL, load and answer; skipped where the corpora are not. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';

const ROOT = fileURLToPath(new URL('../../../shared/corpora/pg-scripts/', import.meta.url));

/** Drops psql's own commands, and databases and owners, which this engine has none of. */
function script(file: string): string {
  const lines = readFileSync(ROOT + file, 'utf8').split('\n');
  return lines.filter((line) => !/^\\|^(CREATE|DROP) DATABASE|OWNER TO/.test(line)).join('\n');
}

test.skipIf(!existsSync(ROOT))('Chinook loads', async () => {
  const db = await open('memory://');
  await db.exec(script('Chinook_PostgreSql.sql'));
  const { rows } = await db.query(
    'SELECT count(*) AS n FROM track t JOIN album a USING (album_id) JOIN artist r USING (artist_id)',
  );
  expect(rows).toEqual([{ n: 3503 }]);
  await db.close();
});

test.skipIf(!existsSync(ROOT))('Northwind loads, keys added to filled tables included', async () => {
  const db = await open('memory://');
  await db.exec(script('northwind.sql'));
  const { rows } = await db.query(
    'SELECT count(*) AS n FROM order_details d JOIN orders o USING (order_id) JOIN customers c USING (customer_id)',
  );
  expect(rows).toEqual([{ n: 2155 }]);
  await db.close();
});
