/** Random tables and conditions for property tests: the same seed gives the same text. */
import { Random } from '../../src/base/random.ts';

export const COLUMNS = ['id', 'a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;

export class Generator {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  int(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  table(name: string): string {
    return `CREATE TABLE ${name} (id int PRIMARY KEY, a int, b bigint, c text, d numeric(6,2), e float8, f bool, g date);`;
  }

  indexes(table: string): string {
    const on = ['a', 'b', 'c', 'd', 'e', 'g', 'a, b', 'c DESC, a', 'g, d DESC', 'b NULLS FIRST'].filter(() =>
      this.chance(0.6),
    );
    return on.map((columns, i) => `CREATE INDEX ${table}_${i} ON ${table} (${columns});`).join('\n');
  }

  /** Values of one row, few different ones in each column, so that conditions and joins meet. */
  row(id: number): string {
    return `(${[id, ...COLUMNS.slice(1).map((column) => this.value(column))].join(', ')})`;
  }

  /** A literal of a column's type, or NULL. */
  value(column: string): string {
    if (column !== 'id' && this.chance(0.12)) return 'NULL';
    switch (column) {
      case 'id':
        return `${this.int(300)}`;
      case 'a':
        return `${this.int(20) - 5}`;
      case 'b':
        return this.chance(0.05) ? '9007199254740993' : `${this.int(12) * 1000}`;
      case 'c':
        return `'${this.pick(['', 'a', 'ab', 'abc', 'B', 'xyz', 'x_z', '%', 'é', '10'])}'`;
      case 'd':
        return `${this.int(100) / 4}`;
      case 'e':
        return this.pick(['0', '1.5', '-2.25', "'NaN'", "'infinity'", "'-infinity'", '1e10', '-0.0']);
      case 'f':
        return this.pick(['true', 'false']);
      default:
        return `date '2024-01-${String(1 + this.int(9)).padStart(2, '0')}'`;
    }
  }

  /** A boolean expression over the columns of tables `aliases`. */
  condition(aliases: readonly string[], depth = 2): string {
    const at = (column: string): string => `${this.pick(aliases)}.${column}`;
    if (depth > 0 && this.chance(0.5)) {
      const left = this.condition(aliases, depth - 1);
      const right = this.condition(aliases, depth - 1);
      return this.pick([
        `((${left}) AND (${right}))`,
        `((${left}) OR (${right}))`,
        `(NOT (${left}))`,
        `((${left}) = (${right}))`,
      ]);
    }
    const column = this.pick(COLUMNS);
    const operator = this.pick(['=', '<>', '<', '<=', '>', '>=']);
    switch (this.int(12)) {
      case 0:
        return `${at(column)} IS ${this.pick(['', 'NOT '])}NULL`;
      case 1:
        return `${at(column)} ${this.pick(['', 'NOT '])}IN (${this.value(column)}, ${this.value(column)}, ${this.value(column)})`;
      case 2:
        return column === 'f'
          ? at('f')
          : `${at(column)} ${this.pick(['', 'NOT '])}BETWEEN ${this.value(column)} AND ${this.value(column)}`;
      case 3:
        return `${at('c')} ${this.pick(['LIKE', 'NOT LIKE', 'ILIKE'])} '${this.pick(['a%', '%b%', '%', '_', 'x\\_z', '%z', 'ab'])}'`;
      case 4:
        return `${at('a')} + ${this.int(5)} ${operator} ${at('b')} / 1000`;
      case 5:
        return `CASE WHEN ${at('f')} THEN ${at('a')} ELSE ${at('id')} END ${operator} ${this.value('a')}`;
      case 6:
        return `${at(column)} IS ${this.pick(['', 'NOT '])}DISTINCT FROM ${this.value(column)}`;
      case 7:
        return `coalesce(${at('d')}, ${at('a')}) ${operator} ${this.value('d')}`;
      case 8:
        return `${at('a')} ${this.pick(['IN', 'NOT IN'])} (SELECT z.a FROM t1 AS z WHERE z.id < ${this.int(60)}${this.chance(0.5) ? ` AND z.f = ${at('f')}` : ''})`;
      case 9:
        return `${this.pick(['', 'NOT '])}EXISTS (SELECT FROM t1 AS z WHERE z.${this.pick(['a', 'id'])} = ${at('a')} AND z.c ${operator} ${at('c')})`;
      default:
        return `${at(column)} ${operator} ${this.value(column)}`;
    }
  }
}
