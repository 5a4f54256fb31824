/** NodeStorage against the contract, and its lock: a dead owner's is taken over, a living one's never. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { NodeStorage } from '../../src/storage/node.ts';
import { storageConformance } from './conformance.ts';

const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'drift-storage-'));
  folders.push(made);
  return made;
}

afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

storageConformance('node', () => {
  const directory = join(folder(), 'deep', 'database');
  return { open: () => new NodeStorage(directory), destroy: () => undefined };
});

describe('NodeStorage lock', () => {
  it('names the process that has the database', () => {
    const directory = folder();
    const first = new NodeStorage(directory);
    first.acquire();
    expect(readFileSync(join(directory, 'LOCK'), 'utf8').trim()).toBe(String(process.pid));
    expect(() => new NodeStorage(directory).acquire()).toThrow(expect.objectContaining({ code: '55006' }));
    expect(() => new NodeStorage(`${directory}/../${directory.split('/').at(-1)}`).acquire()).toThrow(
      /in use by this process/,
    );
    first.close();
    expect(existsSync(join(directory, 'LOCK'))).toBe(false);
  });

  it('takes over the lock of a process that is gone', () => {
    const directory = folder();
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(join(directory, 'LOCK'), `${gone}\n`);
    const storage = new NodeStorage(directory);
    storage.acquire();
    expect(storage.list()).toEqual([]);
    storage.close();
  });

  it('takes over an empty lock and one with our own recycled process id', () => {
    for (const left of ['', `${process.pid}\n`]) {
      const directory = folder();
      writeFileSync(join(directory, 'LOCK'), left);
      const storage = new NodeStorage(directory);
      storage.acquire();
      storage.close();
    }
  });

  it.runIf(process.platform === 'linux')('takes over a lock whose process id belongs to somebody else now', () => {
    const directory = folder();
    writeFileSync(join(directory, 'LOCK'), `${process.ppid}\n`);
    const storage = new NodeStorage(directory);
    storage.acquire();
    storage.close();
  });

  it.runIf(process.platform === 'linux')(
    'respects another process that lives, and takes over once it was killed',
    async () => {
      const directory = folder();
      const path = join(directory, 'LOCK');
      const script = `const fs = require('fs'); const fd = fs.openSync(${JSON.stringify(path)}, 'wx'); fs.writeSync(fd, process.pid + '\\n'); console.log('held'); setInterval(() => fd, 1000);`;
      const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((ready) => child.stdout.once('data', ready));
      expect(() => new NodeStorage(directory).acquire()).toThrow(new RegExp(`in use by process ${child.pid}`));
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
      const storage = new NodeStorage(directory);
      storage.acquire();
      storage.close();
    },
  );
});

describe('NodeStorage errors', () => {
  it('says 58030 where the directory cannot be made', () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(() => new NodeStorage(file).acquire()).toThrow(expect.objectContaining({ code: '58030' }));
  });
});
