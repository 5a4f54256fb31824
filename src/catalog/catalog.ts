/**
 * CatalogState: the set of objects valid at one moment, with the look-ups that binding needs.
 *
 * A state is immutable; DDL derives the next one by `apply`, which shares everything but the maps it touches. Relations
 * (tables, views, sequences, indexes by their table) share one name space per schema, as in PostgreSQL.
 */
import type {
  Catalog,
  CatalogObject,
  RoutineDef,
  SchemaDef,
  TableDef,
  TagDef,
  TypeDef,
  ViewDef,
  SequenceDef,
} from './schema.ts';
import { isPublicUserOid } from './user-types.ts';
import { rowType, TypeResolver } from './type-resolver.ts';

/** By this name every session reaches its own temporary objects. */
const TEMP_ALIAS = 'pg_temp';
/** Begins the names of the schemas that hold them. */
const TEMP_PREFIX = 'pg_temp_';

/** The path of a session that never set one. */
export const DEFAULT_PATH: readonly string[] = ['public'];

export type Relation = TableDef | ViewDef | SequenceDef;

/** One catalog change: the object's new definition, or null where it is gone. */
export interface CatalogChange {
  readonly id: number;
  readonly object: CatalogObject | null;
}

export class CatalogState implements Catalog {
  readonly version: number;
  readonly temp: string | null;
  readonly path: readonly string[];
  readonly #objects: ReadonlyMap<number, CatalogObject>;
  readonly #names: Names;
  /** Schemas in which bare names are looked for, in order. */
  readonly #searched: readonly string[];

  constructor(version: number, objects: ReadonlyMap<number, CatalogObject>, view: SessionView = EVERYONE) {
    this.version = version;
    this.#names = view.names ?? new Names(new TypeResolver(withoutDropped(objects)));
    this.#objects = this.#names.types.objects;
    this.temp = view.temp;
    this.path = view.path;
    this.#searched = searchedSchemas(view);
  }

  relation(schema: string | undefined, name: string): Relation | undefined {
    const { relations } = this.#names;
    if (schema !== undefined && this.#isOthers(schema)) return undefined;
    if (schema !== undefined) return relations.get(qualified(this.#schemaName(schema), name));
    for (const candidate of this.#searched) {
      const found = relations.get(qualified(candidate, name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  tableOfIndex(schema: string | undefined, name: string): TableDef | undefined {
    const { indexes } = this.#names;
    if (schema !== undefined) return indexes.get(qualified(this.#schemaName(schema), name));
    for (const candidate of this.#searched) {
      const found = indexes.get(qualified(candidate, name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  byId(id: number): CatalogObject | undefined {
    return this.#objects.get(id);
  }

  typeNamed(schema: string | undefined, name: string): number | undefined {
    const found = this.typeObject(schema, name);
    if (found !== undefined) return this.#names.types.numberOf(found);
    const relation = this.relation(schema, name);
    return relation === undefined ? undefined : rowType(relation)?.oid;
  }

  /** An enum, domain or composite type by name; no table's row type. */
  typeObject(schema: string | undefined, name: string): TypeDef | undefined {
    for (const candidate of schema === undefined ? this.#searched : [this.#schemaName(schema)]) {
      const found = this.#names.typeNames.get(qualified(candidate, name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  typeOfOid(publicOid: number): number | undefined {
    return isPublicUserOid(publicOid) ? this.#names.types.resolve(publicOid) : undefined;
  }

  tag(name: string): TagDef | undefined {
    return this.#names.tags.get(name);
  }

  schema(name: string): SchemaDef | undefined {
    return this.#names.schemas.get(name);
  }

  routines(schema: string | undefined, name: string): readonly RoutineDef[] {
    const { routines } = this.#names;
    if (routines.size === 0) return NONE;
    if (schema !== undefined) return routines.get(qualified(this.#schemaName(schema), name)) ?? NONE;
    return this.#searched.flatMap((candidate) => routines.get(qualified(candidate, name)) ?? NONE);
  }

  objects(): Iterable<CatalogObject> {
    return this.#objects.values();
  }

  get searched(): readonly string[] {
    return this.#searched;
  }

  /** Returns the catalog with the changes made, under a new version. */
  apply(version: number, changes: Iterable<CatalogChange>): CatalogState {
    const objects = new Map(this.#objects);
    for (const { id, object } of changes) {
      if (object === null) objects.delete(id);
      else objects.set(id, object);
    }
    return new CatalogState(version, objects, { temp: this.temp, path: this.path });
  }

  /** The same catalog as a session sees it that has temporary objects or a path of its own. */
  forSession(temp: string | null, path: readonly string[] = this.path): CatalogState {
    if (this.temp === temp && this.path === path) return this;
    return new CatalogState(this.version, this.#objects, { temp, path, names: this.#names });
  }

  /** The same catalog without the temporary objects of other sessions. */
  withoutOthers(): CatalogState {
    const others = [...this.#names.schemas.keys()].some((name) => this.#isOthers(name));
    if (!others) return this;
    const kept = [...this.#objects].filter(([, object]) => {
      const schema = object.kind === 'schema' ? object.name : 'schema' in object ? object.schema : '';
      return !this.#isOthers(schema);
    });
    return new CatalogState(this.version, new Map(kept), { temp: this.temp, path: this.path });
  }

  #isOthers(schema: string): boolean {
    return schema.startsWith(TEMP_PREFIX) && schema !== this.temp;
  }

  #schemaName(schema: string): string {
    return schema === TEMP_ALIAS ? (this.temp ?? schema) : schema;
  }
}

/** How one session looks at a catalog; `names`: what was collected for another's look at the same objects. */
interface SessionView {
  readonly temp: string | null;
  readonly path: readonly string[];
  readonly names?: Names;
}

const EVERYONE: SessionView = { temp: null, path: DEFAULT_PATH };

/** Temporary objects come first unless the path names their place. */
function searchedSchemas({ temp, path }: SessionView): readonly string[] {
  const named = path.includes(TEMP_ALIAS);
  const schemas = temp === null || named ? [] : [temp];
  for (const name of path) {
    if (name !== TEMP_ALIAS) schemas.push(name);
    else if (temp !== null) schemas.push(temp);
  }
  return schemas;
}

/** The objects by name: made once for a set of objects, whoever looks at it. */
class Names {
  readonly relations: Map<string, Relation> = new Map();
  readonly indexes: Map<string, TableDef> = new Map();
  readonly tags: Map<string, TagDef> = new Map();
  readonly schemas: Map<string, SchemaDef> = new Map();
  readonly routines: Map<string, RoutineDef[]> = new Map();
  readonly typeNames: Map<string, TypeDef> = new Map();
  readonly types: TypeResolver;

  constructor(types: TypeResolver) {
    this.types = types;
    for (const object of types.objects.values()) this.#add(object);
  }

  #add(object: CatalogObject): void {
    switch (object.kind) {
      case 'tag':
        this.tags.set(object.name, object);
        return;
      case 'role':
      case 'collation':
        return;
      case 'schema':
        this.schemas.set(object.name, object);
        return;
      case 'type':
        this.typeNames.set(qualified(object.schema, object.name), object);
        return;
      case 'table':
        this.relations.set(qualified(object.schema, object.name), object);
        for (const index of object.indexes) this.indexes.set(qualified(object.schema, index.name), object);
        if (object.primaryKeyName !== undefined && object.schema !== 'drift')
          this.indexes.set(qualified(object.schema, object.primaryKeyName), object);
        return;
      case 'routine': {
        const key = qualified(object.schema, object.name);
        const same = this.routines.get(key);
        if (same === undefined) this.routines.set(key, [object]);
        else same.push(object);
        return;
      }
      default:
        this.relations.set(qualified(object.schema, object.name), object);
    }
  }
}

const NONE: readonly RoutineDef[] = [];

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
