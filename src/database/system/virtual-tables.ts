/** The virtual tables found by name, and their rows: the catalog of the asked-for moment. */
import type { Task } from '../../base/task.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { SystemRows } from '../../exec/run.ts';
import type { SystemTable } from '../../plan/bind.ts';
import { OWN_TABLES } from './own-tables.ts';
import { systemRelation, systemRelationById } from './relations.ts';
import { relationRows } from './rows.ts';
import type { SystemContext } from './source.ts';

export function virtualTable(schema: string, name: string): SystemTable | undefined {
  return systemRelation(schema, name) ?? OWN_TABLES.find((table) => table.schema === schema && table.name === name);
}

/** The rows of a virtual table. */
export function* systemRows(id: string, context: Omit<SystemContext, 'viewColumns' | 'needed'>): Task<SystemRows> {
  const relation = systemRelationById(id);
  if (relation !== undefined) return yield* relationRows(relation, { ...context, needed: [] });
  if (id.startsWith(SEQUENCE)) return sequenceRow(Number(id.slice(SEQUENCE.length)), context);
  const table = OWN_TABLES.find((candidate) => candidate.id === id);
  const needed = table?.name === 'retention' || table?.name === 'protections' ? yield* context.needs() : [];
  const rows = table === undefined ? [] : [...table.rows({ ...context, needed })];
  const columns = (table?.columns ?? []).map((column, c) =>
    vectorFromValues(
      rows.map((row) => row[c] ?? null),
      column.type.oid,
    ),
  );
  return { columns, length: rows.length };
}

const SEQUENCE = 'sequence ';

function sequenceRow(id: number, { catalog, sequences }: Pick<SystemContext, 'catalog' | 'sequences'>): SystemRows {
  const def = catalog.byId(id);
  const state = sequences.get(id);
  const start = def?.kind === 'sequence' ? Number(def.start) : 1;
  const columns = [
    vectorFromValues([state === undefined ? start : state.value], 20),
    vectorFromValues([0], 20),
    vectorFromValues([state?.isCalled ?? false], 16),
  ];
  return { columns, length: 1 };
}
