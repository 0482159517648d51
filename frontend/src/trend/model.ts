/** Everything that a trend shows, computed from the nights. No DOM. */

import type { NightsData, TrendRow, Trial } from "../types";
import type { CalendarNight } from "./calendar";
import { calendar, isMeasured, lastFinished, measureOf } from "./calendar";
import type { Column, Ratings } from "./columns";
import { columnCramps, columnRatings, columnValue, makeColumns, nightsPerColumn } from "./columns";
import type { Heat } from "./heat";
import { makeHeat } from "./heat";
import type { Lanes } from "./lanes";
import { makeLanes } from "./lanes";
import type { MeasureRow } from "./measures";
import type { Usual } from "./quantiles";
import { USUAL_NIGHTS, quartiles, usualBefore } from "./quantiles";
import type { TrialPeriod } from "./trials";
import { trialPeriods } from "./trials";

/** Ranges to choose from, in nights. */
export const RANGES = [7, 30, 90, 365] as const;
export type Range = (typeof RANGES)[number];

/** Nights that say how it is going: the last week. chosen: single nights vary too much. */
export const RECENT_NIGHTS = 7;
const MIN_RECENT_NIGHTS = 3;
/** Nights before a range that say what was usual at its beginning. */
export const NIGHTS_BEFORE = USUAL_NIGHTS + RECENT_NIGHTS;

/** How the last week compares with the 30 nights before it. */
export interface Comparison {
  /** Median of the last week. */
  readonly recent: number;
  readonly usual: Usual | null;
  /** Where the median of the week is: outside of what half of the nights before were? */
  readonly verdict: "less" | "as_usual" | "more" | null;
}

export interface TrendModel {
  readonly measure: MeasureRow;
  readonly nights: readonly CalendarNight[];
  /** Nights that were measured, of those since the first known one. */
  readonly measured: number;
  readonly begun: number;
  readonly columns: readonly Column[];
  readonly values: readonly (Usual | null)[];
  /** By night. */
  readonly usual: readonly (Usual | null)[];
  /** Highest value that is drawn. */
  readonly highest: number;
  readonly cramps: readonly (number | null)[];
  readonly lanes: Lanes;
  readonly ratings: readonly Ratings[];
  readonly heat: Heat;
  readonly periods: readonly TrialPeriod[];
  readonly trials: readonly Trial[];
  readonly comparison: Comparison | null;
}

export interface TrendOptions {
  readonly measure: MeasureRow;
  readonly range: number;
  /** Of the plot, px. */
  readonly width: number;
  /** Unix seconds. */
  readonly now: number;
}

export function makeTrend(data: NightsData, options: TrendOptions): TrendModel {
  const { measure, range } = options;
  const last = lastFinished(data.nights, options.now, data.time_zone);
  const all = calendar(data.nights, last, range + NIGHTS_BEFORE);
  const values = all.map((night) => measureOf(night, measure.name));
  const nights = all.slice(-range);
  const usual = usualBefore(values).slice(-range);
  const columns = makeColumns(nights, nightsPerColumn(range, options.width));
  const columnValues = columns.map((column) => columnValue(column, measure.name));
  return {
    measure,
    nights,
    measured: nights.filter(isMeasured).length,
    begun: nights.filter(({ begun }) => begun).length,
    columns,
    values: columnValues,
    usual,
    highest: Math.max(0, ...[...columnValues, ...usual].map((one) => one?.high ?? 0)),
    cramps: columns.map(columnCramps),
    lanes: makeLanes(columns, data.trials),
    ratings: columns.map(columnRatings),
    heat: makeHeat(columns),
    periods: trialPeriods(data.trials, nights),
    trials: data.trials,
    comparison: compare(values),
  };
}

/** Compare the last week with what was usual before it; null: too little was measured. */
export function compare(values: readonly (number | null)[]): Comparison | null {
  const week = quartiles(values.slice(-RECENT_NIGHTS), MIN_RECENT_NIGHTS);
  if (week === null) return null;
  const before = values.slice(-NIGHTS_BEFORE, -RECENT_NIGHTS);
  const usual = usualBefore([...before, null]).at(-1) ?? null;
  return { recent: week.median, usual, verdict: usual && place(week.median, usual) };
}

function place(value: number, usual: Usual): "less" | "as_usual" | "more" {
  if (value < usual.low) return "less";
  return value > usual.high ? "more" : "as_usual";
}

/** Whether there is anything to show. */
export function hasNights(rows: readonly TrendRow[]): boolean {
  return rows.some((row) => row.m !== null || row.d !== null || row.f.length > 0);
}
