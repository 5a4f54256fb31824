/**
 * A clock of what this thread has computed: other processes on the machine, and what V8 does in threads of its own, do not
 * count. Linux tells it (nanoseconds on a processor, the first figure of schedstat); elsewhere it is the process's time.
 */
import { existsSync, openSync, readSync } from 'node:fs';

const SCHEDSTAT = '/proc/thread-self/schedstat';
let schedstat: number | null = null;

/** Milliseconds of computing since it was made: never more than have passed. */
export function computingClock(): () => number {
  const spent = threadTime() ?? processTime;
  let [wall, used, total] = [performance.now(), spent(), 0];
  return () => {
    const [now, then] = [performance.now(), spent()];
    total += Math.min(now - wall, then - used);
    [wall, used] = [now, then];
    return total;
  };
}

function processTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function threadTime(): (() => number) | null {
  if (!existsSync(SCHEDSTAT)) return null;
  // One for all clocks of a thread; never closed.
  const file = (schedstat ??= openSync(SCHEDSTAT, 'r'));
  const text = Buffer.alloc(64);
  return () => {
    // Asking for the process's time has the system count this thread's until now, not until its last tick.
    process.cpuUsage();
    return Number.parseInt(text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)), 10) / 1e6;
  };
}
