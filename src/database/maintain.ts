/** ANALYZE and VACUUM (ANALYZE) sample tables now instead of when a plan asks; VACUUM, REINDEX … have nothing to do. */
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import type { CatalogObject, TableDef } from '../catalog/schema.ts';
import type { Maintenance } from '../sql/ast-statement.ts';
import type { ResultSet } from './api.ts';
import { checkDatabase } from './check-database.ts';
import { requireTable } from './commands.ts';
import { command } from './show.ts';
import type { Scene } from './statement.ts';
import { analyzeTable } from './analyze.ts';

/** Throws 42P01 and 42703 for tables and columns that are not there. */
export function* maintain(scene: Scene, statement: Maintenance): Task<ResultSet> {
  if (statement.command === 'vacuum' && scene.inBlock)
    throw new DriftError('25001', 'VACUUM cannot run inside a transaction block');
  for (const name of statement.tables) requireTable(scene, name);
  if (statement.command === 'check database') return yield* checkDatabase(scene);
  if (statement.command === 'checkpoint') yield* wait(scene.core.checkpoint());
  if (analyzes(statement)) yield* analyze(scene, statement);
  return command(statement.command.toUpperCase());
}

function analyzes({ command, options }: Maintenance): boolean {
  return command === 'analyze' || (command === 'vacuum' && options.some(({ name }) => name.startsWith('analy')));
}

function* analyze(scene: Scene, statement: Maintenance): Task<void> {
  const { catalog } = scene.eval;
  const { store } = scene.core;
  const seq = scene.transaction.snapshot;
  if (statement.tables.length === 0) {
    for (const object of catalog.objects()) if (isTable(object)) yield* analyzeTable(store, object, seq, null);
    return;
  }
  for (const [i, name] of statement.tables.entries()) {
    const found = catalog.relation(name.schema, name.name);
    if (found === undefined || !isTable(found)) continue;
    const columns = statement.columns[i] ?? null;
    const ordinals = columns === null ? null : columns.map((column) => ordinalOf(found, column));
    yield* analyzeTable(store, found, seq, ordinals);
  }
}

function isTable(object: CatalogObject): object is TableDef {
  return object.kind === 'table';
}

function ordinalOf(table: TableDef, name: string): number {
  const column = table.columns.find((candidate) => candidate.name === name && candidate.hidden !== true);
  if (column === undefined)
    throw new DriftError('42703', `column "${name}" of relation "${table.name}" does not exist`);
  return column.id;
}
