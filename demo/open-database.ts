/** The one place where the console meets the engine: opens a database in the origin private file system. */
import { open } from '../src/entry/browser.ts';
import type { Database } from './database.ts';

/** Opens a database that stays in this browser. `file` fills a new one from an exported file. */
export async function openDatabase(name: string, file?: Uint8Array): Promise<Database> {
  const database: Database = await open(`opfs://${name}`, file === undefined ? {} : { importFile: file });
  dispatchEvent(new Event('drift-database-open'));
  return database;
}
