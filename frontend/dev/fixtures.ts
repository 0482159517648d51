/** Generated data of a sleeper, the same each time. */

import type {
  Effect,
  Grade,
  Movement,
  NightData,
  NightsData,
  Series,
  Side,
  Span,
  TonightData,
  TrendRow,
  Trial,
} from "../src/types";
import { normal, pick, seeded } from "./random";
import type { Random } from "./random";

export const ZONE = "Europe/Berlin";
export const LAST_NIGHT = "2026-11-28";
export const TONIGHT = "2026-11-29";
/** 22:40 in Berlin on the evening of the last night. */
const BEDTIME = Date.parse("2026-11-28T21:40:00Z") / 1000;
const HOUR_DS = 36_000;
const NIGHT_DS = 7.6 * HOUR_DS;
const FACTORS = ["stretching", "magnesium", "alcohol", "caffeine", "exercise"];

/** The date `days` after another one. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Movements in series every 20 to 40 s with quiet between them, as in a restless night. */
function movementsOf(random: Random, count: number): { movements: Movement[]; series: Series[] } {
  const movements: Movement[] = [];
  const series: Series[] = [];
  // Time for all: the interval within series is drawn from what there is room for.
  const mean = Math.max(60, (NIGHT_DS * 0.85) / Math.max(count, 1));
  let time = 0.1 * HOUR_DS;
  while (movements.length < count) {
    const length = 4 + Math.floor(random() * 30);
    const first = Math.round(time);
    let last = first;
    for (let index = 0; index < length && movements.length < count; index++) {
      last = Math.round(time);
      movements.push(movement(random, last));
      time += Math.max(50, normal(random, Math.min(mean * 0.8, 260), 50));
    }
    series.push([first, last, length]);
    time += mean * 0.2 * length;
  }
  return { movements: movements.filter(([onset]) => onset < NIGHT_DS), series };
}

function movement(random: Random, onset: number): Movement {
  const duration = Math.round(Math.min(100, Math.max(5, normal(random, 22, 12))));
  const side = pick<Side>(random, 1, 1, 2, 2, 3);
  return [onset, duration, side, pick<Grade>(random, 1, 1, 2, 2, 3), random() < 0.9 ? 1 : 0];
}

/** One night; `movements`: how many. */
export function makeNight(night: string, movements: number, live = false): NightData {
  const random = seeded(Date.parse(night) / 1000 + movements);
  const start = BEDTIME + (Date.parse(night) - Date.parse(LAST_NIGHT)) / 1000;
  const { movements: found, series } = movementsOf(random, movements);
  const asleep: Span[] = [
    [0.4 * HOUR_DS, 3.1 * HOUR_DS],
    [3.3 * HOUR_DS, 7.3 * HOUR_DS],
  ];
  return {
    night,
    live,
    revision: live ? null : 1,
    time_zone: ZONE,
    language: "en",
    start,
    end: start + NIGHT_DS / 10,
    in_bed: [
      [0, 4.9 * HOUR_DS],
      [5.0 * HOUR_DS, NIGHT_DS],
    ],
    asleep,
    gaps: [[5.9 * HOUR_DS, 6.1 * HOUR_DS]],
    position_changes: [0.3, 1.4, 2.2, 3.2, 5.1, 6.5].map((hour) => [
      hour * HOUR_DS,
      hour * HOUR_DS + 80,
    ]),
    movements: found.filter(([onset]) => onset < 5.9 * HOUR_DS || onset > 6.1 * HOUR_DS),
    series,
    cramps: [
      { id: "c1", start_ds: 4.2 * HOUR_DS, end_ds: 4.2 * HOUR_DS + 900, certainty: "probable", label: true },
      { id: "c2", start_ds: 6.6 * HOUR_DS, end_ds: 6.6 * HOUR_DS + 300, certainty: "possible", label: null },
      { id: "c3", start_ds: 7.0 * HOUR_DS, end_ds: null, certainty: "reported", label: true },
    ],
    awakenings: [3.15 * HOUR_DS],
    factors: [
      { factor: "stretching", note: null, time_ds: -9_000 },
      { factor: "other", note: "Kompressionsstrümpfe <b>neu</b>", time_ds: -3_000 },
    ],
    diary: { night, evening_symptoms: 4, sleep_quality: 6, cramp: true, cramp_pain: 7 },
    measures: {
      time_in_bed_h: 7.5,
      sleep_h: 6.7,
      movements: found.length,
      candidates: found.filter((one) => one[4] === 1).length,
      plm: Math.round(found.length * 0.8),
      plm_left: Math.round(found.length * 0.45),
      plm_right: Math.round(found.length * 0.45),
      plm_index: (found.length * 0.8) / 7.5,
      plms_index: (found.length * 0.7) / 6.7,
      plmw_index: null,
      periodicity_index: 0.71,
      series_count: series.length,
      imi_mean: 24.6,
      longest_quiet_h: 0.8,
      cramps_possible: 1,
      cramps_probable: 1,
    },
    rules: "wasm_2016",
    events_deleted: false,
    previous: addDays(night, -1),
    next: night >= TONIGHT ? null : addDays(night, 1),
    summary: [
      "Night of ",
      { date: night },
      ": ",
      { number: 1312, digits: 0 },
      " leg movements, ",
      { number: 21.4, digits: 1 },
      " periodic movements per hour in bed. Cramps: ",
      { time: start + 4 * 3600 },
      " (probable). Time in bed was ",
      { duration: 28_440 },
      ", with an estimated ",
      { duration: 24_120 },
      " of sleep.",
    ],
  };
}

/** A night that was not measured, or whose events the bridge deleted. */
export function makeEmptyNight(night: string): NightData {
  return {
    ...makeNight(night, 0),
    in_bed: [],
    asleep: null,
    gaps: [],
    position_changes: [],
    series: [],
    cramps: [],
    awakenings: [],
    factors: [],
    diary: null,
    events_deleted: true,
  };
}

/** Nights up to the last one; a tenth is not measured, and some are known only from the diary. */
export function makeNights(last: number): NightsData {
  const random = seeded(last);
  const nights = Array.from({ length: last }, (_, index) =>
    trendRow(random, addDays(LAST_NIGHT, index - last + 1), index, last),
  );
  return { time_zone: ZONE, nights, trials: makeTrials(), effects: makeEffects() };
}

function trendRow(random: Random, night: string, index: number, last: number): TrendRow {
  const measured = random() > 0.1;
  const helped = random() < 0.5;
  const level = 18 + 8 * Math.sin(index / 25) - (helped ? 5 : 0);
  const plmIndex = Math.max(0, normal(random, level, 6));
  const hours = Array.from({ length: 9 }, (_, hour) =>
    random() < 0.03 ? null : Math.max(0, Math.round(normal(random, plmIndex * (1.6 - hour / 8), 4))),
  );
  const inTrial = index > last - 40;
  return {
    n: night,
    m: measured
      ? {
          plm_index: round(plmIndex),
          movement_index: round(plmIndex * 1.4),
          movements: Math.round(plmIndex * 10.5),
          plm: Math.round(plmIndex * 7.5),
          sleep_h: round(normal(random, 6.6, 0.6)),
          time_in_bed_h: round(normal(random, 7.6, 0.5)),
          plms_index: round(plmIndex * 0.9),
        }
      : null,
    h0: measured ? 22 : null,
    h: measured ? hours : [],
    c: measured ? (random() < 0.12 ? 1 + Math.floor(random() * 2) : 0) : null,
    f: FACTORS.filter((factor) => (factor === "magnesium" ? helped : random() < 0.15)),
    d: random() < 0.6 ? [Math.floor(random() * 8), 3 + Math.floor(random() * 7), 0, null] : null,
    t: inTrial ? (helped ? "with" : "without") : null,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function makeTrials(): Trial[] {
  const common = { name: null, washout_nights: 2, early_look: false, outcome: "plm_index" };
  return [
    {
      ...common,
      id: "t2",
      factor: "magnesium",
      weeks: 6,
      start: addDays(TONIGHT, -19),
      end: addDays(TONIGHT, 22),
      stopped: null,
      status: "running",
      nights: 42,
      night_number: 20,
      answered: 18,
      followed: 16,
      result: null,
    },
    {
      ...common,
      id: "t1",
      factor: "stretching",
      weeks: 4,
      start: addDays(TONIGHT, -90),
      end: addDays(TONIGHT, -63),
      stopped: null,
      status: "finished",
      nights: 28,
      night_number: null,
      answered: 27,
      followed: 25,
      result: {
        verdict: "lower",
        effect: -0.31,
        low: -0.45,
        high: -0.12,
        p: 0.012,
        nights_with: 14,
        nights_without: 13,
        at_early_look: false,
      },
    },
  ];
}

function makeEffects(): Effect[] {
  const none = { more_with: 0, more_without: 0, together_with: [] };
  return [
    { factor: "magnesium", outcome: "plm_index", verdict: "lower", effect: -0.24, low: -0.36, high: -0.09, nights_with: 61, nights_without: 120, ...none },
    { factor: "magnesium", outcome: "cramp", verdict: "no_difference", effect: -0.02, low: -0.11, high: 0.08, nights_with: 61, nights_without: 120, ...none },
    { factor: "alcohol", outcome: "plm_index", verdict: "higher", effect: 0.33, low: 0.08, high: 0.62, nights_with: 22, nights_without: 159, ...none, together_with: ["caffeine"] },
    { factor: "stretching", outcome: "plm_index", verdict: "too_few", effect: null, low: null, high: null, nights_with: 5, nights_without: 176, more_with: 9, more_without: 0, together_with: [] },
  ];
}

/** The state of the sleeper now; `state` as in page.ts. */
export function makeTonight(state: string): TonightData {
  const now = Date.parse("2026-11-30T00:25:00Z") / 1000;
  const paused = state === "paused";
  const empty = state === "empty";
  return {
    online: state !== "offline",
    revision: "1",
    time_zone: ZONE,
    in_bed: paused || empty ? null : true,
    asleep: paused || empty ? null : true,
    paused,
    cramp: state === "cramp" ? { start: now - 40 } : null,
    tonight: {
      night: TONIGHT,
      start: empty ? null : now - 2.4 * 3600,
      movements: empty ? null : 87,
      plm: empty ? null : 52,
      plm_index: empty ? null : 21.7,
      cramps: empty ? null : 1,
      series_running: state === "live" ? { start: now - 420 } : null,
    },
    last_night: empty
      ? null
      : { night: LAST_NIGHT, revision: 1, plm_index: 21.3, movements: 312, cramps: 1 },
    sensors: [
      { id: 1, placement: "ankle", side: "left", connected: true, battery: 81, problem: null },
      { id: 2, placement: "ankle", side: "right", connected: true, battery: 12, problem: null },
      { id: 3, placement: "bed", side: null, connected: false, battery: null, problem: "silent" },
    ],
    battery_low: 15,
    diary: empty
      ? null
      : {
          tonight: { night: TONIGHT, evening_symptoms: 4, sleep_quality: null, cramp: null, cramp_pain: null },
          last_night: { night: LAST_NIGHT, evening_symptoms: 3, sleep_quality: 6, cramp: true, cramp_pain: 7 },
        },
    trial: empty
      ? null
      : {
          id: "t2",
          factor: "magnesium",
          name: null,
          outcome: "plm_index",
          night_number: 20,
          nights: 42,
          start: addDays(TONIGHT, -19),
          end: addDays(TONIGHT, 22),
          tonight: "with",
          question: LAST_NIGHT,
        },
    last_trial: empty ? null : (makeTrials()[1] ?? null),
    supports: ["nights", "events", "trend", "effects", "diary", "report", "start_trial", "stop_trial", "answer_trial", "trials", "log", "pause", "label"],
  };
}
