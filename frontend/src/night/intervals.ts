/**
 * The intervals between leg movements, on a logarithmic scale.
 *
 * docs/science.md#intervals: from the onset of a candidate movement to the onset of the next,
 * both in bed, with no other movement in between. An interval over a time that was not measured
 * is left out here: a movement may have been missed in it.
 */

import type { NightModel } from "./model";
import { lowerBound, overlap, stretchAt } from "./model";

export const SHORTEST_S = 1;
export const LONGEST_S = 300;
/** Intervals from one to the other, both included, can belong to a series. */
export const PERIODIC_S = { from: 10, to: 90 } as const;
/** chosen: each bin is a quarter longer than the one before, and 10 and 90 s are borders. */
const PERIODIC_BINS = 10;
export const LABELS_S: readonly number[] = [1, 3, 10, 30, 90, 300];

/** Borders of the bins: even steps of the logarithm, with exact borders at 10 and 90 s. */
const EDGES_S: readonly number[] = makeEdges();

export interface Bin {
  /** s, included. */
  readonly from: number;
  /** s, not included (but 90 s is periodic, and 300 s belongs to the last bin). */
  readonly to: number;
  readonly count: number;
  readonly periodic: boolean;
}

export interface Histogram {
  readonly bins: readonly Bin[];
  /** Highest count of a bin. */
  readonly highest: number;
  /** All intervals, also those that are longer than the axis. */
  readonly intervals: number;
  readonly short: number;
  readonly periodic: number;
  readonly long: number;
  /** s; null: no interval. */
  readonly median: number | null;
}

export function intervalsOf(model: NightModel): number[] {
  const { onset, candidate, count } = model.movements;
  const found: number[] = [];
  for (let index = 1; index < count; index += 1) {
    const before = onset[index - 1]!;
    const after = onset[index]!;
    if (candidate[index - 1] !== 1 || candidate[index] !== 1) {
      continue;
    }
    if (isInBed(model, before) && isInBed(model, after) && overlap(model.gaps, before, after) === 0) {
      // Onsets are tenths of seconds: subtraction must not leave 9.999.
      found.push(Math.round((after - before) * 10) / 10);
    }
  }
  return found;
}

export function histogramOf(intervals: readonly number[]): Histogram {
  const counts = new Array<number>(EDGES_S.length - 1).fill(0);
  for (const interval of intervals) {
    const bin = binOf(interval);
    if (bin !== undefined) {
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  const bins = counts.map((count, index) => {
    const from = EDGES_S[index]!;
    return {
      from,
      to: EDGES_S[index + 1]!,
      count,
      periodic: from >= PERIODIC_S.from && from < PERIODIC_S.to,
    };
  });
  const short = intervals.filter((one) => one < PERIODIC_S.from).length;
  const long = intervals.filter((one) => one > PERIODIC_S.to).length;
  return {
    bins,
    highest: Math.max(0, ...counts),
    intervals: intervals.length,
    short,
    periodic: intervals.length - short - long,
    long,
    median: medianOf(intervals),
  };
}

/** Return the place of an interval on the axis, from 0 to 1. */
export function shareOf(seconds: number): number {
  const clamped = Math.min(Math.max(seconds, SHORTEST_S), LONGEST_S);
  return Math.log(clamped / SHORTEST_S) / Math.log(LONGEST_S / SHORTEST_S);
}

function makeEdges(): number[] {
  const ratio = (PERIODIC_S.to / PERIODIC_S.from) ** (1 / PERIODIC_BINS);
  const below = Math.round(Math.log(PERIODIC_S.from / SHORTEST_S) / Math.log(ratio));
  const above = Math.round(Math.log(LONGEST_S / PERIODIC_S.to) / Math.log(ratio));
  return [
    ...geometric(SHORTEST_S, PERIODIC_S.from, below),
    ...geometric(PERIODIC_S.from, PERIODIC_S.to, PERIODIC_BINS),
    ...geometric(PERIODIC_S.to, LONGEST_S, above),
    LONGEST_S,
  ];
}

/** Return `count` borders from `from` on, without `to`. */
function geometric(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? from : from * (to / from) ** (index / count),
  );
}

function binOf(interval: number): number | undefined {
  if (interval < SHORTEST_S || interval > LONGEST_S) {
    return undefined;
  }
  if (interval === PERIODIC_S.to) {
    return EDGES_S.indexOf(PERIODIC_S.to) - 1;
  }
  // The first edge above: an interval at an edge belongs to the bin that begins there.
  const edge = lowerBound(EDGES_S, interval);
  const above = EDGES_S[edge] === interval ? edge + 1 : edge;
  return Math.min(above, EDGES_S.length - 1) - 1;
}

function medianOf(numbers: readonly number[]): number | null {
  if (numbers.length === 0) {
    return null;
  }
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (upper + sorted[middle - 1]!) / 2;
}

function isInBed(model: NightModel, moment: number): boolean {
  return model.inBed.length === 0 || stretchAt(model.inBed, moment) !== undefined;
}
