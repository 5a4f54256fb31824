/** Statements by chance: tables of all types, changes of rows and definitions; some fail, which changes nothing. */
import { Random } from '../../src/base/random.ts';

export const TYPES: Readonly<Record<string, (n: number) => string>> = {
  bool: (n) => `${n % 2 === 0}`,
  int2: (n) => `${(n * 37) % 30000}`,
  int4: (n) => `${n * 1001 - 50000}`,
  int8: (n) => (n % 7 === 0 ? `${9007199254740993n + BigInt(n)}` : `${n * 3 - 100}`),
  float4: (n) => `${n / 4}`,
  float8: (n) => (n % 11 === 0 ? "'-Infinity'" : `${n / 7}`),
  'numeric(12,3)': (n) => (n % 5 === 0 ? `${n}.125` : `-${n}`),
  numeric: (n) => (n % 13 === 0 ? "'NaN'" : `${n}1234567890123456789.${n}`),
  text: (n) => (n % 9 === 0 ? `repeat('grüße ${n} ', 40)` : `'text ${n % 6}'`),
  'varchar(20)': (n) => `'v${n}'`,
  'char(4)': (n) => `'c${n % 9}'`,
  bytea: (n) => `'\\x00${n.toString(16).padStart(4, '0')}'`,
  date: (n) => (n % 10 === 0 ? "'infinity'" : `date '2020-02-01' + ${n}`),
  time: (n) => `time '01:02:03.5' + ${n} * interval '1 minute'`,
  timestamp: (n) => (n % 10 === 0 ? "'-infinity'" : `timestamp '1950-01-01' + ${n} * interval '400 days 1 ms'`),
  timestamptz: (n) => `timestamptz '2024-05-05 10:00+02' + ${n} * interval '1 hour'`,
  interval: (n) => `make_interval(months => ${(n % 30) - 9}, days => ${n % 40}, secs => ${n * 61.25})`,
  uuid: (n) => `'00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}'`,
  json: (n) => `'{"n": ${n}}'`,
  jsonb: (n) => `'{"n": [${n}, "x"], "a": null}'`,
  'text[]': (n) => `ARRAY['a', NULL, 'b ${n}']`,
  'int4[]': (n) => `ARRAY[[${n}], [2]]`,
  int4range: (n) => (n % 10 === 0 ? "'empty'" : n % 7 === 0 ? `int4range(NULL, ${n})` : `int4range(${n}, ${n + 5})`),
  inet: (n) => `'10.0.0.${n % 256}/${n % 2 === 0 ? 24 : 32}'`,
  cidr: (n) => (n % 3 === 0 ? `'2001:db8:${n.toString(16)}::/48'` : `'10.${n % 256}.0.0/16'`),
  timetz: (n) => `'${String(n % 24).padStart(2, '0')}:30:00.25${n % 2 === 0 ? '+' : '-'}0${n % 9}'`,
  int4multirange: (n) =>
    n % 8 === 0 ? "'{}'" : `int4multirange(int4range(${n}, ${n + 3}), int4range(${n + 9}, NULL))`,
  'bit(4)': (n) => `'${(n % 16).toString(2).padStart(4, '0')}'`,
  mood: (n) => `'${n % 3 === 0 ? 'glad' : 'sad'}'`,
};

export const KEYS: readonly string[] = [
  'int4',
  'int8',
  'text',
  'uuid',
  'numeric',
  'numeric(12,3)',
  'date',
  'float8',
  'bytea',
  'timestamptz',
  'interval',
  'bool',
  'char(4)',
  'timetz',
  'inet',
  'cidr',
  'text[]',
  'int4[]',
  'int4range',
  'int4multirange',
];

interface Shape {
  readonly name: string;
  columns: { readonly name: string; readonly type: string }[];
  readonly keys: number;
}

export function* randomStatements(seed: number, count: number): Generator<string> {
  const random = new Random(seed);
  const pick = (below: number): number => random.uint32() % below;
  const some = (list: readonly string[]): string => list[pick(list.length)] as string;
  const types = Object.keys(TYPES);
  const value = (type: string, n: number): string =>
    pick(12) === 0 ? 'NULL' : (TYPES[type] as (n: number) => string)(n);
  const tables: Shape[] = [];
  let named = 0;
  yield "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE SEQUENCE counter";
  const rows = (table: Shape, n: number): string => {
    const list = Array.from({ length: n }, () => {
      const [a, b] = [pick(60), pick(60)];
      return `(${table.columns.map(({ type }, i) => (i < table.keys ? (TYPES[type] as (n: number) => string)(i === 0 ? a : b) : value(type, pick(99)))).join(', ')})`;
    });
    return `INSERT INTO ${table.name} VALUES ${list.join(', ')} ON CONFLICT DO NOTHING`;
  };
  for (let done = 0; done < count; done++) {
    const table = tables[pick(tables.length)];
    const last = table?.columns.at(-1);
    const where = table === undefined ? '' : `abs(hashtext(${table.columns[0]?.name}::text)) % 5 = ${pick(5)}`;
    switch (table === undefined ? 0 : pick(16)) {
      case 0: {
        if (tables.length > 3) break;
        const keys = pick(3);
        const width = keys + 2 + pick(4);
        const columns = Array.from({ length: width }, (_, i) => ({
          name: `c${i}`,
          type: i < keys ? some(KEYS) : some(types),
        }));
        const made = { name: `t${++named}`, columns, keys };
        tables.push(made);
        const key =
          keys === 0
            ? ''
            : `, PRIMARY KEY (${columns
                .slice(0, keys)
                .map(({ name }) => name)
                .join(', ')})`;
        yield `CREATE TABLE ${made.name} (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}${key})`;
        break;
      }
      case 1: {
        const column = { name: `added${++named}`, type: some(types) };
        (table as Shape).columns.push(column);
        yield `ALTER TABLE ${table?.name} ADD COLUMN ${column.name} ${column.type}${pick(2) === 0 ? '' : ` DEFAULT ${(TYPES[column.type] as (n: number) => string)(5)}`}`;
        break;
      }
      case 2:
        if ((table?.columns.length ?? 0) > (table?.keys ?? 0) + 2)
          yield `ALTER TABLE ${table?.name} DROP COLUMN ${table?.columns.pop()?.name}`;
        break;
      case 3:
        if (pick(3) === 0) yield `DROP TABLE ${tables.splice(tables.indexOf(table as Shape), 1)[0]?.name}`;
        else yield `CREATE INDEX ON ${table?.name} (${last?.name} DESC)`;
        break;
      case 4:
        yield "SELECT nextval('counter')";
        break;
      case 5:
        yield `DELETE FROM ${table?.name} WHERE ${where}`;
        break;
      case 6:
      case 7:
        yield `BEGIN; ${rows(table as Shape, 3)}; UPDATE ${table?.name} SET ${last?.name} = ${value(last?.type ?? '', pick(99))} WHERE ${where}; COMMIT`;
        break;
      case 8:
      case 9:
      case 10:
        if ((table?.columns.length ?? 0) > (table?.keys ?? 0))
          yield `UPDATE ${table?.name} SET ${last?.name} = ${value(last?.type ?? '', pick(99))} WHERE ${where}`;
        break;
      default:
        yield rows(table as Shape, 1 + pick(25));
    }
  }
}
