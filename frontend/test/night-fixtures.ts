/** Nights for tests: hand-made ones, and a restless one made from a seed. */

import type { Movement, NightData, Series, Side } from "../src/types";

/** 2026-11-28 22:00 in Berlin. */
export const BEDTIME = Date.UTC(2026, 10, 28, 21) / 1000;
const HOUR_DS = 36_000;

/** Return a night of eight hours in which nothing happened. */
export function quietNight(changes: Partial<NightData> = {}): NightData {
  return {
    night: "2026-11-29",
    live: false,
    revision: 1,
    time_zone: "Europe/Berlin",
    language: "en",
    start: BEDTIME,
    end: BEDTIME + 8 * 3600,
    in_bed: [[0, 8 * HOUR_DS]],
    asleep: [[2 * HOUR_DS, 8 * HOUR_DS]],
    gaps: [],
    position_changes: [],
    movements: [],
    series: [],
    cramps: [],
    awakenings: [],
    factors: [],
    diary: null,
    measures: { plm_left: 0, plm_right: 0, movements: 0 },
    rules: "wasm-2016",
    events_deleted: false,
    previous: "2026-11-28",
    next: null,
    summary: ["A quiet night."],
    ...changes,
  };
}

/** Return a night with a number of movements, most of them in series, the same for a seed. */
export function restlessNight(count: number, seed = 1): NightData {
  const random = lehmer(seed);
  const movements: Movement[] = [];
  const series: Series[] = [];
  const mean = (8 * HOUR_DS) / count;
  let time = 600;
  while (movements.length < count) {
    const length = Math.min(4 + Math.floor(random() * 30), count - movements.length);
    const first = time;
    for (let index = 0; index < length; index += 1) {
      const side = (1 + Math.floor(random() * 3)) as Side;
      const grade = (1 + Math.floor(random() * 3)) as 1 | 2 | 3;
      movements.push([time, 8 + Math.floor(random() * 40), side, grade, 1]);
      time += Math.round(mean * (0.5 + random()));
    }
    series.push([first, movements.at(-1)![0] + 10, length]);
    time += 950;
  }
  const end = BEDTIME + Math.ceil(time / 10) + 600;
  return quietNight({
    end,
    in_bed: [[0, (end - BEDTIME) * 10]],
    asleep: [[6000, (end - BEDTIME) * 10]],
    movements,
    series,
    measures: { plm_left: 1, plm_right: 1, movements: count },
  });
}

/** Return numbers from 0 to 1 (Lehmer, Park and Miller 1988). */
export function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
