/**
 * The Hermitage cases as PostgreSQL 15 ran them: who waits, what ends the wait, and what each statement gives. Skipped
 * where the corpora do not lie beside the checkout.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Outcome, Players } from '../isolation/players.ts';

const FILE = fileURLToPath(new URL('../../../shared/corpora/hermitage/postgres.pg15.json', import.meta.url));

interface Step {
  readonly t: string;
  readonly sql: string;
  readonly cmd?: string;
  readonly n?: number | null;
  readonly rows?: readonly (readonly unknown[])[];
  readonly blocked?: boolean;
  /** Number of the step that ends the wait, from 1. */
  readonly unblockedBy?: number;
  readonly error?: string;
  readonly msg?: string;
}

const cases = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as readonly { readonly title: string; readonly steps: readonly Step[] }[])
  : [];

describe.skipIf(cases.length === 0)('hermitage', () => {
  for (const { title, steps } of cases) {
    test(title, async () => {
      const players = await Players.open(
        'CREATE TABLE test (id int PRIMARY KEY, value int); INSERT INTO test VALUES (1, 10), (2, 20)',
      );
      const seen: unknown[] = steps.map(() => null);
      for (const [i, { t, sql }] of steps.entries()) {
        const { outcome, freed } = await players.step(t, sql);
        if (outcome !== null) seen[i] = plain(outcome, {});
        for (const [, at, late] of freed) seen[at - 1] = plain(late, { unblockedBy: i + 1 });
      }
      const wanted = steps.map(expectedOf);
      for (const [i, { unblockedBy }] of steps.entries()) {
        // The recording looked at who waits after each step, so it may have seen the end of a wait a step late.
        const found = seen[i] as { unblockedBy?: number };
        if (unblockedBy !== undefined && found.unblockedBy === unblockedBy - 1) found.unblockedBy = unblockedBy;
      }
      expect(seen).toEqual(wanted);
      await players.close();
    });
  }
});

function plain({ command, affected, rows, error, message }: Outcome, extra: object): object {
  if (error !== undefined) return { error, message, ...extra };
  const sorted = rows?.map((row) => row.join('|')).sort();
  return { command, n: affected ?? rows?.length ?? null, rows: sorted, ...extra };
}

function expectedOf({ cmd, n, rows, error, msg, unblockedBy }: Step): object {
  const extra = unblockedBy === undefined ? {} : { unblockedBy };
  if (error !== undefined) return { error, message: msg, ...extra };
  return { command: cmd, n: n ?? null, rows: rows?.map((row) => row.map(String).join('|')).sort(), ...extra };
}
