/** IndexedDB is the page's as well: no worker between. */
export { openEngine as openFromPage } from './dexie.ts';
