/** Aggregates of pairs: correlation, covariance and linear regression (PostgreSQL's table 9.62), all of (Y, X). */
import { aggregate, T } from './define.ts';
import type { AggregateFunction } from './function.ts';

/** Sums by the method of Youngs and Cramer, which loses fewer digits than sums of squares. */
interface Pairs {
  n: number;
  sx: number;
  sy: number;
  sxx: number;
  syy: number;
  sxy: number;
}

const results: Readonly<Record<string, (sums: Pairs) => number | null>> = {
  corr: ({ sxx, syy, sxy }) => (sxx === 0 || syy === 0 ? null : sxy / Math.sqrt(sxx * syy)),
  covar_pop: ({ n, sxy }) => sxy / n,
  covar_samp: ({ n, sxy }) => (n < 2 ? null : sxy / (n - 1)),
  regr_avgx: ({ n, sx }) => sx / n,
  regr_avgy: ({ n, sy }) => sy / n,
  regr_intercept: ({ n, sx, sy, sxx, sxy }) => (sxx === 0 ? null : (sy - (sx * sxy) / sxx) / n),
  regr_r2: ({ sxx, syy, sxy }) => (sxx === 0 ? null : syy === 0 ? 1 : (sxy * sxy) / (sxx * syy)),
  regr_slope: ({ sxx, sxy }) => (sxx === 0 ? null : sxy / sxx),
  regr_sxx: ({ sxx }) => sxx,
  regr_sxy: ({ sxy }) => sxy,
  regr_syy: ({ syy }) => syy,
};

function step(sums: Pairs, y: number, x: number): Pairs {
  sums.n++;
  sums.sx += x;
  sums.sy += y;
  if (sums.n > 1) {
    const dx = x * sums.n - sums.sx;
    const dy = y * sums.n - sums.sy;
    const scale = 1 / (sums.n * (sums.n - 1));
    sums.sxx += dx * dx * scale;
    sums.syy += dy * dy * scale;
    sums.sxy += dx * dy * scale;
  } else if (!Number.isFinite(x) || !Number.isFinite(y)) {
    if (!Number.isFinite(x)) sums.sxx = sums.sxy = Number.NaN;
    if (!Number.isFinite(y)) sums.syy = sums.sxy = Number.NaN;
  }
  return sums;
}

export const statisticsAggregates: readonly AggregateFunction[] = [
  ...Object.entries(results).map(([name, result]) =>
    aggregate<Pairs>(name, [T.float8, T.float8], T.float8, {
      init: () => ({ n: 0, sx: 0, sy: 0, sxx: 0, syy: 0, sxy: 0 }),
      step: (sums, [y, x]) => step(sums, y as number, x as number),
      final: (sums) => (sums.n === 0 ? null : result(sums)),
    }),
  ),
  aggregate<number>('regr_count', [T.float8, T.float8], T.int8, {
    init: () => 0,
    step: (count) => count + 1,
    final: (count) => count,
  }),
];
