/**
 * Loads the second half of the engine (src/base/late-part.ts). As it stands here the engine is whole and there is nothing
 * to load; where the build cuts the worker in two it replaces the function by one that imports the other half.
 */
/** Resolves once the engine is whole; rejects where its second half cannot be fetched, and may be called again. */
export function loadLatePart(): Promise<void> {
  return Promise.resolve();
}
