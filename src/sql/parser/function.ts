/** Functions, procedures, triggers, DO and CALL. Bodies in other languages are kept as text. */
import type { Expression, TypeName } from '../ast.ts';
import type { FunctionArgument } from '../ast-function.ts';
import type {
  AlterFunction,
  Call,
  CreateFunction,
  CreateTrigger,
  DoBlock,
  SetSetting,
  Statement,
} from '../ast-statement.ts';
import type { Option } from '../ast-table.ts';
import { parseCall } from './call.ts';
import type { Cursor } from './cursor.ts';
import { parseOptionValue } from './option.ts';
import { parseSetRest } from './setting.ts';
import { parseTiming } from './timing.ts';
import { parseTypeName } from './type-name.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function parseCreateFunction(p: Cursor, position: number, orReplace: boolean): CreateFunction {
  const procedure = p.at('procedure');
  p.advance();
  const name = p.qualifiedName();
  p.expect('(');
  const args = p.at(')') ? [] : p.list(() => parseArgument(p));
  p.expect(')');
  const result: Mutable<CreateFunction> = {
    kind: 'createFunction',
    procedure,
    orReplace,
    name,
    args,
    returns: undefined,
    returnsTable: undefined,
    language: undefined,
    body: undefined,
    sqlBody: undefined,
    volatility: undefined,
    strict: false,
    securityDefiner: false,
    settings: [],
    options: [],
    position,
    end: 0,
  };
  if (!procedure && p.accept('returns')) {
    if (p.accept('table')) result.returnsTable = p.parenthesised(() => parseTableColumn(p));
    else result.returns = parseTypeName(p);
  }
  const settings: SetSetting[] = [];
  const options: Option[] = [];
  while (parseFunctionOption(p, result, settings, options));
  result.settings = settings;
  result.options = options;
  if (p.at('return') || p.at('begin')) result.sqlBody = parseSqlBody(p);
  result.end = p.lastEnd;
  return result;
}

function parseTableColumn(p: Cursor): FunctionArgument {
  const { position } = p;
  const name = p.nonReservedWord();
  return { mode: 'out', name, type: parseTypeName(p), default: undefined, position };
}

/** Parses `[mode] [name] type [DEFAULT value]`, in which a mode may also follow the name. */
export function parseArgument(p: Cursor): FunctionArgument {
  const { position } = p;
  let mode = parseMode(p);
  let name: string | undefined;
  // Two words in a row: the first is a name, unless both are one type.
  if (p.isTypeOrFunctionName() && (p.isLabel(1) || p.peekWord() === 'setof') && !isTypeOfTwoWords(p)) {
    const next = p.peekWord();
    if (next !== 'default' && next !== 'array') {
      name = p.label();
      mode ??= parseMode(p);
    }
  }
  const type: TypeName = parseTypeName(p);
  let value: Expression | undefined;
  if (p.accept('default') || p.accept('=')) value = p.grammar.expression(p);
  return { mode: mode ?? 'in', name, type, default: value, position };
}

function isTypeOfTwoWords(p: Cursor): boolean {
  return p.at('double') && p.peekWord() === 'precision';
}

function parseMode(p: Cursor): FunctionArgument['mode'] | undefined {
  switch (p.word) {
    case 'in':
      p.advance();
      return p.accept('out') ? 'inout' : 'in';
    case 'out':
    case 'inout':
    case 'variadic': {
      const mode = p.word;
      p.advance();
      return mode;
    }
    default:
      return undefined;
  }
}

function parseFunctionOption(
  p: Cursor,
  result: Mutable<CreateFunction>,
  settings: SetSetting[],
  options: Option[],
): boolean {
  const { position, word } = p;
  switch (word) {
    case 'as':
      p.advance();
      result.body = { position: p.position + (p.text.charAt(p.start) === "'" ? 1 : 0), text: p.string() };
      if (p.accept(',')) p.string();
      return true;
    case 'language':
      p.advance();
      result.language = p.code === 5 ? p.string() : p.nonReservedWord();
      return true;
    case 'immutable':
    case 'stable':
    case 'volatile':
      p.advance();
      result.volatility = word;
      return true;
    case 'strict':
      p.advance();
      result.strict = true;
      return true;
    case 'returns':
      p.advance();
      p.expect('null');
      p.expect('on');
      p.expect('null');
      p.expect('input');
      result.strict = true;
      return true;
    case 'called':
      p.advance();
      p.expect('on');
      p.expect('null');
      p.expect('input');
      return true;
    case 'external':
    case 'security':
      p.accept('external');
      p.expect('security');
      result.securityDefiner = p.accept('definer');
      if (!result.securityDefiner) p.expect('invoker');
      return true;
    case 'set':
      p.advance();
      settings.push(parseSetRest(p, position, false));
      return true;
    case 'not':
      p.advance();
      p.expect('leakproof');
      return true;
    case 'leakproof':
    case 'window':
      p.advance();
      options.push({ name: word, value: undefined, position });
      return true;
    case 'cost':
    case 'rows':
    case 'support':
    case 'parallel':
      p.advance();
      options.push({ name: word, value: parseOptionValue(p), position });
      return true;
    default:
      return false;
  }
}

/** Parses what follows ALTER FUNCTION name: the options of CREATE FUNCTION, or OWNER TO. */
export function parseAlterFunction(
  p: Cursor,
  head: Pick<AlterFunction, 'object' | 'name' | 'position'>,
): AlterFunction {
  const result: Mutable<Pick<CreateFunction, 'volatility' | 'strict' | 'securityDefiner' | 'body' | 'language'>> = {
    volatility: undefined,
    strict: false,
    securityDefiner: false,
    body: undefined,
    language: undefined,
  };
  const settings: SetSetting[] = [];
  let strict: boolean | undefined;
  for (;;) {
    if (p.accept('owner')) {
      p.expect('to');
      p.label();
    } else if (p.accept('depends')) {
      p.expect('on');
      p.expect('extension');
      p.columnName();
    } else if (p.accept('reset')) {
      p.label();
    } else {
      if (p.at('called')) strict = false;
      if (!parseFunctionOption(p, result as Mutable<CreateFunction>, settings, [])) break;
      if (result.strict) strict = true;
    }
  }
  p.accept('restrict');
  return { kind: 'alterFunction', ...head, volatility: result.volatility, strict, settings, end: p.lastEnd };
}

/** RETURN expression, or BEGIN ATOMIC statements END. */
function parseSqlBody(p: Cursor): Expression | Statement[] {
  if (p.accept('return')) return p.grammar.expression(p);
  p.expect('begin');
  p.expect('atomic');
  const statements: Statement[] = [];
  while (!p.at('end')) {
    if (p.accept(';')) continue;
    if (p.accept('return')) {
      const { position } = p;
      const expression = p.grammar.expression(p);
      statements.push(selectOf(expression, position, p.lastEnd));
    } else {
      statements.push(p.grammar.statement(p));
    }
    p.expect(';');
  }
  p.expect('end');
  return statements;
}

/** RETURN x inside BEGIN ATOMIC is SELECT x. */
function selectOf(expression: Expression, position: number, end: number): Statement {
  return {
    kind: 'query',
    with: undefined,
    body: {
      kind: 'select',
      distinct: undefined,
      targets: [{ expression, alias: undefined, position }],
      into: undefined,
      from: [],
      where: undefined,
      groupBy: [],
      groupByDistinct: false,
      having: undefined,
      windows: [],
      position,
    },
    orderBy: [],
    limit: undefined,
    offset: undefined,
    withTies: false,
    locking: [],
    position,
    end,
  };
}

// ---- triggers --------------------------------------------------------------------------------------------------

export function parseCreateTrigger(p: Cursor, position: number, orReplace: boolean): CreateTrigger {
  const constraint = p.accept('constraint');
  p.expect('trigger');
  const name = p.columnName();
  let time: CreateTrigger['time'] = 'after';
  if (p.accept('before')) time = 'before';
  else if (p.acceptAll('instead', 'of')) time = 'instead of';
  else p.expect('after');
  const events = [parseEvent(p)];
  while (p.accept('or')) events.push(parseEvent(p));
  p.expect('on');
  const table = p.qualifiedName();
  if (p.accept('from')) p.qualifiedName();
  const timing = parseTiming(p);
  const transitions: { which: 'old' | 'new'; name: string }[] = [];
  if (p.accept('referencing')) {
    while (p.at('old') || p.at('new')) {
      const which = p.at('old') ? 'old' : 'new';
      p.advance();
      if (!p.accept('table')) p.expect('row');
      p.accept('as');
      transitions.push({ which, name: p.columnName() });
    }
  }
  let forEachRow = false;
  if (p.accept('for')) {
    p.accept('each');
    forEachRow = p.accept('row');
    if (!forEachRow) p.expect('statement');
  }
  let when: Expression | undefined;
  if (p.accept('when')) {
    p.expect('(');
    when = p.grammar.expression(p);
    p.expect(')');
  }
  p.expect('execute');
  if (!p.accept('procedure')) p.expect('function');
  const callee = p.qualifiedName();
  p.expect('(');
  const args = p.at(')') ? [] : p.list(() => parseOptionValue(p));
  p.expect(')');
  return {
    kind: 'createTrigger',
    orReplace,
    constraint,
    name,
    time,
    events,
    table,
    transitions,
    forEachRow,
    when,
    function: callee,
    args,
    timing,
    position,
    end: p.lastEnd,
  };
}

function parseEvent(p: Cursor): CreateTrigger['events'][number] {
  switch (p.word) {
    case 'insert':
    case 'delete':
    case 'truncate': {
      const event = p.word;
      p.advance();
      return { event, columns: [] };
    }
    default:
      p.expect('update');
      return { event: 'update', columns: p.accept('of') ? p.list(() => p.columnName()) : [] };
  }
}

// ---- DO and CALL -----------------------------------------------------------------------------------------------

export function parseDo(p: Cursor): DoBlock {
  const { position } = p;
  p.expect('do');
  let language = 'plpgsql';
  let body: string | undefined;
  let bodyPosition = p.position;
  while (p.code === 5 || p.at('language')) {
    if (p.accept('language')) {
      language = p.code === 5 ? p.string() : p.nonReservedWord();
    } else {
      bodyPosition = p.position;
      body = p.string();
    }
  }
  if (body === undefined) p.fail();
  return { kind: 'do', language, body, bodyPosition, position, end: p.lastEnd };
}

export function parseCallStatement(p: Cursor): Call {
  const { position } = p;
  p.expect('call');
  const name = p.qualifiedName();
  const call = parseCall(p, name, name.position);
  return { kind: 'callProcedure', call, position, end: p.lastEnd };
}
