/** drift_feed and its kin: what each asks for. What answers is in database/history/feeds.ts; no expression reaches it. */
import { assert } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { scalar, T } from './define.ts';
import type { FeedCall, ScalarFunction } from './function.ts';

export const feedFunctions: readonly ScalarFunction[] = [
  feeding('drift_feed', [T.text], T.int8, 'open'),
  feeding('drift_feed', [T.text, T.int8], T.int8, 'open'),
  feeding('drift_advance_feed', [T.text, T.int8], T.int8, 'advance'),
  feeding('drift_drop_feed', [T.text], T.bool, 'drop'),
];

function feeding(name: string, args: readonly number[], returns: number, feed: FeedCall['feed']): ScalarFunction {
  return {
    ...scalar(name, [...args], returns, unreachable, { volatility: 'volatile' }),
    waits: () => 0,
    engine: { feed },
  };
}

function unreachable(): Value {
  assert(false, 'a feed is moved by the database');
  return null;
}
