/**
 * Branches of a damaged database. Their tables (catalog/lines.ts) are read as any others; but keys that a branch hides of
 * what it has inherited, and inherited entries of its indexes, must be there to the last: without one of them a row would
 * be in force twice. Where such a table has lost anything, or a catalog has, the branches are left out and told to be
 * missing. Rows of their own may be missing, as those of the main line.
 */
import { type BranchDef, LINES_TABLE_ID, type LineTableDef } from '../../catalog/lines.ts';
import type { CatalogObject } from '../../catalog/schema.ts';
import { CATALOG_TABLE_ID, parseDefinition } from '../../catalog/system-objects.ts';
import type { TableSpec } from '../../table/table.ts';
import type { History } from './history.ts';
import type { Missing, Version } from './versions.ts';

interface Found {
  readonly id: number;
  readonly spec: TableSpec;
  readonly versions: readonly Version[];
}

export class Branches {
  readonly #objects = new Map<number, CatalogObject>();
  readonly #branches = new Map<number, BranchDef>();
  readonly #found: Found[] = [];
  /** The first loss that the branches cannot do without. */
  #loss: Missing | null = null;

  /** Takes in what the table of lines says, in the order in which it came into force. */
  learn(versions: readonly Version[]): void {
    for (const { values, to } of versions) {
      const object = parseDefinition(values[1] as string);
      this.#objects.set(object.id, object);
      if (object.kind === 'tag' && to === Infinity) this.#branches.set(object.id, object as BranchDef);
    }
  }

  has(id: number): boolean {
    return id === LINES_TABLE_ID || this.#lineTable(id) !== undefined;
  }

  /** For what is missing of a table: whose it is. */
  suffixFor(id: number): string {
    const line = this.#lineTable(id)?.line;
    return line === undefined ? '' : ` on branch ${this.#branches.get(line)?.name ?? line}`;
  }

  add(found: Found, missing: readonly Missing[]): void {
    this.#found.push(found);
    const table = this.#lineTable(found.id);
    const isOfRows = table?.role === 'table' || (table?.role === 'own' && table.of !== CATALOG_TABLE_ID);
    if (!isOfRows) this.needs(missing);
  }

  /** Of what the branches cannot do without so much is missing. */
  needs(missing: readonly Missing[]): void {
    this.#loss ??= missing[0] ?? null;
  }

  /** Gives the history what belongs to branches, or tells that they are left out. */
  finish(history: History): Missing[] {
    const loss = this.#loss;
    if (loss === null) {
      for (const { id, spec, versions } of this.#found) history.add(id, spec, versions);
      return [];
    }
    return [...this.#branches.values()].map(({ name, seq }) => ({
      table: null,
      fromKey: null,
      toKey: null,
      fromSeq: seq,
      toSeq: null,
      file: loss.file,
      offset: loss.offset,
      reason: `branch ${name} is left out, for what it has of its parent is not known: ${loss.reason}`,
    }));
  }

  #lineTable(id: number): LineTableDef | undefined {
    const object = this.#objects.get(id);
    return object !== undefined && 'line' in object ? (object as LineTableDef) : undefined;
  }
}
