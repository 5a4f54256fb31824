/** Runs the queries on OPFS, through the worker, and shows what came. */
import { read, work } from './work.js';

export async function show(db) {
  await work(db);
  const result = document.createElement('pre');
  result.id = 'result';
  result.textContent = JSON.stringify(await read(db));
  document.body.append(result);
  await db.close();
}
