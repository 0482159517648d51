/** Puts nights into columns: one night each, or a week where there is too little room. No DOM. */

import type { CalendarNight } from "./calendar";
import { isMeasured, measureOf } from "./calendar";
import type { Usual } from "./quantiles";
import { known, mean, quartiles } from "./quantiles";

/** Below this width (px), marks of single nights run into each other. chosen. */
const MIN_NIGHT_WIDTH = 3.4;
const WEEK = 7;

export interface Column {
  /** Index of the first night, and the one after the last. */
  readonly start: number;
  readonly end: number;
  readonly nights: readonly CalendarNight[];
}

/** Ratings of the diary, 0 to 10. */
export interface Ratings {
  readonly evening: number | null;
  readonly quality: number | null;
}

/** Nights that share a column in a plot of `width` px: 1 or 7. */
export function nightsPerColumn(nights: number, width: number): number {
  return width / nights < MIN_NIGHT_WIDTH ? WEEK : 1;
}

/** Columns whose last one ends with the last night; the first one holds what is left over, too. */
export function makeColumns(nights: readonly CalendarNight[], perColumn: number): readonly Column[] {
  const count = Math.max(1, Math.floor(nights.length / perColumn));
  return Array.from({ length: count }, (_, index) => {
    const end = nights.length - (count - 1 - index) * perColumn;
    const start = index === 0 ? 0 : end - perColumn;
    return { start, end, nights: nights.slice(start, end) };
  });
}

export function measuredNights(column: Column): number {
  return column.nights.filter(isMeasured).length;
}

/** The measure of a night, or the median of several with their quartiles; null: not measured. */
export function columnValue(column: Column, measure: string): Usual | null {
  return quartiles(column.nights.map((night) => measureOf(night, measure)), 1);
}

/** Cramps in a column; null: it is not known of any night. */
export function columnCramps(column: Column): number | null {
  const counts = known(column.nights.map(crampsOf));
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

/** Mean ratings of a column. */
export function columnRatings(column: Column): Ratings {
  const of = (index: 0 | 1) =>
    mean(known(column.nights.map((night) => night.row?.d?.[index] ?? null)));
  return { evening: of(0), quality: of(1) };
}

/** Cramps of a night. The diary counts where nothing was detected. */
function crampsOf(night: CalendarNight): number | null {
  const detected = night.row?.c ?? null;
  const entered = night.row?.d?.[2] ?? null;
  if (detected === null) return entered;
  return Math.max(detected, entered ?? 0);
}
