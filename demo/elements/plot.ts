/** Scales and paths that the charts share: nice axis steps, a linear scale, a line with gaps. */
export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
}

/** A scale whose ends are round and that has about `count` ticks. `zero` makes it begin at 0 where that is near. */
export function niceScale(values: readonly number[], count: number, zero: boolean): Scale {
  const known = values.filter((value) => Number.isFinite(value));
  let low = known.reduce((least, value) => Math.min(least, value), known[0] ?? 0);
  let high = known.reduce((most, value) => Math.max(most, value), known[0] ?? 1);
  if (low > 0 && (zero || low < high / 3)) low = 0;
  if (high < 0 && zero) high = 0;
  if (low === high) high = low + Math.max(1, Math.abs(low) / 10);
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const from = Math.floor(low / step) * step;
  const to = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, index) => from + index * step);
  return { from, to, ticks };
}

export function place(value: number, from: number, to: number, start: number, end: number): number {
  return start + ((value - from) / (to - from || 1)) * (end - start);
}

/** SVG path through the points; NaN leaves a gap, `steps` keeps a value until the next one. */
export function linePath(xs: readonly number[], ys: readonly number[], steps: boolean): string {
  let path = '';
  let drawing = false;
  ys.forEach((y, index) => {
    const x = (xs[index] ?? 0).toFixed(1);
    if (Number.isNaN(y)) drawing = false;
    else {
      path += drawing ? (steps ? `H${x}V${y.toFixed(1)}` : `L${x} ${y.toFixed(1)}`) : `M${x} ${y.toFixed(1)}`;
      drawing = true;
    }
  });
  return path;
}

/** Index of the place nearest to a pointer over an SVG. */
export function nearest(event: PointerEvent, xs: readonly number[]): number {
  const at = event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
  return xs.reduce((best, x, index) => (Math.abs(x - at) < Math.abs((xs[best] ?? 0) - at) ? index : best), 0);
}
