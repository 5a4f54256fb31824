/**
 * What the oracle asks of history: all versions, the versions of a period in each of its forms, changes, net differences,
 * the history and the author of rows, each against the model; and what must hold between them: what is alive at a moment is
 * AS OF that moment, and a state with a difference is the other state.
 *
 * The moments are drawn from the number of the last commit, so that a run can be repeated.
 */
import { changesOf, type Change, differences, left, type Version, versionsOf } from './history-model.ts';
import type { Kept } from '../../src/table/kept.ts';
import type { Ask } from './ask.ts';
import { same } from './compare.ts';
import { firstWhole, type Limit } from './limits.ts';
import { names, type Row, type Table, tableById, under, type World } from './world.ts';

export interface History {
  readonly worlds: readonly World[];
  readonly last: number;
  /** What may have gone of the history of a table. */
  readonly limitOf: (id: number) => Limit;
  /** What a table keeps; null where that is not known. */
  readonly keptOf: (id: number) => Kept | null;
}

export async function compareHistory(ask: Ask, history: History): Promise<void> {
  const { worlds, last } = history;
  const now = worlds[last] as World;
  for (const [name, table] of now.tables) {
    // What is going while it is asked for is compared by its states.
    const kept = history.keptOf(table.id);
    if (kept === null) continue;
    const limit = kept.historyFrom;
    const versions = versionsOf(worlds, last, table.id);
    const list = `${names(table).join(', ')}, _seq_from, _seq_to`;
    const all = await ask(`SELECT ${list} FROM ${name} FOR SYSTEM_TIME ALL`);
    same(`versions of ${name}`, all, shown(left(versions, kept), table));
    const blame = await ask(`SELECT ${names(table).join(', ')}, seq FROM blame('${name}')`);
    const current = versions.filter(({ to }) => to === Infinity);
    same(
      `blame of ${name}`,
      blame,
      current.map((version): Row => [...under(version.row, version.table, table), String(version.from)]),
    );
    if (limit === 0 && table.hasKey) await compareRows(ask, name, table, versions, last);
    if (last > limit) {
      const [a, b] = momentsOf(limit, last);
      await comparePeriods(ask, history, table, a, b);
      await compareChanges(ask, history, table, a, b);
    }
  }
  await compareDatabases(ask, history);
}

/** Two moments with something in between. */
function momentsOf(first: number, last: number): readonly [number, number] {
  const a = first + ((last * 7919) % (last - first));
  return [a, a + 1 + ((last * 104_729) % (last - a))];
}

async function compareRows(
  ask: Ask,
  name: string,
  table: Table,
  versions: readonly Version[],
  last: number,
): Promise<void> {
  const keys = [...new Set(versions.map(({ key }) => key))];
  if (keys.length === 0) return;
  const key = keys[last % keys.length] as number;
  const own = versions.filter((version) => version.key === key);
  const wanted = changesOf(own, 0, last).map(({ seq, operation, before, after }): Row => {
    const version = (after ?? before) as Version;
    return [String(seq), operation, ...under(version.row, version.table, table)];
  });
  const found = await ask(`SELECT seq, operation, ${names(table).join(', ')} FROM row_history('${name}', ${key})`);
  same(`history of row ${key} of ${name}`, found, wanted);
}

async function comparePeriods(ask: Ask, { worlds, last }: History, now: Table, a: number, b: number): Promise<void> {
  // A period is read under the definitions of its end.
  const end = tableById(worlds[b] as World, now.id);
  if (end === undefined) return;
  const [name, table] = end;
  const versions = versionsOf(worlds, last, table.id);
  const periods: readonly [string, (version: Version) => boolean][] = [
    [`BETWEEN SEQ ${a} AND SEQ ${b}`, ({ from, to }) => from <= b && to > a],
    [`FROM SEQ ${a} TO SEQ ${b}`, ({ from, to }) => from < b && to > a],
    [`CONTAINED IN (SEQ ${a}, SEQ ${b})`, ({ from, to }) => from >= a && to <= b],
  ];
  for (const [clause, holds] of periods) {
    const sql = `SELECT ${names(table).join(', ')}, _seq_from, _seq_to FROM ${name} FOR SYSTEM_TIME ${clause}`;
    same(`${name} ${clause}`, await ask(sql), shown(versions.filter(holds), table));
  }
}

async function compareChanges(ask: Ask, { worlds, last }: History, now: Table, a: number, b: number): Promise<void> {
  const [before, after] = [a, b].map((seq) => tableById(worlds[seq] as World, now.id));
  if (after === undefined) return;
  const [name, table] = after;
  const versions = versionsOf(worlds, last, table.id);
  const images = (side: string): string =>
    names(table)
      .map((column) => `${side}_${column}`)
      .join(', ');
  const changes = await ask(
    `SELECT seq, operation, ${images('before')}, ${images('after')} FROM table_changes('${name}', ${a}, ${b})`,
  );
  const wanted = changesOf(versions, a, b).map((change) => imagesOf(change, table));
  // Without a key it is not known which row is which: a change is one that goes and one that comes.
  if (table.hasKey) same(`changes of ${name} from ${a} to ${b}`, changes, wanted);
  else same(`changes of ${name} from ${a} to ${b}`, halves(changes), halves(wanted));
  const [, old] = before ?? [];
  if (old === undefined || !old.hasKey || !table.hasKey) return;
  const sides = [...names(old).map((column) => `from_${column}`), ...names(table).map((column) => `to_${column}`)];
  const none = (columns: Table): Row => columns.columns.map(() => null);
  same(
    `difference of ${name} from ${a} to ${b}`,
    await ask(`SELECT diff_type, ${sides.join(', ')} FROM table_diff('${name}', ${a}, ${b})`),
    differences(old, table).map(({ type, before: f, after: t }): Row => [
      type,
      ...(f ?? none(old)),
      ...(t ?? none(table)),
    ]),
  );
}

/** How many rows of which table differ, for tables with a key. */
async function compareDatabases(ask: Ask, { worlds, last, limitOf }: History): Promise<void> {
  const tables = [...(worlds[last] as World).tables.values()];
  const ever = worlds.slice(0, last + 1).flatMap(({ tables: all }) => [...all.values()]);
  const first = Math.max(0, ...ever.map(({ id }) => firstWhole(limitOf(id))));
  if (last <= first) return;
  const [a, b] = momentsOf(first, last);
  const [before, after] = [worlds[a] as World, worlds[b] as World];
  const found = await ask(`SELECT table_name, rows_added, rows_removed, rows_modified FROM database_diff(${a}, ${b})`);
  for (const { id } of tables) {
    const [old, now] = [tableById(before, id), tableById(after, id)];
    if (now === undefined || !now[1].hasKey || (old !== undefined && !old[1].hasKey)) continue;
    const changes = differences(old?.[1] ?? { ...now[1], rows: new Map() }, now[1]);
    const count = (type: string): string => String(changes.filter((change) => change.type === type).length);
    const wanted: Row = [now[0], count('added'), count('removed'), count('modified')];
    const rows = found.filter(([name]) => name === now[0]);
    if (changes.length === 0 && rows.length === 0) continue;
    // A table of the same name that was dropped has a row, too.
    if (!rows.some((row) => row.join() === wanted.join()))
      throw new Error(`database_diff(${a}, ${b}): expected ${wanted.join(' ')}, found ${JSON.stringify(rows)}`);
  }
}

function shown(versions: readonly Version[], table: Table): Row[] {
  return versions.map(({ row, table: own, from, to }): Row => [
    ...under(row, own, table),
    String(from),
    to === Infinity ? null : String(to),
  ]);
}

function imagesOf({ seq, operation, before, after }: Change, table: Table): Row {
  const image = (version: Version | null): Row =>
    version === null ? table.columns.map(() => null) : under(version.row, version.table, table);
  return [String(seq), operation, ...image(before), ...image(after)];
}

function halves(changes: readonly Row[]): Row[] {
  return changes.flatMap((change) => {
    const width = (change.length - 2) >> 1;
    const [seq, operation] = change as [string, string];
    const [before, after] = [change.slice(2, 2 + width), change.slice(2 + width)];
    return [
      ...(operation === 'insert' ? [] : [[seq, 'gone', ...before]]),
      ...(operation === 'delete' ? [] : [[seq, 'come', ...after]]),
    ];
  });
}
