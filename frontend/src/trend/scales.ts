/** Where things are in a plot, in px. No DOM. */

import type { CalendarNight } from "./calendar";

/** A nice upper end of an axis from 0, and the values that get a line. */
export interface ValueAxis {
  readonly max: number;
  readonly ticks: readonly number[];
}

const STEPS = [1, 2, 2.5, 5, 10];
/** A half hour in decimals looks like another time. */
const STEPS_OF_HOURS = [1, 2, 3, 5, 10];
const LEAST_HOURS = 4;

/** An axis that reaches `value`, with 3 to 5 lines; `isHours`: it has whole hours. */
export function valueAxis(value: number, isHours = false): ValueAxis {
  const least = Math.max(value, isHours ? LEAST_HOURS : 1);
  const magnitude = 10 ** Math.floor(Math.log10(least / 4));
  const step = (isHours ? STEPS_OF_HOURS : STEPS).map((one) => one * magnitude).find((one) => one * 4 >= least);
  const chosen = step ?? 10 * magnitude;
  const count = Math.ceil(least / chosen - 1e-9);
  return {
    max: count * chosen,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * chosen),
  };
}

export interface DateTick {
  /** Index of the night. */
  readonly index: number;
  readonly kind: "weekday" | "day" | "month";
  /** January: its label has the year. */
  readonly withYear: boolean;
}

const MAX_DAILY = 10;
const MAX_WEEKLY = 45;
const MIN_LABEL_WIDTH = 38;

/** Labels of the time axis: every night, every Monday, or the first of each month. */
export function dateTicks(nights: readonly CalendarNight[], width: number): readonly DateTick[] {
  const kind = nights.length <= MAX_DAILY ? "weekday" : nights.length <= MAX_WEEKLY ? "day" : "month";
  const chosen = nights.flatMap(({ date }, index) => (isTick(date, kind) ? [index] : []));
  const room = Math.max(1, Math.floor(width / MIN_LABEL_WIDTH));
  const every = Math.ceil(chosen.length / room);
  return chosen
    .filter((_, place) => (chosen.length - 1 - place) % every === 0)
    .map((index) => ({
      index,
      kind,
      withYear: kind === "month" && (nights[index]?.date ?? "").slice(5, 7) === "01",
    }));
}

function isTick(date: string, kind: DateTick["kind"]): boolean {
  switch (kind) {
    case "weekday":
      return true;
    case "day":
      return new Date(`${date}T00:00:00Z`).getUTCDay() === 1;
    case "month":
      return date.endsWith("-01");
  }
}

/** A number for a path: a tenth of a px is enough. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}
