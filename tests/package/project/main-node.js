/** Writes a database and reads it; with `again`, reads what an earlier run wrote. */
import { open } from 'driftdb-web';
import { read, work } from './work.js';

const [, , url, again] = process.argv;
const db = await open(url);
if (again === undefined) await work(db);
console.log(JSON.stringify(await read(db)));
await db.close();
