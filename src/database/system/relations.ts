/**
 * The system relations as the binder and the reg types see them: found by schema and name, with OID and columns. Read from
 * their specification when first asked for.
 */
import type { TypeRef } from '../../catalog/schema.ts';
import type { SystemTable } from '../../plan/bind.ts';
import { typeByName } from '../../sql/types/registry.ts';
import { RELATION_SPECS } from './relation-specs.ts';

export interface SystemRelation extends SystemTable {
  readonly oid: number;
  readonly kind: 'r' | 'v';
  readonly columns: readonly SystemColumn[];
}

export interface SystemColumn {
  readonly name: string;
  readonly type: TypeRef;
  readonly notNull: boolean;
}

class Relations {
  readonly byName: Map<string, SystemRelation> = new Map();
  readonly byOid: Map<number, SystemRelation> = new Map();

  constructor() {
    let schema = '';
    for (const line of RELATION_SPECS.trim().split('\n')) {
      if (line.startsWith('@')) schema = line.slice(1);
      else this.#add(schema, line);
    }
  }

  #add(schema: string, line: string): void {
    const [name = '', kind, oid = '', ...columns] = line.split(' ');
    const relation: SystemRelation = {
      id: `${schema}.${name}`,
      schema,
      name,
      kind: kind === 'r' ? 'r' : 'v',
      oid: Number(oid),
      columns: columns.map(readColumn),
    };
    this.byName.set(relation.id, relation);
    this.byOid.set(relation.oid, relation);
  }
}

function readColumn(text: string): SystemColumn {
  const [, name = '', type = '', length, array, required] =
    /^([^:]+):([a-z0-9_]+)(?:\((\d+)\))?(\[\])?(!)?$/.exec(text) ?? [];
  return { name, type: typeOf(type, length, array !== undefined), notNull: required !== undefined };
}

/** A length's part of a typmod: PostgreSQL counts the value's header. */
const VARCHAR_HEADER = 4;
const TEXT: TypeRef = { oid: 25, typmod: -1 };

function typeOf(name: string, length: string | undefined, array: boolean): TypeRef {
  const type = typeByName(name);
  if (type === undefined) return TEXT;
  if (array) return { oid: type.arrayOid, typmod: -1 };
  if (length === undefined) return { oid: type.oid, typmod: -1 };
  return { oid: type.oid, typmod: Number(length) + VARCHAR_HEADER };
}

let known: Relations | null = null;

function relations(): Relations {
  known ??= new Relations();
  return known;
}

export function systemRelation(schema: string, name: string): SystemRelation | undefined {
  if (schema !== 'pg_catalog' && schema !== 'information_schema') return undefined;
  return relations().byName.get(`${schema}.${name}`);
}

export function systemRelationById(id: string): SystemRelation | undefined {
  return relations().byName.get(id);
}

export function systemRelationByOid(oid: number): SystemRelation | undefined {
  return relations().byOid.get(oid);
}

export function systemRelations(): Iterable<SystemRelation> {
  return relations().byOid.values();
}
