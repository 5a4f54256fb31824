/** Medians, spreads, ratios. */

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The middle half of the samples as a share of their median: 0.1 is ± 5 %. */
export function spread(values) {
  if (values.length < 2) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.round(part * (sorted.length - 1)))];
  return (at(0.75) - at(0.25)) / median(values);
}

export function format(value) {
  if (value === undefined || Number.isNaN(value)) return '';
  const size = Math.abs(value);
  return size >= 100
    ? value.toFixed(0)
    : size >= 10
      ? value.toFixed(1)
      : size >= 1
        ? value.toFixed(2)
        : value.toFixed(3);
}
