/**
 * Gather: a plan over the parts of one table, run by this thread and by helper workers at once.
 *
 *     1. build sides of the plan's joins are computed, once; they become constants of the plan
 *     2. the table is cut into units (table/units.ts)
 *     3. helpers get the plan and units from the front; this thread runs the same plan over units from the back
 *     4. what they give is put together: partial groups in any order, rows in the order of the units
 *
 * So an ordered gather gives the rows in the order in which one scan would, and a partial aggregate is of a kind that
 * tells no order: helpers show in nothing but the time. Where there are none, or the plan cannot travel after all, the plan runs here
 * as it stands. The rows of an ordered gather are kept until all are there, in the order of their units.
 */
import { type Task, wait } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import { isUserType } from '../../catalog/user-types.ts';
import type { NodeCounters } from '../../plan/counters.ts';
import type { GatherNode, PlanNode, ScanNode, ValuesNode } from '../../plan/plan.ts';
import { spineJoins, spineScan, withBuilds } from '../../plan/spine.ts';
import { packPlan } from '../../plan/travel.ts';
import { cacheBudgetOf, type Unit, unitsOf } from '../../table/units.ts';
import type { TableReader } from '../../txn/api.ts';
import { Collector, oidsOf } from '../collector.ts';
import { packing, packValue } from '../helpers/context.ts';
import { type HelpedRows, HelperJob } from '../helpers/job.ts';
import type { PostedColumn } from '../helpers/messages.ts';
import { poolOf } from '../helpers/pool.ts';
import { Share, sharedReader } from '../helpers/share.ts';
import type { ExecRun, Operator } from '../run.ts';
import { decodeBatch } from '../spill/batch-codec.ts';
import { vectorBytes } from '../vectors.ts';

/** Fewer units than these are done before a message is. */
const LEAST_UNITS = 4;
/** A build side of more bytes is not posted. */
const MOST_BUILD_BYTES: number = 64 * 1024 * 1024;
/** Of the cache's budget, what each helper may keep. */
const HELPER_SHARE = 0.5;

export class GatherOperator implements Operator {
  readonly #node: GatherNode;
  readonly #run: ExecRun;
  #started = false;
  #local: Operator | null = null;
  #share: Share | null = null;
  #job: HelperJob | null = null;
  #oids: readonly number[] = [];
  /** Of an ordered gather: this thread's batches, with their units. */
  #own: { readonly unit: number; readonly batch: Batch }[] = [];
  #ready: Batch[] = [];
  #keptBytes = 0;

  constructor(node: GatherNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
  }

  open(): void {
    this.close();
    this.#started = false;
  }

  close(): void {
    this.#started = true;
    this.#local?.close();
    this.#local = null;
    this.#job?.close();
    this.#job = null;
    this.#share = null;
    this.#own = [];
    this.#ready = [];
    this.#run.memory.give(this.#keptBytes);
    this.#keptBytes = 0;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      yield* this.#start();
    }
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      const batch = this.#local === null ? null : yield* this.#local.next();
      if (batch !== null) {
        if (this.#job === null || !this.#node.ordered) return batch;
        this.#keep(batch);
        continue;
      }
      if (this.#share !== null && this.#local !== null && this.#share.goesOn()) {
        this.#local.open();
        continue;
      }
      const job = this.#job;
      if (job === null) return null;
      if (job.isDone) this.#finish(job);
      else yield* this.#await(job);
    }
  }

  *#await(job: HelperJob): Task<void> {
    const { cancellation } = this.#run;
    const forget = cancellation.onCancel(() => job.wake());
    try {
      cancellation.check();
      yield* wait(job.changed());
      cancellation.check();
    } finally {
      forget();
    }
  }

  #keep(batch: Batch): void {
    const bytes = batch.columns.reduce((sum, column) => sum + vectorBytes(column), 0) * (batch.count / batch.length);
    this.#run.memory.take(bytes);
    this.#keptBytes += bytes;
    this.#own.push({ unit: this.#share?.current ?? -1, batch });
  }

  #finish(job: HelperJob): void {
    const rows = job.takeRows();
    job.close();
    this.#job = null;
    this.#run.cancellation.rowsRead += job.rowsRead;
    const counters = this.#run.context.counters?.get(this.#node);
    if (counters !== undefined) counters.workers = job.launched;
    const given = rows.map(({ unit, bytes }: HelpedRows) => ({ unit, batch: decodeBatch(bytes, this.#oids) }));
    if (!this.#node.ordered) this.#ready = given.map(({ batch }) => batch);
    else this.#ready = [...this.#own, ...given].sort((a, b) => a.unit - b.unit).map(({ batch }) => batch);
    this.#own = [];
  }

  *#start(): Task<void> {
    const run = this.#run;
    const { source } = this.#node;
    const scan = spineScan(source);
    const { helped } = run.context;
    const pool = helped === undefined ? null : poolOf(helped);
    if (scan === null || helped === undefined || pool === null) return this.#alone(source);
    const reader = run.readerOf(scan);
    const seq = reader.moment ?? null;
    const units = seq === null ? null : yield* unitsOf(reader.table, seq);
    if (seq === null || units === null || units.filter(({ ref }) => ref !== null).length < LEAST_UNITS)
      return this.#alone(source);
    const plan = yield* this.#withBuilds(source);
    if (plan === null) return this.#alone(source);
    this.#oids = oidsOf(source.outputs);
    const packed = packPlan(plan, packing(run.context.parameters));
    const columns = postedColumns(scan, reader);
    if (packed === null || columns === null) return this.#alone(plan);
    const share = new Share(reader.table, units);
    this.#share = share;
    const before = run.instead;
    run.instead = (node) => (node === scan ? sharedReader(reader, share) : (before?.(node) ?? null));
    const form = formOf(reader, columns);
    this.#job = new HelperJob({
      pool,
      host: helped.host,
      share,
      workers: this.#node.workers,
      table: reader.table,
      begin: {
        plan: packed,
        ordered: this.#node.ordered,
        seq,
        lastChange: reader.table.lastChange,
        columns,
        width: reader.table.columns.length,
        timeZone: run.context.eval.timeZone,
        queryMemoryBytes: run.memory.limitBytes / (pool.count + 1),
        cacheBudgetBytes: cacheBudgetOf(reader.table) * HELPER_SHARE,
      },
      nameOf: ({ ref }: Unit) => (ref === null ? '' : `${form} ${ref.pack} ${ref.offset} ${ref.tableCrc}`),
    });
    this.#alone(plan);
  }

  #alone(plan: PlanNode): void {
    this.#local = this.#run.build(plan);
    this.#local.open();
  }

  /** The plan with its build sides computed; null where one is too large to be posted. */
  *#withBuilds(plan: PlanNode): Task<PlanNode | null> {
    const run = this.#run;
    const builds = new Map<PlanNode, ValuesNode>();
    for (const { right } of spineJoins(plan)) {
      const source = run.build(right);
      const rows = new Collector(oidsOf(right.outputs), run.memory);
      source.open();
      try {
        for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
          rows.add(batch);
          if (rows.bytes > MOST_BUILD_BYTES || run.memory.isScarce(rows.bytes, 0)) {
            rows.release();
            return null;
          }
          if (run.due()) yield* run.pause();
        }
        const { columns, length } = yield* rows.whole(run);
        builds.set(right, {
          kind: 'values',
          outputs: right.outputs,
          rows: [],
          constants: { columns, rowCount: length },
        });
      } finally {
        source.close();
      }
    }
    if (builds.size === 0) return plan;
    const built = withBuilds(plan, ({ right }) => builds.get(right) ?? right);
    this.#shareCounters(plan, built);
    return built;
  }

  /** EXPLAIN ANALYZE shows the plan's own nodes. */
  #shareCounters(plan: PlanNode, built: PlanNode): void {
    const { counters } = this.#run.context;
    if (counters === undefined || plan === built) return;
    const own = counters.get(plan) ?? newCounters();
    counters.set(plan, own);
    counters.set(built, own);
    if ('source' in plan && 'source' in built) this.#shareCounters(plan.source, built.source);
    if (plan.kind === 'join' && built.kind === 'join') this.#shareCounters(plan.left, built.left);
  }
}

function newCounters(): NodeCounters {
  const segments = { leaves: 0, segments: 0, groupsRead: 0, groupsSkipped: 0 };
  return { rows: 0, loops: 0, startupMs: 0, timeMs: 0, scanned: 0, ...segments };
}

/**
 * The table's columns for the other side, which keeps segments for later scans of others; null where the scan reads one of a
 * type that is not known there.
 */
function postedColumns(scan: ScanNode, { table }: TableReader): PostedColumn[] | null {
  const posted: PostedColumn[] = [];
  for (const { id: ordinal, type } of scan.table.columns) {
    const { oid, typmod } = type;
    const column = table.columns[ordinal];
    if (column === undefined || isUserType(oid)) continue;
    const { kind, scale } = column.format;
    posted.push({ ordinal, oid, typmod, format: kind, scale, missing: packValue(column.missing, oid) });
  }
  const known = new Set(posted.map(({ ordinal }) => ordinal));
  return scan.columns.every(({ ordinal }) => known.has(ordinal)) ? posted : null;
}

/** Begins the names of segments: two that differ never have one name while an engine is open, nor two forms of one. */
function formOf({ table }: TableReader, columns: readonly PostedColumn[]): string {
  const types = columns.map(({ ordinal, oid, typmod }) => `${ordinal}:${oid}:${typmod}`);
  return `${table.id} ${table.columns.length} ${types.join()}`;
}
