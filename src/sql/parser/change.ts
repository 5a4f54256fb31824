/** INSERT, UPDATE, DELETE and MERGE. */
import type {
  Assignment,
  ChangeTarget,
  ConflictTarget,
  Delete,
  IndexElement,
  Insert,
  Merge,
  MergeAction,
  MergeWhen,
  OnConflict,
  Portion,
  TargetColumn,
  TargetStep,
  Update,
} from '../ast-change.ts';
import type { Expression, QualifiedName } from '../ast.ts';
import type { SelectTarget, WithClause } from '../ast-query.ts';
import type { PreparableStatement } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';
import { parseFromList, parseTableReference } from './from.ts';
import { parsePortion } from './period.ts';
import { parseSubscript } from './primary.ts';
import { parseQueryWith, parseTargets, parseWith } from './query.ts';
import { parseNulls } from './sort.ts';

/** Parses SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE or MERGE, with WITH before it. */
export function parsePreparable(p: Cursor): PreparableStatement {
  const withClause = p.at('with') ? parseWith(p) : undefined;
  switch (p.word) {
    case 'insert':
      return parseInsert(p, withClause);
    case 'update':
      return parseUpdate(p, withClause);
    case 'delete':
      return parseDelete(p, withClause);
    case 'merge':
      return parseMerge(p, withClause);
    default:
      return parseQueryWith(p, withClause);
  }
}

function parseReturning(p: Cursor): SelectTarget[] | undefined {
  return p.accept('returning') ? parseTargets(p) : undefined;
}

// ---- INSERT ----------------------------------------------------------------------------------------------------

function parseInsert(p: Cursor, withClause: WithClause | undefined): Insert {
  const position = withClause?.position ?? p.position;
  p.expect('insert');
  p.expect('into');
  const name = p.qualifiedName();
  const alias = p.accept('as') ? p.columnName() : undefined;
  const columns = p.at('(') && !holdsQuery(p) ? p.parenthesised(() => parseTargetColumn(p)) : undefined;
  const overriding = parseOverriding(p);
  // DEFAULT VALUES stands for all columns; behind a list of them a query must follow.
  const bare = columns === undefined && overriding === undefined;
  const source = bare && p.acceptAll('default', 'values') ? undefined : p.grammar.query(p);
  const onConflict = p.at('on') ? parseOnConflict(p) : undefined;
  const returning = parseReturning(p);
  return {
    kind: 'insert',
    with: withClause,
    target: { name, only: false, alias },
    columns,
    overriding,
    source,
    onConflict,
    returning,
    position,
    end: p.lastEnd,
  };
}

/** Whether the parenthesis holds the query to insert, not column names. */
function holdsQuery(p: Cursor): boolean {
  switch (p.peekWord()) {
    case 'select':
    case 'with':
    case 'table':
    case '(':
      return true;
    case 'values':
      return p.peekWord(2) === '(';
    default:
      return false;
  }
}

function parseOverriding(p: Cursor): 'system' | 'user' | undefined {
  if (!p.accept('overriding')) return undefined;
  const which = p.at('user') ? 'user' : 'system';
  p.expect(which);
  p.expect('value');
  return which;
}

export function parseTargetColumn(p: Cursor): TargetColumn {
  const { position } = p;
  const name = p.columnName();
  const indirection: TargetStep[] = [];
  for (;;) {
    if (p.at('[')) indirection.push({ kind: 'subscript', ...parseSubscript(p) });
    else if (p.accept('.')) indirection.push({ kind: 'field', name: p.label() });
    else return { name, indirection, position };
  }
}

function parseOnConflict(p: Cursor): OnConflict {
  const { position } = p;
  p.expect('on');
  p.expect('conflict');
  const target = parseConflictTarget(p);
  p.expect('do');
  if (p.accept('nothing')) return { target, update: undefined, position };
  p.expect('update');
  p.expect('set');
  if (target === undefined) {
    p.refuse('ON CONFLICT DO UPDATE requires inference specification or constraint name', position);
  }
  const set = parseAssignments(p);
  return { target, update: { set, where: parseWhere(p) }, position };
}

function parseConflictTarget(p: Cursor): ConflictTarget | undefined {
  const { position } = p;
  if (p.at('(')) {
    const elements = p.parenthesised(() => parseIndexElement(p));
    return { kind: 'columns', elements, where: parseWhere(p), position };
  }
  if (!p.accept('on')) return undefined;
  p.expect('constraint');
  return { kind: 'constraint', name: p.columnName(), position };
}

/** Parses `column | f(…) | (expression)` with collation, operator class and order. */
export function parseIndexElement(p: Cursor): IndexElement {
  const { position } = p;
  // PostgreSQL takes only names, calls and parentheses here; operators outside parentheses are errors.
  const expression = parseIndexExpression(p);
  let collation: QualifiedName | undefined;
  if (p.accept('collate')) collation = p.qualifiedName();
  let operatorClass: QualifiedName | undefined;
  if (p.isColumnName() && !p.at('nulls')) {
    operatorClass = p.qualifiedName();
    if (p.at('(')) p.parenthesised(() => skipOption(p));
  }
  const descending = p.accept('desc');
  if (!descending) p.accept('asc');
  return { expression, collation, operatorClass, descending, nullsFirst: parseNulls(p), position };
}

function skipOption(p: Cursor): void {
  p.label();
  if (p.accept('=')) p.grammar.restrictedExpression(p);
}

function parseIndexExpression(p: Cursor): Expression {
  const { position } = p;
  if (p.accept('(')) {
    const expression = p.grammar.expression(p);
    p.expect(')');
    return expression;
  }
  if (p.isColumnName() && p.peekWord() !== '(' && p.peekWord() !== '.') {
    return { kind: 'column', names: [p.columnName()], position };
  }
  const expression = p.grammar.restrictedExpression(p);
  if (expression.kind !== 'call' && expression.kind !== 'conditional' && expression.kind !== 'sqlValue') p.fail();
  return expression;
}

function parseWhere(p: Cursor): Expression | undefined {
  return p.accept('where') ? p.grammar.expression(p) : undefined;
}

// ---- UPDATE and DELETE -----------------------------------------------------------------------------------------

/** Parses `[ONLY] name [*] [[AS] alias]`; SET is no alias without AS. */
function parseChangeTarget(p: Cursor): ChangeTarget {
  const only = p.accept('only');
  const parenthesised = only && p.accept('(');
  const name = p.qualifiedName();
  if (parenthesised) p.expect(')');
  else p.accept('*');
  return { name, only, ...parseTargetAlias(p) };
}

function parseTargetAlias(p: Cursor): { readonly alias: string | undefined } {
  const isNamed = p.accept('as') || (p.isColumnName() && !p.at('set'));
  return { alias: isNamed ? p.columnName() : undefined };
}

/** FOR PORTION OF stands before the alias. */
function parsePortionOfTarget(p: Cursor): { target: ChangeTarget; portion: Portion | undefined } {
  const target = parseChangeTarget(p);
  if (!p.at('for')) return { target, portion: undefined };
  const portion = parsePortion(p);
  if (portion !== undefined && target.alias === undefined)
    return { target: { ...target, ...parseTargetAlias(p) }, portion };
  return { target, portion };
}

function parseAssignments(p: Cursor): Assignment[] {
  return p.list(() => parseAssignment(p));
}

function parseAssignment(p: Cursor): Assignment {
  const { position } = p;
  const row = p.at('(');
  const columns = row ? p.parenthesised(() => parseTargetColumn(p)) : [parseTargetColumn(p)];
  p.expect('=');
  return { columns, row, value: p.grammar.expression(p), position };
}

function parseUpdate(p: Cursor, withClause: WithClause | undefined): Update {
  const position = withClause?.position ?? p.position;
  p.expect('update');
  const { target, portion } = parsePortionOfTarget(p);
  p.expect('set');
  const set = parseAssignments(p);
  const from = p.accept('from') ? parseFromList(p) : [];
  const where = parseWhereOrCurrent(p);
  const returning = parseReturning(p);
  return { kind: 'update', with: withClause, target, portion, set, from, where, returning, position, end: p.lastEnd };
}

function parseDelete(p: Cursor, withClause: WithClause | undefined): Delete {
  const position = withClause?.position ?? p.position;
  p.expect('delete');
  p.expect('from');
  const { target, portion } = parsePortionOfTarget(p);
  const using = p.accept('using') ? parseFromList(p) : [];
  const where = parseWhereOrCurrent(p);
  const returning = parseReturning(p);
  return { kind: 'delete', with: withClause, target, portion, using, where, returning, position, end: p.lastEnd };
}

function parseWhereOrCurrent(p: Cursor): Expression | undefined {
  if (!p.accept('where')) return undefined;
  const { position } = p;
  if (p.acceptAll('current', 'of')) return { kind: 'currentOf', cursor: p.columnName(), position };
  return p.grammar.expression(p);
}

// ---- MERGE -----------------------------------------------------------------------------------------------------

function parseMerge(p: Cursor, withClause: WithClause | undefined): Merge {
  const position = withClause?.position ?? p.position;
  p.expect('merge');
  p.expect('into');
  const target = parseChangeTarget(p);
  p.expect('using');
  const source = parseTableReference(p);
  p.expect('on');
  const on = p.grammar.expression(p);
  const whens: MergeWhen[] = [];
  do whens.push(parseMergeWhen(p));
  while (p.at('when'));
  return { kind: 'merge', with: withClause, target, source, on, whens, position, end: p.lastEnd };
}

function parseMergeWhen(p: Cursor): MergeWhen {
  const { position } = p;
  p.expect('when');
  const matched = !p.accept('not');
  p.expect('matched');
  const condition = p.accept('and') ? p.grammar.expression(p) : undefined;
  p.expect('then');
  return { matched, condition, action: parseMergeAction(p, matched), position };
}

function parseMergeAction(p: Cursor, matched: boolean): MergeAction {
  if (p.accept('do')) {
    p.expect('nothing');
    return { kind: 'nothing' };
  }
  if (matched) {
    if (p.accept('delete')) return { kind: 'delete' };
    p.expect('update');
    p.expect('set');
    return { kind: 'update', set: parseAssignments(p) };
  }
  p.expect('insert');
  const columns = p.at('(') ? p.parenthesised(() => parseTargetColumn(p)) : undefined;
  const overriding = parseOverriding(p);
  if (p.acceptAll('default', 'values')) return { kind: 'insert', columns, overriding, values: undefined };
  p.expect('values');
  return { kind: 'insert', columns, overriding, values: p.parenthesised(() => p.grammar.expression(p)) };
}
