/** The engine on a storage that is passed in: what was written is there when the storage is opened again. */
import { MemoryStorage, open } from 'driftdb-web/engine';
import { read, work } from './work.js';

const storage = new MemoryStorage();
const first = await open(storage);
await work(first);
await first.close();
const db = await open(storage);
console.log(JSON.stringify(await read(db)));
await db.close();
