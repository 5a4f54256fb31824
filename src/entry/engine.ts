/** driftdb-web/engine: the engine in process anywhere; the caller passes storage and host. */
export { DriftError } from '../base/error.ts';
export type { Host } from '../base/host.ts';
export type {
  EngineApi,
  EngineOptions,
  ExecuteOptions,
  Moment,
  ResultSet,
  SessionApi,
  TransactionOptions,
} from '../database/api.ts';
export { openEngine } from '../database/engine.ts';
export { MemoryStorage } from '../storage/memory.ts';
export type { Storage, StorageFile } from '../storage/storage.ts';
