/** Which night is shown, and which ones are beside it. */

import type { NightData, TonightData } from "../types";

/** A night to fetch. */
export interface WantedNight {
  /** Date; undefined: the last finished night, or tonight if `live`. */
  readonly night: string | undefined;
  readonly live: boolean;
}

export interface Neighbours {
  readonly previous: WantedNight | undefined;
  readonly next: WantedNight | undefined;
}

export const LAST: WantedNight = { night: undefined, live: false };
export const TONIGHT: WantedNight = { night: undefined, live: true };

/** Return the nights beside one that is shown; tonight comes after the last finished one. */
export function neighboursOf(data: NightData, tonight: TonightData): Neighbours {
  const current = tonight.tonight?.night;
  const begun = current !== undefined && current > data.night && hasBegun(tonight);
  const next = data.next ?? (begun ? current : null);
  return {
    previous: data.previous === null ? undefined : wanted(data.previous, current),
    next: data.live || next === null ? undefined : wanted(next, current),
  };
}

/** Return the ways from a night that is not there to the last finished one. */
export function withoutData(shown: WantedNight, tonight: TonightData): Neighbours {
  const last = tonight.last_night === null ? undefined : LAST;
  return {
    previous: shown.live ? last : undefined,
    next: shown.night === undefined ? undefined : last,
  };
}

/** Whether something was measured tonight; where "in bed" is unknown, there is no bedtime. */
function hasBegun({ tonight }: TonightData): boolean {
  return tonight !== null && (tonight.start !== null || (tonight.movements ?? 0) > 0);
}

function wanted(night: string, tonight: string | undefined): WantedNight {
  return night === tonight ? TONIGHT : { night, live: false };
}

/** chosen: a new movement appears soon, and a restless night does not keep the bridge busy. */
export const LIVE_INTERVAL_MS = 15_000;

/** Says when tonight is fetched again: after a change, but not more often than the interval. */
export class LiveRevision {
  private shown = "";
  private since = Number.NEGATIVE_INFINITY;

  /**
   * Return the revision to fetch, and in how many ms a newer one is due (undefined: none waits).
   * `now` is in ms.
   */
  at(tonight: TonightData, now: number): { revision: string; due: number | undefined } {
    const { tonight: counts, in_bed, asleep, online, revision } = tonight;
    // The revision changes with what was logged, labelled or withdrawn.
    const latest = JSON.stringify([counts, in_bed, asleep, online, revision]);
    if (latest === this.shown) {
      return { revision: this.shown, due: undefined };
    }
    const due = this.since + LIVE_INTERVAL_MS - now;
    if (due > 0) {
      return { revision: this.shown, due };
    }
    this.shown = latest;
    this.since = now;
    return { revision: latest, due: undefined };
  }
}
