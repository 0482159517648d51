/** The periods of personal trials in a trend. While a trial runs, nothing of it is shown. No DOM. */

import type { Trial } from "../types";
import type { CalendarNight } from "./calendar";

export interface TrialPeriod {
  readonly trial: Trial;
  /** Index of the first night, and the one after the last. */
  readonly start: number;
  readonly end: number;
}

/** What a trial's nights are logged under: its kind, or the name of another one. */
export function trialFactor(trial: { readonly factor: string; readonly name: string | null }): string {
  return trial.factor === "other" && trial.name !== null
    ? trial.name.split(/\s+/).filter(Boolean).join(" ").toLowerCase()
    : trial.factor;
}

/** The trials within these nights, oldest first. */
export function trialPeriods(
  trials: readonly Trial[],
  nights: readonly CalendarNight[],
): readonly TrialPeriod[] {
  const found = trials.flatMap((trial) => {
    const over = trial.stopped ?? trial.end;
    const inside = nights.flatMap(({ date }, index) =>
      date >= trial.start && date <= over ? [index] : [],
    );
    const [start] = inside;
    const last = inside.at(-1);
    return start === undefined || last === undefined ? [] : [{ trial, start, end: last + 1 }];
  });
  return found.sort((one, other) => one.start - other.start);
}

/** Whether a trial of this factor is going on. */
export function isTried(trials: readonly Trial[], factor: string): boolean {
  return trials.some((trial) => trial.status === "running" && trialFactor(trial) === factor);
}

/**
 * Whether a factor of a night is kept back, because its trial is going on.
 *
 * Seen beside the measure of each night, it would show what the trial is to find out, and whoever
 * believes to know the result sleeps and answers accordingly.
 */
export function isKeptBack(trials: readonly Trial[], date: string, factor: string): boolean {
  return isTried(trials.filter(({ start }) => date >= start), factor);
}
