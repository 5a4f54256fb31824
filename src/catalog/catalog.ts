/**
 * CatalogState: the set of objects valid at one moment, with the look-ups that binding needs.
 *
 * A state is immutable; DDL derives the next one by `apply`, which shares everything but the maps it touches. Relations
 * (tables, views, sequences, indexes by their table) share one name space per schema, as in PostgreSQL.
 */
import type { Catalog, CatalogObject, SchemaDef, TableDef, TagDef, ViewDef, SequenceDef } from './schema.ts';

/** Schemas looked through for an unqualified name, in order. */
export const SEARCH_PATH: readonly string[] = ['public', 'drift'];

/** By this name every session reaches its own temporary objects. */
const TEMP_ALIAS = 'pg_temp';

export type Relation = TableDef | ViewDef | SequenceDef;

/** One catalog change: the object's new definition, or null where it is gone. */
export interface CatalogChange {
  readonly id: number;
  readonly object: CatalogObject | null;
}

export class CatalogState implements Catalog {
  readonly version: number;
  readonly #objects: ReadonlyMap<number, CatalogObject>;
  readonly #relations = new Map<string, Relation>();
  readonly #tags = new Map<string, TagDef>();
  readonly #schemas = new Map<string, SchemaDef>();
  readonly #indexNames = new Map<string, TableDef>();

  /** Schema of the session's temporary objects, which bare names find first; null for none. */
  readonly temp: string | null;

  constructor(version: number, objects: ReadonlyMap<number, CatalogObject>, temp: string | null = null) {
    this.version = version;
    this.temp = temp;
    this.#objects = withoutDropped(objects);
    for (const object of this.#objects.values()) this.#register(object);
  }

  relation(schema: string | undefined, name: string): Relation | undefined {
    if (schema !== undefined)
      return this.#relations.get(qualified(schema === TEMP_ALIAS ? (this.temp ?? schema) : schema, name));
    const own = this.temp === null ? undefined : this.#relations.get(qualified(this.temp, name));
    if (own !== undefined) return own;
    for (const candidate of SEARCH_PATH) {
      const found = this.#relations.get(qualified(candidate, name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The table that has an index of this name, if any. */
  tableOfIndex(schema: string | undefined, name: string): TableDef | undefined {
    const own =
      this.temp === null || schema !== undefined ? undefined : this.#indexNames.get(qualified(this.temp, name));
    return own ?? this.#indexNames.get(qualified(schema ?? 'public', name));
  }

  byId(id: number): CatalogObject | undefined {
    return this.#objects.get(id);
  }

  tag(name: string): TagDef | undefined {
    return this.#tags.get(name);
  }

  schema(name: string): SchemaDef | undefined {
    return this.#schemas.get(name);
  }

  objects(): Iterable<CatalogObject> {
    return this.#objects.values();
  }

  /** Returns the catalog with the changes made, under a new version. */
  apply(version: number, changes: Iterable<CatalogChange>): CatalogState {
    const objects = new Map(this.#objects);
    for (const { id, object } of changes) {
      if (object === null) objects.delete(id);
      else objects.set(id, object);
    }
    return new CatalogState(version, objects, this.temp);
  }

  /** The same catalog as a session with temporary objects sees it. */
  forSession(temp: string): CatalogState {
    return this.temp === temp ? this : new CatalogState(this.version, this.#objects, temp);
  }

  #register(object: CatalogObject): void {
    switch (object.kind) {
      case 'tag':
        this.#tags.set(object.name, object);
        return;
      case 'schema':
        this.#schemas.set(object.name, object);
        return;
      case 'table':
        this.#relations.set(qualified(object.schema, object.name), object);
        for (const index of object.indexes) this.#indexNames.set(qualified(object.schema, index.name), object);
        return;
      default:
        this.#relations.set(qualified(object.schema, object.name), object);
    }
  }
}

function withoutDropped(objects: ReadonlyMap<number, CatalogObject>): ReadonlyMap<number, CatalogObject> {
  let kept: Map<number, CatalogObject> | null = null;
  for (const object of objects.values()) {
    if (object.kind !== 'schema' || object.dropped !== true) continue;
    kept ??= new Map(objects);
    kept.delete(object.id);
  }
  return kept ?? objects;
}

function qualified(schema: string, name: string): string {
  return `${schema}\u0000${name}`;
}
