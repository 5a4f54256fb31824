/**
 * A job: one plan over the parts of one table, as far as helpers do it.
 *
 * A helper gets two messages of work at a time, so that it has the next when it is done with one, and another each time that
 * it says so; the engine's thread looks at messages whenever its task pauses. What a helper has done counts when all of it
 * has come. One that fails, dies or falls silent is let go: its units go back to the share, and what it gave is dropped.
 */
import type { Host } from '../../base/host.ts';
import { run, type Task } from '../../base/task.ts';
import type { VersionedTable } from '../../table/table.ts';
import { isCurrent, readUnit, type Unit } from '../../table/units.ts';
import { DriftError, type ErrorFields } from '../../base/error.ts';
import type { Begin, FromHelper, PostedUnit } from './messages.ts';
import type { Helper, HelperPool, Listener } from './pool.ts';
import type { Share } from './share.ts';

/** Bytes of segments that are read for one message of work: what a storage has to give takes time. */
const POSTED_BYTES: number = 1024 * 1024;
const WORK_AHEAD = 2;
/** A helper that owes an answer and says nothing for so long is taken for dead: browsers tell nobody. */
const SILENCE_MS = 20_000;

/** Rows of one unit, or with -1 of all that a helper has done. */
export interface HelpedRows {
  readonly unit: number;
  readonly bytes: Uint8Array;
}

interface Part {
  /** By number. */
  readonly units: Map<number, Unit>;
  readonly rows: HelpedRows[];
  /** Messages of work that are not answered. */
  ahead: number;
  isFinishing: boolean;
  isDone: boolean;
  heardMs: number;
}

export interface JobOptions {
  readonly pool: HelperPool;
  readonly host: Pick<Host, 'monotonicMs'> & { readonly setTimer: Host['setTimer'] };
  readonly share: Share;
  /** Helpers at most. */
  readonly workers: number;
  readonly table: VersionedTable;
  readonly begin: Omit<Begin, 'kind' | 'job'>;
  /** Names a segment's rows in this form. */
  readonly nameOf: (unit: Unit) => string;
}

export class HelperJob implements Listener {
  readonly #options: JobOptions;
  readonly #number: number;
  readonly #parts = new Map<Helper, Part>();
  #wake: (() => void) | null = null;
  #error: unknown = null;
  #isClosed = false;
  readonly #stopWatching: () => void;
  /** Helpers that took part, and units that they did. */
  launched = 0;
  rowsRead = 0;

  constructor(options: JobOptions) {
    this.#options = options;
    this.#number = options.pool.join(this);
    for (const helper of options.pool.ready) this.ready(helper);
    this.#stopWatching = this.#watch();
  }

  #watch(): () => void {
    const { host } = this.#options;
    let cancel = (): void => undefined;
    const look = (): void => {
      for (const [helper, part] of this.#parts)
        if (!part.isDone && part.heardMs < host.monotonicMs() - SILENCE_MS) this.#options.pool.drop(helper);
      cancel = host.setTimer(SILENCE_MS / 4, look);
    };
    cancel = host.setTimer(SILENCE_MS / 4, look);
    return () => cancel();
  }

  /** Nothing is owed any more. Throws what went wrong. */
  get isDone(): boolean {
    if (this.#error !== null) throw this.#error;
    for (const part of this.#parts.values()) if (!part.isDone) return false;
    return true;
  }

  /** All rows; where a helper is lost before this is asked for its rows are not among them. */
  takeRows(): HelpedRows[] {
    const rows: HelpedRows[] = [];
    for (const part of this.#parts.values()) rows.push(...part.rows.splice(0));
    return rows;
  }

  /** Resolves when something has happened. */
  changed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopWatching();
    for (const [helper, part] of this.#parts) if (!part.isDone) helper.post({ kind: 'cancel', job: this.#number });
    this.#options.pool.leave(this.#number);
    this.wake();
  }

  ready(helper: Helper): void {
    const { share, begin, host, workers } = this.#options;
    if (this.#isClosed || this.#parts.size >= workers || share.isEmpty || this.#error !== null) return;
    const heardMs = host.monotonicMs();
    const part: Part = { units: new Map(), rows: [], ahead: 0, isFinishing: false, isDone: false, heardMs };
    this.#parts.set(helper, part);
    this.launched++;
    helper.post({ kind: 'begin', job: this.#number, ...begin });
    for (let i = 0; i < WORK_AHEAD; i++) this.#feed(helper, part);
  }

  lost(helper: Helper): void {
    const part = this.#parts.get(helper);
    if (part === undefined) return;
    this.#parts.delete(helper);
    this.#options.share.giveBack(part.units.values());
    this.wake();
  }

  receive(helper: Helper, message: FromHelper): void {
    const part = this.#parts.get(helper);
    if (part === undefined || this.#isClosed) return;
    part.heardMs = this.#options.host.monotonicMs();
    switch (message.kind) {
      case 'rows':
        part.rows.push({ unit: message.unit, bytes: message.bytes });
        break;
      case 'missing': {
        part.ahead++;
        this.#send(helper, part, this.#lacking(helper, part, message.units));
        break;
      }
      case 'done':
        part.ahead--;
        this.rowsRead += message.rows;
        this.#feed(helper, part);
        return;
      case 'end':
        part.isDone = true;
        this.#options.pool.noteSuccess();
        break;
      case 'error':
        this.#failed(helper, message);
        break;
      case 'ready':
    }
    this.wake();
  }

  /** Units whose segments a helper has let go; those that have changed meanwhile are the engine's to do. */
  #lacking(helper: Helper, part: Part, numbers: readonly number[]): Unit[] {
    const { nameOf, table, share } = this.#options;
    const units: Unit[] = [];
    for (const number of numbers) {
      const unit = part.units.get(number);
      if (unit === undefined) continue;
      helper.has.delete(nameOf(unit));
      if (isCurrent(table, unit)) units.push(unit);
      else {
        part.units.delete(number);
        share.giveBack([unit]);
      }
    }
    return units;
  }

  #failed(helper: Helper, { code, message, fields }: FromHelper & { readonly kind: 'error' }): void {
    if (code === null) this.lost(helper);
    else this.#error ??= new DriftError(code, message, fields as ErrorFields);
  }

  #feed(helper: Helper, part: Part): void {
    const { share, workers, nameOf } = this.#options;
    if (part.isDone) return;
    const lacks = (unit: Unit): boolean => !helper.has.has(nameOf(unit));
    const taking = { sharers: workers + 1, mostBytes: POSTED_BYTES, lacks };
    const units = part.isFinishing ? [] : share.take(taking);
    if (units.length > 0) {
      for (const unit of units) part.units.set(unit.number, unit);
      part.ahead++;
      this.#send(helper, part, units);
    } else if (part.ahead === 0 && !part.isFinishing) {
      part.isFinishing = true;
      helper.post({ kind: 'finish', job: this.#number });
    }
  }

  #send(helper: Helper, part: Part, units: readonly Unit[]): void {
    const sent = run(this.#posting(helper, units));
    if (!(sent instanceof Promise)) return;
    sent.catch((error: unknown) => {
      if (this.#parts.get(helper) !== part) return;
      this.#error ??= error;
      this.wake();
    });
  }

  /** Posts units, with the bytes of those that the helper has not got. */
  *#posting(helper: Helper, units: readonly Unit[]): Task<void> {
    const { table, nameOf } = this.#options;
    const posted: PostedUnit[] = [];
    const transfer: ArrayBuffer[] = [];
    for (const unit of units) {
      const { number, ref, startSeq, endSeq } = unit;
      if (ref === null) continue;
      const name = nameOf(unit);
      let bytes: ArrayBuffer | null = null;
      if (!helper.has.has(name)) {
        const read = readUnit(table, ref);
        if (read === null) continue;
        // What a storage gives may be its own.
        bytes = (yield* read).slice().buffer;
        transfer.push(bytes);
        helper.has.add(name);
      }
      posted.push({ number, name, ref, startSeq, endSeq, bytes });
    }
    if (!this.#isClosed) helper.post({ kind: 'work', job: this.#number, units: posted }, transfer);
  }
}
