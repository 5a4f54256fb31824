/**
 * Relations that a query names, for what is kept as the text of a query: whether it reads something, and which of several
 * relations of one name it means. Names of WITH hide relations; a view's names are looked for along its own path.
 */
import type { CatalogState } from '../../catalog/catalog.ts';
import type { Catalog, TableDef, ViewDef } from '../../catalog/schema.ts';
import type { Query } from '../../sql/ast-query.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { isTemporarySchema } from './context.ts';

export type SyntaxNode = Readonly<Record<string, unknown>>;

type Relation = ReturnType<Catalog['relation']>;
type Find = (schema: string | undefined, name: string) => Relation;

/** Whether a query of this session reads temporary tables or views: what is made of it can last no longer than they do. */
export function readsTemporary(catalog: Catalog, query: Query): boolean {
  const find: Find = (schema, name) => catalog.relation(schema, name);
  return relationsOf(query, find).some((found) => found !== undefined && isTemporarySchema(found.schema));
}

/** A query that says which of its names are temporary, so that a table of the path that has such a name is not taken for it. */
export function withTemporaryNamed(catalog: Catalog, query: Query): Query {
  const own = namesOfWith(query);
  return mapNodes(query, (node) => {
    const named = relationName(node);
    if (named === null || named.schema !== undefined || own.has(named.name)) return node;
    const found = catalog.relation(undefined, named.name);
    if (found === undefined || !isTemporarySchema(found.schema)) return node;
    return { ...node, name: { ...(node['name'] as SyntaxNode), schema: 'pg_temp' } };
  }) as Query;
}

/** Whether a view or a materialized one reads a relation, or uses the type of its rows. */
export function readsRelation(
  catalog: CatalogState,
  { text, path = ['public'] }: { readonly text: string; readonly path?: readonly string[] | undefined },
  { id, name }: Pick<TableDef | ViewDef, 'id' | 'name'>,
): boolean {
  const along = catalog.forSession(catalog.temp, [...path, 'pg_temp']);
  const query = parseOne(text);
  if (relationsOf(query, (schema, relation) => along.relation(schema, relation)).some((found) => found?.id === id))
    return true;
  let isType = false;
  mapNodes(query, (node) => {
    isType ||= node['kind'] === 'typeName' && (node['name'] === name || node['schema'] === name);
    return node;
  });
  return isType;
}

function relationsOf(query: unknown, find: Find): Relation[] {
  const own = namesOfWith(query);
  const found: Relation[] = [];
  mapNodes(query, (node) => {
    const named = relationName(node);
    if (named !== null && (named.schema !== undefined || !own.has(named.name)))
      found.push(find(named.schema, named.name));
    return node;
  });
  return found;
}

function relationName(node: SyntaxNode): { readonly name: string; readonly schema: string | undefined } | null {
  if (node['kind'] !== 'table' || typeof node['name'] !== 'object') return null;
  return node['name'] as { readonly name: string; readonly schema: string | undefined };
}

function namesOfWith(query: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  mapNodes(query, (node) => {
    const clause = node['with'] as Query['with'];
    for (const { name } of clause?.tables ?? []) names.add(name);
    return node;
  });
  return names;
}

/** The tree with each node replaced, from the top down. */
export function mapNodes(tree: unknown, replace: (node: SyntaxNode) => SyntaxNode): unknown {
  if (Array.isArray(tree)) return tree.map((item) => mapNodes(item, replace));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(replace(tree as SyntaxNode)).map(([key, value]) => [key, mapNodes(value, replace)]),
  );
}
