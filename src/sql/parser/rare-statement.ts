/** Statements other than queries, changes, transaction control and settings, by their first words. */
import type { Statement } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';
import { parseDiffBranch, parseMergeBranch, parseResolve, parseUseBranch } from './branch.ts';
import { parseImport, parseLoad } from './database.ts';
import { parseAlter, parseComment, parseCreate, parseRefresh } from './definition.ts';
import { parseCallStatement, parseDo } from './function.ts';
import {
  parseDeleteHistory,
  parseErase,
  parseRestore,
  parseRevert,
  parseUndo,
  parseUndrop,
  parseWait,
} from './history.ts';
import { parseDrop } from './object.ts';
import {
  parseCheckDatabase,
  parseClose,
  parseCopy,
  parseDeallocate,
  parseDeclare,
  parseDiscard,
  parseExecute,
  parseExplain,
  parseFetch,
  parseListen,
  parseMaintenance,
  parsePrepare,
  parseTruncate,
} from './session.ts';
import { parseGrant } from './role.ts';
import { parseLock, parsePrepareTransaction } from './transaction.ts';
import { skipUnsupported } from './unsupported.ts';

export function parseRareStatement(p: Cursor): Statement {
  const { word, position } = p;
  switch (word) {
    case 'create':
      return parseCreate(p);
    case 'alter':
      return parseAlter(p);
    case 'drop':
      return parseDrop(p);
    case 'truncate':
      return parseTruncate(p);
    case 'explain':
      return parseExplain(p);
    case 'prepare':
      if (p.peekWord() === 'transaction') return parsePrepareTransaction(p);
      return parsePrepare(p);
    case 'execute':
      return parseExecute(p);
    case 'deallocate':
      return parseDeallocate(p);
    case 'copy':
      return parseCopy(p);
    case 'comment':
      return parseComment(p);
    case 'declare':
      return parseDeclare(p);
    case 'fetch':
    case 'move':
      return parseFetch(p);
    case 'close':
      return parseClose(p);
    case 'discard':
      return parseDiscard(p);
    case 'listen':
    case 'unlisten':
    case 'notify':
      return parseListen(p);
    case 'lock':
      return parseLock(p);
    case 'do':
      return parseDo(p);
    case 'call':
      return parseCallStatement(p);
    case 'refresh':
      return parseRefresh(p);
    case 'analyze':
    case 'analyse':
    case 'vacuum':
    case 'checkpoint':
    case 'reindex':
    case 'cluster':
      return parseMaintenance(p);
    case 'check':
      return parseCheckDatabase(p);
    case 'grant':
    case 'revoke':
      return parseGrant(p);
    case 'load':
      return parseLoad(p);
    case 'import':
      return parseImport(p);
    case 'reassign':
    case 'security':
      p.advance();
      return skipUnsupported(p, position, word.toUpperCase());
    default:
      if (p.at('delete')) return parseDeleteHistory(p);
      if (p.atName('restore')) return parseRestore(p);
      if (p.atName('revert')) return parseRevert(p);
      if (p.atName('erase')) return parseErase(p);
      if (p.atName('undo') || p.atName('redo')) return parseUndo(p);
      if (p.atName('undrop')) return parseUndrop(p);
      if (p.atName('wait')) return parseWait(p);
      if (p.atName('use')) return parseUseBranch(p);
      if (p.at('merge')) return parseMergeBranch(p);
      if (p.atName('resolve')) return parseResolve(p);
      if (p.atName('diff')) return parseDiffBranch(p);
      p.fail();
  }
}
