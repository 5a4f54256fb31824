/**
 * Hints for the planner: a comment that opens with a plus sign, before or behind a statement's first words.
 *
 *     SELECT (slash, star, plus) SeqScan(o) Leading(c o) (star, slash) … FROM customer c JOIN orders o …
 *
 * Their text is kept beside the syntax tree, by node; what it means is for plan/optimizer/hints.ts.
 */
import type { Statement } from './ast-statement.ts';

const texts = new WeakMap<object, string>();

/** The text between the comment's signs, if a statement has such a comment. */
export function hintsOf(statement: object): string | undefined {
  return texts.get(statement);
}

/** Only words may stand before it, so that a string that looks like a hint is none. */
const HINT = /^[^'"$]*?\/\*\+(.*?)\*\//s;

/** Notes the hints in a statement's text; of EXPLAIN and PREPARE they belong to the statement inside. */
export function noteHints(statement: Statement, text: string): void {
  const hint = HINT.exec(text)?.[1];
  if (hint === undefined) return;
  const inner = statement.kind === 'explain' || statement.kind === 'prepare' ? statement.statement : statement;
  texts.set(inner, hint);
}
