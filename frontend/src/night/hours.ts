/** Leg movements in each clock hour of the night. */

import type { Clock } from "./clock";
import type { NightModel, Stretch } from "./model";
import { lowerBound, overlap, stretchAt, subtract } from "./model";

export interface HourOfNight extends Stretch {
  /** Movements in bed; null: nothing was measured in bed in this hour. */
  readonly movements: number | null;
  /** Those of them that belong to a series. */
  readonly periodic: number;
  /** Minutes that were measured in bed. */
  readonly measuredMinutes: number;
  /** Share of the hour in bed that was not measured, 0 to 1. */
  readonly gapShare: number;
  readonly cramps: number;
}

/** chosen: in less than a minute hardly any movement can be seen. */
const MIN_MEASURED_S = 60;

/**
 * Return the hours from the first to the last in bed; all hours where "in bed" is unknown.
 *
 * Tonight, an hour that has only just begun is left out: it would look as if it was not measured.
 */
export function hoursOf(model: NightModel, clock: Clock): HourOfNight[] {
  const night = model.data.start;
  const known = model.inBed.length > 0;
  const inBed = known ? model.inBed : [{ start: 0, end: model.data.end - night }];
  const first = inBed[0]!.start;
  const last = Math.max(...inBed.map(({ end }) => end));
  const measured = subtract(inBed, model.gaps);
  const borders = clock.hourBorders(night + first, night + last);
  const hours = borders.slice(1).map((end, index) => {
    const hour = { start: borders[index]! - night, end: end - night };
    return countHour(model, hour, inBed, measured);
  });
  const latest = hours.at(-1);
  const hasOnlyBegun =
    model.data.live &&
    latest?.movements === null &&
    overlap(inBed, latest.start, latest.end) < MIN_MEASURED_S;
  return hasOnlyBegun ? hours.slice(0, -1) : hours;
}

function countHour(
  model: NightModel,
  hour: Stretch,
  inBed: readonly Stretch[],
  measured: readonly Stretch[],
): HourOfNight {
  const seconds = overlap(measured, hour.start, hour.end);
  const bedSeconds = overlap(inBed, hour.start, hour.end);
  const { onset, series } = model.movements;
  let movements = 0;
  let periodic = 0;
  const from = lowerBound(onset, hour.start);
  const to = lowerBound(onset, hour.end);
  for (let index = from; index < to; index += 1) {
    if (stretchAt(inBed, onset[index]!) !== undefined) {
      movements += 1;
      periodic += series[index]! > 0 ? 1 : 0;
    }
  }
  return {
    ...hour,
    movements: seconds < MIN_MEASURED_S && movements === 0 ? null : movements,
    periodic,
    measuredMinutes: Math.round(seconds / 60),
    gapShare: bedSeconds === 0 ? 0 : Math.min(1, Math.max(0, 1 - seconds / bedSeconds)),
    cramps: model.cramps.filter(
      ({ start, label }) => start >= hour.start && start < hour.end && label !== false,
    ).length,
  };
}

/** Return a round number, not below the highest, that ends an axis. */
export function axisEnd(highest: number): number {
  const least = Math.max(highest, 1);
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 4, 5, 6, 8, 10].find((one) => one * magnitude >= least) ?? 10;
  return Math.max(step * magnitude, 4);
}
