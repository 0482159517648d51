/** The nights of a trend, one for each date, also where nothing is known. No DOM. */

import type { TrendRow } from "../types";

const DAY_MS = 86_400_000;
/** A night belongs to the date on which it ends: 12 hours ago says which one ended last. */
const HALF_DAY_S = 12 * 3600;

export interface CalendarNight {
  readonly date: string;
  /** null: nothing is known of this night. */
  readonly row: TrendRow | null;
  /** false: before the first night of which anything is known. It was not missed: nothing had begun. */
  readonly begun: boolean;
}

export function dayNumber(date: string): number {
  return Math.round(Date.parse(date) / DAY_MS);
}

export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function isMeasured(night: CalendarNight): boolean {
  return night.row !== null && night.row.m !== null;
}

/** Whether a night that should have been measured was not. */
export function isMissed(night: CalendarNight): boolean {
  return night.begun && !isMeasured(night);
}

/** A measure of a night; null: not measured. */
export function measureOf(night: CalendarNight, measure: string): number | null {
  return night.row?.m?.[measure] ?? null;
}

/**
 * Date of the last night that is over, which may be a night without a measurement.
 *
 * What was logged for a night that is still going on is not shown: it would look like a night
 * that was not measured. `now`: Unix seconds.
 */
export function lastFinished(rows: readonly TrendRow[], now: number, timeZone: string): string {
  const over = dateIn(now - HALF_DAY_S, timeZone);
  const measured = rows.findLast((row) => row.m !== null)?.n ?? over;
  return measured > over ? measured : over;
}

/** The `count` nights up to and including `last`, oldest first, without a hole between them. */
export function calendar(
  rows: readonly TrendRow[],
  last: string,
  count: number,
): readonly CalendarNight[] {
  const byDate = new Map(rows.map((row) => [row.n, row]));
  const first = dayNumber(last) - count + 1;
  const begin = rows[0]?.n;
  return Array.from({ length: count }, (_, index) => {
    const date = dateOfDay(first + index);
    return { date, row: byDate.get(date) ?? null, begun: begin !== undefined && date >= begin };
  });
}

/** Stretches of nights that were missed, as indices: the end is not included. */
export function missedRuns(
  nights: readonly CalendarNight[],
): readonly (readonly [start: number, end: number])[] {
  const runs: [number, number][] = [];
  nights.forEach((night, index) => {
    if (!isMissed(night)) return;
    const last = runs.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  });
  return runs;
}

/** The calendar date of a moment. */
function dateIn(unix: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(unix * 1000);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}
