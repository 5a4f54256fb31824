/**
 * "Perhaps you meant …": the columns whose names are nearest to one that does not exist, by PostgreSQL's rules
 * (parse_relation.c): at most three edits, at most half of the letters, and silence where more than two are as near.
 */
import type { Scope } from './scope.ts';

const MAX_EDITS = 3;

interface Candidate {
  readonly relation: string;
  readonly column: string;
}

/** The hint, or undefined where nothing is near. `table`: the qualifier that was written. */
export function similarColumns(name: string, table: string | undefined, scope: Scope): string | undefined {
  let best = MAX_EDITS + 1;
  let found: Candidate[] = [];
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    for (const relation of at.items.flatMap((item) => item.relations)) {
      const penalty = table === undefined ? 0 : edits(table, relation.name);
      for (const column of relation.columns) {
        const own = edits(name, column.name);
        if (own > name.length / 2 || own + penalty > best || own + penalty > MAX_EDITS) continue;
        if (own + penalty < best) found = [];
        best = own + penalty;
        found.push({ relation: relation.name, column: column.name });
      }
    }
  }
  const [first, second] = found.map((candidate) => `the column "${candidate.relation}.${candidate.column}"`);
  if (first === undefined || found.length > 2) return undefined;
  return `Perhaps you meant to reference ${second === undefined ? first : `${first} or ${second}`}.`;
}

/** Levenshtein distance; names far longer than the other are not compared in full. */
function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return MAX_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
