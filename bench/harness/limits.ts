/**
 * What the machine can do without any engine, in this browser and run: below these times no database can be.
 * Each is the best of a few attempts, for a limit is what the hardware does undisturbed. Milliseconds.
 */
const ATTEMPTS = 5;
const ROWS = 1_000_000;

/** In the worker. */
export async function limits(): Promise<Record<string, number>> {
  const numbers = new Float64Array(ROWS).map((_, i) => ((i * 31) % 100_000) / 100);
  const small = new Int32Array(ROWS).map((_, i) => (i * 7) % 50);
  const keys = new Int32Array(ROWS).map((_, i) => (i * 7919) % 100_000);
  let sink = 0;
  const found: Record<string, number> = {
    // A predicate over two columns and a sum.
    filter: best(() => {
      let sum = 0;
      for (let i = 0; i < ROWS; i++) if ((small[i] ?? 0) < 25 && (numbers[i] ?? 0) > 500) sum += numbers[i] ?? 0;
      sink += sum;
    }),
    // Sums into a small and a big array: grouping when the group's number is known.
    groupFew: best(() => {
      const sums = new Float64Array(50);
      for (let i = 0; i < ROWS; i++) sums[small[i] ?? 0] = (sums[small[i] ?? 0] ?? 0) + (numbers[i] ?? 0);
      sink += sums[3] ?? 0;
    }),
    groupMany: best(() => {
      const sums = new Float64Array(100_000);
      for (let i = 0; i < ROWS; i++) sums[keys[i] ?? 0] = (sums[keys[i] ?? 0] ?? 0) + (numbers[i] ?? 0);
      sink += sums[3] ?? 0;
    }),
    sort: best(() => {
      sink += Float64Array.from(numbers).sort()[7] ?? 0;
    }),
    keyLookup: best(() => {
      const map = new Map<number, number>();
      for (let i = 0; i < 100_000; i++) map.set(i, i);
      for (let i = 0; i < ROWS; i++) sink += map.get(keys[i] ?? 0) ?? 0;
    }),
    objects: best(() => {
      const rows = [];
      for (let i = 0; i < 100_000; i++)
        rows.push({ id: i, parity: i & 1, category: 'category 1', amount: numbers[i], qty: small[i] });
      sink += rows.length;
    }),
  };
  if (sink === 0.5) throw new Error('never');
  return { ...found, ...(await mediumLimits()) };
}

/** OPFS: one small write and flush, as a durable commit needs at least; a megabyte written and read. */
async function mediumLimits(): Promise<Record<string, number>> {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle('bench-limits', { create: true });
  const handle = await file.createSyncAccessHandle();
  const small = new Uint8Array(512).fill(7);
  const big = new Uint8Array(1 << 20).fill(7);
  // Over what is there: as fast as a log with its room made beforehand.
  for (let i = 0; i < 16; i++) handle.write(big, { at: i << 20 });
  handle.flush();
  const times: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const started = performance.now();
    for (let i = 0; i < 100; i++) {
      handle.write(small, { at: i * 512 });
      handle.flush();
    }
    times.push((performance.now() - started) / 100);
  }
  const write = best(() => {
    for (let i = 0; i < 16; i++) handle.write(big, { at: i << 20 });
    handle.flush();
  });
  const read = best(() => {
    for (let i = 0; i < 16; i++) handle.read(big, { at: i << 20 });
  });
  handle.close();
  await root.removeEntry('bench-limits');
  return { commit: Math.min(...times), writeMegabyte: write / 16, readMegabyte: read / 16 };
}

/** From the page: a message to a worker and back, and 100,000 rows as two typed arrays. */
export async function pageLimits(echo: (value: unknown) => Promise<unknown>): Promise<Record<string, number>> {
  await echo(0);
  let message = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const started = performance.now();
    for (let i = 0; i < 200; i++) await echo(i);
    message = Math.min(message, (performance.now() - started) / 200);
  }
  let columns = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const started = performance.now();
    await echo([new Float64Array(100_000), new Int32Array(400_000)]);
    columns = Math.min(columns, performance.now() - started);
  }
  return { message, columns };
}

function best(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const started = performance.now();
    work();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}
