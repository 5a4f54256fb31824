/**
 * The virtual tables: those of schema `drift`, and those of `pg_catalog` and `information_schema`, as the binder asks for
 * them. What they are is in system/, which most pages never load: so names that cannot be theirs stop here.
 */
import type { SystemTables } from '../plan/bind.ts';
import { virtualTable } from './system/virtual-tables.ts';

export const systemTables: SystemTables = {
  find: (schema, name) => (mayBeVirtual(schema, name) ? virtualTable(schema, name) : undefined),
};

function mayBeVirtual(schema: string | undefined, name: string): schema is string {
  return schema === 'drift' || schema === 'information_schema' || (schema === 'pg_catalog' && name.startsWith('pg_'));
}
