/** Prepared statements, cursors, EXPLAIN, COPY, TRUNCATE, maintenance, notifications. */
import type { Identifier, QualifiedName } from '../ast.ts';
import type {
  Copy,
  CopyOption,
  Discard,
  Explain,
  FetchCursor,
  Listen,
  Maintenance,
  Statement,
  Truncate,
} from '../ast-statement.ts';
import type { Option } from '../ast-table.ts';
import { INTEGER, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseOptionValue, parseSpacedOptions, parseWordValue } from './option.ts';
import { parseTypeName } from './type-name.ts';

export function parseTruncate(p: Cursor): Truncate {
  const { position } = p;
  p.expect('truncate');
  p.accept('table');
  const tables = p.list(() => {
    p.accept('only');
    const name = p.qualifiedName();
    p.accept('*');
    return name;
  });
  const restartIdentity = p.acceptAll('restart', 'identity');
  if (!restartIdentity) p.acceptAll('continue', 'identity');
  return { kind: 'truncate', tables, restartIdentity, cascade: p.acceptCascade(), position, end: p.lastEnd };
}

// ---- prepared statements and cursors ---------------------------------------------------------------------------

export function parsePrepare(p: Cursor): Statement {
  const { position } = p;
  p.expect('prepare');
  const name = p.columnName();
  const types = p.at('(') ? p.parenthesised(() => parseTypeName(p)) : [];
  p.expect('as');
  const statement = p.grammar.preparable(p);
  return { kind: 'prepare', name, types, statement, text: textFrom(p, position), position, end: p.lastEnd };
}

export function parseExecute(p: Cursor): Extract<Statement, { kind: 'execute' }> {
  const { position } = p;
  p.expect('execute');
  const name = p.columnName();
  const args = p.at('(') ? p.parenthesised(() => p.grammar.expression(p)) : [];
  return { kind: 'execute', name, args, position, end: p.lastEnd };
}

export function parseDeallocate(p: Cursor): Statement {
  const { position } = p;
  p.expect('deallocate');
  if (p.at('prepare') && p.peekWord() !== ';' && p.peekCode() !== 0) p.advance();
  const name = p.accept('all') ? undefined : p.columnName();
  return { kind: 'deallocate', name, position, end: p.lastEnd };
}

export function parseDeclare(p: Cursor): Extract<Statement, { kind: 'declareCursor' }> {
  const { position } = p;
  p.expect('declare');
  const name = p.columnName();
  let binary = false;
  let scroll: boolean | undefined;
  let insensitive = false;
  for (;;) {
    if (p.accept('binary')) binary = true;
    else if (p.accept('scroll')) scroll = true;
    else if (p.acceptAll('no', 'scroll')) scroll = false;
    else if (p.accept('insensitive')) insensitive = true;
    else if (!p.accept('asensitive')) break;
  }
  p.expect('cursor');
  let hold = false;
  if (p.at('with') || p.at('without')) {
    hold = p.at('with');
    p.advance();
    p.expect('hold');
  }
  p.expect('for');
  const query = p.grammar.query(p);
  const text = textFrom(p, position);
  return { kind: 'declareCursor', name, binary, scroll, insensitive, hold, query, text, position, end: p.lastEnd };
}

/** The text from a position to the last token. */
function textFrom(p: Cursor, position: number): string {
  return p.text.slice(position - 1, p.lastEnd - 1);
}

export function parseFetch(p: Cursor): FetchCursor {
  const { position } = p;
  const move = p.at('move');
  p.advance();
  const { direction, count } = parseDirection(p);
  if (!p.accept('from')) p.accept('in');
  return { kind: 'fetch', move, cursor: p.columnName(), direction, count, position, end: p.lastEnd };
}

function parseDirection(p: Cursor): Pick<FetchCursor, 'direction' | 'count'> {
  // A word of direction that ends the statement is the cursor's name.
  if (p.peekCode() === 0 || p.peekWord() === ';') return { direction: 'forward', count: 1 };
  switch (p.word) {
    case 'next':
      p.advance();
      return { direction: 'forward', count: 1 };
    case 'prior':
      p.advance();
      return { direction: 'backward', count: 1 };
    case 'first':
      p.advance();
      return { direction: 'absolute', count: 1 };
    case 'last':
      p.advance();
      return { direction: 'absolute', count: -1 };
    case 'absolute':
    case 'relative': {
      const direction = p.word;
      p.advance();
      return { direction, count: parseSigned(p) };
    }
    case 'all':
      p.advance();
      return { direction: 'forward', count: Infinity };
    case 'forward':
    case 'backward': {
      const direction = p.word;
      p.advance();
      if (p.accept('all')) return { direction, count: Infinity };
      return { direction, count: atSigned(p) ? parseSigned(p) : 1 };
    }
    default:
      return { direction: 'forward', count: atSigned(p) ? parseSigned(p) : 1 };
  }
}

function atSigned(p: Cursor): boolean {
  return p.code === INTEGER || p.at('-') || p.at('+');
}

function parseSigned(p: Cursor): number {
  const negative = p.at('-');
  if (negative || p.at('+')) p.advance();
  const value = p.integer();
  return negative ? -value : value;
}

export function parseClose(p: Cursor): Statement {
  const { position } = p;
  p.expect('close');
  const name = p.accept('all') ? undefined : p.columnName();
  return { kind: 'closeCursor', name, position, end: p.lastEnd };
}

export function parseDiscard(p: Cursor): Discard {
  const { position } = p;
  p.expect('discard');
  let what: Discard['what'] = 'temp';
  if (p.accept('all')) what = 'all';
  else if (p.accept('plans')) what = 'plans';
  else if (p.accept('sequences')) what = 'sequences';
  else if (!p.accept('temp')) p.expect('temporary');
  return { kind: 'discard', what, position, end: p.lastEnd };
}

export function parseListen(p: Cursor): Listen {
  const { position } = p;
  const kind = p.word as Listen['kind'];
  p.advance();
  const channel = kind === 'unlisten' && p.accept('*') ? undefined : p.columnName();
  const payload = kind === 'notify' && p.accept(',') ? p.string() : undefined;
  return { kind, channel, payload, position, end: p.lastEnd };
}

// ---- EXPLAIN ---------------------------------------------------------------------------------------------------

export function parseExplain(p: Cursor): Explain {
  const { position } = p;
  p.expect('explain');
  let options: Option[] = [];
  if (p.at('(') && explainsWithOptions(p)) {
    options = parseSpacedOptions(p).map((option) => ({
      ...option,
      name: option.name === 'analyse' ? 'analyze' : option.name,
    }));
  } else {
    const at = p.position;
    if (p.accept('analyze') || p.accept('analyse')) options.push({ name: 'analyze', value: undefined, position: at });
    const verbose = p.position;
    if (p.accept('verbose')) options.push({ name: 'verbose', value: undefined, position: verbose });
  }
  const inner = p.at('(') ? p.grammar.preparable(p) : p.grammar.statement(p);
  switch (inner.kind) {
    case 'query':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
    case 'createTableAs':
    case 'execute':
    case 'declareCursor':
    case 'refreshMaterializedView':
      return { kind: 'explain', options, statement: inner, position, end: p.lastEnd };
    default:
      p.refuse('syntax error: EXPLAIN takes a query or a change', inner.position);
  }
}

function explainsWithOptions(p: Cursor): boolean {
  const word = p.peekWord();
  return word !== '(' && word !== 'select' && word !== 'values' && word !== 'with' && word !== 'table';
}

// ---- COPY ------------------------------------------------------------------------------------------------------

export function parseCopy(p: Cursor): Copy {
  const { position } = p;
  p.expect('copy');
  p.accept('binary');
  let table: QualifiedName | undefined;
  let columns: Identifier[] | undefined;
  let query: Copy['query'];
  if (p.accept('(')) {
    const inner = p.grammar.preparable(p);
    if (inner.kind === 'merge') p.fail();
    query = inner;
    p.expect(')');
  } else {
    table = p.qualifiedName();
    if (p.at('(')) columns = p.parenthesisedIdentifiers();
  }
  const direction = p.at('to') ? 'to' : 'from';
  if (query !== undefined && direction === 'from') p.fail();
  p.expect(direction);
  const program = p.accept('program');
  let file: string | undefined;
  if (program || p.code === STRING) file = p.string();
  else if (!p.accept('stdin')) p.expect('stdout');
  if (p.acceptAll('using', 'delimiters')) p.string();
  p.accept('with');
  const options = p.at('(') ? p.parenthesised(() => parseCopyOption(p)) : parseOldCopyOptions(p);
  const where = p.accept('where') ? p.grammar.expression(p) : undefined;
  const end = p.lastEnd;
  return {
    kind: 'copy',
    table,
    columns,
    query,
    direction,
    program,
    file,
    options,
    where,
    data: undefined,
    position,
    end,
  };
}

function parseCopyOption(p: Cursor): CopyOption {
  const { position } = p;
  const name = p.label();
  if (p.accept('*')) return { name, value: undefined, list: [], position };
  if (p.at('(')) return { name, value: undefined, list: p.parenthesised(() => parseOptionValue(p)), position };
  const value = p.at(',') || p.at(')') ? undefined : parseWordValue(p);
  return { name, value, list: undefined, position };
}

/** The options of before version 9: `CSV HEADER DELIMITER AS ','`. */
function parseOldCopyOptions(p: Cursor): CopyOption[] {
  const options: CopyOption[] = [];
  for (;;) {
    const { position, word } = p;
    const add = (name: string, value: string | undefined, list?: readonly string[]): void => {
      options.push({ name, value, list, position });
    };
    switch (word) {
      case 'binary':
      case 'csv':
        p.advance();
        add('format', word);
        break;
      case 'freeze':
      case 'header':
        p.advance();
        add(word, undefined);
        break;
      case 'delimiter':
      case 'null':
      case 'quote':
      case 'escape':
        p.advance();
        p.accept('as');
        add(word, p.string());
        break;
      case 'encoding':
        p.advance();
        add(word, p.string());
        break;
      case 'force':
        p.advance();
        if (p.accept('quote')) add('force_quote', undefined, p.accept('*') ? [] : p.list(() => p.columnName()));
        else if (p.accept('not')) {
          p.expect('null');
          add(
            'force_not_null',
            undefined,
            p.list(() => p.columnName()),
          );
        } else {
          p.expect('null');
          add(
            'force_null',
            undefined,
            p.list(() => p.columnName()),
          );
        }
        break;
      default:
        return options;
    }
  }
}

// ---- maintenance ---------------------------------------------------------------------------------------------

export function parseMaintenance(p: Cursor): Maintenance {
  const { position } = p;
  const command = p.at('analyse') ? 'analyze' : (p.word as Maintenance['command']);
  p.advance();
  let options: Option[] = [];
  if (p.at('(')) options = parseSpacedOptions(p);
  while (p.at('full') || p.at('freeze') || p.at('verbose') || p.at('analyze') || p.at('analyse')) {
    options.push({ name: p.word, value: undefined, position: p.position });
    p.advance();
  }
  let tables: QualifiedName[] = [];
  const columns: (string[] | null)[] = [];
  if (command === 'reindex') {
    if (!['table', 'index', 'schema', 'database', 'system'].includes(p.word)) p.fail();
    p.advance();
    p.accept('concurrently');
    tables = [p.qualifiedName()];
  } else if (p.isColumnName()) {
    tables = p.list(() => parseAnalysed(p, columns));
    if (command === 'cluster' && p.accept('using')) p.columnName();
  }
  return { kind: 'maintenance', command, tables, columns, options, position, end: p.lastEnd };
}

function parseAnalysed(p: Cursor, columns: (string[] | null)[]): QualifiedName {
  const name = p.qualifiedName();
  columns.push(p.at('(') ? p.parenthesisedNames() : null);
  return name;
}

/** CHECK DATABASE. */
export function parseCheckDatabase(p: Cursor): Maintenance {
  const { position } = p;
  p.expect('check');
  p.expect('database');
  return {
    kind: 'maintenance',
    command: 'check database',
    tables: [],
    columns: [],
    options: [],
    position,
    end: p.lastEnd,
  };
}
