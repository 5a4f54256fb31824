/** SimStorage against the contract, and the faults it deals. */
import { describe, expect, it } from 'vitest';
import { SECTOR_BYTES } from '../../src/storage/sim-file.ts';
import { type FaultKind, SimCrash, SimDisk } from '../../src/storage/sim.ts';
import type { StorageFile } from '../../src/storage/storage.ts';
import { storageConformance } from './conformance.ts';

storageConformance('simulation', () => {
  const disk = new SimDisk(1);
  return { open: () => disk.storage(), destroy: () => undefined };
});

storageConformance('simulation, answering with promises', () => {
  const disk = new SimDisk(2, { asynchronous: 0.5 });
  return { open: () => disk.storage(), destroy: () => undefined };
});

function opened(disk: SimDisk, name = 'a'): StorageFile {
  const storage = disk.storage();
  void storage.acquire();
  return storage.open(name) as StorageFile;
}

function content(file: StorageFile): Uint8Array {
  return file.read(0, file.size()) as Uint8Array;
}

describe('SimDisk', () => {
  it('keeps flushed bytes over every power failure', () => {
    for (let seed = 0; seed < 200; seed++) {
      const disk = new SimDisk(seed);
      const file = opened(disk);
      void file.write(0, new Uint8Array(SECTOR_BYTES * 3).fill(1));
      void file.flush();
      void file.write(SECTOR_BYTES, new Uint8Array(SECTOR_BYTES).fill(2));
      disk.powerFailure();
      const after = content(opened(disk));
      expect(after.length).toBe(SECTOR_BYTES * 3);
      expect(after.subarray(0, SECTOR_BYTES).every((byte) => byte === 1)).toBe(true);
      expect(after.subarray(SECTOR_BYTES * 2).every((byte) => byte === 1)).toBe(true);
    }
  });

  it('keeps, drops, tears and garbles unflushed sectors', () => {
    const fates = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const disk = new SimDisk(seed);
      const file = opened(disk);
      void file.write(0, new Uint8Array(SECTOR_BYTES).fill(1));
      void file.flush();
      void file.write(0, new Uint8Array(SECTOR_BYTES).fill(2));
      disk.powerFailure();
      const after = content(opened(disk));
      const [ones, twos] = [after.filter((b) => b === 1).length, after.filter((b) => b === 2).length];
      fates.add(
        ones === SECTOR_BYTES
          ? 'dropped'
          : twos === SECTOR_BYTES
            ? 'kept'
            : ones + twos === SECTOR_BYTES
              ? 'torn'
              : 'garbled',
      );
    }
    expect([...fates].sort()).toEqual(['dropped', 'garbled', 'kept', 'torn']);
  });

  it('loses or keeps a file whose creation was not flushed, and may bring a removed one back', () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const disk = new SimDisk(seed);
      const storage = disk.storage();
      void storage.acquire();
      void (storage.open('old') as StorageFile).flush();
      void storage.remove('old');
      void storage.open('new');
      disk.powerFailure();
      outcomes.add([...disk.files.keys()].sort().join());
    }
    expect([...outcomes].sort()).toEqual(['', 'new', 'new,old', 'old']);
  });

  it('keeps everything written when only the process dies', () => {
    const disk = new SimDisk(3);
    const file = opened(disk);
    void file.write(0, Uint8Array.of(1, 2, 3));
    disk.processKill();
    expect([...content(opened(disk))]).toEqual([1, 2, 3]);
  });

  it('is deterministic', () => {
    const runOnce = (): string => {
      const disk = new SimDisk(77);
      const file = opened(disk);
      for (let i = 0; i < 20; i++) void file.write(i * 300, new Uint8Array(700).fill(i));
      disk.powerFailure();
      return content(opened(disk)).join();
    };
    expect(runOnce()).toBe(runOnce());
  });

  it.each<[FaultKind, (file: StorageFile) => unknown, string]>([
    ['short-write', (file) => file.write(0, new Uint8Array(100)), '58030'],
    ['quota', (file) => file.write(0, new Uint8Array(100)), '53100'],
    ['flush-fails', (file) => file.flush(), '58030'],
    ['read-error', (file) => file.read(0, 10), '58030'],
    ['lost-handle', (file) => file.read(0, 10), '58030'],
  ])('%s fails the call that it strikes', (kind, call, code) => {
    const disk = new SimDisk(5);
    const file = opened(disk);
    disk.plan({ kind, at: 0 });
    expect(() => call(file)).toThrow(expect.objectContaining({ code }));
    expect(disk.fired).toBe(true);
  });

  it('stops every call after a crash, and the old opening for good', () => {
    const disk = new SimDisk(6);
    const file = opened(disk);
    disk.plan({ kind: 'crash', at: 0 });
    expect(() => file.write(0, Uint8Array.of(1))).toThrow(SimCrash);
    expect(() => file.read(0, 1)).toThrow(SimCrash);
    disk.powerFailure();
    expect(() => file.write(0, Uint8Array.of(1))).toThrow(SimCrash);
    expect(opened(disk, 'b').size()).toBe(0);
  });

  it('forgets what a lying or failed flush has not saved', () => {
    for (const kind of ['flush-lies', 'flush-fails'] as const) {
      let lost = 0;
      for (let seed = 0; seed < 40; seed++) {
        const disk = new SimDisk(seed);
        const file = opened(disk);
        void file.write(0, new Uint8Array(SECTOR_BYTES).fill(1));
        disk.plan({ kind, at: 0 });
        try {
          void file.flush();
        } catch {
          void file.flush();
        }
        disk.powerFailure();
        const name = disk.files.get('a');
        if (name === undefined || !name.live.every((byte) => byte === 1) || name.size === 0) lost++;
      }
      expect(lost, kind).toBeGreaterThan(5);
    }
  });

  it('flips one bit, and shows bytes of another place', () => {
    const disk = new SimDisk(9);
    const file = opened(disk);
    const written = Uint8Array.from({ length: 2000 }, (_, i) => i & 255);
    void file.write(0, written);
    disk.plan({ kind: 'bit-flip', at: 0 });
    const flipped = content(file);
    expect(flipped.filter((byte, i) => byte !== written[i]).length).toBe(1);
    disk.plan({ kind: 'misdirected-read', at: 0 });
    expect([...(file.read(100, 50) as Uint8Array)]).not.toEqual([...written.subarray(100, 150)]);
  });
});
