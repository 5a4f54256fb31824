/**
 * SELECT … FOR UPDATE and its kin: locks the rows of its source as they pass.
 *
 * Rows that others have locked are waited for, refused (NOWAIT) or left out (SKIP LOCKED). A row that others have
 * changed since the snapshot is judged again in its newest version at READ COMMITTED and ends the statement at the
 * other levels (40001). Under a LIMIT rows are locked and given one by one, so that no more are locked than are asked
 * for: a table may serve as a queue.
 */
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, valueAt } from '../../base/vector.ts';
import type { LockRowsNode, RowLock } from '../../plan/plan.ts';
import type { Key } from '../../table/table.ts';
import { concurrentChange, type RowGuard } from '../../txn/lock/guard.ts';
import { rowBit } from '../../txn/lock/modes.ts';
import { Compiler } from '../compile.ts';
import type { Evaluator } from '../evaluator.ts';
import { reevaluateAll } from '../modify/lock-rows.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { take, wholeBatch } from '../vectors.ts';

interface Lock {
  readonly lock: RowLock;
  readonly key: readonly Evaluator[];
}

export class LockRowsOperator implements Operator {
  readonly #node: LockRowsNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #locks: readonly Lock[];
  /** Where the node's outputs are in the source's batches. */
  readonly #places: readonly number[];
  /** Rows of a batch that are not locked yet. */
  #rows: Batch | null = null;
  #at = 0;

  constructor(node: LockRowsNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    const layout = layoutOf(node.source.outputs);
    const compiler = new Compiler(layout, run);
    this.#locks = node.locks.map((lock) => ({ lock, key: compiler.compileAll(lock.key) }));
    this.#places = node.outputs.map(({ id }) => layout.get(id) as number);
  }

  open(): void {
    this.#rows = null;
    this.#source.open();
  }

  *next(): Task<Batch | null> {
    const guard = this.#run.context.guard(this.#node.locks[0]?.strength ?? 'update');
    for (;;) {
      if (this.#rows === null || this.#at >= this.#rows.count) {
        const batch = yield* this.#source.next();
        if (batch === null) return null;
        this.#rows = guard === null ? null : batch;
        this.#at = 0;
        if (guard === null) return this.#shown(batch);
      }
      const rows = this.#rows as Batch;
      if (guard === null) continue;
      if (!this.#node.oneByOne && this.#isUncontested(guard)) {
        this.#takeAll(rows, guard);
        this.#rows = null;
        return this.#shown(rows);
      }
      const row = rows.selection === null ? this.#at : (rows.selection[this.#at] as number);
      this.#at++;
      const given = yield* this.#lockRow(rows, row, guard);
      if (given !== null && given.count > 0) return this.#shown(given);
      if (this.#run.due()) yield* this.#run.pause();
    }
  }

  close(): void {
    this.#rows = null;
    this.#source.close();
  }

  #isUncontested(guard: RowGuard): boolean {
    return this.#locks.every(({ lock: { table } }) => !guard.isShared(table.id) && !guard.isStale(table.id));
  }

  #takeAll(rows: Batch, guard: RowGuard): void {
    for (const lock of this.#locks) {
      const keys: Key[] = [];
      for (let i = 0; i < rows.count; i++) {
        const key = this.#keyOf(lock, rows, rows.selection === null ? i : (rows.selection[i] as number));
        if (key !== null) keys.push(key);
      }
      guard.take(lock.lock.table.id, keys, rowBit(lock.lock.strength));
    }
  }

  /** Locks the rows behind one row of the source; null where it is to be left out. */
  *#lockRow(rows: Batch, row: number, guard: RowGuard): Task<Batch | null> {
    const found: { readonly lock: RowLock; readonly key: Key }[] = [];
    let changed = false;
    for (const each of this.#locks) {
      const { lock } = each;
      const key = this.#keyOf(each, rows, row);
      if (key === null) continue;
      const mode = rowBit(lock.strength);
      if (!(yield* guard.waitOr(lock.table, key, mode, lock.wait))) return null;
      guard.take(lock.table.id, [key], mode);
      found.push({ lock, key });
      if (!guard.isStale(lock.table.id)) continue;
      const fate = yield* guard.fateOf(lock.table.id, key);
      if (fate === 'same') continue;
      if (!guard.readsCommitted) throw concurrentChange(fate);
      if (fate === 'gone') return null;
      changed = true;
    }
    const one = Int32Array.of(row);
    if (!changed)
      return wholeBatch(
        rows.columns.map((column) => take(column, one, 1)),
        1,
      );
    const tables = found.map(({ lock: { table, column }, key }) => ({ table, column, keys: [key] }));
    return yield* reevaluateAll(this.#node.source, tables, this.#run, guard);
  }

  #keyOf({ lock, key }: Lock, rows: Batch, row: number): Key | null {
    const values: Value[] = [];
    for (const part of key) {
      const value = part.fixed ? part.value() : valueAt(part.eval(rows), row);
      if (value === null) return null;
      values.push(value);
    }
    return this.#run.context.reader.table(lock.table.id).table.encodeKey(values);
  }

  #shown(batch: Batch): Batch {
    return { ...batch, columns: this.#places.map((place) => batch.columns[place] as Batch['columns'][number]) };
  }
}
