/** What a browser grants a site's storage: room, and whether it may be taken away. */

export interface StorageEstimate {
  /** Bytes that all of the site's storage takes, as the browser counts them. */
  readonly usageBytes: number;
  /** Bytes that it may take. */
  readonly quotaBytes: number;
}

/**
 * Asks that the browser keep the site's storage when space gets short; some browsers ask the person. Call it in answer to
 * something the person did. False where it is refused, or there is no such thing.
 */
export async function persist(): Promise<boolean> {
  return (await manager()?.persist?.()) ?? false;
}

/** True if the browser keeps the site's storage already. */
export async function persisted(): Promise<boolean> {
  return (await manager()?.persisted?.()) ?? false;
}

/** Null where the browser does not tell. */
export async function estimate(): Promise<StorageEstimate | null> {
  const found = await manager()?.estimate?.();
  return found === undefined ? null : { usageBytes: found.usage ?? 0, quotaBytes: found.quota ?? 0 };
}

/** `db.storage`: of the whole site, whichever database asks. On Node, and in pages that may store nothing: false and null. */
export interface SiteStorage {
  readonly persist: typeof persist;
  readonly persisted: typeof persisted;
  readonly estimate: typeof estimate;
}

/** As much of the browser's interface as is used; Node has none. */
interface Manager {
  persist?(): Promise<boolean>;
  persisted?(): Promise<boolean>;
  estimate?(): Promise<{ readonly usage?: number; readonly quota?: number }>;
}

function manager(): Manager | undefined {
  return (globalThis as { readonly navigator?: { readonly storage?: Manager } }).navigator?.storage;
}
