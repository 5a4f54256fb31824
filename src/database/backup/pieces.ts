/**
 * The frame of backup files (FORMAT.md): a header, then pieces, each with a checksum that goes on from the one before it,
 * sealed where the backup is encrypted. Writing and reading hold one piece at a time.
 *
 * A piece's nonce is its number: the key is random and of one file, and a file is written once, from its beginning.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { DriftError } from '../../base/error.ts';
import { type Aead, NONCE_BYTES } from '../../storage/encryption/aead.ts';
import { deriveAead } from '../../storage/encryption/derive-aead.ts';
import {
  type CipherName,
  type EncryptionOptions,
  newOuterKey,
  openKeys,
  outerKeyFor,
  type RandomBytes,
  randomOf,
  readDerivation,
  sealKeys,
  writeDerivation,
} from '../../storage/encryption/secret.ts';
import { baseKey } from '../../storage/encryption/web-crypto.ts';

export const MAGIC = 'DRIFTDB\n';
export const BACKUP_VERSION = 2;
/** Magic, version, length of the header. */
const PREFIX_BYTES = 16;
const MAX_HEADER_BYTES: number = 64 * 1024 * 1024;
const MAX_PIECE_BYTES: number = 1024 * 1024 * 1024;
const SALT_BYTES = 32;
const CIPHERS: readonly CipherName[] = ['aes-256-gcm', 'chacha20-poly1305'];
const WHAT = 'the backup';
const encoder: TextEncoder = new TextEncoder();

export const INFO = 1;
export const SEGMENT = 2;
export const STATE = 3;
export const END = 4;

export class PieceWriter {
  #crc = 0;
  #count = 0;
  #aead: Aead | null = null;

  /** Returns the file's first bytes. */
  async begin(encryption: EncryptionOptions | undefined, random: RandomBytes): Promise<Uint8Array> {
    const header = new ByteWriter(128);
    header.u8(encryption === undefined ? 0 : 1);
    if (encryption !== undefined) {
      const outer = await newOuterKey(encryption, random);
      const { cipher = 'aes-256-gcm' } = encryption;
      const salt = randomOf(SALT_BYTES, random);
      header.u8(CIPHERS.indexOf(cipher) + 1);
      writeDerivation(header, outer.derivation);
      header.raw(salt);
      const key = randomOf(32, random);
      header.bytes(await sealKeys(outer, header.finish(), key, random));
      this.#aead = await deriveAead(cipher, await baseKey(key), { salt, use: 'backup' });
      key.fill(0);
    }
    const writer = new ByteWriter(PREFIX_BYTES + header.length + 4);
    for (let i = 0; i < MAGIC.length; i++) writer.u8(MAGIC.charCodeAt(i));
    writer.u32(BACKUP_VERSION);
    writer.u32(header.length);
    writer.raw(header.view());
    this.#crc = crc32c(writer.view());
    writer.u32(this.#crc);
    return writer.finish();
  }

  async piece(content: Uint8Array): Promise<Uint8Array> {
    const aead = this.#aead;
    const number = this.#count++;
    const body = aead === null ? content : await aead.seal(nonceOf(number), boundTo(number), content);
    const writer = new ByteWriter(body.length + 8);
    writer.u32(body.length);
    writer.raw(body);
    this.#crc = crc32c(writer.view(), this.#crc);
    writer.u32(this.#crc);
    return writer.finish();
  }
}

export class PieceReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  /** Chunks behind the first, and bytes in all of them. */
  #more: Uint8Array[] = [];
  #have = 0;
  #offset = 0;
  #crc = 0;
  #count = 0;
  #aead: Aead | null = null;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Where the next byte to read lies in the file. */
  get offset(): number {
    return this.#offset;
  }

  /** Reads the version; of a file of version 1 everything is left to be read. Throws XX001 for no backup at all. */
  async version(): Promise<number> {
    await this.#fill(PREFIX_BYTES);
    const head = this.#peek(Math.min(this.#have, PREFIX_BYTES));
    for (let i = 0; i < MAGIC.length; i++)
      if (head[i] !== MAGIC.charCodeAt(i)) throw this.damaged(i, head.length > i ? 'no backup' : 'the end of the file');
    if (head.length < PREFIX_BYTES) throw this.damaged(head.length, 'the end of the file');
    return new DataView(head.buffer, head.byteOffset).getUint32(MAGIC.length, true);
  }

  /** REQUIRES: `version` was 2. Throws XX001, 28P01 for another passphrase or key, or none. */
  async begin(encryption: EncryptionOptions | undefined): Promise<void> {
    const prefix = await this.#take(PREFIX_BYTES);
    const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(MAGIC.length + 4, true);
    if (length > MAX_HEADER_BYTES) throw this.damaged(MAGIC.length + 4, `a header of ${length} bytes`);
    const header = await this.#take(length);
    await this.#check(crc32c(header, crc32c(prefix)), 0);
    const reader = new ByteReader(header, 'header of the backup');
    if (reader.u8() === 0) {
      if (encryption === undefined) return;
      throw new DriftError('22023', 'the backup is not encrypted');
    }
    if (encryption === undefined)
      throw new DriftError('28P01', 'the backup is encrypted: it opens with its passphrase or key');
    const cipher = CIPHERS[reader.u8() - 1];
    if (cipher === undefined) throw new DriftError('0A000', 'the backup has a cipher that this release does not know');
    const outer = await outerKeyFor(encryption, readDerivation(reader, WHAT));
    const salt = reader.raw(SALT_BYTES).slice();
    const key = await openKeys(outer, header.slice(0, reader.offset), reader.bytes());
    this.#aead = await deriveAead(cipher, await baseKey(key), { salt, use: 'backup' });
  }

  /** Reads the next piece's content. Throws XX001. */
  async next(): Promise<ByteReader> {
    const start = this.#offset;
    const prefix = await this.#take(4);
    const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(0, true);
    if (length === 0 || length > MAX_PIECE_BYTES) throw this.damaged(start, `a piece of ${length} bytes`);
    const body = await this.#take(length);
    await this.#check(crc32c(body, crc32c(prefix, this.#crc)), start);
    const number = this.#count++;
    const content = this.#aead === null ? body : await this.#aead.open(nonceOf(number), boundTo(number), body);
    if (content === null) throw this.damaged(start, 'a piece that was sealed elsewhere');
    return new ByteReader(content, `${WHAT}, piece at offset ${start}`);
  }

  /** Throws XX001 where anything follows. */
  async end(): Promise<void> {
    await this.#fill(1);
    if (this.#have > 0) throw this.damaged(this.#offset, `${this.#have} bytes behind the end`);
  }

  /** Lets the source go before its end. */
  async cancel(): Promise<void> {
    await this.#source.return?.();
  }

  /** All that is left, for files of version 1. */
  async rest(): Promise<Uint8Array> {
    while (await this.#fill(this.#have + 1));
    return this.#take(this.#have);
  }

  damaged(offset: number, found: string): DriftError {
    return new DriftError('XX001', `${WHAT} is damaged at offset ${offset}: found ${found}`);
  }

  async #check(found: number, start: number): Promise<void> {
    const bytes = await this.#take(4);
    if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== found)
      throw this.damaged(start, 'bytes whose checksum does not hold');
    this.#crc = found;
  }

  async #take(length: number): Promise<Uint8Array> {
    if (!(await this.#fill(length)))
      throw this.damaged(this.#offset, `the end of the file, ${length - this.#have} bytes too early`);
    const bytes = this.#peek(length);
    this.#chunk = this.#chunk.subarray(length);
    this.#have -= length;
    this.#offset += length;
    return bytes;
  }

  /** The next bytes, of those that are there. */
  #peek(length: number): Uint8Array {
    if (this.#chunk.length < length) {
      const joined = new Uint8Array(this.#have);
      let at = 0;
      for (const chunk of [this.#chunk, ...this.#more]) {
        joined.set(chunk, at);
        at += chunk.length;
      }
      this.#chunk = joined;
      this.#more = [];
    }
    return this.#chunk.subarray(0, length);
  }

  /** Reads until there are so many bytes; false where the source ends before. */
  async #fill(length: number): Promise<boolean> {
    while (this.#have < length) {
      const { done, value } = await this.#source.next();
      if (done === true) return false;
      this.#more.push(value);
      this.#have += value.length;
    }
    return true;
  }
}

function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(0, number, true);
  return nonce;
}

function boundTo(number: number): Uint8Array {
  return encoder.encode(`piece ${number}`);
}
