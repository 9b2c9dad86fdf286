/** Sorts a copy and takes the value at that share of it, 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `4.2 (3.9–5.0)`: the median with the smallest and the largest, three significant digits. */
export function withSpread(values: readonly number[]): string {
  if (values.length === 0) return '-';
  const text = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US');
  if (values.length === 1) return text(values[0] ?? Number.NaN);
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}
