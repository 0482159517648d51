import assert from "node:assert/strict";
import { test } from "node:test";

import { Localizer } from "../src/localize";
import { LIVE_INTERVAL_MS, LiveRevision, neighboursOf, withoutData } from "../src/night/navigation";
import { nightPicture } from "../src/night/picture";
import type { Readout, NightWords } from "../src/night/words";
import type { NightData, TonightData } from "../src/types";
import { makeTonight } from "../dev/fixtures";
import { quietNight } from "./night-fixtures";

function localizerOf(language: string): Localizer {
  return new Localizer({ language, number_format: "language", time_format: "24" });
}

function wordsOf(changes: Partial<NightData>, language = "en"): NightWords {
  return nightPicture(quietNight(changes), localizerOf(language)).words;
}

function said({ when, what, details }: Readout): string {
  return [when, what, ...details].join(" | ");
}

test("a movement says when, which leg, how strong, how long, and what came before", () => {
  const words = wordsOf({
    movements: [
      [36_000, 15, 1, 3, 1],
      [36_240, 21, 2, 1, 1],
      [40_000, 140, 3, 2, 0],
    ],
    series: [[36_000, 36_261, 5]],
  });
  assert.equal(
    said(words.readout({ kind: "movement", index: 0 })),
    "23:00:00 | Left leg | strong | 1.5 s | in a series of 5 movements",
  );
  assert.equal(
    said(words.readout({ kind: "movement", index: 1 })),
    "23:00:24 | Right leg | mild | 2.1 s | in a series of 5 movements | 24 s after the one before",
  );
  assert.equal(
    said(words.readout({ kind: "movement", index: 2 })),
    "23:06:40 | Both legs | moderate | 14 s | does not count as periodic",
  );
});

test("no interval is told over a time that was not measured", () => {
  const words = wordsOf({
    movements: [
      [36_000, 15, 1, 3, 1],
      [36_600, 15, 1, 3, 1],
    ],
    gaps: [[36_200, 36_300]],
  });
  assert.equal(
    said(words.readout({ kind: "movement", index: 1 })),
    "23:01:00 | Left leg | strong | 1.5 s | not in a series",
  );
});

test("a series says how many movements it has, and how far apart they are", () => {
  const movements = [0, 20, 41, 60].map(
    (one) => [36_000 + 10 * one, 15, 1, 2, 1] as [number, number, 1, 2, 1],
  );
  const words = wordsOf({ movements, series: [[36_000, 36_615, 4]] });
  const series = { start: 3600, end: 3661.5, movements: 4 };
  assert.equal(
    said(words.readout({ kind: "series", series })),
    "23:00 – 23:01 | Periodic series | 4 movements | one every 20 s on average",
  );
});

test("what the sleeper said about a cramp is repeated", () => {
  const cramp = { id: "a", start: 7200, end: 7320, ended: true, certainty: "possible" };
  const words = wordsOf({});
  assert.equal(
    said(words.cramp({ ...cramp, label: false })),
    "00:00 – 00:02 | Possible cramp | 2 min | you said that it was not a cramp",
  );
  assert.equal(
    said(words.cramp({ ...cramp, ended: false, certainty: "reported", label: true })),
    "00:00 | Cramp that you reported",
  );
});

test("a gap says that movements may be missing", () => {
  const words = wordsOf({});
  assert.equal(
    said(words.readout({ kind: "gap", gap: { start: 0, end: 1800 } })),
    "22:00 – 22:30 | Not measured | 30 min | movements may have been missed",
  );
});

test("something logged hours before says how long before bed it was", () => {
  const words = wordsOf({ in_bed: [[36_000, 200_000]] });
  const factor = { factor: "alcohol", note: "2 beers", time: -3600 };
  assert.equal(said(words.factor(factor)), "21:00 | Alcohol (2 beers) | 2 h 0 min before bed");
  assert.equal(said(words.factor({ ...factor, note: null, time: 9000 })), "00:30 | Alcohol");
  assert.equal(words.factorName({ factor: "other", note: "Socks", time: 0 }), "Socks");
  assert.equal(words.factorName({ factor: "newer_kind", note: null, time: 0 }), "newer_kind");
});

test("the state of the sleeper is told where there is no mark", () => {
  const words = wordsOf({ in_bed: [[0, 100_000]], asleep: [[20_000, 100_000]] });
  const at = (time: number): string => words.readout({ kind: "moment", time }).what;
  assert.equal(at(1000), "Awake in bed (estimated)");
  assert.equal(at(3000), "Asleep (estimated)");
  assert.equal(at(15_000), "Not in bed");
  const unknown = wordsOf({ in_bed: [], asleep: null });
  assert.equal(unknown.readout({ kind: "moment", time: 1 }).what, "Nothing detected");
});

test("times in a night in which the clocks change name the offset", () => {
  const start = Date.UTC(2026, 9, 24, 22) / 1000;
  const words = wordsOf({ start, end: start + 8 * 3600 }, "de");
  assert.equal(words.time(2.5 * 3600), "02:30 MESZ");
  assert.equal(words.time(3.5 * 3600), "02:30 MEZ");
});

test("the dates of a night are those of its evening and its morning", () => {
  assert.match(wordsOf({}, "de").dates, /^Sa\., 28\.\s–\sSo\., 29\. Nov\.$/);
  assert.match(wordsOf({ night: "2027-01-01" }, "de").dates, /31\. Dez\..*1\. Jan\./);
});

test("the summary writes numbers, dates, times and durations as the card does", () => {
  const { start } = quietNight({});
  const summary = [
    "Night of ",
    { date: "2026-11-29" },
    ": ",
    { number: 1312, digits: 0 },
    " movements, ",
    { number: 21, digits: 1 },
    " per hour. ",
    { time: start + 3600 },
    ". In bed: ",
    { duration: 28_440 },
    ".",
  ];
  const plain = (language: string, time_format = "language") => {
    const texts = new Localizer({ language, number_format: "language", time_format });
    // Intl has several kinds of spaces.
    return nightPicture(quietNight({ summary }), texts).words.summary().replace(/\s/g, " ");
  };
  assert.equal(
    plain("en"),
    "Night of Sun, Nov 29: 1,312 movements, 21.0 per hour. 11:00 PM. In bed: 7 h 54 min.",
  );
  assert.equal(
    plain("de"),
    "Night of So., 29. Nov.: 1.312 movements, 21,0 per hour. 23:00. In bed: 7 h 54 min.",
  );
  assert.match(plain("en", "24"), / 23:00\. /);
});

for (const language of ["en", "de", "fr", "es", "nl", "it"]) {
  test(`every readout has words in ${language}`, () => {
    const { model, words, hours } = nightPicture(
      quietNight({
        movements: [[100, 15, 0, 1, 1]],
        series: [[100, 500, 4]],
        gaps: [[60_000, 70_000]],
        awakenings: [80_000],
        position_changes: [[90_000, 90_010]],
      }),
      localizerOf(language),
    );
    const readouts = [
      words.readout({ kind: "movement", index: 0 }),
      words.readout({ kind: "series", series: model.series[0]! }),
      words.readout({ kind: "gap", gap: model.gaps[0]! }),
      words.readout({ kind: "awakening", time: 8000 }),
      words.readout({ kind: "position", change: model.positionChanges[0]! }),
    ].map(said);
    const all = [...readouts, ...hours.map((hour) => words.hour(hour)), words.dates];
    assert.ok(all.every((one) => !/night\.|undefined|\{|NaN/.test(one)), all.join("\n"));
  });
}

const tonight: TonightData = makeTonight("live");

test("tonight comes after the last finished night", () => {
  const current = tonight.tonight!.night;
  const last = quietNight({ night: "2026-11-28", previous: "2026-11-27", next: null });
  assert.ok(current > last.night);
  const found = neighboursOf(last, tonight);
  assert.deepEqual(found.previous, { night: "2026-11-27", live: false });
  assert.deepEqual(found.next, { night: undefined, live: true });
});

test("nothing comes after tonight, and the last finished night before it", () => {
  const live = quietNight({ night: tonight.tonight!.night, live: true, previous: "2026-11-28" });
  const found = neighboursOf(live, tonight);
  assert.deepEqual(found.previous, { night: "2026-11-28", live: false });
  assert.equal(found.next, undefined);
});

test("tonight is not offered before it has begun", () => {
  const last = quietNight({ night: "2026-11-28", next: null });
  const before: TonightData = {
    ...tonight,
    tonight: { ...tonight.tonight!, start: null, movements: null },
  };
  assert.equal(neighboursOf(last, before).next, undefined);
});

test("from a night that is not there, one gets back to the last one", () => {
  const shown = { night: "2026-10-01", live: false };
  assert.deepEqual(withoutData(shown, tonight).next, { night: undefined, live: false });
});

test("from a night that has not begun, one gets to the last one", () => {
  const shown = { night: undefined, live: true };
  assert.deepEqual(withoutData(shown, tonight).previous, { night: undefined, live: false });
  assert.equal(withoutData(shown, makeTonight("empty")).previous, undefined);
});

test("tonight is fetched after a change, but not more often than the interval", () => {
  const live = new LiveRevision();
  const first = live.at(tonight, 1000);
  assert.equal(first.due, undefined);
  assert.deepEqual(live.at(tonight, 2000), first);
  const more: TonightData = { ...tonight, tonight: { ...tonight.tonight!, movements: 88 } };
  const waiting = live.at(more, 3000);
  assert.deepEqual(waiting, { revision: first.revision, due: LIVE_INTERVAL_MS - 2000 });
  const later = live.at(more, 1000 + LIVE_INTERVAL_MS);
  assert.notEqual(later.revision, first.revision);
  assert.equal(later.due, undefined);
});

test("tonight is fetched again when something was logged for it", () => {
  const live = new LiveRevision();
  const before = { ...tonight, revision: "1" };
  const { revision } = live.at(before, 0);
  const logged = live.at({ ...before, revision: "2" }, LIVE_INTERVAL_MS);
  assert.notEqual(logged.revision, revision);
});
