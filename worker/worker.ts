/** driftdb-web/worker: a dedicated worker that is one engine. Import nothing from here: start it as a module worker. */
import { expose } from 'comlink';
import { browserHost } from './host.ts';
import { EngineServer } from './server.ts';

expose(new EngineServer(browserHost()));
