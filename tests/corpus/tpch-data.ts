/** TPC-H's tables at scale factor 0.01, from the shared corpora beside the checkout. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Database } from '../../src/entry/node.ts';

export const ROOT: string = fileURLToPath(new URL('../../../shared/corpora/tpch/', import.meta.url));

/** Columns by table: the initial is shared, the types are those of the standard's tables. */
const TABLES: Readonly<Record<string, string>> = {
  region: 'r_regionkey int PRIMARY KEY, r_name char(25), r_comment varchar(152)',
  nation: 'n_nationkey int PRIMARY KEY, n_name char(25), n_regionkey int, n_comment varchar(152)',
  supplier: `s_suppkey int PRIMARY KEY, s_name char(25), s_address varchar(40), s_nationkey int, s_phone char(15),
    s_acctbal numeric(15,2), s_comment varchar(101)`,
  customer: `c_custkey int PRIMARY KEY, c_name varchar(25), c_address varchar(40), c_nationkey int, c_phone char(15),
    c_acctbal numeric(15,2), c_mktsegment char(10), c_comment varchar(117)`,
  part: `p_partkey int PRIMARY KEY, p_name varchar(55), p_mfgr char(25), p_brand char(10), p_type varchar(25),
    p_size int, p_container char(10), p_retailprice numeric(15,2), p_comment varchar(23)`,
  partsupp: `ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric(15,2), ps_comment varchar(199),
    PRIMARY KEY (ps_partkey, ps_suppkey)`,
  orders: `o_orderkey int PRIMARY KEY, o_custkey int, o_orderstatus char(1), o_totalprice numeric(15,2),
    o_orderdate date, o_orderpriority char(15), o_clerk char(15), o_shippriority int, o_comment varchar(79)`,
  lineitem: `l_orderkey int, l_partkey int, l_suppkey int, l_linenumber int, l_quantity numeric(15,2),
    l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag char(1),
    l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct char(25),
    l_shipmode char(10), l_comment varchar(44), PRIMARY KEY (l_orderkey, l_linenumber)`,
};

const ROWS_A_STATEMENT = 1000;

/** A table's rows as texts. */
export function readRows(table: string): string[][] {
  const plain = `${ROOT}sf0.01/${table}.tbl`;
  const text = existsSync(plain) ? readFileSync(plain, 'utf8') : gunzipSync(readFileSync(`${plain}.gz`)).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\|$/, '').split('|'));
}

export async function load(db: Database): Promise<void> {
  for (const [table, columns] of Object.entries(TABLES)) {
    await db.query(`CREATE TABLE ${table} (${columns})`);
    const rows = readRows(table);
    for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
      const values = rows
        .slice(at, at + ROWS_A_STATEMENT)
        .map((row) => `(${row.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')})`);
      await db.query(`INSERT INTO ${table} VALUES ${values.join(', ')}`);
    }
  }
}
