/** Transactions, savepoints, and locks. */
import { TABLE_MODES, type TableMode } from '../../txn/lock/modes.ts';
import type { QualifiedName } from '../ast.ts';
import type { LockTable, SetConstraints, Statement, TransactionModes } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';
import { parseSetRest } from './setting.ts';
import { parseTimePoint } from './system-time.ts';

export function parseBegin(p: Cursor): Statement {
  const { position } = p;
  const starts = p.accept('start');
  if (starts) p.expect('transaction');
  else {
    p.expect('begin');
    if (!p.accept('work')) p.accept('transaction');
  }
  const modes = parseModes(p);
  return { kind: 'begin', modes, tag: starts ? 'START TRANSACTION' : 'BEGIN', position, end: p.lastEnd };
}

/** COMMIT, END, ROLLBACK, ABORT, and the PREPARED forms. */
export function parseEnd(p: Cursor): Statement {
  const { position, word } = p;
  p.advance();
  if ((word === 'commit' || word === 'rollback') && p.accept('prepared'))
    return { kind: 'twoPhase', what: word, id: p.string(), position, end: p.lastEnd };
  if (!p.accept('work')) p.accept('transaction');
  if (word === 'rollback' && p.accept('to')) {
    p.accept('savepoint');
    return { kind: 'rollback', chain: false, savepoint: p.columnName(), position, end: p.lastEnd };
  }
  let chain = false;
  if (p.accept('and')) {
    chain = !p.accept('no');
    p.expect('chain');
  }
  if (word === 'commit' || word === 'end') return { kind: 'commit', chain, position, end: p.lastEnd };
  return { kind: 'rollback', chain, savepoint: undefined, position, end: p.lastEnd };
}

export function parsePrepareTransaction(p: Cursor): Statement {
  const { position } = p;
  p.expect('prepare');
  p.expect('transaction');
  return { kind: 'twoPhase', what: 'prepare', id: p.string(), position, end: p.lastEnd };
}

export function parseSavepoint(p: Cursor): Statement {
  const { position } = p;
  const kind = p.at('savepoint') ? 'savepoint' : 'release';
  p.advance();
  if (kind === 'release') p.accept('savepoint');
  return { kind, name: p.columnName(), position, end: p.lastEnd };
}

/** Parses transaction modes, with commas or spaces between them, and AS OF. */
function parseModes(p: Cursor): TransactionModes {
  const modes: { -readonly [K in keyof TransactionModes]: TransactionModes[K] } = {
    isolation: undefined,
    readOnly: undefined,
    deferrable: undefined,
    asOf: undefined,
  };
  for (let first = true; ; first = false) {
    const comma = !first && p.accept(',');
    if (p.acceptAll('isolation', 'level')) modes.isolation = parseIsolation(p);
    else if (p.at('read') && (p.peekWord() === 'only' || p.peekWord() === 'write')) {
      p.advance();
      modes.readOnly = p.at('only');
      p.advance();
    } else if (p.accept('deferrable')) modes.deferrable = true;
    else if (p.acceptAll('not', 'deferrable')) modes.deferrable = false;
    else if (modes.asOf === undefined && p.acceptAll('as', 'of')) modes.asOf = parseTimePoint(p);
    else if (comma) p.fail();
    else return modes;
  }
}

function parseIsolation(p: Cursor): TransactionModes['isolation'] {
  if (p.acceptAll('read', 'uncommitted')) return 'read uncommitted';
  if (p.acceptAll('read', 'committed')) return 'read committed';
  if (p.acceptAll('repeatable', 'read') || p.accept('snapshot')) return 'repeatable read';
  p.expect('serializable');
  return 'serializable';
}

export function parseSet(p: Cursor): Statement {
  const { position } = p;
  p.expect('set');
  if (p.accept('constraints')) return parseSetConstraints(p, position);
  const local = p.accept('local');
  const session = !local && p.at('session') && p.peekWord() !== 'authorization' && p.accept('session');
  if (session && p.accept('characteristics')) {
    p.expect('as');
    p.expect('transaction');
    return {
      kind: 'setTransaction',
      session: true,
      modes: parseModes(p),
      snapshot: undefined,
      position,
      end: p.lastEnd,
    };
  }
  if (p.at('transaction') && p.peekWord() !== '=' && p.peekWord() !== 'to') {
    p.advance();
    const snapshot = p.accept('snapshot') ? p.string() : undefined;
    const modes = parseModes(p);
    if (snapshot === undefined && Object.values(modes).every((mode) => mode === undefined)) p.fail();
    return { kind: 'setTransaction', session: false, modes, snapshot, position, end: p.lastEnd };
  }
  return parseSetRest(p, position, local);
}

function parseSetConstraints(p: Cursor, position: number): SetConstraints {
  let names: QualifiedName[] | undefined;
  if (!p.accept('all')) names = p.list(() => p.qualifiedName());
  const deferred = p.accept('deferred');
  if (!deferred) p.expect('immediate');
  return { kind: 'setConstraints', names, deferred, position, end: p.lastEnd };
}

export function parseLock(p: Cursor): LockTable {
  const { position } = p;
  p.expect('lock');
  p.accept('table');
  const tables = p.list(() => {
    p.accept('only');
    const name = p.qualifiedName();
    p.accept('*');
    return name;
  });
  let mode: TableMode | undefined = 'access exclusive';
  if (p.accept('in')) {
    const words: string[] = [];
    while (!p.at('mode')) {
      words.push(p.word);
      if (!TABLE_MODES.some((name) => `${name} `.startsWith(`${words.join(' ')} `))) p.fail();
      p.advance();
    }
    mode = TABLE_MODES.find((name) => name === words.join(' '));
    if (mode === undefined) p.fail();
    p.advance();
  }
  return { kind: 'lock', tables, mode, nowait: p.accept('nowait'), position, end: p.lastEnd };
}
