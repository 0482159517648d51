/** Everything that is derived from a night, computed once for its data and language. */

import type { Localizer } from "../localize";
import type { NightData } from "../types";
import { Clock } from "./clock";
import type { HourOfNight } from "./hours";
import { hoursOf } from "./hours";
import type { Histogram } from "./intervals";
import { histogramOf, intervalsOf } from "./intervals";
import type { NightModel } from "./model";
import { nightModel } from "./model";
import { NightWords } from "./words";

export interface NightPicture {
  readonly model: NightModel;
  readonly clock: Clock;
  readonly words: NightWords;
  readonly hours: readonly HourOfNight[];
  readonly histogram: Histogram;
}

/** By time zone: making one is slow. */
const clocks = new Map<string, Clock>();

function clockOf(timeZone: string): Clock {
  const clock = clocks.get(timeZone) ?? new Clock(timeZone);
  clocks.set(timeZone, clock);
  return clock;
}

export function nightPicture(data: NightData, texts: Localizer): NightPicture {
  const model = nightModel(data);
  const clock = clockOf(data.time_zone);
  return {
    model,
    clock,
    words: new NightWords(texts, clock, model),
    hours: hoursOf(model, clock),
    histogram: histogramOf(intervalsOf(model)),
  };
}
