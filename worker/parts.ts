/**
 * Loads the engine's later parts (src/base/part.ts). As it stands here the engine is whole and there is nothing to load;
 * where the build cuts the worker it replaces the function by one that imports the part.
 */
import type { PartName } from '../src/base/part.ts';

/** Resolves once the part is there; rejects where it cannot be fetched, and may be called again. */
export function loadPart(_part: PartName): Promise<void> {
  return Promise.resolve();
}
