/**
 * Damage of one kind, with every checksum right: the manifest's directory and segments of a closed database are decoded,
 * changed, and written again. So checks meet what no failing medium makes, but a mistake of ours would.
 */
import { runSync } from '../../src/base/task.ts';
import { type Value, type Vector, valueAt } from '../../src/base/vector.ts';
import { VectorBuilder } from '../../src/base/vector-builder.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/database/recovery.ts';
import { readManifest, writeManifest } from '../../src/log/manifest.ts';
import { Packs } from '../../src/segment/packs.ts';
import { encodeSegment, type SegmentRef } from '../../src/segment/segment.ts';
import { SegmentReader } from '../../src/segment/segment-reader.ts';
import type { MemoryStorage } from '../../src/storage/memory.ts';
import type { TreeEntry } from '../../src/table/directory.ts';
import { decodeDirectory } from '../../src/table/ended-tables.ts';
import { encodeDirectory } from '../../src/table/encode-directory.ts';
import type { TreeColumn } from '../../src/table/table.ts';

type Changeable<T> = T extends readonly (infer Item)[]
  ? Changeable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Changeable<T[Key]> }
    : T;
export type Tree = Changeable<TreeEntry>;

/** One version in a segment. */
export interface Version {
  values: Value[];
  from: number;
  to: number;
}

export interface Edit {
  readonly tree: Tree;
  /** Bytes used, by pack. */
  readonly packs: Map<number, number>;
  /** Writes a segment's versions again, changed, and returns where they are now. The first `current` are current rows. */
  rewrite(ref: SegmentRef, change: (versions: Version[]) => Version[]): SegmentRef;
}

/** A tree: of a table by its id, or of its n-th index. */
export interface Place {
  readonly table: number;
  readonly index?: number;
  readonly columns: readonly TreeColumn[];
}

export function damage(storage: MemoryStorage, place: Place, edit: (it: Edit) => void): void {
  const manifest = runSync(readManifest(storage));
  if (manifest === null) throw new Error('a manifest');
  const state = decodeCheckpoint(manifest.body);
  const directory = decodeDirectory(state.directory);
  const packs = Packs.of(storage, Infinity, directory.packs, directory.currentPack);
  const table = directory.tables.find(({ id }) => id === place.table);
  const entry = place.index === undefined ? table : table?.indexes[place.index];
  if (entry === undefined) throw new Error(`no tree ${place.table}`);
  const formats = place.columns.map(({ format }) => format);
  const rewrite: Edit['rewrite'] = (ref, change) => {
    const bytes = runSync(packs.read(ref));
    const reader = SegmentReader.of(ref, bytes);
    const columns = formats.map((format, c) => reader.column(bytes, c, format));
    const [from, to] = [reader.from(bytes), reader.to(bytes)];
    const read = Array.from({ length: reader.rows }, (_, row) => ({
      values: columns.map((column) => valueAt(column, row)),
      from: from[row] as number,
      to: to[row] as number,
    }));
    const versions = change(read);
    const vectors = formats.map((format, c): Vector => {
      const builder = new VectorBuilder(format, versions.length);
      for (const { values } of versions) builder.append(values[c] ?? null);
      return builder.view();
    });
    const sequence = (of: (version: Version) => number): Float64Array => Float64Array.from(versions, of);
    const isLeaf = entry.tree.leaves.some((leaf) => leaf.ref?.offset === ref.offset && leaf.ref.pack === ref.pack);
    const rows = {
      columns: vectors,
      from: sequence((version) => version.from),
      to: sequence((version) => version.to),
      currentRows: isLeaf ? versions.filter((version) => version.to === Infinity).length : 0,
    };
    return runSync(packs.append(runSync(encodeSegment(rows, formats)), place.table));
  };
  edit({ tree: entry.tree as Tree, packs: packs.sizes as Map<number, number>, rewrite });
  const changed = encodeDirectory({ ...directory, packs: packs.sizes, currentPack: packs.current });
  const body = encodeCheckpoint({ ...state, directory: changed });
  runSync(writeManifest(storage, manifest, { epoch: manifest.epoch, body }));
}
