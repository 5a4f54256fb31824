/**
 * PL/pgSQL: bodies of functions and DO blocks to syntax trees (chapter 43 of PostgreSQL's manual, pl_gram.y).
 *
 * Statements are told by their first word; what begins with a variable is an assignment, everything else is SQL and is
 * left to SQL's parser, so that a body's syntax is checked whole when the function is defined.
 */
import { DriftError } from '../../base/error.ts';
import { PARAMETER, STRING } from '../lexer.ts';
import type { Block, Datum, Handler, PlBody, PlExpression, PlStatement } from './ast.ts';
import { Reader } from './reader.ts';
import { parseStatement } from './statements.ts';

export interface BodyOptions {
  /** The function's name labels its arguments; undefined in DO. */
  readonly label: string | undefined;
  /** Names of the arguments in the order of the definition, '' for none. */
  readonly args: readonly string[];
  readonly trigger: boolean;
}

const TRIGGER_VARIABLES = [
  'new',
  'old',
  'tg_name',
  'tg_when',
  'tg_level',
  'tg_op',
  'tg_relid',
  'tg_relname',
  'tg_table_name',
  'tg_table_schema',
  'tg_nargs',
  'tg_argv',
];

/** Parses a body. Throws DriftErrors with positions in the body's text. */
export function parseBody(text: string, options: BodyOptions): PlBody {
  const r = new Reader(text, options.label);
  const args = options.args.map((name, i) => {
    const datum = name === '' ? r.datum(`$${i + 1}`) : r.declare(name);
    r.names.names.set(`$${i + 1}`, datum);
    return datum;
  });
  const found = r.datum('found');
  if (!r.names.names.has('found')) r.names.names.set('found', found);
  const special = new Map(options.trigger ? TRIGGER_VARIABLES.map((name) => [name, r.declare(name)]) : []);
  while (r.p.tokenText() === '#') readOption(r);
  const block = r.within(undefined, () => parseLabelledBlock(r));
  if (r.p.at(';')) r.p.advance();
  if (!r.ended) r.p.fail();
  return { block, datums: r.datums, args, found, special, conflict: r.conflict };
}

/** `#variable_conflict use_column` and other lines for the compiler. */
function readOption(r: Reader): void {
  if (r.p.tokenText() !== '#') r.p.fail();
  r.p.advance();
  if (r.accept('variable_conflict')) {
    if (r.accept('use_column')) r.conflict = 'column';
    else if (r.accept('use_variable')) r.conflict = 'variable';
    else r.expect('error');
    return;
  }
  if (!r.accept('print_strict_params')) r.expect('option');
  r.p.advance();
}

function parseLabelledBlock(r: Reader): Block {
  const label = readLabel(r);
  return parseBlock(r, label);
}

/** `<<name>>`, if one stands here. */
export function readLabel(r: Reader): string | undefined {
  if (r.p.tokenText() !== '<<') return undefined;
  r.p.advance();
  const name = r.p.label();
  if (r.p.tokenText() !== '>>') r.p.fail();
  r.p.advance();
  return name;
}

/** Parses `[DECLARE …] BEGIN … [EXCEPTION …] END`. */
export function parseBlock(r: Reader, label: string | undefined): Block {
  const { line } = r;
  return r.within(label, () => {
    const declared: number[] = [];
    while (r.accept('declare')) {
      while (!r.at('begin') && !r.at('declare')) {
        if (r.ended) r.p.fail();
        const datum = parseDeclaration(r);
        if (datum !== undefined) declared.push(datum);
      }
    }
    r.expect('begin');
    const body = parseStatements(r, ['end', 'exception']);
    const handlers = r.accept('exception') ? parseHandlers(r) : undefined;
    r.expect('end');
    endLabel(r, label);
    if (!r.ended && r.p.at(';')) r.p.advance();
    return { kind: 'block', label, declared, body, handlers, line };
  });
}

export function endLabel(r: Reader, label: string | undefined): void {
  if (r.ended || r.p.at(';')) return;
  const { position } = r.p;
  const name = r.p.label();
  if (label === undefined)
    throw new DriftError('42601', `end label "${name}" specified for unlabeled block`, { position });
  if (name !== label)
    throw new DriftError('42601', `end label "${name}" differs from block's label "${label}"`, { position });
}

export function parseStatements(r: Reader, ends: readonly string[]): PlStatement[] {
  const list: PlStatement[] = [];
  for (;;) {
    if (r.ended) r.p.fail();
    if (ends.some((word) => r.at(word)) && !isAssignment(r)) return list;
    list.push(parseStatement(r, parts));
  }
}

function isAssignment(r: Reader): boolean {
  const next = r.p.peekWord();
  return next === ':=' || next === '=';
}

/** What statements need of blocks, handed down so that the two files need not import each other. */
const parts = { block: parseBlock, statements: parseStatements, label: readLabel, endLabel };

// ---- declarations ----------------------------------------------------------------------------------------------------

function parseDeclaration(r: Reader): number | undefined {
  const { p } = r;
  const name = p.label();
  if (r.accept('alias')) {
    r.expect('for');
    const { position } = p;
    const other = p.code === PARAMETER ? r.names.find(p.tokenText()) : r.names.find(p.tokenText().toLowerCase());
    const shown = p.tokenText();
    p.advance();
    if (other === undefined) throw new DriftError('42601', `variable "${shown}" does not exist`, { position });
    r.names.names.set(name, other);
    p.expect(';');
    return undefined;
  }
  const scrolls = r.at('no') || r.at('scroll');
  if (scrolls || r.at('cursor')) return parseCursor(r, name);
  const constant = r.accept('constant');
  const type = r.type();
  if (r.accept('collate')) p.qualifiedName();
  const notNull = r.accept('not');
  if (notNull) p.expect('null');
  let value: PlExpression | undefined;
  if (p.accept('default') || p.accept(':=') || p.accept('=')) value = r.expression([';']);
  if (notNull && value === undefined)
    throw new DriftError('22004', `variable "${name}" must have a default value, since it's declared NOT NULL`, {
      position: p.position,
    });
  p.expect(';');
  return r.declare(name, { ...type, constant, notNull, default: value });
}

/** `name [NO SCROLL] CURSOR [(arguments)] FOR query`. */
function parseCursor(r: Reader, name: string): number {
  const { p } = r;
  const scroll = r.scroll();
  r.expect('cursor');
  return r.within(undefined, () => {
    const args: number[] = [];
    if (p.accept('(')) {
      do {
        const arg = p.label();
        args.push(r.declare(arg, r.type()));
      } while (p.accept(','));
      p.expect(')');
    }
    if (!p.accept('for')) r.expect('is');
    const query = r.query([';']);
    p.expect(';');
    const cursor: Datum['cursor'] = { query, args, scroll };
    const index = r.datum(name, { cursor });
    r.names.parent?.names.set(name, index);
    return index;
  });
}

// ---- exceptions ------------------------------------------------------------------------------------------------------

function parseHandlers(r: Reader): Handler[] {
  const handlers: Handler[] = [];
  r.within(undefined, () => {
    const sqlstate = r.declare('sqlstate');
    const sqlerrm = r.declare('sqlerrm');
    while (r.accept('when')) {
      const conditions = [parseCondition(r)];
      while (r.accept('or')) conditions.push(parseCondition(r));
      r.expect('then');
      handlers.push({ conditions, sqlstate, sqlerrm, body: parseStatements(r, ['when', 'end']) });
    }
  });
  if (handlers.length === 0) r.p.fail();
  return handlers;
}

function parseCondition(r: Reader): string {
  const { p } = r;
  if (r.accept('sqlstate')) {
    if (p.code !== STRING) p.fail();
    const { position } = p;
    const code = p.string();
    if (!/^[0-9A-Z]{5}$/.test(code)) throw new DriftError('42601', 'invalid SQLSTATE code', { position });
    return code;
  }
  return p.label().toLowerCase();
}
