/**
 * Planner switches: the settings enable_*, with which a kind of plan is avoided where there is another one.
 *
 * As in PostgreSQL a switch that is off does not forbid: it adds a cost so high that any other plan is cheaper.
 */
import type { EvalContext } from '../../sql/eval-context.ts';

export interface Switches {
  readonly seqscan: boolean;
  readonly indexscan: boolean;
  readonly indexonlyscan: boolean;
  readonly bitmapscan: boolean;
  readonly hashjoin: boolean;
  readonly mergejoin: boolean;
  readonly nestloop: boolean;
  readonly sort: boolean;
  readonly hashagg: boolean;
}

/** What a plan that is switched off costs more. */
export const DISABLED_COST = 1e10;

/** `settings`: those that a hint sets for one statement. */
export function switchesOf(context: EvalContext, settings?: ReadonlyMap<string, string>): Switches {
  const on = (name: string): boolean =>
    (settings?.get(`enable_${name}`) ?? context.setting(`enable_${name}`)) !== 'off';
  return {
    seqscan: on('seqscan'),
    indexscan: on('indexscan'),
    indexonlyscan: on('indexonlyscan'),
    bitmapscan: on('bitmapscan'),
    hashjoin: on('hashjoin'),
    mergejoin: on('mergejoin'),
    nestloop: on('nestloop'),
    sort: on('sort'),
    hashagg: on('hashagg'),
  };
}
