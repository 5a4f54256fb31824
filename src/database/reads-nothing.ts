/** Which statements leave a transaction without a snapshot: it may take locks first, and read what is there under them. */
import type { Statement } from '../sql/ast-statement.ts';

export function readsNothing(kind: Statement['kind']): boolean {
  return kind === 'lock' || kind === 'setConstraints' || kind === 'fetch' || kind === 'closeCursor';
}
