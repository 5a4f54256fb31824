/** The one place where the console meets the engine: opens a database in this browser, or in memory. */
import { open } from '../src/entry/browser.ts';
import type { Database } from './database.ts';

/** Opens a database that stays in this browser. `file` fills a new one from an exported file. */
export function openDatabase(name: string, file?: Uint8Array): Promise<Database> {
  return open(`opfs://${name}`, file === undefined ? {} : { importFile: file });
}

/** Opens an empty database that ends with the page. */
export function openInMemory(): Promise<Database> {
  return open('memory://');
}
