/** For a bundler that does not know workers: the worker's file was copied beside this one. */
import { open } from 'driftdb-web';
import { show } from './show.js';

const address = './engine-worker.js';
const worker = new Worker(new URL(address, import.meta.url), { type: 'module' });
await show(await open('opfs://own-worker', { worker }));
