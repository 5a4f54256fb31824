/**
 * Scans of versioned tables: full, by key, by key or index range, at one moment or over versions.
 *
 * Access expressions and zone tests are evaluated when the first batch is asked for, since an `apply` join changes
 * them between openings. Zone filters only skip row groups; the node's filter decides.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { ColumnId } from '../../plan/expression.ts';
import type { ScanNode } from '../../plan/plan.ts';
import type { AccessBound, AccessRange, BitmapPart } from '../../plan/scan-access.ts';
import {
  type BatchSource,
  type Bound,
  type Key,
  type KeyRange,
  MISS,
  type ScanCounters,
  type ScanOptions,
  type VersionedTree,
  type ZoneFilter,
} from '../../table/table.ts';
import type { TableReader } from '../../txn/api.ts';
import { Numeric } from '../../base/numeric.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { textsOf } from '../numbered-texts.ts';
import { compilePredicate, type Predicate } from '../predicate.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { type PlacedFilter, type SidewaysScan, sidewaysScan, sidewaysZones } from '../sideways.ts';
import { BitmapSource, keysAmong } from './bitmap-fetch.ts';
import { finiteOrNull, oneAfterAnother } from './version-columns.ts';
import { compactBatch, vectorFromValues, wholeBatch } from '../vectors.ts';

/** text and varchar. */
const PLAIN_TEXTS: ReadonlySet<number> = new Set([25, 1043]);

export class ScanOperator implements Operator {
  readonly #node: ScanNode;
  readonly #run: ExecRun;
  readonly #fixed: Compiler;
  readonly #compiler: Compiler;
  readonly #predicate: Predicate | null;
  readonly #zones: readonly { readonly test: ScanNode['zones'][number]; readonly value: Evaluator | null }[];
  readonly #values: readonly Evaluator[];
  readonly #ranges = new Map<AccessRange, CompiledRange>();
  readonly #ordinals: readonly number[];
  readonly counters: ScanCounters = { leaves: 0, segments: 0, groupsRead: 0, groupsSkipped: 0, rows: 0 };
  /** Filters of joins above, with the place of their column. */
  readonly #sideways: PlacedFilter[] = [];
  #source: BatchSource | null = null;
  #started = false;

  constructor(node: ScanNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
    this.#fixed = new Compiler(new Map(), run);
    this.#compiler = new Compiler(layoutOf(node.outputs), run);
    this.#predicate = node.filter === null ? null : compilePredicate(node.filter, this.#compiler);
    this.#zones = node.zones.map((test) => ({
      test,
      value: test.value === null ? null : this.#fixed.compile(test.value),
    }));
    const { access } = node;
    const values = access.kind === 'keyArray' ? [access.array] : 'values' in access ? access.values : [];
    this.#values = this.#fixed.compileAll(values);
    if (access.kind === 'keyRange' || access.kind === 'indexRange') this.#addRange(access);
    if (access.kind === 'bitmap') this.#addParts(access.part);
    this.#ordinals = node.columns.map((column) => column.ordinal);
  }

  sideways(id: ColumnId): SidewaysScan | null {
    return sidewaysScan(this.#node, this.#sideways, id, () => this.#run.readerOf(this.#node).rowCount);
  }

  #addRange(range: AccessRange): void {
    this.#ranges.set(range, {
      prefix: this.#fixed.compileAll(range.prefix),
      low: range.low === null ? null : this.#fixed.compile(range.low.value),
      high: range.high === null ? null : this.#fixed.compile(range.high.value),
    });
  }

  #addParts(part: BitmapPart): void {
    if (part.kind === 'range') this.#addRange(part);
    else for (const inner of part.parts) this.#addParts(inner);
  }

  open(): void {
    this.close();
    this.#started = false;
  }

  *next(): Task<Batch | null> {
    for (;;) {
      let batch = this.#started ? null : yield* this.#start();
      if (batch === null) {
        if (this.#source === null) return null;
        batch = yield* this.#source.next();
        if (batch !== null) this.#run.cancellation.rowsRead += batch.count;
        if (this.#run.due()) yield* this.#run.pause();
        if (batch === null) {
          this.close();
          return null;
        }
        // Scans of versions give their intervals in any case.
        if (this.#node.version !== null || this.#node.time.kind === 'versions' || this.#node.time.kind === 'contained')
          batch = yield* this.#versionColumns(batch);
      }
      if (this.#predicate !== null && batch.count > 0) {
        yield* this.#compiler.prepare(batch);
        batch = this.#predicate.select(batch);
      }
      for (const { filter, column } of this.#sideways) if (batch.count > 0) batch = filter.select(batch, column);
      if (batch.count > 0) return batch;
    }
  }

  close(): void {
    this.#source?.close();
    this.#source = null;
    this.#started = true;
  }

  /** Opens the source; a look-up by key gives its rows at once. */
  *#start(): Task<Batch | null> {
    this.#started = true;
    if (this.#sideways.some(({ filter }) => filter.isEmpty)) return null;
    const { time, access } = this.#node;
    const reader = this.#run.readerOf(this.#node);
    if (time.kind === 'versions' || time.kind === 'contained') {
      this.#source = this.#openVersions(reader);
      return null;
    }
    if ((access.kind === 'key' || access.kind === 'keys') && this.#node.version === null)
      return yield* this.#lookUp(reader);
    this.#run.cancellation.rowsExpected += access.kind === 'full' ? reader.rowCount : 0;
    if (access.kind === 'bitmap') {
      this.#source = new BitmapSource(reader, {
        keys: {
          part: access.part,
          rangeOf: (part) => this.#keysOf(part, treeOf(reader, part.indexId)),
        },
        columns: this.#ordinals,
        versionColumns: this.#node.version !== null,
        counters: this.counters,
      });
      return null;
    }
    if (access.kind === 'keyArray') {
      const versionColumns = this.#node.version !== null;
      const { counters } = this;
      this.#source = new BitmapSource(reader, {
        keys: keysAmong(reader, this.#values, true),
        columns: this.#ordinals,
        versionColumns,
        counters,
      });
      return null;
    }
    const range = this.#range(reader);
    if (range === null) return null;
    const options = {
      columns: this.#ordinals,
      range,
      order: this.#node.order ?? undefined,
      versionColumns: this.#node.version !== null,
      counters: this.counters,
    };
    const { form } = this.#run;
    this.#source =
      access.kind === 'indexRange'
        ? reader.scanIndex(access.indexId, {
            ...options,
            form: form && ((column, from, to) => form(column, from, to)),
            only: access.only,
          })
        : reader.scan({ ...options, form: form && formIn(reader.table, form), zones: this.#zoneFilters() });
    return null;
  }

  #openVersions(reader: TableReader): BatchSource | null {
    const { time } = this.#node;
    assert(time.kind === 'versions' || time.kind === 'contained', 'a scan of versions');
    const { access } = this.#node;
    const zones = this.#zoneFilters();
    const scan = (range: KeyRange | undefined): BatchSource =>
      reader.scanVersions({
        fromSeq: time.fromSeq,
        toSeq: time.toSeq,
        ...this.#node.versionRange,
        columns: this.#ordinals,
        range,
        zones,
        versionColumns: true,
        counters: this.counters,
      });
    if (access.kind === 'keys' || access.kind === 'keyArray') {
      const keys = keysAmong(reader, this.#values, access.kind === 'keyArray');
      return oneAfterAnother(keys.map((key) => () => scan({ low: key, high: key })));
    }
    const range = access.kind === 'indexRange' ? undefined : this.#range(reader);
    return range === null ? null : scan(range);
  }

  /** Null where a null value lets nothing match; undefined for everything. */
  #range(reader: TableReader): KeyRange | null | undefined {
    const { access } = this.#node;
    if (access.kind === 'keyRange') return this.#keysOf(access, reader.table);
    if (access.kind === 'indexRange') return this.#keysOf(access, treeOf(reader, access.indexId));
    if (access.kind !== 'key') return undefined;
    const values = this.#values.map((value) => value.value());
    return values.includes(null) ? null : reader.table.prefixRange(values);
  }

  #keysOf(range: AccessRange, tree: VersionedTree): KeyRange | null | undefined {
    const compiled = this.#ranges.get(range);
    assert(compiled !== undefined, 'a range of the access');
    const values = compiled.prefix.map((value) => value.value());
    if (values.includes(null)) return null;
    if (range.low === null && range.high === null) return values.length === 0 ? undefined : tree.prefixRange(values);
    const low = boundOf(range.low, compiled.low);
    const high = boundOf(range.high, compiled.high);
    if (low?.value === null || high?.value === null) return null;
    const keys = tree.boundedRange(values, low, high);
    return isEmpty(keys) ? null : keys;
  }

  #zoneFilters(): ZoneFilter[] {
    const filters: ZoneFilter[] = this.#sideways.length === 0 ? [] : sidewaysZones(this.#sideways, this.#ordinals);
    for (const { test, value } of this.#zones) {
      if (value === null) {
        filters.push({ column: test.ordinal, op: test.op, value: null });
        continue;
      }
      const constant = value.value();
      if (constant === null) continue;
      const physical = this.#physical(constant, test.ordinal);
      if (physical !== null) filters.push({ column: test.ordinal, op: test.op, value: physical });
    }
    return filters;
  }

  /** A constant in a column's physical form; null where zones can't compare it. */
  #physical(value: Value, ordinal: number): Value {
    if (value instanceof Numeric) {
      const format = this.#run.context.reader.table(this.#node.table.id).table.columns[ordinal]?.format;
      if (format?.kind !== 'decimal') return null;
      return value.toScaled(format.scale ?? 0) ?? null;
    }
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'string') return this.#isPlainText(ordinal) ? value : null;
    return typeof value === 'object' ? null : value;
  }

  /** Zones know texts in the order of their code units, which is that of no other type held as text. */
  #isPlainText(ordinal: number): boolean {
    const column = this.#node.table.columns.find(({ id }) => id === ordinal);
    return column !== undefined && PLAIN_TEXTS.has(column.type.oid);
  }

  *#lookUp(reader: TableReader): Task<Batch | null> {
    const { access } = this.#node;
    const keys: Key[] = [];
    const values = this.#values.map((value) => value.value());
    if (access.kind === 'key') {
      if (values.includes(null)) return null;
      keys.push(reader.table.encodeKey(values));
    } else {
      const seen = new Set<Key>();
      for (const value of values) if (value !== null) seen.add(reader.table.encodeKey([value]));
      keys.push(...seen);
    }
    const cells: Value[][] = this.#ordinals.map(() => []);
    let rows = 0;
    for (const key of keys) {
      let found = reader.find(key, false, this.#ordinals);
      for (let attempt = 0; found === MISS; attempt++) {
        assert(attempt < 8, 'a loaded key is found');
        yield* reader.load(key);
        found = reader.find(key, false, this.#ordinals);
      }
      if (found === null) continue;
      for (let c = 0; c < cells.length; c++) {
        (cells[c] as Value[]).push(valueAt(found.columns[this.#ordinals[c] as number] as Vector, found.row));
      }
      rows++;
    }
    if (rows === 0) return null;
    this.counters.rows += rows;
    return wholeBatch(
      cells.map((column, c) => vectorFromValues(column, (this.#node.outputs[c] as { type: { oid: number } }).type.oid)),
      rows,
    );
  }

  /** Turns the source's two last columns (from, to) into the pseudo-columns that are read. */
  *#versionColumns(source: Batch): Task<Batch> {
    let batch = source;
    const { time, version } = this.#node;
    const width = this.#ordinals.length;
    const from = batch.columns[width] as Vector;
    const to = batch.columns[width + 1] as Vector;
    if (time.kind === 'contained') {
      const rows = new Int32Array(batch.count);
      let n = 0;
      for (let k = 0; k < batch.count; k++) {
        const i = batch.selection === null ? k : (batch.selection[k] as number);
        if ((from.data[i] as number) >= time.fromSeq && (to.data[i] as number) <= time.toSeq) rows[n++] = i;
      }
      batch = withSelection(batch, rows, n);
    }
    const columns = batch.columns.slice(0, width);
    if (version === null) return { ...batch, columns };
    if (version.sysFrom !== null || version.sysTo !== null) batch = compactBatch(batch);
    const seqFrom = batch.columns[width] as Vector;
    const seqTo = batch.columns[width + 1] as Vector;
    const result = batch.columns.slice(0, width);
    if (version.seqFrom !== null) result.push(finiteOrNull(seqFrom.data as Float64Array, batch.length));
    if (version.seqTo !== null) result.push(finiteOrNull(seqTo.data as Float64Array, batch.length));
    if (version.sysFrom !== null) result.push(yield* this.#timestamps(seqFrom, batch.count));
    if (version.sysTo !== null) result.push(yield* this.#timestamps(seqTo, batch.count));
    return { ...batch, columns: result };
  }

  *#timestamps(seqs: Vector, count: number): Task<Vector> {
    const data = yield* this.#run.context.reader.timestampsOf(seqs.data as Float64Array, count);
    return finiteOrNull(data, count);
  }
}

/** Bounds that pass each other: x > 5 AND x < 3. */
function isEmpty({ low, high, lowInclusive, highInclusive }: KeyRange): boolean {
  if (low === undefined || high === undefined) return false;
  return low > high || (low === high && (lowInclusive !== true || highInclusive !== true));
}

interface CompiledRange {
  readonly prefix: readonly Evaluator[];
  readonly low: Evaluator | null;
  readonly high: Evaluator | null;
}

function treeOf(reader: TableReader, indexId: number | null): VersionedTree {
  if (indexId === null) return reader.table;
  const tree = reader.table.indexes.find((index) => index.id === indexId);
  assert(tree !== undefined, 'the index of an index range exists');
  return tree;
}

function boundOf(bound: AccessBound | null, evaluator: Evaluator | null): Bound | null {
  return bound === null || evaluator === null ? null : { value: evaluator.value(), inclusive: bound.inclusive };
}

/** A form for the columns of a table, which has lists of their texts. */
function formIn(table: object, form: NonNullable<ExecRun['form']>): ScanOptions['form'] {
  return (column, from, to, ordinal) =>
    column.kind === 'text' ? form(column, from, to, textsOf(table, ordinal)) : form(column, from, to);
}
