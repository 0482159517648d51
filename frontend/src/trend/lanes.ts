/** The lanes of what was logged: one for each factor, the most frequent first. No DOM. */

import type { Trial } from "../types";
import type { CalendarNight } from "./calendar";
import type { Column } from "./columns";
import { isKeptBack } from "./trials";

/** Lanes at most; the other factors are only named. chosen: more cannot be compared by eye. */
export const MAX_LANES = 6;

export interface Lane {
  readonly factor: string;
  /** Nights on which it was logged. */
  readonly nights: number;
  /** Share of the nights of each column on which it was logged, 0 to 1. */
  readonly shares: readonly number[];
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  /** Factors without a lane. */
  readonly others: readonly string[];
}

/** What was logged for a night, without what is kept back while a trial runs. */
export function factorsOf(night: CalendarNight, trials: readonly Trial[]): readonly string[] {
  const factors = night.row?.f ?? [];
  return factors.filter((factor) => !isKeptBack(trials, night.date, factor));
}

export function makeLanes(columns: readonly Column[], trials: readonly Trial[]): Lanes {
  const shares = new Map<string, number[]>();
  const totals = new Map<string, number>();
  columns.forEach((column, index) => {
    for (const night of column.nights) {
      for (const factor of new Set(factorsOf(night, trials))) {
        const lane = shares.get(factor) ?? columns.map(() => 0);
        lane[index] = (lane[index] ?? 0) + 1 / column.nights.length;
        shares.set(factor, lane);
        totals.set(factor, (totals.get(factor) ?? 0) + 1);
      }
    }
  });
  const lanes = [...shares].map(([factor, found]) => ({
    factor,
    nights: totals.get(factor) ?? 0,
    shares: found,
  }));
  lanes.sort((one, other) => other.nights - one.nights || one.factor.localeCompare(other.factor));
  return {
    lanes: lanes.slice(0, MAX_LANES),
    others: lanes.slice(MAX_LANES).map((lane) => lane.factor),
  };
}
