/**
 * Golden plans: each case of golden/*.txt is a statement, the plan as bound (`---`), and the optimised plan (`===`).
 * UPDATE_GOLDEN=1 writes what is found; then look at the difference.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { explainText } from '../../src/plan/explain.ts';
import { bindSql, planSql } from './fixture.ts';

const FOLDER = new URL('./golden/', import.meta.url);

function answer(sql: string): string {
  const bound = explainText(bindSql(sql), { costs: false });
  const plan = planSql(sql);
  const point = plan.point === null ? [] : [`point: ordinals ${plan.point.ordinals.join(', ')}`];
  return [sql, '---', ...bound, '===', ...explainText(plan), ...point].join('\n');
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))) {
  const url = new URL(file, FOLDER);
  const cases = readFileSync(url, 'utf8').trimEnd().split('\n\n');
  const statements = cases.map((item) => item.split('\n---\n')[0] as string);
  if (process.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(url, `${statements.map((sql) => answer(sql)).join('\n\n')}\n`);
  else
    cases.forEach((item, i) =>
      test(`${file}: ${statements[i]}`, () => expect(answer(statements[i] as string)).toBe(item)),
    );
}
