/** The generated shop: the same each time, and a history worth looking at. */
import { expect, test } from 'vitest';
import { SHOP } from './shop.ts';

test('the generated year is the same each time, strictly in order, with thousands of commits by several authors', async () => {
  const steps = await SHOP.steps();
  expect(await SHOP.steps()).toEqual(steps);
  expect(steps.length).toBeGreaterThan(3000);
  expect(steps.every((step, index) => index === 0 || step.at > (steps[index - 1]?.at ?? 0))).toBe(true);
  expect(new Set(steps.map((step) => step.author)).size).toBeGreaterThan(4);
});
