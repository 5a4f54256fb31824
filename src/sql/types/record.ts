/** SqlRecord: a row value, ROW(…) or a whole row of a table. */
import type { Value } from '../../base/vector.ts';

export class SqlRecord {
  readonly values: readonly Value[];
  readonly oids: readonly number[];
  readonly names: readonly string[];

  constructor(values: readonly Value[], oids: readonly number[], names: readonly string[]) {
    this.values = values;
    this.oids = oids;
    this.names = names;
  }

  toString(): string {
    const quoted = this.values.map((value) => {
      if (value === null) return '';
      const text = typeof value === 'boolean' ? (value ? 't' : 'f') : String(value);
      return text === '' || /[\s"\\(),]/.test(text) ? `"${text.replace(/["\\]/g, (char) => char + char)}"` : text;
    });
    return `(${quoted.join(',')})`;
  }
}
