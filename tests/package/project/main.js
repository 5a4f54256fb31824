/** For a bundler that knows workers. */
import { open } from 'driftdb-web';
import { show } from './show.js';

await show(await open('opfs://app'));
