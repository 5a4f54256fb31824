/** DriftDB from the page as its users have it: the package as built, in the worker that it starts. */
import { open } from 'driftdb-web';
import type { Open } from '../harness/engine.ts';
import { engineOf, optionsOf } from './driftdb-calls.ts';

export const openFromPage: Open = async (mode, database) =>
  engineOf(await open(mode === 'memory' ? 'memory://' : `opfs://${database}`, await optionsOf(mode)));
