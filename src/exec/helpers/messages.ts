/**
 * What the engine's thread and a helper worker say to each other.
 *
 *     engine                                     helper
 *     begin  a plan over parts of one table
 *     work   some units of the table      ──►    runs the plan over them
 *                                         ◄──   rows   (of ordered plans: those of each unit)
 *                                         ◄──   done   one for each `work`
 *     work …                              ──►
 *     finish no more units                ──►
 *                                         ◄──   rows   (of partial aggregates: all of them), then end
 *
 * Messages of several jobs, of one or several statements, mix. A helper keeps the segments that it got, as many as fit into
 * its budget, so that the next statement sends their names alone; `missing` asks for those that have gone since.
 */
import type { SegmentRef } from '../../segment/segment.ts';

/** A column of the table; ordinals that have none are not read. */
export interface PostedColumn {
  readonly ordinal: number;
  readonly oid: number;
  readonly typmod: number;
  readonly format: string;
  readonly scale: number | undefined;
  /** Value of rows written before the column existed, packed. */
  readonly missing: unknown;
}

export interface Begin {
  readonly kind: 'begin';
  readonly job: number;
  /** What packPlan has made. */
  readonly plan: unknown;
  readonly ordered: boolean;
  readonly seq: number;
  /** The newest commit that had changed the table when it was cut. */
  readonly lastChange: number;
  readonly columns: readonly PostedColumn[];
  /** Number of columns of the table's tree. */
  readonly width: number;
  readonly timeZone: string;
  readonly queryMemoryBytes: number;
  readonly cacheBudgetBytes: number;
}

export interface PostedUnit {
  readonly number: number;
  /** Names the segment, and its form. */
  readonly name: string;
  readonly ref: SegmentRef;
  readonly startSeq: number;
  readonly endSeq: number;
  /** Null: the helper should have it. */
  readonly bytes: ArrayBuffer | null;
}

export type ToHelper =
  | Begin
  | { readonly kind: 'work'; readonly job: number; readonly units: readonly PostedUnit[] }
  | { readonly kind: 'finish' | 'cancel'; readonly job: number };

export type FromHelper =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rows'; readonly job: number; readonly unit: number; readonly bytes: Uint8Array }
  | { readonly kind: 'missing'; readonly job: number; readonly units: readonly number[] }
  /** `rows` that its scan has read. */
  | { readonly kind: 'done'; readonly job: number; readonly rows: number }
  | { readonly kind: 'end'; readonly job: number }
  /** `code` null: the helper could not do it, which says nothing about the statement. */
  | {
      readonly kind: 'error';
      readonly job: number;
      readonly code: string | null;
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number>>;
    };
