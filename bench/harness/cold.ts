/** The smallest application: opens the database that its address names, asks, and says how long after navigation. */
import { openFromPage } from 'bench:client';

declare global {
  var cold: { readonly ms: number; readonly answer: string } | { readonly error: string } | undefined;
}

const address = new URLSearchParams(location.search);
const param = (name: string): string => address.get(name) ?? '';

async function start(): Promise<void> {
  const engine = await openFromPage(param('mode'), param('database'));
  const sql = param('sql');
  const rows = engine.store === undefined ? await engine.rows(sql) : [await engine.store.get('item', 4711)];
  const ms = performance.now();
  globalThis.cold = { ms, answer: Object.values(rows[0] ?? {}).join(' ') };
}
start().catch((error: unknown) => {
  globalThis.cold = { error: String(error) };
});
