/** The heat map: movements in each clock hour of each night. No DOM. */

import type { CalendarNight } from "./calendar";
import type { Column } from "./columns";
import { known, mean, quantile } from "./quantiles";

/** Colours for hours with movements; hours without any have one of their own. */
export const HEAT_LEVELS = 5;
const HOURS = 24;
/** Rows begin at noon, so that a night is not cut in two. */
const NOON = 12;

export interface HeatCell {
  readonly column: number;
  readonly row: number;
  /** 0: no movements, up to `HEAT_LEVELS`; null: an hour of the night that was not measured. */
  readonly level: number | null;
}

export interface Heat {
  /** Clock hour of each row. */
  readonly hours: readonly number[];
  readonly cells: readonly HeatCell[];
  /** Movements per hour up to which each level but the highest reaches. */
  readonly limits: readonly number[];
}

/** Value by row (hours after noon): a number, or null where the night was not measured. */
type Hours = ReadonlyMap<number, number | null>;

/**
 * Levels are by quantiles: movements per hour are many in few hours, so that equal steps would show
 * only these. A column of several nights shows their mean.
 */
export function makeHeat(columns: readonly Column[]): Heat {
  const values = columns.map(hoursOfColumn);
  const rows = values.flatMap((hours) => [...hours.keys()]);
  const first = Math.min(...rows);
  const last = Math.max(...rows);
  const limits = levelLimits(values.flatMap((hours) => known([...hours.values()])));
  const cells = values.flatMap((hours, column) =>
    [...hours].map(([row, value]) => ({
      column,
      row: row - first,
      level: value === null ? null : levelOf(value, limits),
    })),
  );
  const count = rows.length === 0 ? 0 : last - first + 1;
  const hours = Array.from({ length: count }, (_, row) => (first + row + NOON) % HOURS);
  return { hours, cells, limits };
}

export function levelOf(value: number, limits: readonly number[]): number {
  return value <= 0 ? 0 : 1 + limits.filter((limit) => value > limit).length;
}

/** Limits that put about as many hours with movements into each level. */
function levelLimits(values: readonly number[]): readonly number[] {
  const sorted = values.filter((value) => value > 0).sort((one, other) => one - other);
  if (sorted.length === 0) return [];
  const limits = Array.from({ length: HEAT_LEVELS - 1 }, (_, index) =>
    quantile(sorted, (index + 1) / HEAT_LEVELS),
  );
  return [...new Set(limits)];
}

function hoursOfColumn(column: Column): Hours {
  const nights = column.nights.map(hoursOfNight);
  const rows = new Set(nights.flatMap((hours) => [...hours.keys()]));
  return new Map([...rows].map((row) => [row, mean(known(nights.map((one) => one.get(row) ?? null)))]));
}

/** The hours from the first to the last measured one. What is before and after is not the night. */
function hoursOfNight({ row }: CalendarNight): Hours {
  if (row === null || row.h0 === null) return new Map();
  const first = row.h.findIndex((value) => value !== null);
  const last = row.h.findLastIndex((value) => value !== null);
  if (first < 0) return new Map();
  const start = (row.h0 + HOURS - NOON) % HOURS;
  return new Map(row.h.slice(first, last + 1).map((value, index) => [start + first + index, value]));
}
