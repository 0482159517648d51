/** What a trend shows, computed from the nights. */

import assert from "node:assert/strict";
import test from "node:test";

import { Localizer } from "../src/localize";
import { calendar, lastFinished, missedRuns } from "../src/trend/calendar";
import { columnCramps, columnValue, makeColumns, nightsPerColumn } from "../src/trend/columns";
import { makeHeat } from "../src/trend/heat";
import { factorsOf, makeLanes } from "../src/trend/lanes";
import { columnAt, makeLayout } from "../src/trend/layout";
import { MEASURES, chooseMeasure, valueText } from "../src/trend/measures";
import { compare, makeTrend } from "../src/trend/model";
import { box, disc, usualPaths } from "../src/trend/plot";
import { quantile, quartiles, usualBefore } from "../src/trend/quantiles";
import { dateTicks, valueAxis } from "../src/trend/scales";
import { isKeptBack, trialFactor, trialPeriods } from "../src/trend/trials";
import { hasUnmeasured } from "../src/trend/view";
import { columnText, summaryText, usualText } from "../src/trend/words";
import type { NightsData, TrendRow, Trial } from "../src/types";
import { addDays, makeNights } from "../dev/fixtures";
import { seeded } from "../dev/random";

const TEXTS = new Localizer();
const NOON = Date.parse("2026-11-28T12:00:00Z") / 1000;

function row(n: string, more: Partial<TrendRow> = {}): TrendRow {
  const m = { plm_index: 10 };
  return { n, m, h0: 22, h: [4, null, 0], c: 0, f: [], d: null, t: null, ...more };
}

function rows(last: string, count: number, more: Partial<TrendRow> = {}): TrendRow[] {
  return Array.from({ length: count }, (_, index) => row(addDays(last, index - count + 1), more));
}

function trial(more: Partial<Trial> = {}): Trial {
  return {
    id: "t1",
    factor: "magnesium",
    name: null,
    outcome: "plm_index",
    weeks: 2,
    washout_nights: 0,
    early_look: false,
    start: "2026-11-20",
    end: "2026-12-03",
    stopped: null,
    status: "running",
    nights: 14,
    night_number: 9,
    answered: 8,
    followed: 8,
    result: null,
    ...more,
  };
}

function data(nights: readonly TrendRow[], trials: readonly Trial[] = []): NightsData {
  return { time_zone: "Europe/Berlin", nights, trials, effects: null };
}

const PLM = MEASURES[0]!;

test("nights that are missing have a place in the calendar", () => {
  const nights = calendar([row("2026-10-24"), row("2026-10-26")], "2026-10-27", 5);
  assert.deepEqual(
    nights.map(({ date, row: found }) => [date, found !== null]),
    [
      ["2026-10-23", false],
      ["2026-10-24", true],
      ["2026-10-25", false],
      ["2026-10-26", true],
      ["2026-10-27", false],
    ],
  );
  assert.deepEqual(missedRuns(nights), [[2, 3], [4, 5]]);
});

test("nights before the first one were not missed", () => {
  const nights = rows("2026-11-28", 3);
  const model = makeTrend(data(nights), { measure: PLM, range: 30, width: 300, now: NOON });
  assert.deepEqual(missedRuns(model.nights), []);
  assert.deepEqual([model.measured, model.begun], [3, 3]);
});

test("the legend names what was not measured only where something is drawn so", () => {
  const options = { measure: PLM, range: 90, width: 900, now: NOON };
  const legendHas = (nights: readonly TrendRow[], hasHours = true) =>
    hasUnmeasured(makeTrend(data(nights), options), hasHours);
  const whole = rows("2026-11-28", 30, { h: [4, 2, 0] });
  assert.equal(legendHas(whole), false);
  assert.equal(legendHas(whole.filter(({ n }) => n !== "2026-11-20")), true);
  const withGap = whole.map((one) => (one.n === "2026-11-20" ? { ...one, h: [4, null, 0] } : one));
  assert.equal(legendHas(withGap), true);
  assert.equal(legendHas(withGap, false), false);
});

test("a night that is going on is not shown as one that was not measured", () => {
  const tonight = row("2026-11-29", { m: null, f: ["stretching"] });
  const evening = Date.parse("2026-11-28T21:00:00Z") / 1000;
  assert.equal(lastFinished([row("2026-11-28"), tonight], evening, "Europe/Berlin"), "2026-11-28");
});

test("a night that was not measured is shown once it is over", () => {
  assert.equal(lastFinished([row("2026-11-20")], NOON, "Europe/Berlin"), "2026-11-28");
});

test("a night that was measured is shown as soon as it is finished", () => {
  const morning = Date.parse("2026-11-28T06:00:00Z") / 1000;
  assert.equal(lastFinished([row("2026-11-27")], morning, "Europe/Berlin"), "2026-11-27");
  assert.equal(lastFinished([row("2026-11-28")], morning, "Europe/Berlin"), "2026-11-28");
});

test("quantiles lie between the values", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.deepEqual(quartiles([5, null, 1, 3, 2, 4], 5), { median: 3, low: 2, high: 4 });
  assert.equal(quartiles([null, 1, 2], 3), null);
});

test("what is usual does not depend on the night itself, nor on later ones", () => {
  const random = seeded(1);
  const values = Array.from({ length: 80 }, () => (random() < 0.2 ? null : random() * 40));
  const usual = usualBefore(values);
  for (const index of [0, 4, 40, 79]) {
    const changed = values.map((value, place) => (place >= index ? 999 : value));
    assert.deepEqual(usualBefore(changed)[index], usual[index]);
  }
  assert.equal(usual[4], null);
});

test("what is usual forgets nights after 30 nights, also where some were not measured", () => {
  const values = [100, 100, 100, 100, 100, ...Array<null>(30).fill(null)];
  assert.equal(usualBefore([...values, 1]).at(-1), null);
});

test("weeks end with the last night, and no night is lost or doubled", () => {
  for (const count of [1, 6, 7, 30, 90, 365]) {
    const nights = calendar([], "2026-11-28", count);
    for (const perColumn of [1, 7]) {
      const columns = makeColumns(nights, perColumn);
      assert.deepEqual(columns.flatMap((column) => column.nights), nights);
      assert.equal(columns.at(-1)?.end, count);
    }
  }
});

test("nights share columns only where there is too little room", () => {
  assert.equal(nightsPerColumn(90, 340), 1);
  assert.equal(nightsPerColumn(365, 340), 7);
  assert.equal(nightsPerColumn(365, 1280), 1);
});

test("a week has the median of the nights that were measured", () => {
  const nights = calendar(
    [10, 20, 90].map((index, day) => row(addDays("2026-11-22", day), { m: { plm_index: index } })),
    "2026-11-28",
    7,
  );
  const [week] = makeColumns(nights, 7);
  assert.equal(columnValue(week!, "plm_index")?.median, 20);
  assert.equal(columnValue(week!, "sleep_h"), null);
});

test("cramps that nobody knows of are not none", () => {
  const cramps = (more: Partial<TrendRow>) =>
    columnCramps(makeColumns(calendar([row("2026-11-28", more)], "2026-11-28", 1), 1)[0]!);
  assert.equal(cramps({ c: null }), null);
  assert.equal(cramps({ c: 0 }), 0);
  assert.equal(cramps({ c: null, d: [null, null, 1, 6] }), 1);
  assert.equal(cramps({ c: 2, d: [null, null, 0, null] }), 2);
});

test("the heat map begins with the evening and keeps what was not measured apart from quiet", () => {
  const nights = calendar([row("2026-11-28", { h0: 22, h: [null, 6, null, 0, null] })], "2026-11-28", 2);
  const heat = makeHeat(makeColumns(nights, 1));
  assert.deepEqual(heat.hours, [23, 0, 1]);
  assert.deepEqual(heat.cells, [
    { column: 1, row: 0, level: 1 },
    { column: 1, row: 1, level: null },
    { column: 1, row: 2, level: 0 },
  ]);
});

test("the levels of the heat map hold about as many hours each", () => {
  const random = seeded(2);
  const nights = rows("2026-11-28", 40).map((one) => ({
    ...one,
    h: Array.from({ length: 8 }, () => 1 + Math.floor(random() ** 4 * 400)),
  }));
  const { cells } = makeHeat(makeColumns(calendar(nights, "2026-11-28", 40), 1));
  for (const level of [1, 2, 3, 4, 5]) {
    const share = cells.filter((cell) => cell.level === level).length / cells.length;
    assert.ok(share > 0.12 && share < 0.28, `${level}: ${share}`);
  }
});

test("nights without any hour have no heat map", () => {
  assert.deepEqual(makeHeat(makeColumns(calendar([], "2026-11-28", 7), 1)).hours, []);
});

test("lanes are by frequency, and a week has its share", () => {
  const nights = rows("2026-11-28", 14, { f: ["magnesium"] });
  nights[0] = { ...nights[0]!, f: ["magnesium", "alcohol", "alcohol"] };
  const { lanes } = makeLanes(makeColumns(calendar(nights, "2026-11-28", 14), 7), []);
  assert.deepEqual(lanes.map(({ factor, nights: count }) => [factor, count]), [
    ["magnesium", 14],
    ["alcohol", 1],
  ]);
  assert.deepEqual(lanes[1]?.shares, [1 / 7, 0]);
});

test("nothing of a running trial can be read from the trend", () => {
  const night = (date: string) => calendar([row(date, { f: ["magnesium", "alcohol"] })], date, 1)[0]!;
  assert.deepEqual(factorsOf(night("2026-11-21"), [trial()]), ["alcohol"]);
  assert.deepEqual(factorsOf(night("2026-11-19"), [trial()]), ["magnesium", "alcohol"]);
  const ended = trial({ status: "finished" });
  assert.deepEqual(factorsOf(night("2026-11-21"), [ended]), ["magnesium", "alcohol"]);

  const nights = rows("2026-11-28", 14, { f: ["magnesium"], t: "with" });
  const others = nights.map((one) => ({ ...one, f: [], t: "without" as const }));
  const start = trial({ start: "2026-11-15" });
  const options = { measure: PLM, range: 7, width: 300, now: NOON };
  const told = [nights, others].map((one) => {
    const model = makeTrend(data(one, [start]), options);
    return model.columns.map((_, index) => columnText(new Localizer(), model, index));
  });
  assert.deepEqual(told[0], told[1]);
});

test("a trial's factor is what its nights are logged under", () => {
  assert.equal(trialFactor(trial()), "magnesium");
  const named = trial({ factor: "other", name: " Compression  Socks " });
  assert.equal(trialFactor(named), "compression socks");
  assert.ok(isKeptBack([named], "2026-11-25", "compression socks"));
});

test("a trial that was stopped ends on that date, and one that goes on with the last night", () => {
  const nights = calendar([], "2026-11-28", 14);
  const spans = (more: Partial<Trial>) =>
    trialPeriods([trial(more)], nights).map(({ start, end }) => [start, end]);
  assert.deepEqual(spans({}), [[5, 14]]);
  assert.deepEqual(spans({ status: "stopped", stopped: "2026-11-22" }), [[5, 8]]);
  assert.deepEqual(spans({ start: "2026-12-20", end: "2027-01-03" }), []);
});

test("a week is compared with the 30 nights before it", () => {
  const usual = [10, 12, 14, 16, 18].flatMap((value) => Array<number>(6).fill(value));
  assert.equal(compare([...usual, ...Array<number>(7).fill(8)])?.verdict, "less");
  assert.equal(compare([...usual, ...Array<number>(7).fill(14)])?.verdict, "as_usual");
  assert.equal(compare([...usual, ...Array<number>(7).fill(30)])?.verdict, "more");
});

test("too few nights are not compared", () => {
  assert.equal(compare([...Array<number>(30).fill(9), 1, 1, null, null, null, null, null]), null);
  assert.equal(compare([1, 2, 3, 4])?.verdict ?? null, null);
});

test("an axis has few lines and reaches the highest value", () => {
  for (const value of [0, 0.4, 1, 3.3, 9.99, 10, 41, 250, 3999]) {
    const { max, ticks } = valueAxis(value);
    assert.ok(max >= value && ticks.length >= 2 && ticks.length <= 6, `${value}: ${ticks}`);
    assert.ok(Math.abs(ticks.at(-1)! - max) < 1e-9);
  }
});

test("an axis of hours has whole hours", () => {
  for (const value of [0, 3.3, 6.7, 8.1, 9.9, 13, 23]) {
    const { max, ticks } = valueAxis(value, true);
    assert.ok(max >= value && ticks.length >= 3 && ticks.length <= 6, `${value}: ${ticks}`);
    assert.ok(ticks.every(Number.isInteger), `${value}: ${ticks}`);
  }
});

test("dates on the axis do not overlap", () => {
  const widths = [260, 320, 700, 1300];
  for (const count of [7, 30, 90, 365]) {
    const nights = calendar([], "2026-11-28", count);
    for (const width of widths) {
      const ticks = dateTicks(nights, width);
      const places = ticks.map(({ index }) => (index * width) / count);
      assert.ok(ticks.length > 0);
      places.slice(1).forEach((place, index) => assert.ok(place - places[index]! > 30));
    }
  }
});

test("a pointer finds the column below it, in both directions of writing", () => {
  const columns = makeColumns(calendar([], "2026-11-28", 30), 1);
  for (const rtl of [false, true]) {
    const layout = makeLayout(400, rtl);
    const middle = (index: number) => layout.left + ((index + 0.5) * layout.plotWidth) / 30;
    for (const index of [0, 12, 29]) assert.equal(columnAt(layout, columns, middle(index)), index);
    assert.equal(columnAt(layout, columns, -10), 0);
    assert.equal(columnAt(layout, columns, 900), 29);
  }
});

test("paths are short and hold no number that is none", () => {
  assert.equal(disc({ x: 10, y: 5 }, 2), "M8 5a2 2 0 0 0 4 0a2 2 0 0 0 -4 0z");
  assert.equal(box(1, 2, 3, 4), "M1 2h3v4h-3z");
  const frame = { left: 0, width: 30, top: 0, height: 10, nights: 3, max: 10 };
  const usual = { median: 5, low: 2.5, high: 7.5 };
  const { band, median } = usualPaths(frame, [usual, null, usual]);
  assert.equal(median, "M5 5M25 5");
  assert.equal(band, "M5 2.5L5 7.5zM25 2.5L25 7.5z");
});

test("only measures that are known can be chosen", () => {
  const nights = [row("2026-11-28", { m: { plm_index: null, sleep_h: 7 } })];
  assert.equal(chooseMeasure(nights, "plm_index")?.name, "sleep_h");
  assert.equal(chooseMeasure([row("2026-11-28", { m: null })], "plm_index"), undefined);
});

test("a night is said in words", () => {
  const nights = rows("2026-11-28", 40);
  nights[39] = row("2026-11-28", { m: { plm_index: 21.26 }, c: 1, f: ["warm_bath"], d: [4, 7, 1, 6] });
  const model = makeTrend(data(nights), { measure: PLM, range: 30, width: 300, now: NOON });
  const texts = new Localizer();
  assert.equal(
    columnText(texts, model, 29),
    "Sat, Nov 28, 21.3 per hour, usual 10.0 (10.0 to 10.0), 1 cramp, " +
      "Warm bath, evening symptoms 4 of 10, sleep quality 7 of 10",
  );
  assert.equal(
    summaryText(texts, model),
    "Periodic movements per hour: 30 of 30 nights were measured. The median of the last 7 nights " +
      "is 10.0 per hour. As usual. Usual: 10.0 (half of the nights: 10.0 to 10.0). " +
      "Cramps in this period: 1.",
  );
});

test("a night without a measurement says so", () => {
  const nights = [row("2026-11-28", { m: null, c: null, h0: null, h: [], f: ["alcohol"] })];
  const model = makeTrend(data(nights), { measure: PLM, range: 7, width: 300, now: NOON });
  assert.equal(columnText(new Localizer(), model, 6), "Sat, Nov 28, not measured, Alcohol");
});

test("a year of nights has no number that is none", () => {
  const model = makeTrend(makeNights(365), { measure: PLM, range: 365, width: 330, now: NOON });
  assert.equal(model.nights.length, 365);
  assert.ok(!JSON.stringify(model.values).includes("NaN"));
});

test("hours of sleep are a duration, as on the other cards", () => {
  const measure = MEASURES.find(({ name }) => name === "sleep_h")!;
  const usual = { median: 6.7, low: 6, high: 7.25 };
  assert.equal(valueText(TEXTS, measure, 6.7), "6 h 42 min");
  assert.equal(
    usualText(TEXTS, measure, usual),
    "Usual: 6 h 42 min (half of the nights: 6 h 0 min to 7 h 15 min)",
  );
  const index = MEASURES.find(({ name }) => name === "plm_index")!;
  assert.equal(valueText(TEXTS, index, 6.7), "6.7 per hour");
});
