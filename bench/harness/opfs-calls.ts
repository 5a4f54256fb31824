/** Counts calls of synchronous OPFS handles and the bytes they write, for the cost of a commit. */
export const opfsCalls: { writes: number; flushes: number; bytes: number } = { writes: 0, flushes: 0, bytes: 0 };

if (typeof FileSystemSyncAccessHandle !== 'undefined') {
  const { prototype } = FileSystemSyncAccessHandle;
  const { write, flush } = prototype;
  prototype.write = function (this: FileSystemSyncAccessHandle, ...given: Parameters<typeof write>): number {
    const written = write.apply(this, given);
    opfsCalls.writes++;
    opfsCalls.bytes += written;
    return written;
  };
  prototype.flush = function (this: FileSystemSyncAccessHandle): void {
    opfsCalls.flushes++;
    flush.apply(this);
  };
}
