/** What bench/turns.mjs needs of the sources: an engine whose host measures turns. */
export { Cancellation } from '../../src/base/cancel.ts';
export { openEngine } from '../../src/database/engine.ts';
export { MemoryStorage } from '../../src/storage/memory.ts';
export { measuredTurns } from '../../tests/database/turns.ts';
