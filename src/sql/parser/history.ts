/** RESTORE TABLE, RESTORE DATABASE, REVERT TRANSACTION and UNDROP TABLE. */
import type {
  DeleteHistory,
  Erase,
  Restore,
  RevertMode,
  RevertTransaction,
  Undo,
  UndropTable,
  WaitForChanges,
} from '../ast-history.ts';
import type { Cursor } from './cursor.ts';
import { parseTimePoint } from './system-time.ts';

const MODES: readonly RevertMode[] = ['nocascade', 'cascade', 'nonconflict_only'];

export function parseRestore(p: Cursor): Restore {
  const { position } = p;
  p.advance();
  let table;
  if (p.accept('table')) table = p.qualifiedName();
  else p.expect('database');
  p.expect('to');
  const at = parseTimePoint(p);
  return { kind: 'restore', table, at, position, end: p.lastEnd };
}

export function parseRevert(p: Cursor): RevertTransaction {
  const { position } = p;
  p.advance();
  p.expect('transaction');
  const seqs = p.list(() => p.integer());
  return { kind: 'revert', seqs, mode: parseMode(p), position, end: p.lastEnd };
}

function parseMode(p: Cursor): RevertMode {
  return MODES.find((name) => p.accept(name) || p.acceptName(name)) ?? 'nocascade';
}

export function parseDeleteHistory(p: Cursor): DeleteHistory {
  const { position } = p;
  p.expect('delete');
  p.advance();
  p.expect('from');
  const table = p.qualifiedName();
  p.expect('before');
  return { kind: 'deleteHistory', table, before: parseTimePoint(p), position, end: p.lastEnd };
}

export function parseErase(p: Cursor): Erase {
  const { position } = p;
  p.advance();
  p.expect('from');
  const table = p.qualifiedName();
  const alias = p.accept('as') || !p.at('where') ? p.columnName() : undefined;
  p.expect('where');
  const where = p.grammar.expression(p);
  return { kind: 'erase', table, alias, where, position, end: p.lastEnd };
}

export function parseUndo(p: Cursor): Undo {
  const { position } = p;
  const redo = p.atName('redo');
  p.advance();
  const author = p.acceptName('author') ? p.string() : undefined;
  const label = p.accept('label') || p.acceptName('label') ? p.string() : undefined;
  return { kind: 'undo', redo, author, label, mode: parseMode(p), position, end: p.lastEnd };
}

export function parseUndrop(p: Cursor): UndropTable {
  const { position } = p;
  p.advance();
  p.expect('table');
  const name = p.qualifiedName();
  const as = p.accept('as') ? p.columnName() : undefined;
  return { kind: 'undropTable', name, as, position, end: p.lastEnd };
}

export function parseWait(p: Cursor): WaitForChanges {
  const { position } = p;
  p.advance();
  p.expect('for');
  if (!p.acceptName('changes')) p.fail();
  p.expect('after');
  if (!p.acceptName('seq')) p.fail();
  const after = p.integer();
  const tables = p.accept('in') ? p.parenthesised(() => p.qualifiedName()) : undefined;
  return { kind: 'waitForChanges', after, tables, position, end: p.lastEnd };
}
