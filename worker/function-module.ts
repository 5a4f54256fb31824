/**
 * Modules of a program's own that register functions in JavaScript where the engine runs. A worker cannot be sent code, and
 * the strict policy forbids to make it from text; but it may load a module from the page's own origin.
 *
 *     // functions.js
 *     export default ({ createFunction }) => {
 *       createFunction('slug', { args: ['text'], returns: 'text', strict: true }, (text) => text.toLowerCase());
 *     };
 */
import { DriftError } from '../src/base/error.ts';
import type { EngineApi } from '../src/database/api.ts';

/** What a module of functions gets. */
export interface FunctionRegistry {
  readonly createFunction: EngineApi['createFunction'];
}

/** Loads a module. The build keeps bundlers from following the import (scripts/worker-parts.ts). */
export function loadModule(url: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ url);
}

/** Runs a module's default export. Throws 22023 where it has none. */
export async function runFunctionModule(
  module: unknown,
  createFunction: FunctionRegistry['createFunction'],
): Promise<void> {
  const start = (module as { readonly default?: unknown }).default;
  if (typeof start !== 'function')
    throw new DriftError('22023', 'a module of functions exports a function by default', {
      hint: 'export default ({ createFunction }) => { … };',
    });
  await (start as (registry: FunctionRegistry) => unknown)({ createFunction });
}
