/** What a session has under way that goes in pieces, in its open transaction: a COPY, and streams of rows. */
import type { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Activity } from './activity.ts';
import { Again } from './again.ts';
import type { CopyPiece, ExecuteOptions, ResultSet, StreamPiece } from './api.ts';
import type { Core } from './core.ts';
import { CopyStream } from './copy/statement.ts';
import type { Open } from './open.ts';
import { RowStream } from './row-stream.ts';
import { aborted } from './session-errors.ts';
import type { Scene } from './statement.ts';

/** Of a session, as much as is needed. */
interface Owner {
  readonly core: Core;
  readonly open: Open | null;
  readonly activity: Activity;
}

type MakeScene = (open: Open, options: ExecuteOptions, cancellation: Cancellation) => Task<Scene>;

export class Pieces {
  readonly #session: Owner;
  readonly #sceneOf: MakeScene;
  #copy: CopyStream | null = null;
  readonly #streams = new Map<number, RowStream>();

  constructor(session: Owner, sceneOf: MakeScene) {
    this.#session = session;
    this.#sceneOf = sceneOf;
  }

  copy(piece: CopyPiece, cancellation: Cancellation): Task<string | number | null> {
    const copy = (this.#copy ??= new CopyStream());
    return this.#inTransaction('COPY in pieces', {}, cancellation, (scene) => copy.piece(scene, piece));
  }

  *stream(piece: StreamPiece, options: ExecuteOptions, cancellation: Cancellation): Task<ResultSet | null> {
    if (piece.end === true && !this.#streams.has(piece.stream)) return null;
    try {
      if (piece.sql !== undefined) yield* this.#begin(piece, piece.sql, options, cancellation);
      return yield* this.#next(piece, cancellation);
    } finally {
      this.#session.activity.stream = this.#waiting;
    }
  }

  *#begin(
    { stream, parameters = [] }: StreamPiece,
    sql: string,
    options: ExecuteOptions,
    cancellation: Cancellation,
  ): Task<void> {
    this.#streams.get(stream)?.close();
    const text = options.text === true;
    const begun = yield* this.#inTransaction('a stream of rows', options, cancellation, (scene) =>
      RowStream.begin(scene, sql, parameters, text),
    );
    this.#streams.set(stream, begun);
  }

  /** A stream that ends, fails or is ended is forgotten. */
  *#next({ stream: number, end }: StreamPiece, cancellation: Cancellation): Task<ResultSet | null> {
    const stream = this.#streams.get(number);
    if (stream === undefined) throw new DriftError('34000', 'the stream has ended with its transaction');
    const unlink = cancellation.onCancel((reason) => stream.cancellation.cancel(reason));
    let result: ResultSet | null = null;
    try {
      if (end !== true) result = yield* stream.next();
      return result;
    } finally {
      unlink();
      if (result === null) {
        stream.close();
        this.#streams.delete(number);
      }
    }
  }

  *#inTransaction<T>(
    what: string,
    options: ExecuteOptions,
    cancellation: Cancellation,
    work: (scene: Scene) => Task<T>,
  ): Task<T> {
    for (;;) {
      const { open } = this.#session;
      if (open === null) throw new DriftError('25P01', `${what} can only be used in transaction blocks`);
      if (open.failed) throw aborted();
      this.#session.core.manager.refresh(open.transaction);
      try {
        return yield* work(yield* this.#sceneOf(open, options, cancellation));
      } catch (error) {
        if (!(error instanceof Again)) throw error;
        yield* error.first();
      }
    }
  }

  /** What cancels a stream that waits to be read; null where none does. */
  get #waiting(): Cancellation | null {
    for (const stream of this.#streams.values()) return stream.cancellation;
    return null;
  }

  /** The transaction has ended. */
  endStreams(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#session.activity.stream = null;
  }
}
