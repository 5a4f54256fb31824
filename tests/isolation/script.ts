/**
 * Scripts of several sessions. A line is a step: the session, the statement, and behind `--` what comes of it:
 *
 *     T1: BEGIN
 *     T1: UPDATE t SET v = 11 WHERE id = 1      -- 1
 *     T2: UPDATE t SET v = 12 WHERE id = 1      -- waits
 *     T1: COMMIT                                -- T2: 1
 *     T2: SELECT * FROM t                       -- 1|12, 2|20
 *
 * Rows `a|b, c|d` in any order (`none`), a number of changed rows, an SQLSTATE, or `waits`; and what a step has let go
 * on as `T2: outcome`. A line without `--` only has to end without an error.
 */
import { expect } from 'vitest';
import { type Outcome, Players } from './players.ts';

export async function play(setup: string, script: string): Promise<Players> {
  const players = await Players.open(setup);
  const found: string[] = [];
  const wanted: string[] = [];
  for (const line of script.split('\n')) {
    const [, player, sql, , note] = /^\s*(\w+):\s*(.*?)\s*(--\s*(.*))?$/.exec(line) ?? [];
    if (player === undefined || sql === undefined) continue;
    const { outcome, freed } = await players.step(player, sql);
    const own = outcome === null ? 'waits' : textOf(outcome);
    const others = freed.map(([name, , late]) => `${name}: ${textOf(late)}`);
    const about = `${player}: ${sql}`;
    const asked = note === undefined ? [] : note.split(/;\s*/);
    const ownAsked = asked.find((part) => !/^\w+: /.test(part));
    const parts = ownAsked === undefined ? [] : [own];
    found.push([about, ...parts, ...others].join(' -- '));
    const plain = outcome !== null && outcome.error !== undefined && ownAsked === undefined ? ['no error'] : [];
    if (outcome === null && ownAsked === undefined) plain.push('no wait');
    wanted.push([about, ...plain, ...asked].join(' -- '));
  }
  expect(found).toEqual(wanted);
  return players;
}

function textOf({ error, rows, affected, command }: Outcome): string {
  if (error !== undefined) return error;
  if (rows !== undefined && command !== 'INSERT' && command !== 'UPDATE' && command !== 'DELETE') {
    if (rows.length === 0) return 'none';
    return rows
      .map((row) => row.map((cell) => cell ?? 'null').join('|'))
      .sort()
      .join(', ');
  }
  return affected === undefined ? 'done' : String(affected);
}
