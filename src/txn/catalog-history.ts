/**
 * CatalogHistory: the catalog at any sequence number, read from the catalog's own versioned table and kept by the DDL
 * commit that made it, so that all moments between two DDL commits share one.
 */
import type { Task } from '../base/task.ts';
import type { CatalogState } from '../catalog/catalog.ts';
import { ddlCommits, newestOf } from './catalog-changes.ts';
import { onOtherLine } from './no-history.ts';
import { readCatalog } from './read-catalog.ts';
import { OTHER_LINE } from './time-line.ts';
import type { TableStore } from '../table/store.ts';

/** Catalogs kept; the least recently made goes first. */
const KEPT = 64;

export class CatalogHistory {
  readonly #store: TableStore;
  readonly #current: () => CatalogState;
  readonly #byVersion = new Map<number, CatalogState>();
  /** Sequence numbers of commits with DDL, ascending; null until first asked for. */
  #ddl: number[] | null = null;

  constructor(store: TableStore, current: () => CatalogState) {
    this.#store = store;
    this.#current = current;
  }

  noteDdl(seq: number): void {
    this.#ddl?.push(seq);
  }

  /** The first commit after `seq` that changed the catalog; Infinity where there is none. */
  *nextDefinition(seq: number): Task<number> {
    this.#ddl ??= yield* ddlCommits(this.#store);
    return this.#ddl.find((ddl) => ddl > seq) ?? Infinity;
  }

  *at(seq: number): Task<CatalogState> {
    if (seq >= OTHER_LINE) throw onOtherLine();
    const current = this.#current();
    if (seq >= current.version && current.version >= 0) return current;
    this.#ddl ??= yield* ddlCommits(this.#store);
    const version = newestOf(this.#ddl, seq);
    const known = this.#byVersion.get(version);
    if (known !== undefined) return known;
    const made = yield* readCatalog(this.#store, version, version);
    yield* this.#store.describe(tableIds(made));
    if (this.#byVersion.size >= KEPT) this.#byVersion.delete(this.#byVersion.keys().next().value as number);
    this.#byVersion.set(version, made);
    return made;
  }
}

function tableIds(catalog: CatalogState): number[] {
  const ids: number[] = [];
  for (const { kind, id } of catalog.objects()) if (kind === 'table') ids.push(id);
  return ids;
}
