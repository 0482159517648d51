/** The night as arrays of seconds since its start, which drawing and hit testing read quickly. */

import type { NightData, Span } from "../types";

/** A stretch of time, in seconds since the start of the night. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export interface SeriesOfNight extends Stretch {
  /** Periodic movements in it. */
  readonly movements: number;
}

export interface CrampOfNight extends Stretch {
  readonly id: string;
  /** Whether its end is known. */
  readonly ended: boolean;
  readonly certainty: string;
  /** Whether the sleeper called it a cramp; null: no answer. */
  readonly label: boolean | null;
}

export interface FactorOfNight {
  readonly factor: string;
  readonly note: string | null;
  /** Seconds since the start of the night; negative: before it. */
  readonly time: number;
}

export type Side = "unknown" | "left" | "right" | "both";

/** By the numbers of the wire. */
export const SIDES: readonly Side[] = ["unknown", "left", "right", "both"];

/** The movements by onset; one number of each array belongs to one movement. */
export interface Movements {
  readonly count: number;
  /** Seconds since the start of the night, ascending. */
  readonly onset: Float64Array;
  /** Seconds. */
  readonly duration: Float64Array;
  /** Index in SIDES. */
  readonly side: Uint8Array;
  /** 1 mild, 2 moderate, 3 strong. */
  readonly grade: Uint8Array;
  /** 1: short enough to be periodic. */
  readonly candidate: Uint8Array;
  /** 1 + index of the series to which the movement belongs; 0: none. */
  readonly series: Uint16Array;
}

export interface NightModel {
  readonly data: NightData;
  /** Seconds from start to end. */
  readonly length: number;
  readonly movements: Movements;
  readonly inBed: readonly Stretch[];
  /** null: sleep cannot be estimated. */
  readonly asleep: readonly Stretch[] | null;
  readonly gaps: readonly Stretch[];
  readonly positionChanges: readonly Stretch[];
  readonly series: readonly SeriesOfNight[];
  readonly cramps: readonly CrampOfNight[];
  readonly awakenings: readonly number[];
  readonly factors: readonly FactorOfNight[];
}

/** Offsets on the wire are tenths of seconds. */
const PER_SECOND = 10;

/** chosen: a night of less than an hour is drawn on an axis of an hour. */
const MIN_LENGTH_S = 3600;

export function nightModel(data: NightData): NightModel {
  const series = data.series
    .map(([start, end, movements]) => ({ ...stretch([start, end]), movements }))
    .sort(byStart);
  return {
    data,
    length: Math.max(data.end - data.start, MIN_LENGTH_S),
    movements: movementArrays(data, series),
    inBed: stretches(data.in_bed),
    asleep: data.asleep === null ? null : stretches(data.asleep),
    gaps: stretches(data.gaps),
    positionChanges: stretches(data.position_changes),
    series,
    cramps: data.cramps
      .map((one) => ({
        ...stretch([one.start_ds, one.end_ds ?? one.start_ds]),
        id: one.id,
        ended: one.end_ds !== null,
        certainty: one.certainty,
        label: one.label,
      }))
      .sort(byStart),
    awakenings: data.awakenings.map((one) => one / PER_SECOND).sort((a, b) => a - b),
    factors: data.factors
      .map((one) => ({ factor: one.factor, note: one.note, time: one.time_ds / PER_SECOND }))
      .sort((a, b) => a.time - b.time),
  };
}

/** Return the sides that have a lane: those that moved, and those that a sensor observed. */
export function observedSides(model: NightModel): readonly ("left" | "right" | "unknown")[] {
  const seen = new Set<Side>();
  for (const side of model.movements.side) {
    seen.add(SIDES[side] ?? "unknown");
  }
  const { measures } = model.data;
  const left = seen.has("left") || seen.has("both") || isNumber(measures.plm_left);
  const right = seen.has("right") || seen.has("both") || isNumber(measures.plm_right);
  const sides: ("left" | "right" | "unknown")[] = [];
  if (left) {
    sides.push("left");
  }
  if (right) {
    sides.push("right");
  }
  if (seen.has("unknown") || sides.length === 0) {
    sides.push("unknown");
  }
  return sides;
}

/** Return the index of the first number that is not below `value`, in ascending numbers. */
export function lowerBound(numbers: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? Infinity) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Return the stretch in which a moment lies (its start counts, its end does not). */
export function stretchAt<T extends Stretch>(all: readonly T[], moment: number): T | undefined {
  return all.find((one) => one.start <= moment && moment < one.end);
}

/** Return for how many seconds of a stretch others last; the others do not overlap. */
export function overlap(all: readonly Stretch[], start: number, end: number): number {
  return all.reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.end, end) - Math.max(one.start, start)),
    0,
  );
}

/** Return what remains of stretches outside of others. */
export function subtract(from: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  let rest: Stretch[] = [...from];
  for (const other of others) {
    rest = rest.flatMap((one) => [
      ...(one.start < other.start ? [{ start: one.start, end: Math.min(one.end, other.start) }] : []),
      ...(one.end > other.end ? [{ start: Math.max(one.start, other.end), end: one.end }] : []),
    ]);
  }
  return rest.filter((one) => one.end > one.start);
}

function movementArrays(data: NightData, series: readonly SeriesOfNight[]): Movements {
  const sorted = isSorted(data.movements)
    ? data.movements
    : [...data.movements].sort((a, b) => a[0] - b[0]);
  const count = sorted.length;
  const arrays = {
    count,
    onset: new Float64Array(count),
    duration: new Float64Array(count),
    side: new Uint8Array(count),
    grade: new Uint8Array(count),
    candidate: new Uint8Array(count),
    series: new Uint16Array(count),
  };
  let current = 0;
  sorted.forEach(([onset, duration, side, grade, candidate], index) => {
    const start = onset / PER_SECOND;
    arrays.onset[index] = start;
    arrays.duration[index] = duration / PER_SECOND;
    arrays.side[index] = side;
    arrays.grade[index] = grade;
    arrays.candidate[index] = candidate;
    while (current < series.length && (series[current]?.end ?? 0) < start) {
      current += 1;
    }
    const inSeries = (series[current]?.start ?? Infinity) <= start;
    arrays.series[index] = candidate === 1 && inSeries ? current + 1 : 0;
  });
  return arrays;
}

function isSorted(movements: NightData["movements"]): boolean {
  return movements.every((one, index) => index === 0 || (movements[index - 1]?.[0] ?? 0) <= one[0]);
}

function stretches(spans: readonly Span[]): Stretch[] {
  return spans.map(stretch).sort(byStart);
}

function stretch([start, end]: Span): Stretch {
  return { start: start / PER_SECOND, end: Math.max(start, end) / PER_SECOND };
}

function byStart(one: Stretch, other: Stretch): number {
  return one.start - other.start;
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}
