/**
 * A history over TPC-H's tables in the manner of TPC-BiH: orders come, are delivered and cancelled, customers pay and move,
 * stocks and prices change, each for a part of its valid time. It goes to a database, and to a model of its own: plain
 * intervals, every version with the commits from and to which it was known.
 */
import type { Random } from '../../src/base/random.ts';
import type { Database } from '../../src/entry/node.ts';
import { readRows } from './tpch-data.ts';

/** A version as the model has it: columns by name, then when it was known. */
export interface Known {
  readonly row: Readonly<Record<string, string | number>>;
  readonly from: number;
  to: number;
}

interface Table {
  readonly columns: string;
  readonly key: readonly string[];
  /** Columns of valid time. */
  readonly period: readonly [string, string];
}

export const FOREVER = '2099-01-01';
/** Days of valid time begin here. */
const EPOCH = Date.UTC(1995, 0, 1);
const DAYS = 2000;

export const TABLES: Readonly<Record<string, Table>> = {
  customer: {
    columns:
      'c_custkey int, c_name text, c_nationkey int, c_acctbal numeric(15,2), c_mktsegment text, v_from date, v_to date',
    key: ['c_custkey'],
    period: ['v_from', 'v_to'],
  },
  partsupp: {
    columns: 'ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric(15,2), v_from date, v_to date',
    key: ['ps_partkey', 'ps_suppkey'],
    period: ['v_from', 'v_to'],
  },
  orders: {
    columns: 'o_orderkey int, o_custkey int, o_orderstatus text, o_totalprice numeric(15,2), v_from date, v_to date',
    key: ['o_orderkey'],
    period: ['v_from', 'v_to'],
  },
};

export function day(n: number): string {
  return new Date(EPOCH + n * 86_400_000).toISOString().slice(0, 10);
}

type Row = Record<string, string | number>;

export class History {
  readonly versions: ReadonlyMap<string, Known[]> = new Map(Object.keys(TABLES).map((name) => [name, []]));
  readonly #db: Database;
  readonly #random: Random;
  seq = 0;
  readonly #custkeys: number[] = [];
  readonly #parts: (readonly [number, number])[] = [];
  #nextOrder = 1;
  #nextCustomer = 100_000;

  constructor(db: Database, random: Random) {
    this.#db = db;
    this.#random = random;
  }

  /** Makes the tables and puts some of TPC-H's rows into them. */
  async begin(): Promise<void> {
    for (const [name, { columns, key, period }] of Object.entries(TABLES))
      await this.#db.exec(`CREATE TABLE ${name} (${columns}, PERIOD FOR valid (${period.join(', ')}),
        PRIMARY KEY (${key.join(', ')}, valid WITHOUT OVERLAPS))`);
    await this.#db.exec(
      'CREATE INDEX by_customer ON orders (o_custkey); CREATE INDEX by_cost ON partsupp (ps_supplycost)',
    );
    const always = { v_from: day(0), v_to: FOREVER };
    const customers = readRows('customer')
      .slice(0, 150)
      .map(([key, name, , nation, , balance, segment]): Row => {
        this.#custkeys.push(Number(key));
        const [c_name, c_mktsegment] = [String(name).trim(), String(segment).trim()];
        return {
          c_custkey: Number(key),
          c_name,
          c_nationkey: Number(nation),
          c_acctbal: String(balance),
          c_mktsegment,
          ...always,
        };
      });
    const stock = readRows('partsupp')
      .slice(0, 200)
      .map(([part, supplier, quantity, cost]): Row => {
        this.#parts.push([Number(part), Number(supplier)]);
        const [ps_partkey, ps_suppkey] = [Number(part), Number(supplier)];
        return { ps_partkey, ps_suppkey, ps_availqty: Number(quantity), ps_supplycost: String(cost), ...always };
      });
    await this.#insert('customer', customers);
    await this.#insert('partsupp', stock);
  }

  /** One transaction of a random kind. */
  async step(): Promise<void> {
    const kind = this.#below(10);
    if (kind < 3) await this.#order();
    else if (kind === 3) await this.#cancel();
    else if (kind === 4) await this.#deliver();
    else if (kind === 5) await this.#newCustomer();
    else if (kind < 8) await this.#change('customer', { c_custkey: this.#pick(this.#custkeys) });
    else {
      const [ps_partkey, ps_suppkey] = this.#pick(this.#parts);
      await this.#change('partsupp', { ps_partkey, ps_suppkey });
    }
  }

  async #order(): Promise<void> {
    const from = this.#below(DAYS);
    const o_totalprice = `${this.#below(90_000)}.${10 + this.#below(90)}`;
    const o_orderkey = this.#nextOrder++;
    const row = {
      o_orderkey,
      o_custkey: this.#pick(this.#custkeys),
      o_orderstatus: 'O',
      o_totalprice,
      v_from: day(from),
      v_to: FOREVER,
    };
    await this.#insert('orders', [row]);
  }

  async #cancel(): Promise<void> {
    await this.#portion('orders', { o_orderkey: 1 + this.#below(this.#nextOrder) }, null);
  }

  async #deliver(): Promise<void> {
    await this.#portion('orders', { o_orderkey: 1 + this.#below(this.#nextOrder) }, { o_orderstatus: 'F' });
  }

  async #newCustomer(): Promise<void> {
    const c_custkey = this.#nextCustomer++;
    this.#custkeys.push(c_custkey);
    const c_name = `Customer#${c_custkey}`;
    const v_from = day(this.#below(DAYS));
    await this.#insert('customer', [
      {
        c_custkey,
        c_name,
        c_nationkey: this.#below(25),
        c_acctbal: '0.00',
        c_mktsegment: 'BUILDING',
        v_from,
        v_to: FOREVER,
      },
    ]);
  }

  /** Another value of a row, or its end, for a part of its valid time. */
  async #change(table: string, key: Row): Promise<void> {
    if (this.#below(12) === 0) return this.#portion(table, key, null);
    const values: readonly Row[] =
      table === 'customer'
        ? [
            { c_acctbal: `${this.#below(9000)}.25` },
            { c_mktsegment: this.#pick(['AUTOMOBILE', 'FURNITURE', 'MACHINERY']) },
          ]
        : [{ ps_availqty: this.#below(10_000) }, { ps_supplycost: `${1 + this.#below(1000)}.50` }];
    return this.#portion(table, key, this.#pick(values));
  }

  // ---- both sides ---------------------------------------------------------------------------------------------------

  async #insert(table: string, rows: readonly Row[]): Promise<void> {
    const texts = rows.map((row) => `(${Object.values(row).map(literal).join(', ')})`);
    await this.#db.exec(`INSERT INTO ${table} VALUES ${texts.join(', ')}`);
    await this.#tick();
    for (const row of rows) this.#know(table, row);
  }

  /** UPDATE or (without values) DELETE … FOR PORTION OF valid. */
  async #portion(table: string, key: Row, values: Row | null): Promise<void> {
    const start = this.#below(DAYS);
    const [a, b] = [day(start), this.#below(3) === 0 ? FOREVER : day(start + 1 + this.#below(400))];
    const where = Object.entries(key).map(([name, value]) => `${name} = ${literal(value)}`);
    const set = Object.entries(values ?? {}).map(([name, value]) => `${name} = ${literal(value)}`);
    const portion = `FOR PORTION OF valid FROM '${a}' TO '${b}'`;
    await this.#db.exec(
      values === null
        ? `DELETE FROM ${table} ${portion} WHERE ${where.join(' AND ')}`
        : `UPDATE ${table} ${portion} SET ${set.join(', ')} WHERE ${where.join(' AND ')}`,
    );
    if (!(await this.#tick())) return;
    const current = this.#table(table).filter(
      ({ row, to }) => to === Infinity && Object.entries(key).every(([name, value]) => row[name] === value),
    );
    for (const version of current) {
      const { row } = version;
      const [from, to] = [String(row['v_from']), String(row['v_to'])];
      const [low, high] = [from > a ? from : a, to < b ? to : b];
      if (low >= high) continue;
      version.to = this.seq;
      if (from < low) this.#know(table, { ...row, v_to: low });
      if (high < to) this.#know(table, { ...row, v_from: high });
      if (values !== null) this.#know(table, { ...row, ...values, v_from: low, v_to: high });
    }
    // What is as it was makes no version.
    this.#mend(table);
  }

  #mend(table: string): void {
    const list = this.#table(table);
    for (const version of list.filter(({ from }) => from === this.seq)) {
      const same = list.find((old) => old.to === this.seq && JSON.stringify(old.row) === JSON.stringify(version.row));
      if (same === undefined) continue;
      same.to = Infinity;
      list.splice(list.indexOf(version), 1);
    }
  }

  #know(table: string, row: Row): void {
    this.#table(table).push({ row, from: this.seq, to: Infinity });
  }

  #table(name: string): Known[] {
    return this.versions.get(name) as Known[];
  }

  /** Whether there was a commit. */
  async #tick(): Promise<boolean> {
    const { lastSeq } = await this.#db.status();
    const moved = lastSeq !== this.seq;
    this.seq = lastSeq;
    return moved;
  }

  #below(n: number): number {
    return this.#random.uint32() % n;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}

/** Puts what the model knows into tables h_*, for queries that know nothing of time. */
export async function writeIntervals(db: Database, history: History): Promise<void> {
  for (const [name, versions] of history.versions) {
    await db.exec(`CREATE TABLE h_${name} (${(TABLES[name] as Table).columns}, s_from bigint, s_to float8)`);
    for (let at = 0; at < versions.length; at += 500) {
      const rows = versions.slice(at, at + 500).map(({ row, from, to }) => {
        return `(${[...Object.values(row).map(literal), String(from), to === Infinity ? "'infinity'" : String(to)].join(', ')})`;
      });
      await db.exec(`INSERT INTO h_${name} VALUES ${rows.join(', ')}`);
    }
  }
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value}'`;
}
