/** What was logged for tonight, and what the card offers to log. No DOM. */

import type { Localizer } from "../localize";
import { factorLabel } from "../trend/words";
import { trialFactor } from "../trend/trials";
import type { NightData, RunningTrial } from "../types";

/** A button that logs a factor. */
export interface LogButton {
  readonly factor: string;
  readonly name: string;
  /** When it was logged last for tonight; undefined: not yet, or it is not known. */
  readonly time: string | undefined;
  /** What the button does, for people who do not see it; it contains what others see. */
  readonly label: string;
}

/** Unix seconds by factor. */
export type LogTimes = ReadonlyMap<string, number>;

/** When each factor was logged last for a night. */
export function logTimes({ factors, start }: Pick<NightData, "factors" | "start">): LogTimes {
  const times = new Map<string, number>();
  for (const { factor, time_ds } of factors) {
    const time = start + time_ds / 10;
    times.set(factor, Math.max(time, times.get(factor) ?? time));
  }
  return times;
}

/** The later time of each factor. */
export function mergeTimes(one: LogTimes, other: LogTimes): LogTimes {
  const times = new Map(one);
  for (const [factor, time] of other) times.set(factor, Math.max(time, times.get(factor) ?? time));
  return times;
}

/** The factor of a running trial, if it is one of these; undefined: it is not. */
export function triedFactor(
  factors: readonly string[],
  trial: RunningTrial | null,
): string | undefined {
  return trial === null ? undefined : factors.find((factor) => factor === trialFactor(trial));
}

/**
 * The buttons for these factors.
 *
 * What a running trial tries is left out: the trial asks about it and logs the answer, and its times
 * beside the count of tonight would suggest a result (docs/trials.md).
 */
export function logButtons(
  texts: Localizer,
  factors: readonly string[],
  times: LogTimes,
  about: { readonly trial: RunningTrial | null; readonly time_zone: string },
): LogButton[] {
  const tried = triedFactor(factors, about.trial);
  // A list that a person has written may name one twice.
  return [...new Set(factors)]
    .filter((factor) => factor !== tried)
    .map((factor) => {
      const name = factorLabel(texts, factor);
      const unix = times.get(factor);
      if (unix === undefined) {
        return { factor, name, time: undefined, label: texts.text("tonight.log_new", { factor: name }) };
      }
      const time = texts.time(unix, about.time_zone);
      return { factor, name, time, label: texts.text("tonight.log_again", { factor: name, time }) };
    });
}
