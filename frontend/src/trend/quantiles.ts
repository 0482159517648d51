/** Quantiles, and what is usual for a person. No DOM. */

/** Nights before a night that say what is usual. As in the summary of a night. */
export const USUAL_NIGHTS = 30;
/** Fewer known nights say nothing about what is usual. As in the summary of a night. */
export const MIN_USUAL_NIGHTS = 5;

/** Half of the nights lie between `low` and `high`, the quartiles. */
export interface Usual {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** A quantile of sorted values, interpolated between neighbours; `share`: 0 to 1. */
export function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

export function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Median and quartiles; null: fewer than `least` values are known. */
export function quartiles(values: readonly (number | null)[], least: number): Usual | null {
  const sorted = known(values).sort((one, other) => one - other);
  if (sorted.length < Math.max(1, least)) return null;
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
  };
}

/** What was usual before each night, without the night itself; null: too little is known. */
export function usualBefore(values: readonly (number | null)[]): readonly (Usual | null)[] {
  return values.map((_, index) => {
    const before = values.slice(Math.max(0, index - USUAL_NIGHTS), index);
    return quartiles(before, MIN_USUAL_NIGHTS);
  });
}
