/**
 * Prints trees as SQL: expressions, queries and changes. The catalog keeps defaults, checks, index expressions and view
 * bodies in this form.
 *
 * Invariant: parsing what was printed gives an equal tree but for positions (print.test.ts holds it against the corpora).
 */
import { unreachable } from '../../base/error.ts';
import type {
  Assignment,
  ChangeTarget,
  IndexElement,
  Insert,
  Merge,
  OnConflict,
  Portion,
  TargetColumn,
} from '../ast-change.ts';
import type {
  CommonTable,
  GroupingElement,
  Join,
  Query,
  QueryBody,
  Select,
  SelectTarget,
  SystemTime,
  ValidTime,
  TableFunction,
  TableReference,
  TimePoint,
  WithClause,
  SortItem,
} from '../ast-query.ts';
import type { Expression, TypeName } from '../ast.ts';
import type { PreparableStatement } from '../ast-statement.ts';
import {
  printExpressionWith,
  printRestrictedWith,
  printSortWith,
  printWindowWith,
  type Printer,
} from './print-expression.ts';
import { printName, printQualifiedName, printTypeName as printTypeNameWith } from './print-name.ts';

const PRINTER: Printer = { query: printQuery };

/** Prints an expression. */
export function printExpression(e: Expression): string {
  return printExpressionWith(PRINTER, e);
}

/** Prints an expression for DEFAULT and other places that take no AND, IN, IS NULL … without parentheses. */
export function printRestrictedExpression(e: Expression): string {
  return printRestrictedWith(PRINTER, e);
}

/** ORDER BY's items. */
export function printSort(items: readonly SortItem[]): string {
  return printSortWith(PRINTER, items);
}

export function printTypeName(type: TypeName): string {
  return printTypeNameWith(type, printExpression);
}

/** Prints a query or change, without a semicolon. */
export function printStatement(statement: PreparableStatement): string {
  switch (statement.kind) {
    case 'query':
      return printQuery(statement);
    case 'insert':
      return printInsert(statement);
    case 'update': {
      const from = statement.from.length === 0 ? '' : ` FROM ${statement.from.map(printTable).join(', ')}`;
      const head = `${printWith(statement.with)}UPDATE ${printTarget(statement.target, statement.portion)} SET `;
      return `${head}${printAssignments(statement.set)}${from}${printTail(statement)}`;
    }
    case 'delete': {
      const using = statement.using.length === 0 ? '' : ` USING ${statement.using.map(printTable).join(', ')}`;
      return `${printWith(statement.with)}DELETE FROM ${printTarget(statement.target, statement.portion)}${using}${printTail(statement)}`;
    }
    case 'merge':
      return printMerge(statement);
    default:
      return unreachable(statement);
  }
}

/** FETCH takes a constant or parentheses. */
function printCount(count: Expression): string {
  return count.kind === 'integer' || count.kind === 'parameter'
    ? printExpression(count)
    : `(${printExpression(count)})`;
}

function list(items: readonly Expression[]): string {
  return items.map(printExpression).join(', ');
}

function names(items: readonly string[]): string {
  return items.length === 0 ? '' : ` (${items.map(printName).join(', ')})`;
}

// ---- queries ---------------------------------------------------------------------------------------------------

function printQuery(query: Query): string {
  let text = printWith(query.with) + printBody(query.body);
  if (query.orderBy.length > 0) text += ` ORDER BY ${printSortWith(PRINTER, query.orderBy)}`;
  if (query.offset !== undefined) text += ` OFFSET ${printExpression(query.offset)}`;
  if (query.limit !== undefined) {
    const fetch = query.withTies ? ` FETCH FIRST ${printCount(query.limit)} ROWS WITH TIES` : '';
    text += fetch || ` LIMIT ${printExpression(query.limit)}`;
  }
  for (const lock of query.locking) {
    const of = lock.of.length === 0 ? '' : ` OF ${lock.of.map(printQualifiedName).join(', ')}`;
    text += ` FOR ${lock.strength.toUpperCase()}${of}${lock.wait === 'block' ? '' : ` ${lock.wait.toUpperCase()}`}`;
  }
  return text;
}

function printWith(clause: WithClause | undefined): string {
  if (clause === undefined) return '';
  return `WITH ${clause.recursive ? 'RECURSIVE ' : ''}${clause.tables.map(printCommonTable).join(', ')} `;
}

function printCommonTable(table: CommonTable): string {
  const materialized =
    table.materialized === undefined ? '' : table.materialized ? 'MATERIALIZED ' : 'NOT MATERIALIZED ';
  let text = `${printName(table.name)}${names(table.columns)} AS ${materialized}(${printStatement(table.query)})`;
  const { search, cycle } = table;
  if (search !== undefined) {
    const by = search.by.map(printName).join(', ');
    text += ` SEARCH ${search.order.toUpperCase()} FIRST BY ${by} SET ${printName(search.set)}`;
  }
  if (cycle !== undefined) {
    const { markValue, markDefault } = cycle;
    const values =
      markValue === undefined || markDefault === undefined
        ? ''
        : ` TO ${printRestrictedExpression(markValue)} DEFAULT ${printRestrictedExpression(markDefault)}`;
    const columns = cycle.columns.map(printName).join(', ');
    text += ` CYCLE ${columns} SET ${printName(cycle.mark)}${values} USING ${printName(cycle.path)}`;
  }
  return text;
}

function printBody(body: QueryBody): string {
  switch (body.kind) {
    case 'query':
      return `(${printQuery(body)})`;
    case 'select':
      return printSelect(body);
    case 'values':
      return `VALUES ${body.rows.map((row) => `(${list(row)})`).join(', ')}`;
    case 'setOperation': {
      const { left, right, operator } = body;
      const intersect = operator === 'intersect';
      // UNION and EXCEPT on the left of INTERSECT, and any on the right but INTERSECT under UNION, need parentheses.
      const leftText = intersect && isUnion(left) ? `(${printBody(left)})` : printBody(left);
      const rightBare = right.kind !== 'setOperation' || (!intersect && right.operator === 'intersect');
      const rightText = rightBare ? printBody(right) : `(${printBody(right)})`;
      return `${leftText} ${operator.toUpperCase()}${body.all ? ' ALL' : ''} ${rightText}`;
    }
    default:
      return unreachable(body);
  }
}

function isUnion(body: QueryBody): boolean {
  return body.kind === 'setOperation' && body.operator !== 'intersect';
}

function printSelect(select: Select): string {
  let text = 'SELECT';
  if (select.distinct !== undefined) {
    text += select.distinct.length === 0 ? ' DISTINCT' : ` DISTINCT ON (${list(select.distinct)})`;
  }
  if (select.targets.length > 0) text += ` ${printTargets(select.targets)}`;
  if (select.into !== undefined) {
    text += ` INTO ${select.into.temporary ? 'TEMP ' : ''}${printQualifiedName(select.into.name)}`;
  }
  if (select.from.length > 0) text += ` FROM ${select.from.map(printTable).join(', ')}`;
  if (select.where !== undefined) text += ` WHERE ${printExpression(select.where)}`;
  if (select.groupBy.length > 0) {
    text += ` GROUP BY ${select.groupByDistinct ? 'DISTINCT ' : ''}${select.groupBy.map(printGrouping).join(', ')}`;
  }
  if (select.having !== undefined) text += ` HAVING ${printExpression(select.having)}`;
  if (select.windows.length > 0) {
    const windows = select.windows.map((w) => `${printName(w.name ?? '')} AS ${printWindowWith(PRINTER, w)}`);
    text += ` WINDOW ${windows.join(', ')}`;
  }
  return text;
}

function printTargets(targets: readonly SelectTarget[]): string {
  return targets
    .map((t) => printExpression(t.expression) + (t.alias === undefined ? '' : ` AS ${printName(t.alias)}`))
    .join(', ');
}

export function printGrouping(element: GroupingElement): string {
  switch (element.kind) {
    case 'expression':
      return printExpression(element.expression);
    case 'empty':
      return '()';
    case 'groupingSets':
      return `GROUPING SETS (${element.sets.map(printGrouping).join(', ')})`;
    default: {
      const sets = element.elements.map((set) => (set.length === 1 ? list(set) : `(${list(set)})`));
      return `${element.kind.toUpperCase()}(${sets.join(', ')})`;
    }
  }
}

// ---- FROM ------------------------------------------------------------------------------------------------------

export function printTable(reference: TableReference): string {
  switch (reference.kind) {
    case 'table': {
      const { sample, systemTime, validTime } = reference;
      const system = systemTime === undefined ? '' : ` ${printSystemTime(systemTime)}`;
      const time = validTime === undefined ? system : `${system} ${printValidTime(validTime)}`;
      let text = `${reference.only ? 'ONLY ' : ''}${printQualifiedName(reference.name)}${time}${printAlias(reference)}`;
      if (sample !== undefined) {
        text += ` TABLESAMPLE ${printQualifiedName(sample.method)}(${list(sample.args)})`;
        if (sample.repeatable !== undefined) text += ` REPEATABLE (${printExpression(sample.repeatable)})`;
      }
      return text;
    }
    case 'derived':
      return `${reference.lateral ? 'LATERAL ' : ''}(${printQuery(reference.query)})${printAlias(reference)}`;
    case 'tableFunction':
      return printTableFunction(reference);
    case 'join':
      return reference.alias === undefined ? printJoin(reference) : `(${printJoin(reference)})${printAlias(reference)}`;
    default:
      return unreachable(reference);
  }
}

function printAlias(reference: TableReference): string {
  if (reference.alias === undefined) return '';
  return ` AS ${printName(reference.alias)}${names(reference.columnAliases)}`;
}

function printTableFunction(reference: TableFunction): string {
  const lateral = reference.lateral ? 'LATERAL ' : '';
  const ordinality = reference.withOrdinality ? ' WITH ORDINALITY' : '';
  const columns = (item: TableFunction['functions'][number]): string =>
    item.columns === undefined
      ? ''
      : `(${item.columns.map((c) => `${printName(c.name)} ${printTypeName(c.type)}`).join(', ')})`;
  if (reference.rowsFrom) {
    const items = reference.functions.map((item) => {
      const definitions = columns(item);
      return printExpression(item.call) + (definitions === '' ? '' : ` AS ${definitions}`);
    });
    return `${lateral}ROWS FROM (${items.join(', ')})${ordinality}${printAlias(reference)}`;
  }
  return reference.functions
    .map((item) => {
      const definitions = columns(item);
      const alias = definitions !== '' && reference.alias === undefined ? ' AS ' : printAlias(reference);
      return `${lateral}${printExpression(item.call)}${ordinality}${alias}${definitions}`;
    })
    .join('');
}

function printJoin(join: Join): string {
  const natural = join.natural ? 'NATURAL ' : '';
  const type = join.type === 'inner' ? '' : `${join.type.toUpperCase()} `;
  const nested = join.right.kind === 'join' && join.right.alias === undefined;
  const right = nested ? `(${printTable(join.right)})` : printTable(join.right);
  let text = `${printTable(join.left)} ${natural}${type}JOIN ${right}`;
  if (join.on !== undefined) text += ` ON ${printExpression(join.on)}`;
  if (join.using !== undefined) {
    text += ` USING (${join.using.map((column) => printName(column.name)).join(', ')})`;
    if (join.usingAlias !== undefined) text += ` AS ${printName(join.usingAlias)}`;
  }
  return text;
}

function printSystemTime(time: SystemTime): string {
  return `${printPeriod(time)}${time.branch === undefined ? '' : ` OF ${printTimePoint(time.branch)}`}`;
}

function printPeriod(time: SystemTime): string {
  switch (time.kind) {
    case 'all':
      return 'FOR SYSTEM_TIME ALL';
    case 'asOf':
      return `FOR SYSTEM_TIME AS OF ${printTimePoint(time.at)}`;
    case 'between':
      return `FOR SYSTEM_TIME BETWEEN ${printTimePoint(time.low)} AND ${printTimePoint(time.high)}`;
    case 'fromTo':
      return `FOR SYSTEM_TIME FROM ${printTimePoint(time.low)} TO ${printTimePoint(time.high)}`;
    default:
      return `FOR SYSTEM_TIME CONTAINED IN (${printTimePoint(time.low)}, ${printTimePoint(time.high)})`;
  }
}

function printValidTime(time: ValidTime): string {
  switch (time.kind) {
    case 'all':
      return 'FOR VALID_TIME ALL';
    case 'asOf':
      return `FOR VALID_TIME AS OF ${printRestrictedExpression(time.at)}`;
    default: {
      const [low, high] = [time.low, time.high].map(printRestrictedExpression) as [string, string];
      if (time.kind === 'between') return `FOR VALID_TIME BETWEEN ${low} AND ${high}`;
      return time.kind === 'fromTo'
        ? `FOR VALID_TIME FROM ${low} TO ${high}`
        : `FOR VALID_TIME CONTAINED IN (${low}, ${high})`;
    }
  }
}

function printTimePoint(point: TimePoint): string {
  const value = printRestrictedExpression(point.value);
  return point.kind === 'timestamp' ? value : `${point.kind.toUpperCase()} ${value}`;
}

// ---- changes ---------------------------------------------------------------------------------------------------

function printTarget(target: ChangeTarget, portion?: Portion): string {
  const alias = target.alias === undefined ? '' : ` AS ${printName(target.alias)}`;
  return `${target.only ? 'ONLY ' : ''}${printQualifiedName(target.name)}${printPortion(portion)}${alias}`;
}

function printPortion(portion: Portion | undefined): string {
  if (portion === undefined) return '';
  const [from, to] = [portion.from, portion.to].map(printRestrictedExpression) as [string, string];
  return ` FOR PORTION OF ${printName(portion.period.name)} FROM ${from} TO ${to}`;
}

function printTail(statement: {
  readonly where: Expression | undefined;
  readonly returning: readonly SelectTarget[] | undefined;
}): string {
  const where = statement.where === undefined ? '' : ` WHERE ${printExpression(statement.where)}`;
  return where + printReturning(statement.returning);
}

function printReturning(returning: readonly SelectTarget[] | undefined): string {
  return returning === undefined ? '' : ` RETURNING ${printTargets(returning)}`;
}

function printColumn(column: TargetColumn): string {
  let text = printName(column.name);
  for (const step of column.indirection) {
    if (step.kind === 'field') {
      text += `.${printName(step.name)}`;
    } else {
      const lower = step.lower === undefined ? '' : printExpression(step.lower);
      const upper = step.upper === undefined ? '' : printExpression(step.upper);
      text += step.slice ? `[${lower} : ${upper}]` : `[${upper}]`;
    }
  }
  return text;
}

function printColumns(columns: readonly TargetColumn[] | undefined): string {
  return columns === undefined ? '' : ` (${columns.map(printColumn).join(', ')})`;
}

function printAssignments(set: readonly Assignment[]): string {
  return set
    .map((assignment) => {
      const columns = assignment.columns.map(printColumn).join(', ');
      return `${assignment.row ? `(${columns})` : columns} = ${printExpression(assignment.value)}`;
    })
    .join(', ');
}

function printInsert(insert: Insert): string {
  const overriding = insert.overriding === undefined ? '' : ` OVERRIDING ${insert.overriding.toUpperCase()} VALUE`;
  const source = insert.source === undefined ? 'DEFAULT VALUES' : printQuery(insert.source);
  const conflict = insert.onConflict === undefined ? '' : printOnConflict(insert.onConflict);
  const head = `${printWith(insert.with)}INSERT INTO ${printTarget(insert.target)}${printColumns(insert.columns)}`;
  return `${head}${overriding} ${source}${conflict}${printReturning(insert.returning)}`;
}

function printOnConflict(conflict: OnConflict): string {
  let text = ' ON CONFLICT';
  const { target, update } = conflict;
  if (target?.kind === 'constraint') text += ` ON CONSTRAINT ${printName(target.name)}`;
  if (target?.kind === 'columns') {
    text += ` (${target.elements.map(printIndexElement).join(', ')})`;
    if (target.where !== undefined) text += ` WHERE ${printExpression(target.where)}`;
  }
  if (update === undefined) return `${text} DO NOTHING`;
  const where = update.where === undefined ? '' : ` WHERE ${printExpression(update.where)}`;
  return `${text} DO UPDATE SET ${printAssignments(update.set)}${where}`;
}

export function printIndexElement(element: IndexElement): string {
  const { expression } = element;
  const plain = expression.kind === 'column' && expression.names.length === 1;
  let text = plain ? printExpression(expression) : `(${printExpression(expression)})`;
  if (element.collation !== undefined) text += ` COLLATE ${printQualifiedName(element.collation)}`;
  if (element.operatorClass !== undefined) text += ` ${printQualifiedName(element.operatorClass)}`;
  if (element.descending) text += ' DESC';
  if (element.nullsFirst !== undefined) text += ` NULLS ${element.nullsFirst ? 'FIRST' : 'LAST'}`;
  return text;
}

function printMerge(merge: Merge): string {
  const head = `${printWith(merge.with)}MERGE INTO ${printTarget(merge.target)} USING ${printTable(merge.source)}`;
  const whens = merge.whens.map((when) => {
    const condition = when.condition === undefined ? '' : ` AND ${printExpression(when.condition)}`;
    return ` WHEN ${when.matched ? '' : 'NOT '}MATCHED${condition} THEN ${printMergeAction(when.action)}`;
  });
  return `${head} ON ${printExpression(merge.on)}${whens.join('')}`;
}

function printMergeAction(action: Merge['whens'][number]['action']): string {
  switch (action.kind) {
    case 'nothing':
      return 'DO NOTHING';
    case 'delete':
      return 'DELETE';
    case 'update':
      return `UPDATE SET ${printAssignments(action.set)}`;
    default: {
      const overriding = action.overriding === undefined ? '' : ` OVERRIDING ${action.overriding.toUpperCase()} VALUE`;
      const values = action.values === undefined ? 'DEFAULT VALUES' : `VALUES (${list(action.values)})`;
      return `INSERT${printColumns(action.columns)}${overriding} ${values}`;
    }
  }
}
