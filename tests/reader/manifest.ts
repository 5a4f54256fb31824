/** MANIFEST and the directory in its body (src/log/FORMAT.md, head of src/table/directory.ts). */
import { crc32c, Cursor, Damaged } from './bytes.ts';

export interface Ref {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  readonly tableLength: number;
  readonly tableCrc: number;
}

export interface Leaf {
  readonly start: number;
  readonly ref: Ref | null;
  readonly tiles: readonly number[];
}

export interface Tile {
  readonly start: number;
  readonly end: number;
  readonly ref: Ref;
}

export interface Tree {
  readonly tiles: readonly Tile[];
  readonly leaves: readonly Leaf[];
  /** Where tiles, and those of each leaf, are described instead. */
  readonly past: Ref | null;
}

export interface Manifest {
  readonly lastSeq: number;
  readonly lastTimestamp: number;
  readonly firstLog: number;
  readonly historyFrom: number;
  readonly sequences: ReadonlyMap<number, string>;
  readonly tables: ReadonlyMap<number, { readonly end: number; readonly tree: Tree }>;
}

export function readManifest(file: Uint8Array): Manifest {
  let best: { readonly generation: number; readonly body: Uint8Array } | undefined;
  for (const at of [0, 512]) {
    const slot = new Cursor(file.subarray(at, at + 48));
    if (slot.left < 48 || slot.u32() !== 0x4d465244) continue;
    if (slot.u32() !== 1) throw new Damaged('a manifest of another version');
    const [generation, , offset, length, crc] = [slot.u64(), slot.u64(), slot.u64(), slot.u64(), slot.u32()];
    if (slot.u32() !== crc32c(file.subarray(at, at + 44))) continue;
    const body = file.subarray(offset, offset + length);
    if (body.length === length && crc32c(body) === crc && generation > (best?.generation ?? -1))
      best = { generation, body };
  }
  if (best === undefined) throw new Damaged('no valid manifest');
  return readBody(new Cursor(best.body));
}

function readBody(body: Cursor): Manifest {
  const [lastSeq, lastTimestamp, firstLog] = [body.varint(), body.f64(), body.varint()];
  body.varint();
  const sequences = new Map<number, string>();
  for (let left = body.varint(); left > 0; left--) {
    sequences.set(body.varint(), body.string());
    body.u8();
  }
  const directory = new Cursor(body.raw(body.varint()));
  const historyFrom = body.left > 0 ? body.varint() : 0;
  return { lastSeq, lastTimestamp, firstLog, historyFrom, sequences, tables: readDirectory(directory) };
}

function readDirectory(input: Cursor): Manifest['tables'] {
  if (input.left === 0) return new Map();
  const version = input.u8();
  if (version < 1 || version > 3) throw new Damaged('a directory of another version');
  input.varint();
  input.list(() => [input.varint(), input.varint()]);
  const tables = new Map(input.list(() => readTable(input, version)));
  if (version < 3) return tables;
  input.list(() => [input.varint(), input.varint()]);
  const ended = new Cursor(input.raw(input.varint()));
  while (ended.left > 0) tables.set(...readTable(ended, version));
  return tables;
}

function readTable(input: Cursor, version: number): readonly [number, { readonly end: number; readonly tree: Tree }] {
  const id = input.varint();
  input.varint();
  const [end, tree] = [input.f64(), readTree(input, version)];
  input.list(() => readIndex(input, version));
  return [id, { end, tree }];
}

function readIndex(input: Cursor, version: number): void {
  input.varint();
  input.u8();
  input.list(() => [input.varint(), input.u8()]);
  input.f64();
  readTree(input, version);
}

function readTree(input: Cursor, version: number): Tree {
  input.varint();
  input.varint();
  const past = version > 1 && input.u8() === 1 ? readRef(input) : null;
  if (past !== null) input.list(() => [input.varint(), input.varint()]);
  const tiles = past === null ? readTiles(input) : [];
  const leaves = input.list(() => {
    skipKey(input);
    const start = input.f64();
    const ref = input.u8() === 1 ? readRef(input) : null;
    return { start, ref, tiles: past === null ? input.list(() => input.varint()) : [] };
  });
  return { tiles, leaves, past };
}

function readTiles(input: Cursor): Tile[] {
  return input.list(() => ({ start: input.f64(), end: input.f64(), ref: readRef(input) }));
}

/** The tree with the tiles of its past (head of src/table/past.ts). */
export function withPast(tree: Tree, bytes: Uint8Array): Tree {
  if (crc32c(bytes) !== tree.past?.tableCrc) throw new Damaged('the checksum of a past does not hold');
  const input = new Cursor(bytes);
  const tiles = readTiles(input);
  const lists = input.list(() => input.list(() => input.varint()));
  return { tiles, leaves: tree.leaves.map((leaf, i) => ({ ...leaf, tiles: lists[i] ?? [] })), past: null };
}

function readRef(input: Cursor): Ref {
  const [pack, offset, length, tableLength] = [input.varint(), input.varint(), input.varint(), input.varint()];
  return { pack, offset, length, tableLength, tableCrc: input.u32() };
}

function skipKey(input: Cursor): void {
  switch (input.u8()) {
    case 0:
      return;
    case 1:
      return void input.f64();
    case 2:
    case 3:
      return void input.string();
    case 4:
      return void input.raw(2 * input.varint());
    default:
      throw new Damaged('a key of an unknown kind');
  }
}
