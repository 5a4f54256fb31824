/**
 * How a plan's node looks in EXPLAIN: PostgreSQL's name for it, and the properties that say what it does.
 *
 * DriftDB's nodes are finer than PostgreSQL's: projections and filters are nodes here, parts of the node below them
 * there (tree.ts puts them together). Where DriftDB has an operator that PostgreSQL lacks, it has a name of its own:
 * `Hash Mark Join`, `Hash Single Join`, `Hash Null-Aware Anti Join`.
 */
import type { AggregateNode, GatherNode, JoinNode, PlanNode, ScanNode } from '../plan.ts';
import type { AccessRange, BitmapPart } from '../scan-access.ts';
import { quoted, type Printer } from './expressions.ts';
import type { Property } from './formats.ts';

/** A node's name and properties, without its numbers. */
export interface Shape {
  /** PostgreSQL's node type. */
  readonly type: string;
  /** The text's first words, where they are not the node type alone: `Hash Left Join`, `Seq Scan on t`. */
  readonly title: string;
  /** What a program is told beside the node type: strategy, direction, names. */
  readonly facts: readonly Property[];
  readonly details: readonly Property[];
}

export function data(name: string, value: Property['value']): Property {
  return { name, value, data: true };
}

export function shapeOf(node: PlanNode, printer: Printer): Shape {
  switch (node.kind) {
    case 'scan':
      return scanShape(node, printer);
    case 'systemScan':
      return relationShape('Seq Scan', relationName(node.systemTable), node.alias);
    case 'functionScan': {
      const names = node.functions.map((call) => (call.kind === 'set' ? call.fn.name : node.alias));
      const [name] = names;
      if (names.length === 1 && name !== undefined)
        return {
          ...relationShape('Function Scan', name, node.alias),
          facts: [data('Function Name', name), data('Alias', node.alias)],
        };
      return titled('Function Scan', `Function Scan on ${quoted(node.alias)}`, [data('Alias', node.alias)]);
    }
    case 'values':
      return titled('Values Scan', 'Values Scan on "*VALUES*"', [data('Alias', '*VALUES*')]);
    case 'oneRow':
    case 'project':
    case 'filter':
      return plain('Result');
    case 'empty':
      return { ...plain('Result'), details: [{ name: 'One-Time Filter', value: 'false' }] };
    case 'projectSet':
      return plain('ProjectSet');
    case 'join':
      return joinShape(node, printer);
    case 'aggregate':
      return aggregateShape(node, printer);
    case 'gather':
      return gatherShape(node);
    case 'window':
      return plain('WindowAgg');
    case 'sort':
      return { ...plain('Sort'), details: [{ name: 'Sort Key', value: node.keys.map((key) => printer.sortKey(key)) }] };
    case 'limit':
      return plain('Limit');
    case 'lockRows':
      return plain('LockRows');
    case 'distinct':
      return groupedRows(node, printer);
    case 'distinctOn':
      return plain('Unique');
    case 'setOperation': {
      if (node.operation === 'union') return node.all ? plain('Append') : groupedRows(node, printer);
      const command = `${capital(node.operation)}${node.all ? ' All' : ''}`;
      const facts = [data('Strategy', 'Hashed'), data('Command', command)];
      return titled('SetOp', `HashSetOp ${command}`, facts);
    }
    case 'cteScan':
      return titled('CTE Scan', `CTE Scan on ${quoted(node.name)}`, [
        data('CTE Name', node.name),
        data('Alias', node.name),
      ]);
    case 'workScan':
      return titled('WorkTable Scan', `WorkTable Scan on ${quoted(node.name)}`, [
        data('CTE Name', node.name),
        data('Alias', node.name),
      ]);
    case 'recursiveUnion':
      return plain('Recursive Union');
    case 'with':
      return plain('Result');
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge': {
      const operation = capital(node.kind);
      const facts = [
        data('Operation', operation),
        data('Relation Name', node.table.name),
        data('Alias', node.table.name),
      ];
      const details: Property[] = [];
      if (node.kind === 'insert' && node.conflict !== null)
        details.push({ name: 'Conflict Resolution', value: node.conflict.update === null ? 'NOTHING' : 'UPDATE' });
      return { type: 'ModifyTable', title: `${operation} on ${quoted(node.table.name)}`, facts, details };
    }
  }
}

/** DISTINCT and UNION: rows grouped by all of their columns. */
function groupedRows(node: PlanNode, printer: Printer): Shape {
  const keys = node.outputs.map(({ id, name, type }) => printer.print({ kind: 'column', id, name, type }));
  const facts = [data('Strategy', 'Hashed'), data('Partial Mode', 'Simple')];
  return { type: 'Aggregate', title: 'HashAggregate', facts, details: [{ name: 'Group Key', value: keys }] };
}

function plain(type: string): Shape {
  return { type, title: type, facts: [], details: [] };
}

function titled(type: string, title: string, facts: readonly Property[]): Shape {
  return { type, title, facts, details: [] };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function relationName(systemTable: string): string {
  return systemTable.slice(systemTable.lastIndexOf('.') + 1);
}

function relationShape(type: string, name: string, alias: string): Shape {
  const title = `${type} on ${quoted(name)}${alias === name ? '' : ` ${quoted(alias)}`}`;
  return { type, title, facts: [data('Relation Name', name), data('Alias', alias)], details: [] };
}

// ---- scans -------------------------------------------------------------------------------------------------------

function scanShape(node: ScanNode, printer: Printer): Shape {
  const { access, table, alias } = node;
  const details = timeDetails(node);
  const on = `on ${quoted(table.name)}${alias === table.name ? '' : ` ${quoted(alias)}`}`;
  const names = [data('Relation Name', table.name), data('Alias', alias)];
  if (access.kind === 'bitmap') {
    const condition = bitmapCondition(node, access.part, printer);
    details.unshift({ name: 'Recheck Cond', value: condition });
    return { type: 'Bitmap Heap Scan', title: `Bitmap Heap Scan ${on}`, facts: names, details };
  }
  if (access.kind === 'full' && node.order === null)
    return {
      type: 'Seq Scan',
      title: `${node.inParts === true ? 'Parallel ' : ''}Seq Scan ${on}`,
      facts: names,
      details,
    };
  const only = access.kind === 'indexRange' && access.only;
  const type = only ? 'Index Only Scan' : 'Index Scan';
  const index = indexName(node, access.kind === 'indexRange' ? access.indexId : null);
  const backward = node.order === 'desc' ? ' Backward' : '';
  const condition = scanCondition(node, printer);
  if (condition !== null) details.unshift({ name: 'Index Cond', value: condition });
  const facts = [
    data('Scan Direction', node.order === 'desc' ? 'Backward' : 'Forward'),
    data('Index Name', index),
    ...names,
  ];
  return { type, title: `${type}${backward} using ${quoted(index)} ${on}`, facts, details };
}

/** What of history a scan reads; PostgreSQL has no words for that. */
function timeDetails({ time }: ScanNode): Property[] {
  if (time.kind === 'asOf') return [{ name: 'As Of', value: `sequence number ${time.seq % 2 ** 40}` }];
  if (time.kind === 'now') return [];
  const how = time.kind === 'contained' ? 'within' : 'in';
  return [{ name: 'Versions', value: `${how} ${time.fromSeq} … ${time.toSeq}` }];
}

/** The index's name; null: of the table's key, which is stored in its order. */
function indexName({ table }: ScanNode, indexId: number | null): string {
  if (indexId === null) return table.primaryKeyName ?? `${table.name}_pkey`;
  return table.indexes.find((index) => index.id === indexId)?.name ?? String(indexId);
}

function scanCondition(node: ScanNode, printer: Printer): string | null {
  const { access, table } = node;
  switch (access.kind) {
    case 'key': {
      const parts = access.values.map((value, i) => `(${columnText(node, table.key[i])} = ${printer.print(value)})`);
      return together(parts);
    }
    case 'keys':
      return `(${columnText(node, table.key[0])} = ANY (${printer.items(access.values)}))`;
    case 'keyArray':
      return `(${columnText(node, table.key[0])} = ANY (${printer.print(access.array)}))`;
    case 'keyRange':
      return rangeCondition(node, null, access, printer);
    case 'indexRange':
      return rangeCondition(node, access.indexId, access, printer);
    default:
      return null;
  }
}

function together(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] as string) : `(${parts.join(' AND ')})`;
}

/** The name of a key's column, or the expression that an index's hidden column holds. */
function columnText({ table }: ScanNode, ordinal: number | undefined): string {
  const column = table.columns.find(({ id }) => id === ordinal);
  if (column === undefined) return '?';
  return column.hidden === true ? column.name : quoted(column.name);
}

function keyColumns({ table }: ScanNode, indexId: number | null): readonly number[] {
  if (indexId === null) return table.key;
  return (table.indexes.find((index) => index.id === indexId)?.columns ?? []).map(({ column }) => column);
}

function rangeCondition(node: ScanNode, indexId: number | null, range: AccessRange, printer: Printer): string | null {
  const columns = keyColumns(node, indexId);
  const parts = range.prefix.map((value, i) => `(${columnText(node, columns[i])} = ${printer.print(value)})`);
  const next = columnText(node, columns[range.prefix.length]);
  const { low, high } = range;
  if (low !== null) parts.push(`(${next} ${low.inclusive ? '>=' : '>'} ${printer.print(low.value)})`);
  if (high !== null) parts.push(`(${next} ${high.inclusive ? '<=' : '<'} ${printer.print(high.value)})`);
  return parts.length === 0 ? null : together(parts);
}

export function bitmapCondition(node: ScanNode, part: BitmapPart, printer: Printer): string {
  if (part.kind === 'range') return rangeCondition(node, part.indexId, part, printer) ?? 'true';
  const word = part.kind === 'or' ? ' OR ' : ' AND ';
  return `(${part.parts.map((inner) => bitmapCondition(node, inner, printer)).join(word)})`;
}

/** The node under a Bitmap Heap Scan that reads one range. */
export function bitmapIndexShape(node: ScanNode, part: BitmapPart, printer: Printer): Shape {
  if (part.kind !== 'range') {
    const type = part.kind === 'or' ? 'BitmapOr' : 'BitmapAnd';
    return plain(type);
  }
  const index = indexName(node, part.indexId);
  const condition = bitmapCondition(node, part, printer);
  return {
    type: 'Bitmap Index Scan',
    title: `Bitmap Index Scan on ${quoted(index)}`,
    facts: [data('Index Name', index)],
    details: [{ name: 'Index Cond', value: condition }],
  };
}

// ---- joins and groups --------------------------------------------------------------------------------------------

const JOIN_WORDS = {
  inner: '',
  left: ' Left',
  right: ' Right',
  full: ' Full',
  semi: ' Semi',
  anti: ' Anti',
  mark: ' Mark',
  single: ' Single',
};

function joinShape(node: JoinNode, printer: Printer): Shape {
  const word = (node.nullAware ? ' Null-Aware' : '') + JOIN_WORDS[node.type];
  const facts = [
    data('Join Type', node.type === 'inner' ? 'Inner' : word.trim()),
    data('Inner Unique', node.type === 'single'),
  ];
  const details: Property[] = [];
  const keys = node.keys.map((key) => {
    const [left, right] = [printer.print(key.left), printer.print(key.right)];
    return key.nullsEqual ? `(NOT (${left} IS DISTINCT FROM ${right}))` : `(${left} = ${right})`;
  });
  const hashed = node.algorithm === 'hash' || node.algorithm === 'merge';
  if (keys.length > 0 && hashed)
    details.push({ name: node.algorithm === 'hash' ? 'Hash Cond' : 'Merge Cond', value: together(keys) });
  const rest = [...(hashed ? [] : keys), ...(node.residual === null ? [] : [printer.print(node.residual)])];
  if (rest.length > 0) details.push({ name: 'Join Filter', value: together(rest) });
  if (hashed) {
    const base = node.algorithm === 'hash' ? 'Hash' : 'Merge';
    return { type: `${base} Join`, title: `${base}${word} Join`, facts, details };
  }
  return { type: 'Nested Loop', title: `Nested Loop${word}${word === '' ? '' : ' Join'}`, facts, details };
}

function aggregateShape(node: AggregateNode, printer: Printer): Shape {
  const keys = node.groups.map((group) => printer.print(group));
  const step = node.step === 'partial' ? 'Partial ' : node.step === 'final' ? 'Finalize ' : '';
  const mode = step === '' ? 'Simple' : step.trim();
  const facts = (strategy: string): Property[] => [data('Strategy', strategy), data('Partial Mode', mode)];
  if (node.sets !== null) {
    const sets = node.sets.map((set): Property => {
      const value = set.map((i) => keys[i] ?? '');
      return { name: 'Group Key', value: value.length === 0 ? '()' : value };
    });
    const hashed = node.sets.every((set) => set.length > 0);
    const title = hashed ? 'HashAggregate' : 'MixedAggregate';
    return { type: 'Aggregate', title: step + title, facts: facts(hashed ? 'Hashed' : 'Mixed'), details: sets };
  }
  if (keys.length === 0) return { type: 'Aggregate', title: `${step}Aggregate`, facts: facts('Plain'), details: [] };
  const title = node.sorted ? 'GroupAggregate' : 'HashAggregate';
  const details = [{ name: 'Group Key', value: keys }];
  return { type: 'Aggregate', title: step + title, facts: facts(node.sorted ? 'Sorted' : 'Hashed'), details };
}

function gatherShape({ workers }: GatherNode): Shape {
  const details = [{ name: 'Workers Planned', value: { number: String(workers) } }];
  return { type: 'Gather', title: 'Gather', facts: [], details };
}
