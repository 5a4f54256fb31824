/**
 * A reader of database directories, written from the FORMAT.md files alone: it imports nothing of src. It gives the rows of
 * every table at any sequence number, as text.
 */
import { Damaged } from './bytes.ts';
import { type Key, keyOf } from './keys.ts';
import { changeOf, type Change, type Transaction, transactionsOf } from './log.ts';
import { type Manifest, readManifest, type Ref, type Tree, withPast } from './manifest.ts';
import { type Cell, readSegment, type Segment } from './segment.ts';
import { homeOf, scaleOf, textOf, type Type } from './values.ts';

interface Column {
  readonly id: number;
  readonly name: string;
  readonly type: Type;
  readonly hidden?: boolean;
  readonly missing?: string;
}

interface Table {
  readonly kind: 'table';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly dropped: readonly { readonly id: number; readonly type: Type }[];
  readonly key: readonly number[];
}

interface EnumType {
  readonly kind: 'type';
  readonly id: number;
  readonly definition: {
    readonly form: string;
    readonly labels: readonly { readonly label: string; readonly order: number }[];
  };
}

/** Cells by column id; undefined: the row is older than the column. */
type Row = (Cell | undefined)[];
type Rows = Map<Key, Row>;
type Definitions = Map<number, Table | EnumType | { readonly kind: 'other'; readonly id: number }>;

const CATALOG = 1;
const TRANSACTIONS = 2;

const column = (id: number, name: string, oid: number): Column => ({ id, name, type: { oid, typmod: -1 } });
const OWN: readonly Table[] = [
  systemTable(CATALOG, 'objects', [column(0, 'id', 23), column(1, 'definition', 25)]),
  systemTable(TRANSACTIONS, 'transactions', [
    column(0, 'seq', 20),
    column(1, 'committed_at', 1184),
    column(2, 'author', 25),
    column(3, 'message', 25),
    column(4, 'metadata', 3802),
    column(5, 'tables', 1009),
    column(6, 'branch', 25),
    column(7, 'branch_id', 20),
  ]),
];

function systemTable(id: number, name: string, columns: readonly Column[]): Table {
  return { kind: 'table', id, schema: 'drift', name, columns, dropped: [], key: [0] };
}

/** Rows of each table by `schema.name`; those of each row in the order of the table's columns. */
export type State = ReadonlyMap<string, readonly (readonly (string | null)[])[]>;

export class DatabaseFiles {
  readonly lastSeq: number;
  readonly firstSeq: number;
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #manifest: Manifest;
  readonly #logged: readonly Transaction[];
  readonly #segments = new Map<Ref, Segment>();
  readonly #pasts = new Map<Tree, Tree>();

  /** Reads what says where everything is. Throws for damaged and for encrypted databases. */
  constructor(files: ReadonlyMap<string, Uint8Array>) {
    if (files.has('KEYS')) throw new Damaged('the database is encrypted');
    const manifest = files.get('MANIFEST');
    if (manifest === undefined) throw new Damaged('there is no MANIFEST');
    this.#files = files;
    this.#manifest = readManifest(manifest);
    this.#logged = [...this.#readLogs()];
    this.lastSeq = this.#manifest.lastSeq + this.#logged.length;
    this.firstSeq = this.#manifest.historyFrom;
  }

  *#readLogs(): Generator<Transaction> {
    const numbers = [...this.#files.keys()].flatMap((name) => /^log-(\d+)$/.exec(name)?.slice(1).map(Number) ?? []);
    let last = this.#manifest.lastSeq;
    for (const number of numbers.filter((each) => each >= this.#manifest.firstLog).sort((a, b) => a - b)) {
      for (const transaction of transactionsOf(this.#files.get(`log-${number}`) as Uint8Array, number)) {
        if (transaction.seq <= last) continue;
        if (transaction.seq !== ++last) throw new Damaged(`transaction ${transaction.seq} where ${last} was expected`);
        yield transaction;
      }
    }
  }

  at(seq: number): State {
    if (seq < this.firstSeq || seq > this.lastSeq) throw new Error(`${seq} is not there`);
    const base = Math.min(seq, this.#manifest.lastSeq);
    const tables = new Map<number, Rows>([[CATALOG, this.#stored(CATALOG, base)]]);
    const definitions = definitionsIn(tables.get(CATALOG) as Rows);
    for (const { id, kind } of [...OWN, ...definitions.values()])
      if (kind === 'table' && id !== CATALOG) tables.set(id, this.#stored(id, base, definitions));
    let current = definitions;
    for (const transaction of this.#logged) if (transaction.seq <= seq) current = applied(tables, current, transaction);
    return printed(tables, current);
  }

  /** Rows that segments have, at a moment that they know. */
  #stored(id: number, seq: number, definitions: Definitions = new Map()): Rows {
    const rows: Rows = new Map();
    const entry = this.#manifest.tables.get(id);
    if (entry === undefined || entry.end <= seq) return rows;
    const { tiles, leaves } = this.#whole(entry.tree);
    const refs = new Set<Ref>();
    for (const { start, ref, tiles: own } of leaves) {
      const tile = own.map((at) => tiles[at]).find((each) => each !== undefined && each.start <= seq && seq < each.end);
      const found = start <= seq ? ref : tile?.ref;
      if (found !== null && found !== undefined) refs.add(found);
    }
    for (const ref of refs) {
      const { rows: count, columns, from, to } = this.#segment(ref);
      for (let row = 0; row < count; row++) {
        if ((from[row] as number) > seq || (to[row] as number) <= seq) continue;
        const cells = columns.map((each) => each[row] as Cell);
        const key = rowKey(cells, tableOf(id, definitions));
        if (rows.has(key)) throw new Damaged(`table ${id} has the key ${String(key)} twice at ${seq}`);
        rows.set(key, cells);
      }
    }
    return rows;
  }

  #whole(tree: Tree): Tree {
    if (tree.past === null) return tree;
    let whole = this.#pasts.get(tree);
    if (whole === undefined) {
      const { offset, length } = tree.past;
      this.#pasts.set(tree, (whole = withPast(tree, this.#pack(tree.past).subarray(offset, offset + length))));
    }
    return whole;
  }

  #segment(ref: Ref): Segment {
    let segment = this.#segments.get(ref);
    if (segment === undefined) this.#segments.set(ref, (segment = readSegment(this.#pack(ref), ref)));
    return segment;
  }

  #pack(ref: Ref): Uint8Array {
    const pack = this.#files.get(`pack-${ref.pack}`);
    if (pack === undefined) throw new Damaged(`pack-${ref.pack} is missing`);
    return pack;
  }
}

function tableOf(id: number, definitions: Definitions): Table {
  const table = OWN.find((own) => own.id === id) ?? definitions.get(id);
  if (table?.kind !== 'table') throw new Damaged(`table ${id} is not defined`);
  return table as Table;
}

function typeOf(id: number, { columns, dropped }: Table): Type {
  const found = columns.find((each) => each.id === id) ?? dropped.find((each) => each.id === id);
  if (found === undefined) throw new Damaged(`a column ${id}`);
  return found.type;
}

function rowKey(cells: Row, table: Table): Key {
  return keyOf(
    table.key.map((id) => cells[id] ?? null),
    table.key.map((id) => typeOf(id, table)),
  );
}

function definitionsIn(rows: Rows): Definitions {
  return new Map(
    [...rows.values()].map((row) => {
      const definition = JSON.parse(row[1] as string) as Table | EnumType;
      return [definition.id, definition];
    }),
  );
}

/** Applies a transaction to the tables; returns the definitions that hold after it. */
function applied(tables: Map<number, Rows>, before: Definitions, transaction: Transaction): Definitions {
  const touched = new Set<number>();
  let definitions = before;
  for (const frame of transaction.frames) {
    const change = changeOf(frame);
    if (change === null) continue;
    if (!tables.has(change.table)) tables.set(change.table, new Map());
    const keys = apply(tables.get(change.table) as Rows, change, tableOf(change.table, definitions));
    if (change.table === CATALOG) {
      definitions = definitionsIn(tables.get(CATALOG) as Rows);
      for (const key of keys) touched.add(Number(key));
    } else touched.add(change.table);
  }
  const named = [...touched].flatMap((id) => [definitions.get(id) ?? before.get(id)]);
  const names = named.flatMap((object) => (object?.kind === 'table' ? [(object as Table).name] : []));
  const list = [...new Set(names)]
    .sort()
    .map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : JSON.stringify(name)));
  const text = new TextEncoder().encode(`{${list.join(',')}}`);
  const { seq, timestamp, author, message, metadata } = transaction;
  const row: Row = [seq, timestamp, author, message, metadata, Uint8Array.of(text.length, ...text)];
  tables.get(TRANSACTIONS)?.set(seq, row);
  return definitions;
}

function apply(rows: Rows, { kind, count, keys, ids, columns }: Change, table: Table): Key[] {
  return Array.from({ length: count }, (_, at) => {
    const old = kind === 'insert' ? undefined : rows.get(keys[at] as Key);
    if (kind !== 'insert' && old === undefined)
      throw new Damaged(`a change of ${String(keys[at])}, which is not there`);
    const row: Row = old?.slice() ?? [];
    ids.forEach((id, i) => {
      const [cell, type] = [columns[i]?.[at] ?? null, typeOf(id, table)];
      const isScaled = typeof cell === 'number' && homeOf(type) === 'decimal';
      row[id] = isScaled ? { scaled: cell, scale: scaleOf(type) } : cell;
    });
    const key = kind === 'insert' ? rowKey(row, table) : (keys[at] as Key);
    if (kind === 'insert' && rows.has(key)) throw new Damaged(`a second row ${String(key)}`);
    if (kind === 'delete') rows.delete(key);
    else rows.set(key, row);
    return key;
  });
}

function printed(tables: ReadonlyMap<number, Rows>, definitions: Definitions): State {
  const state = new Map<string, readonly (readonly (string | null)[])[]>();
  for (const table of [OWN[1] as Table, ...definitions.values()]) {
    if (table.kind !== 'table') continue;
    const shown = (table as Table).columns.filter(({ hidden }) => hidden !== true);
    const rows = [...(tables.get(table.id)?.values() ?? [])].map((row) =>
      shown.map(({ id, type, missing }) => {
        const cell = row[id];
        return cell === undefined ? (missing ?? null) : textOf(cell, type, labelsOf(type, definitions));
      }),
    );
    state.set(`${(table as Table).schema}.${(table as Table).name}`, rows);
  }
  return state;
}

function labelsOf({ oid }: Type, definitions: Definitions): ReadonlyMap<number, string> | undefined {
  const object = oid < 16384 ? undefined : definitions.get((oid - 16384) >> 1);
  if (object?.kind !== 'type' || (object as EnumType).definition.form !== 'enum') return undefined;
  return new Map((object as EnumType).definition.labels.map(({ label, order }) => [order, label]));
}
