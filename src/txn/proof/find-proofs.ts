/** Whether a database has proofs: apart from all else, for every database asks this when it is opened. */
import type { Catalog, TableDef } from '../../catalog/schema.ts';

/** drift.proofs, where it was made. */
export function findProofs(catalog: Pick<Catalog, 'relation'>): TableDef | undefined {
  const found = catalog.relation('drift', 'proofs');
  return found?.kind === 'table' ? found : undefined;
}
