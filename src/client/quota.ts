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
  const storage = navigator.storage as StorageManager | undefined;
  return storage?.persist === undefined ? false : storage.persist();
}

/** Null where the browser does not tell. */
export async function estimate(): Promise<StorageEstimate | null> {
  const storage = navigator.storage as StorageManager | undefined;
  if (storage?.estimate === undefined) return null;
  const { usage = 0, quota = 0 } = await storage.estimate();
  return { usageBytes: usage, quotaBytes: quota };
}
