/** CREATE TABLE: columns, constraints, LIKE, options; and the parts that ALTER TABLE shares. */
import type { Expression, Identifier, QualifiedName } from '../ast.ts';
import type {
  ColumnConstraint,
  ColumnDefinition,
  ConstraintTiming,
  CreateTable,
  CreateTableAs,
  LikeClause,
  Option,
  Persistence,
  References,
  ReferentialActionClause,
  TableConstraint,
  TableElement,
} from '../ast-table.ts';
import type { Cursor } from './cursor.ts';
import { parseTiming, refuseCheckTiming, refuseTiming } from './timing.ts';
import { parseOptions } from './option.ts';
import { parseParenthesisedSequenceOptions } from './sequence.ts';
import { parseTypeName } from './type-name.ts';

/** Parses behind CREATE [TEMP] TABLE. */
export function parseCreateTable(p: Cursor, position: number, persistence: Persistence): CreateTable | CreateTableAs {
  const ifNotExists = p.acceptIfNotExists();
  const name = p.qualifiedName();
  let unsupported: CreateTable['unsupported'];
  const refuse = (feature: string): void => {
    unsupported ??= { feature, position: p.position };
  };
  if (p.at('as') || (p.at('(') && holdsNamesOnly(p)) || p.at('on') || p.at('with')) {
    return parseCreateTableAs(p, { position, persistence, ifNotExists, name });
  }
  let elements: TableElement[] = [];
  if (p.at('partition') || p.at('of')) {
    refuse(p.at('of') ? 'typed tables' : 'partitioned tables');
    while (p.code !== 0 && !p.at(';')) p.advance();
  } else {
    p.expect('(');
    if (!p.at(')')) elements = p.list(() => parseTableElement(p));
    p.expect(')');
  }
  const inherits = p.accept('inherits') ? p.parenthesised(() => p.qualifiedName()) : [];
  if (p.at('partition')) {
    refuse('partitioned tables');
    p.advance();
    p.expect('by');
    p.label();
    p.parenthesised(() => p.grammar.expression(p));
  }
  if (p.accept('using')) p.label();
  const options = parseWithOptions(p);
  const onCommit = parseOnCommit(p);
  if (p.accept('tablespace')) p.label();
  if (p.at('as')) p.fail();
  return {
    kind: 'createTable',
    name,
    persistence,
    ifNotExists,
    elements,
    inherits,
    options,
    onCommit,
    unsupported,
    position,
    end: p.lastEnd,
  };
}

/** Whether the parenthesis holds column names for AS: `(a, b)`. */
function holdsNamesOnly(p: Cursor): boolean {
  const word = p.peekWord(2);
  return p.isColumnName(1) && (word === ',' || word === ')');
}

export function parseWithOptions(p: Cursor): Option[] {
  if (p.at('with') && p.peekWord() === '(') {
    p.advance();
    return parseOptions(p);
  }
  if (p.at('without') && p.peekWord() === 'oids') {
    p.advance();
    p.advance();
  }
  return [];
}

function parseOnCommit(p: Cursor): CreateTable['onCommit'] {
  if (!p.accept('on')) return undefined;
  p.expect('commit');
  if (p.accept('drop')) return 'drop';
  const keep = p.accept('preserve');
  if (!keep) p.expect('delete');
  p.expect('rows');
  return keep ? 'preserve' : 'delete';
}

function parseCreateTableAs(
  p: Cursor,
  head: { position: number; persistence: Persistence; ifNotExists: boolean; name: QualifiedName },
): CreateTableAs {
  const columns = p.at('(') ? p.parenthesisedNames() : undefined;
  if (p.accept('using')) p.label();
  const options = parseWithOptions(p);
  const onCommit = parseOnCommit(p);
  if (p.accept('tablespace')) p.label();
  p.expect('as');
  const query = parseAsQuery(p);
  const withData = parseWithData(p);
  return {
    kind: 'createTableAs',
    ...head,
    materializedView: false,
    columns,
    options,
    onCommit,
    query,
    withData,
    end: p.lastEnd,
  };
}

function parseAsQuery(p: Cursor): CreateTableAs['query'] {
  if (!p.at('execute')) return p.grammar.query(p);
  const { position } = p;
  p.advance();
  const name = p.columnName();
  const args = p.at('(') ? p.parenthesised(() => p.grammar.expression(p)) : [];
  return { kind: 'execute', name, args, position, end: p.lastEnd };
}

/** Parses `[WITH [NO] DATA]`. */
export function parseWithData(p: Cursor): boolean {
  if (!p.at('with')) return true;
  p.advance();
  const none = p.accept('no');
  p.expect('data');
  return !none;
}

// ---- elements --------------------------------------------------------------------------------------------------

function parseTableElement(p: Cursor): TableElement {
  if (p.at('like')) return parseLike(p);
  return atTableConstraint(p) ? parseTableConstraint(p) : parseColumnDefinition(p);
}

export function atTableConstraint(p: Cursor): boolean {
  switch (p.word) {
    case 'constraint':
    case 'primary':
    case 'unique':
    case 'check':
    case 'foreign':
      return true;
    case 'exclude':
      return p.peekWord() === 'using' || p.peekWord() === '(';
    default:
      return p.atName('period') && p.peekWord() === 'for';
  }
}

function parseLike(p: Cursor): LikeClause {
  const { position } = p;
  p.expect('like');
  const table = p.qualifiedName();
  const options: { including: boolean; property: string }[] = [];
  while (p.at('including') || p.at('excluding')) {
    const including = p.at('including');
    p.advance();
    options.push({ including, property: p.label() });
  }
  return { kind: 'like', table, options, position };
}

export function parseColumnDefinition(p: Cursor): ColumnDefinition {
  const { position } = p;
  const name = p.columnName();
  const type = parseTypeName(p);
  if (p.accept('storage')) p.label();
  if (p.accept('compression')) p.label();
  let collation: QualifiedName | undefined;
  if (p.accept('collate')) collation = p.qualifiedName();
  const constraints = parseColumnConstraints(p);
  if (collation === undefined && p.accept('collate')) {
    collation = p.qualifiedName();
    constraints.push(...parseColumnConstraints(p));
  }
  return { kind: 'column', name, type, collation, constraints, position };
}

export function parseColumnConstraints(p: Cursor): ColumnConstraint[] {
  const constraints: ColumnConstraint[] = [];
  for (;;) {
    const constraint = parseColumnConstraint(p);
    if (constraint === undefined) return constraints;
    constraints.push(constraint);
  }
}

function parseColumnConstraint(p: Cursor): ColumnConstraint | undefined {
  const { position } = p;
  const name = p.accept('constraint') ? p.columnName() : undefined;
  const { word } = p;
  const head = { name, position };
  switch (word) {
    case 'not':
      if (p.peekWord() === 'deferrable') refuseTiming(p);
      p.advance();
      p.expect('null');
      return { ...head, kind: 'notNull' };
    case 'null':
      p.advance();
      return { ...head, kind: 'null' };
    case 'default':
      p.advance();
      return { ...head, kind: 'default', expression: p.grammar.restrictedExpression(p) };
    case 'check':
      p.advance();
      return {
        ...head,
        kind: 'check',
        expression: parseParenthesisedExpression(p),
        noInherit: p.acceptAll('no', 'inherit'),
      };
    case 'generated':
      return { ...head, ...parseGenerated(p) };
    case 'unique': {
      p.advance();
      const nullsNotDistinct = parseNullsNotDistinct(p);
      skipIndexParameters(p);
      return { ...head, kind: 'unique', nullsNotDistinct, ...parseTiming(p, true) };
    }
    case 'primary':
      p.advance();
      p.expect('key');
      skipIndexParameters(p);
      return { ...head, kind: 'primaryKey', nullsNotDistinct: false, ...parseTiming(p, true) };
    case 'references': {
      const references = parseReferences(p);
      return { ...head, kind: 'references', references, ...parseTiming(p, true) };
    }
    default:
      if (name !== undefined) p.fail();
      refuseTiming(p);
      return undefined;
  }
}

export function parseParenthesisedExpression(p: Cursor): Expression {
  p.expect('(');
  const expression = p.grammar.expression(p);
  p.expect(')');
  return expression;
}

type Generated = Extract<ColumnConstraint, { kind: 'generated' | 'identity' }>;

function parseGenerated(
  p: Cursor,
):
  | Omit<Extract<Generated, { kind: 'generated' }>, 'name' | 'position'>
  | Omit<Extract<Generated, { kind: 'identity' }>, 'name' | 'position'> {
  p.expect('generated');
  const when = parseIdentityWhen(p);
  p.expect('as');
  if (p.accept('identity')) return { kind: 'identity', when, options: parseParenthesisedSequenceOptions(p) };
  if (when !== 'always') p.refuse('for a generated column, GENERATED ALWAYS must be specified');
  const expression = parseParenthesisedExpression(p);
  p.expect('stored');
  return { kind: 'generated', expression };
}

export function parseIdentityWhen(p: Cursor): 'always' | 'by default' {
  if (p.accept('always')) return 'always';
  p.expect('by');
  p.expect('default');
  return 'by default';
}

function parseNullsNotDistinct(p: Cursor): boolean {
  if (!p.at('nulls')) return false;
  p.advance();
  const not = p.accept('not');
  p.expect('distinct');
  return not;
}

/** WITH (…) and USING INDEX TABLESPACE of an index behind a constraint change nothing here. */
function skipIndexParameters(p: Cursor): void {
  if (p.at('with') && p.peekWord() === '(') {
    p.advance();
    parseOptions(p);
  }
  if (p.at('using') && p.peekWord() === 'index' && p.peekWord(2) === 'tablespace') {
    p.advance();
    p.advance();
    p.advance();
    p.label();
  }
}

export function parseReferences(p: Cursor): References {
  p.expect('references');
  const table = p.qualifiedName();
  const { columns, period } = p.at('(') ? parsePeriodColumns(p) : NO_COLUMNS;
  let match: References['match'] = 'simple';
  if (p.accept('match')) {
    if (!p.at('full') && !p.at('partial') && !p.at('simple')) p.fail();
    match = p.word as References['match'];
    p.advance();
  }
  let onDelete: ReferentialActionClause = { action: 'no action', columns: undefined };
  let onUpdate = onDelete;
  while (p.at('on')) {
    p.advance();
    if (p.accept('delete')) onDelete = parseReferentialAction(p);
    else {
      p.expect('update');
      onUpdate = parseReferentialAction(p);
    }
  }
  return { table, columns, period, match, onDelete, onUpdate };
}

function parseReferentialAction(p: Cursor): ReferentialActionClause {
  if (p.acceptAll('no', 'action')) return { action: 'no action', columns: undefined };
  if (p.accept('restrict')) return { action: 'restrict', columns: undefined };
  if (p.accept('cascade')) return { action: 'cascade', columns: undefined };
  p.expect('set');
  const action = p.accept('null') ? 'set null' : 'set default';
  if (action === 'set default') p.expect('default');
  return { action, columns: p.at('(') ? p.parenthesisedIdentifiers() : undefined };
}

// ---- table constraints -----------------------------------------------------------------------------------------

export function parseTableConstraint(p: Cursor): TableConstraint {
  const { position } = p;
  const name = p.accept('constraint') ? p.columnName() : undefined;
  const head = { name, position };
  switch (p.word) {
    case 'check': {
      p.advance();
      const expression = parseParenthesisedExpression(p);
      const flags = parseCheckFlags(p);
      return { ...head, kind: 'check', expression, ...flags };
    }
    case 'unique':
      p.advance();
      return { ...head, kind: 'unique', ...parseKey(p, parseNullsNotDistinct(p)) };
    case 'primary':
      p.advance();
      p.expect('key');
      return { ...head, kind: 'primaryKey', ...parseKey(p, false) };
    case 'foreign': {
      p.advance();
      p.expect('key');
      const { columns, period } = parsePeriodColumns(p);
      const references = parseReferences(p);
      if (references.columns !== undefined && references.period !== period)
        p.refuse('both sides of a foreign key must have PERIOD, or none');
      const timing = parseTiming(p);
      const notValid = acceptNotValid(p);
      return { ...head, kind: 'foreignKey', columns, period, references, notValid, ...timing };
    }
    case 'exclude':
      skipExclude(p);
      return { ...head, kind: 'exclude' };
    default:
      return { ...head, kind: 'period', ...parsePeriodFor(p) };
  }
}

function acceptNotValid(p: Cursor): boolean {
  return p.acceptAll('not', 'valid');
}

function parseCheckFlags(p: Cursor): { noInherit: boolean; notValid: boolean } {
  let noInherit = false;
  let notValid = false;
  for (;;) {
    if (p.acceptAll('no', 'inherit')) noInherit = true;
    else if (acceptNotValid(p)) notValid = true;
    else {
      refuseCheckTiming(p);
      return { noInherit, notValid };
    }
  }
}

/** Parses `PERIOD FOR name (from, to)`. */
function parsePeriodFor(p: Cursor): { period: Identifier; from: Identifier; to: Identifier } {
  if (!p.acceptName('period')) p.fail();
  p.expect('for');
  const period = p.identifier();
  const [from, to, third] = p.parenthesisedIdentifiers();
  if (from === undefined || to === undefined || third !== undefined) p.refuse('a period has two columns');
  return { period, from, to };
}

const NO_COLUMNS = { columns: undefined, period: false } as const;

/** Parses `(a, b, PERIOD c)`. */
function parsePeriodColumns(p: Cursor): { columns: readonly Identifier[]; period: boolean } {
  let period = false;
  const columns = p.parenthesised(() => {
    if (period) p.refuse('PERIOD must come last');
    period = p.atName('period') && p.isColumnName(1);
    if (period) p.advance();
    return p.identifier();
  });
  return { columns, period };
}

type Key = {
  columns: readonly Identifier[];
  withoutOverlaps: boolean;
  include: readonly Identifier[];
  nullsNotDistinct: boolean;
  usingIndex: string | undefined;
} & ConstraintTiming;

function parseKey(p: Cursor, nullsNotDistinct: boolean): Key {
  if (p.acceptAll('using', 'index')) {
    const usingIndex = p.columnName();
    return { columns: [], withoutOverlaps: false, include: [], nullsNotDistinct, usingIndex, ...parseTiming(p) };
  }
  let withoutOverlaps = false;
  const columns = p.parenthesised(() => {
    if (withoutOverlaps) p.refuse('WITHOUT OVERLAPS must come last');
    const column = p.identifier();
    withoutOverlaps = p.acceptAll('without', 'overlaps');
    return column;
  });
  const include = p.accept('include') ? p.parenthesisedIdentifiers() : [];
  skipIndexParameters(p);
  return { columns, withoutOverlaps, include, nullsNotDistinct, usingIndex: undefined, ...parseTiming(p) };
}

/** EXCLUDE is recognised so that it can be refused by name. */
function skipExclude(p: Cursor): void {
  p.advance();
  if (p.accept('using')) p.label();
  let depth = 0;
  do {
    if (p.at('(')) depth++;
    else if (p.at(')')) depth--;
    if (p.code === 0) p.fail();
    p.advance();
  } while (depth > 0);
  if (p.accept('where')) parseParenthesisedExpression(p);
  parseTiming(p);
}
