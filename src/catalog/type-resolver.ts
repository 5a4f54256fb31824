/**
 * Resolves the references to user-defined types in one catalog: what the definitions name by public OIDs becomes the
 * internal numbers of the types as *this* catalog defines them. It is done again for every catalog, also over objects
 * that another one resolved: a table whose type was altered so follows the new definition, and one that is not concerned
 * stays the same object.
 */
import type { CatalogObject, RoutineDef, TableDef, TypeDef, TypeRef, ViewDef, SequenceDef } from './schema.ts';
import type { TypeForm } from './schema.ts';
import {
  internType,
  isPublicUserOid,
  isUserType,
  objectOfType,
  publicOidOf,
  publicTypeOid,
  type UserType,
} from './user-types.ts';

export class TypeResolver {
  readonly objects: ReadonlyMap<number, CatalogObject>;
  readonly #found = new Map<number, number | undefined>();
  readonly #source: ReadonlyMap<number, CatalogObject>;

  constructor(source: ReadonlyMap<number, CatalogObject>) {
    this.#source = source;
    let changed: Map<number, CatalogObject> | null = null;
    for (const object of source.values()) {
      const resolved = this.#resolved(object);
      if (resolved === object) continue;
      changed ??= new Map(source);
      changed.set(object.id, resolved);
    }
    this.objects = changed ?? source;
  }

  /** The internal number for an OID in any form; undefined where this catalog has no such type. */
  resolve(oid: number): number | undefined {
    const publicOid = publicTypeOid(oid);
    if (!isPublicUserOid(publicOid)) return oid;
    if (this.#found.has(publicOid)) return this.#found.get(publicOid);
    const { id, array } = objectOfType(publicOid);
    const object = this.#source.get(id);
    const own = object?.kind === 'type' ? this.numberOf(object) : this.#rowNumber(object);
    const number = own === undefined ? undefined : own + (array ? 1 : 0);
    this.#found.set(publicOid, number);
    return number;
  }

  numberOf(type: TypeDef): number {
    const publicOid = publicOidOf(type.id);
    const { oid } = internType(publicOid, type.schema, type.name, this.#form(type.definition));
    if (type.definition.form !== 'range') return oid;
    // A range type and its multirange know each other: the multirange is looked for once this one has its number.
    this.#found.set(publicOid, oid);
    this.resolve(publicOidOf(type.definition.multirange));
    return oid;
  }

  #rowNumber(object: CatalogObject | undefined): number | undefined {
    return object?.kind === 'table' ? rowType(this.#table(object))?.oid : undefined;
  }

  #resolved(object: CatalogObject): CatalogObject {
    if (object.kind === 'table') return this.#table(object);
    if (object.kind === 'routine') return this.#routine(object);
    if (object.kind !== 'type') return object;
    const definition = this.#form(object.definition);
    return definition === object.definition ? object : { ...object, definition };
  }

  #form(form: TypeForm): TypeForm {
    switch (form.form) {
      case 'enum':
        return form;
      case 'domain': {
        const base = this.#ref(form.base);
        return base === form.base ? form : { ...form, base };
      }
      case 'composite':
        return form.attributes.some(({ type }) => this.#ref(type) !== type)
          ? { ...form, attributes: form.attributes.map((part) => ({ ...part, type: this.#ref(part.type) })) }
          : form;
      case 'range': {
        const subtype = this.#ref(form.subtype);
        return subtype === form.subtype ? form : { ...form, subtype };
      }
      case 'multirange': {
        const range = this.#ref(form.range);
        return range === form.range ? form : { ...form, range };
      }
    }
  }

  #table(table: TableDef): TableDef {
    if (!table.columns.some(({ type }) => this.#ref(type) !== type)) return table;
    return { ...table, columns: table.columns.map((column) => ({ ...column, type: this.#ref(column.type) })) };
  }

  #routine(routine: RoutineDef): RoutineDef {
    const { args, returns, aggregate } = routine;
    const types = [...args.map(({ type }) => type), returns, ...(aggregate === undefined ? [] : [aggregate.stateType])];
    if (types.every((type) => this.#ref(type) === type)) return routine;
    return {
      ...routine,
      args: args.map((arg) => ({ ...arg, type: this.#ref(arg.type) })),
      returns: this.#ref(returns),
      aggregate: aggregate === undefined ? undefined : { ...aggregate, stateType: this.#ref(aggregate.stateType) },
    };
  }

  #ref(type: TypeRef): TypeRef {
    if (!isUserType(type.oid) && !isPublicUserOid(type.oid)) return type;
    const oid = this.resolve(type.oid);
    return oid === undefined || oid === type.oid ? type : { ...type, oid };
  }
}

/** The type of a table's rows; views and sequences have none yet. */
export function rowType(relation: TableDef | ViewDef | SequenceDef): UserType | undefined {
  if (relation.kind !== 'table') return undefined;
  const attributes = relation.columns
    .filter((column) => column.hidden !== true)
    .map(({ name, type }) => ({ name, type }));
  return internType(publicOidOf(relation.id), relation.schema, relation.name, { form: 'composite', attributes });
}
