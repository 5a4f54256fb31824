/**
 * UNDO and REDO: going back and forth through the steps that somebody made, by REVERT TRANSACTION.
 *
 * There is no list of steps besides the history: commits say what they are in their metadata, and two stacks follow from
 * reading them in order, those of one author, or of one label, or all:
 *
 *     {…}                   a step: onto the stack of what can be undone; nothing can be redone any more
 *     {"label": "drag", …}  the same label as the commit before it: part of that step
 *     {"undo": [7, 8]}      takes the step of these commits from there onto the stack of what can be redone
 *     {"redo": [9]}         the other way: commit 9 undid, this one reverts it
 *
 * So an undo is a commit like others: it can be undone by anybody else, it is in the history, and it survives a reload. What
 * others have changed since is a conflict, as in REVERT TRANSACTION.
 */
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { BranchDef } from '../../catalog/lines.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { Undo } from '../../sql/ast-history.ts';
import { quoteLiteral } from '../../sql/functions/format-text.ts';
import type { ResultSet } from '../api.ts';
import type { Core } from '../core.ts';
import { ddlContext } from '../definition.ts';
import { describeCommit, metadataOf } from '../signature.ts';
import type { Scene } from '../statement.ts';
import { revertAll } from './revert.ts';

/** Commits looked at first; where they hold no step that can be taken, more are. */
const COMMITS = 250;
const INT8 = 20;

interface Step {
  /** The commits to revert. */
  readonly seqs: readonly number[];
  readonly label: string | undefined;
}

interface Commit {
  readonly seq: number;
  readonly author: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Undoes the last step, or redoes the last that was undone; a result without rows where there is none. */
export function* undo(scene: Scene, statement: Undo): Task<ResultSet> {
  const { redo, mode, position } = statement;
  // Steps that were tried and had nothing left to change.
  let tried = Infinity;
  for (let limit = COMMITS; ; limit *= 4) {
    const list = yield* commits(scene, statement, limit);
    const isWhole = list.length < limit;
    const first = list[0]?.seq ?? 0;
    const stack = stacks(list)[redo ? 'undone' : 'done'];
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      // The oldest step may have begun before what was read.
      if (!isWhole && step.seqs.includes(first)) break;
      if (Math.min(...step.seqs) >= tried) continue;
      const neutral = neutralCommits(yield* turns(scene), Math.min(...step.seqs));
      const { rows, reverted } = yield* revertAll(scene, { seqs: step.seqs, mode, position }, neutral);
      // Definitions are not reverted, and what others have put back already leaves nothing to do: the step before, then.
      tried = Math.min(...step.seqs);
      if (rows === 0) continue;
      sign(scene, statement, reverted, step.label);
      describeCommit(scene, `${redo ? 'redo' : 'undo'} ${reverted.join(', ')}`);
      return answer(statement, reverted, rows);
    }
    if (isWhole) return answer(statement, [], 0);
  }
}

/** The newest so many commits of an author or label, or of all, oldest first. */
function* commits(scene: Scene, { author, label }: Undo, limit: number): Task<Commit[]> {
  const conditions = [`seq <= ${scene.transaction.snapshot}`, ofLine(scene.core)];
  if (author !== undefined) conditions.push(`author = ${quoteLiteral(author)}`);
  if (label !== undefined) conditions.push(`metadata ->> 'label' = ${quoteLiteral(label)}`);
  const rows = yield* ddlContext(scene).query(
    `SELECT seq, author, metadata::text FROM drift.transactions WHERE ${conditions.join(' AND ')} ` +
      `ORDER BY seq DESC LIMIT ${limit}`,
  );
  return commitsOf(rows.toReversed());
}

/** Which commits are the session's line's: its own, and those of its parents up to the forks. */
function ofLine({ line, lines }: Core): string {
  const of = (branch: BranchDef | undefined): string => {
    if (branch === undefined) return 'branch IS NULL';
    const parent = lines.state.byId(branch.parent) as BranchDef | undefined;
    return `(branch = ${quoteLiteral(branch.name)} AND seq > ${branch.seq} OR seq <= ${branch.seq} AND ${of(parent)})`;
  };
  return of(line?.branch);
}

function commitsOf(rows: readonly (readonly Value[])[]): Commit[] {
  return rows.map(([seq, author, metadata]) => ({
    seq: Number(seq),
    author: author as string | null,
    metadata: objectOf(metadata as string | null),
  }));
}

function stacks(list: readonly Commit[]): { readonly done: Step[]; readonly undone: Step[] } {
  const done: (Step & { readonly author: string | null })[] = [];
  const undone: Step[] = [];
  let last: Commit | null = null;
  for (const commit of list) {
    const { seq, author, metadata } = commit;
    const label = textOf(metadata['label']);
    const [undid, redid] = [numbers(metadata['undo']), numbers(metadata['redo'])];
    if (undid !== null) {
      take(done, undid);
      undone.push({ seqs: [seq], label });
    } else if (redid !== null) {
      take(undone, redid);
      done.push({ seqs: [seq], label, author });
    } else {
      undone.length = 0;
      const top = done[done.length - 1];
      const goesOn = label !== undefined && top?.label === label && top.author === author && last !== null;
      if (goesOn && top.seqs.includes(last?.seq ?? 0)) done[done.length - 1] = { ...top, seqs: [...top.seqs, seq] };
      else done.push({ seqs: [seq], label, author });
    }
    last = commit;
  }
  return { done, undone };
}

/** Takes the steps that these commits make up off a stack. */
function take(stack: Step[], seqs: readonly number[]): void {
  for (let at = stack.length - 1; at >= 0; at--)
    if (stack[at]?.seqs.every((seq) => seqs.includes(seq)) === true) stack.splice(at, 1);
}

/** Everybody's commits that undo or redo others. */
function* turns(scene: Scene): Task<Commit[]> {
  const rows = yield* ddlContext(scene).query(
    `SELECT seq, author, metadata::text FROM drift.transactions WHERE seq <= ${scene.transaction.snapshot} AND ${ofLine(scene.core)} ` +
      `AND (metadata -> 'undo' IS NOT NULL OR metadata -> 'redo' IS NOT NULL) ORDER BY seq`,
  );
  return commitsOf(rows);
}

/** A link of a chain: whether what the chain began with is in force after it. */
interface Link {
  readonly seq: number;
  readonly on: boolean;
}

/**
 * Commits after `first` that have come to nothing. A commit that was undone, redone, undone … is a chain; where it is in
 * force now as it was then, its links in between have changed nothing together.
 */
function neutralCommits(list: readonly Commit[], first: number): ReadonlySet<number> {
  const chains = new Map<number, readonly Link[]>();
  for (const { seq, metadata } of list) {
    const undid = numbers(metadata['undo']);
    const links = new Map<number, Link>();
    for (const other of undid ?? numbers(metadata['redo']) ?? [])
      for (const link of chains.get(other) ?? [{ seq: other, on: true }]) links.set(link.seq, link);
    const chain = [...links.values(), { seq, on: undid === null }].toSorted((a, b) => a.seq - b.seq);
    for (const link of chain) chains.set(link.seq, chain);
  }
  const neutral = new Set<number>();
  for (const chain of chains.values()) {
    const then = chain.findLast(({ seq }) => seq <= first)?.on === true;
    if (chain.at(-1)?.on === then) for (const { seq } of chain) if (seq > first) neutral.add(seq);
  }
  return neutral;
}

/** Says in the commit what it is, so that it is found among those of the same author or label. */
function sign(
  { transaction, eval: context }: Scene,
  { redo, author, label }: Undo,
  reverted: readonly number[],
  own: string | undefined,
): void {
  const { info } = transaction;
  const kept = label ?? own;
  const metadata = {
    ...objectOf(info.metadata),
    ...(kept === undefined ? {} : { label: kept }),
    [redo ? 'redo' : 'undo']: reverted,
  };
  transaction.info = { ...info, author: info.author ?? author ?? null, metadata: metadataOf(metadata, context) };
}

function answer({ redo }: Undo, reverted: readonly number[], rows: number): ResultSet {
  return {
    command: redo ? 'REDO' : 'UNDO',
    fields: [{ name: 'seq', dataTypeID: INT8, typeModifier: -1, tableID: 0, columnID: 0 }],
    columns: [vectorFromValues([...reverted], INT8)],
    rowCount: reverted.length,
    affectedRows: rows,
  };
}

function objectOf(text: string | null): Readonly<Record<string, unknown>> {
  const value: unknown = text === null ? null : JSON.parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function numbers(value: unknown): readonly number[] | null {
  return Array.isArray(value) ? value.map(Number) : null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
