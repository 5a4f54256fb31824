/** The statements of PL/pgSQL, one function each. */
import { DriftError } from '../../base/error.ts';
import type { Assignable, CursorArgument, Fetch, ForQuery, Into, PlExpression, PlQuery, PlStatement } from './ast.ts';
import { parseRaise } from './raise.ts';
import type { Reader } from './reader.ts';

/** Blocks and lists of statements (parser.ts). */
interface Parts {
  block(r: Reader, label: string | undefined): PlStatement;
  statements(r: Reader, ends: readonly string[]): PlStatement[];
  label(r: Reader): string | undefined;
  endLabel(r: Reader, label: string | undefined): void;
}

export function parseStatement(r: Reader, parts: Parts): PlStatement {
  const { p, line } = r;
  const label = parts.label(r);
  if (label !== undefined || r.at('loop') || r.at('while') || r.at('for') || r.at('foreach'))
    return parseLabelled(r, label, parts);
  if (startsAssignment(r)) return parseAssignment(r);
  switch (wordOf(r)) {
    case 'declare':
      return parts.block(r, undefined);
    case 'begin':
      return parts.block(r, undefined);
    case 'if':
      return parseIf(r, parts);
    case 'case':
      return parseCase(r, parts);
    case 'exit':
    case 'continue': {
      const continues = r.at('continue');
      p.advance();
      const target = p.at(';') || r.at('when') ? undefined : p.label();
      const when = r.accept('when') ? r.expression([';']) : undefined;
      p.expect(';');
      return { kind: 'exit', continues, label: target, when, line };
    }
    case 'return':
      return parseReturn(r);
    case 'raise':
      return parseRaise(r);
    case 'assert': {
      p.advance();
      const condition = r.expression([',', ';']);
      const message = p.accept(',') ? r.expression([';']) : undefined;
      p.expect(';');
      return { kind: 'assert', condition, message, line };
    }
    case 'perform': {
      p.advance();
      const { position } = p;
      const text = r.textUntil([';']);
      p.expect(';');
      return { kind: 'perform', sql: r.statement(`SELECT ${text}`, position - 7), line };
    }
    case 'execute':
      return parseExecute(r);
    case 'get':
      return parseDiagnostics(r);
    case 'open':
      return parseOpen(r);
    case 'fetch':
    case 'move':
      return parseFetch(r);
    case 'close': {
      p.advance();
      const cursor = cursorVariable(r);
      p.expect(';');
      return { kind: 'close', cursor, line };
    }
    case 'null':
      p.advance();
      p.expect(';');
      return { kind: 'null', line };
    case 'commit':
    case 'rollback': {
      const commit = r.at('commit');
      p.advance();
      const chains = p.accept('and') ? !p.accept('no') : undefined;
      if (chains !== undefined) p.expect('chain');
      p.expect(';');
      return { kind: 'end', commit, chain: chains === true, line };
    }
    default:
      return parseSql(r);
  }
}

function wordOf(r: Reader): string {
  return r.p.word === '' ? r.p.tokenText().toLowerCase() : r.p.word;
}

// ---- assignments and SQL ---------------------------------------------------------------------------------------------

function startsAssignment(r: Reader): boolean {
  const { p } = r;
  if (!p.isLabel()) return false;
  const next = p.peekWord();
  if (next === ':=' || next === '=') return true;
  if (next !== '.' && next !== '[') return false;
  const save = p.index;
  const known = r.knownVariable();
  const assigns = known !== undefined && (p.at(':=') || p.at('='));
  p.back(save);
  return assigns;
}

function parseAssignment(r: Reader): PlStatement {
  const { p, line } = r;
  const { start } = p;
  const target = assignable(r);
  if (!p.accept(':=')) p.expect('=');
  const value = r.expression([';']);
  const text = p.text.slice(start, p.start).trim();
  p.expect(';');
  return { kind: 'assign', target, value, text, line };
}

function assignable(r: Reader): Assignable {
  const { position } = r.p;
  const target = r.variable();
  const datum = r.datums[target.datum];
  if (datum?.constant === true)
    throw new DriftError('22005', `variable "${datum.name}" is declared CONSTANT`, { position });
  return target;
}

function parseSql(r: Reader): PlStatement {
  const { p, line } = r;
  const { position, start } = p;
  let into: Into | undefined;
  let text = '';
  let from = start;
  let before = '';
  while (!p.at(';')) {
    if (r.ended) throw new DriftError('42601', 'unexpected end of function definition', { position });
    if (p.at('into') && before !== 'insert' && before !== 'merge') {
      text += p.text.slice(from, p.start);
      p.advance();
      into = parseTargets(r);
      // Blanks, so that positions stay.
      text += ' ';
      from = p.start;
      continue;
    }
    before = p.word;
    p.advance();
  }
  text += p.text.slice(from, p.start);
  p.expect(';');
  return { kind: 'sql', sql: r.statement(text.trim(), position), into, line };
}

function parseTargets(r: Reader): Into {
  const strict = r.accept('strict');
  const targets = [assignable(r)];
  while (r.p.accept(',')) targets.push(assignable(r));
  return { targets, strict };
}

function parseExecute(r: Reader): PlStatement {
  const { p, line } = r;
  p.advance();
  const text = r.expression(['into', 'using', ';']);
  let into: Into | undefined;
  let using: PlExpression[] = [];
  for (;;) {
    if (r.accept('into')) into = parseTargets(r);
    else if (r.accept('using')) using = r.expressions(['into', ';']);
    else break;
  }
  p.expect(';');
  return { kind: 'execute', text, using, into, line };
}

function parseDiagnostics(r: Reader): PlStatement {
  const { p, line } = r;
  p.advance();
  const stacked = r.accept('stacked');
  if (!stacked) r.accept('current');
  r.expect('diagnostics');
  const items: { target: Assignable; item: string }[] = [];
  do {
    const target = assignable(r);
    if (!p.accept(':=')) p.expect('=');
    const { position } = p;
    const item = p.label().toLowerCase();
    const known = stacked ? STACKED_ITEMS : CURRENT_ITEMS;
    if (!known.includes(item))
      throw new DriftError('42601', `unrecognized GET DIAGNOSTICS item at or near "${item}"`, { position });
    items.push({ target, item });
  } while (p.accept(','));
  p.expect(';');
  return { kind: 'diagnostics', stacked, items, line };
}

const CURRENT_ITEMS = ['row_count', 'pg_context'];
const STACKED_ITEMS = [
  'returned_sqlstate',
  'message_text',
  'pg_exception_detail',
  'pg_exception_hint',
  'pg_exception_context',
  'column_name',
  'constraint_name',
  'pg_datatype_name',
  'table_name',
  'schema_name',
];

// ---- control ---------------------------------------------------------------------------------------------------------

function parseIf(r: Reader, parts: Parts): PlStatement {
  const { p, line } = r;
  p.advance();
  const branches: { when: PlExpression; then: PlStatement[] }[] = [];
  const branch = (): void => {
    const when = r.expression(['then']);
    r.expect('then');
    branches.push({ when, then: parts.statements(r, ['elsif', 'elseif', 'else', 'end']) });
  };
  branch();
  while (r.accept('elsif') || r.accept('elseif')) branch();
  const otherwise = r.accept('else') ? parts.statements(r, ['end']) : undefined;
  r.expect('end');
  r.expect('if');
  p.expect(';');
  return { kind: 'if', branches, otherwise, line };
}

function parseCase(r: Reader, parts: Parts): PlStatement {
  const { p, line } = r;
  p.advance();
  let operand: { datum: number; value: PlExpression } | undefined;
  let name = '';
  if (!r.at('when')) {
    const value = r.expression(['when']);
    name = r.hiddenName('case');
    operand = { datum: r.declare(name), value };
  }
  const whens: { when: PlExpression; then: PlStatement[] }[] = [];
  while (r.accept('when')) {
    const { position } = p;
    const text = r.textUntil(['then']);
    r.expect('then');
    const when = r.expressionOf(operand === undefined ? text : `"${name}" IN (${text})`, position);
    whens.push({ when, then: parts.statements(r, ['when', 'else', 'end']) });
  }
  if (whens.length === 0) p.fail();
  const otherwise = r.accept('else') ? parts.statements(r, ['end']) : undefined;
  r.expect('end');
  r.expect('case');
  p.expect(';');
  return { kind: 'case', operand, whens, otherwise, line };
}

function parseLabelled(r: Reader, label: string | undefined, parts: Parts): PlStatement {
  const { p, line } = r;
  if (r.at('declare') || r.at('begin')) return parts.block(r, label);
  const body = (): PlStatement[] => {
    r.expect('loop');
    const list = parts.statements(r, ['end']);
    r.expect('end');
    r.expect('loop');
    parts.endLabel(r, label);
    p.expect(';');
    return list;
  };
  return r.within(label, () => {
    if (r.at('loop')) return { kind: 'loop', label, body: body(), line };
    if (r.accept('while')) {
      const condition = r.expression(['loop']);
      return { kind: 'while', label, condition, body: body(), line };
    }
    if (r.accept('for')) return parseFor(r, label, body);
    r.expect('foreach');
    const target = assignable(r);
    const slice = r.accept('slice') ? p.integer() : 0;
    r.expect('in');
    r.expect('array');
    const array = r.expression(['loop']);
    return { kind: 'foreach', label, target, slice, array, body: body(), line };
  });
}

/** FOR over integers declares its variable; over rows it needs variables that exist, over a bound cursor a record. */
function parseFor(r: Reader, label: string | undefined, body: () => PlStatement[]): PlStatement {
  const { p, line } = r;
  const save = p.index;
  const known = r.knownVariable();
  const targets: Assignable[] = [];
  let name = '';
  if (known === undefined) name = p.label();
  else {
    targets.push(known);
    while (p.accept(',')) targets.push(assignable(r));
    if (targets.length === 1) name = p.text.slice(p.lexer.starts[save], p.lexer.ends[save]).toLowerCase();
  }
  r.expect('in');
  const reverse = r.accept('reverse');
  if (!reverse && r.at('execute')) return rows(r.query(['loop']));
  const cursor = cursorHere(r);
  if (cursor !== undefined) {
    const args = p.at('(') ? cursorArguments(r) : [];
    const datum = r.declare(name);
    const target: Assignable = { datum, fields: [], subscripts: [] };
    return {
      kind: 'forQuery',
      label,
      targets: [target],
      query: { kind: 'cursor', datum: cursor, args },
      body: body(),
      line,
    };
  }
  const { position } = p;
  const from = r.textUntil(['..', 'loop']);
  if (p.accept('..')) {
    const low = r.expressionOf(from, position);
    const high = r.expression(['by', 'loop']);
    const by = r.accept('by') ? r.expression(['loop']) : undefined;
    const datum = r.declare(name, { type: INTEGER_TYPE });
    return { kind: 'forRange', label, datum, from: low, to: high, by, reverse, body: body(), line };
  }
  return rows({ kind: 'static', sql: r.statement(from, position) });

  function rows(query: PlQuery): ForQuery {
    if (targets.length === 0)
      throw new DriftError(
        '42601',
        'loop variable of loop over rows must be a record variable or list of scalar variables',
        { position: p.lexer.starts[save] ?? 0 },
      );
    return { kind: 'forQuery', label, targets, query, body: body(), line };
  }
}

const INTEGER_TYPE = {
  kind: 'typeName',
  schema: undefined,
  name: 'int4',
  modifiers: [],
  intervalFields: undefined,
  arrayBounds: [],
  setOf: false,
  percentType: false,
  position: 0,
} as const;

function parseReturn(r: Reader): PlStatement {
  const { p, line } = r;
  p.advance();
  if (r.at('next') && !p.at(';')) {
    p.advance();
    const value = p.at(';') ? undefined : r.expression([';']);
    p.expect(';');
    return { kind: 'returnNext', value, line };
  }
  if (r.at('query')) {
    p.advance();
    const query = r.query([';']);
    p.expect(';');
    return { kind: 'returnQuery', query, line };
  }
  const value = p.at(';') ? undefined : r.expression([';']);
  p.expect(';');
  return { kind: 'return', value, line };
}

// ---- cursors ---------------------------------------------------------------------------------------------------------

function cursorVariable(r: Reader): number {
  return r.variable().datum;
}

/** A bound cursor named here; undefined where something else stands. */
function cursorHere(r: Reader): number | undefined {
  const { p } = r;
  const save = p.index;
  const found = r.knownVariable();
  if (found !== undefined && r.datums[found.datum]?.cursor !== undefined && (p.at('(') || r.at('loop')))
    return found.datum;
  p.back(save);
  return undefined;
}

function cursorArguments(r: Reader): CursorArgument[] {
  const { p } = r;
  const args: CursorArgument[] = [];
  p.expect('(');
  do {
    let name: string | undefined;
    if (p.isLabel() && (p.peekWord() === ':=' || p.peekWord() === '=>')) {
      name = p.label();
      p.advance();
    }
    args.push({ name, value: r.expression([',', ')']) });
  } while (p.accept(','));
  p.expect(')');
  return args;
}

function parseOpen(r: Reader): PlStatement {
  const { p, line } = r;
  p.advance();
  const cursor = cursorVariable(r);
  const args = p.at('(') ? cursorArguments(r) : [];
  const scroll = r.scroll();
  const query = r.accept('for') ? r.query([';']) : undefined;
  p.expect(';');
  return { kind: 'open', cursor, query, args, scroll, line };
}

function parseFetch(r: Reader): Fetch {
  const { p, line } = r;
  const move = r.at('move');
  p.advance();
  let direction: Fetch['direction'] = 'forward';
  let count: Fetch['count'] = 1;
  const ends = ['from', 'in'];
  let plain = false;
  if (r.accept('next')) count = 1;
  else if (r.accept('prior')) direction = 'backward';
  else if (r.accept('first')) direction = 'absolute';
  else if (r.accept('last')) [direction, count] = ['absolute', -1];
  else if (r.accept('absolute')) [direction, count] = ['absolute', r.expression(ends)];
  else if (r.accept('relative')) [direction, count] = ['relative', r.expression(ends)];
  else if (r.at('forward') || r.at('backward')) {
    direction = r.at('forward') ? 'forward' : 'backward';
    p.advance();
    if (r.accept('all')) count = 'all';
    else if (!r.at('from') && !r.at('in')) count = r.expression(ends);
  } else if (r.accept('all')) count = 'all';
  else plain = !r.at('from') && !r.at('in');
  if (!plain && !r.accept('from')) r.accept('in');
  const cursor = cursorVariable(r);
  const targets: Assignable[] = [];
  if (!move) {
    r.expect('into');
    targets.push(assignable(r));
    while (p.accept(',')) targets.push(assignable(r));
  }
  p.expect(';');
  return { kind: 'fetch', move, cursor, direction, count, targets, line };
}
