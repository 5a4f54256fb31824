/** Without a bundler. */
import { open } from './node_modules/driftdb-web/dist/browser.js';
import { show } from './show.js';

await show(await open('opfs://plain'));
