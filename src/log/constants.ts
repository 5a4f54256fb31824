/** Numbers of the log's and the manifest's formats; FORMAT.md explains them and a test holds the two together. */

/** "DRFL": first bytes of every log file. */
export const LOG_MAGIC = 0x4c465244;
export const LOG_FORMAT_VERSION = 1;
/** Header: magic, version, log number, owner epoch, salt, checksum; padded to a sector. */
export const LOG_HEADER_BYTES = 512;
/** A medium writes whole sectors: a sector that was flushed is never written again, so a torn write can't reach back. */
export const SECTOR_BYTES = 512;
/** Length and checksum in front of each frame. */
export const FRAME_PREFIX_BYTES = 8;
/** Longer frames are corruption; checked before anything is allocated. */
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024;
/** What a transaction's frames may have: one that is sealed becomes a little longer. */
export const MAX_WRITTEN_FRAME_BYTES: number = MAX_FRAME_BYTES - 64;
/** Log files grow in steps of this size by default: a commit that needs another waits 0.5 ms for the zeros. */
export const LOG_STEP_BYTES: number = 256 * 1024;
/** The first step is smaller: each opening makes a log file, and the next reads it. */
export const LOG_FIRST_STEP_BYTES: number = 64 * 1024;

export const FRAME_INSERT = 1;
export const FRAME_PATCH = 2;
export const FRAME_SOFT_DELETE = 3;
export const FRAME_SEQUENCE = 4;
export const FRAME_COMMIT = 5;
/** Of encrypted databases, which have no others in the file. */
export const FRAME_SEALED = 6;
export const FRAME_ERASURE = 7;

/** "DRFM": first bytes of both manifest slots. */
export const MANIFEST_MAGIC = 0x4d465244;
export const MANIFEST_FORMAT_VERSION = 1;
export const MANIFEST_SLOT_BYTES = 512;
/** Two slots, then the bodies. */
export const MANIFEST_BODY_OFFSET = 1024;
/** A manifest body beyond this is corruption. */
export const MAX_MANIFEST_BYTES: number = 1024 * 1024 * 1024;
