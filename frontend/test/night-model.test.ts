import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../src/night/clock";
import type { HourOfNight } from "../src/night/hours";
import { axisEnd, hoursOf } from "../src/night/hours";
import { histogramOf, intervalsOf, shareOf } from "../src/night/intervals";
import { layoutOf } from "../src/night/lanes";
import { packMarks } from "../src/night/marks";
import type { NightModel } from "../src/night/model";
import { nightModel, observedSides, subtract } from "../src/night/model";
import { wholeNight } from "../src/night/view";
import type { Movement, NightData } from "../src/types";
import { BEDTIME, lehmer, quietNight, restlessNight } from "./night-fixtures";

const clock = new Clock("Europe/Berlin");

/** Return movements of the left leg at these seconds. */
function kicks(...seconds: number[]): Movement[] {
  return seconds.map((one) => [Math.round(one * 10), 15, 1, 2, 1]);
}

test("only candidates within a series are periodic", () => {
  const movements: Movement[] = [
    [100, 15, 1, 1, 1],
    [1000, 15, 1, 1, 1],
    [1300, 150, 1, 1, 0],
    [1600, 15, 2, 1, 1],
    [1615, 15, 2, 1, 1],
  ];
  const model = nightModel(quietNight({ movements, series: [[1000, 1612, 4]] }));
  assert.deepEqual([...model.movements.series], [0, 1, 0, 1, 0]);
});

test("movements out of order are sorted", () => {
  const [early, late] = kicks(10, 20);
  const model = nightModel(quietNight({ movements: [late!, early!] }));
  assert.deepEqual([...model.movements.onset], [10, 20]);
});

test("a leg that was observed and did not move keeps its lane", () => {
  const night = quietNight({ movements: kicks(10) });
  assert.deepEqual(observedSides(nightModel(night)), ["left", "right"]);
});

test("a leg without a sensor has no lane", () => {
  const night = quietNight({ movements: kicks(10), measures: { plm_left: 0, plm_right: null } });
  assert.deepEqual(observedSides(nightModel(night)), ["left"]);
});

test("a sensor at the bed has one lane", () => {
  const movements: Movement[] = [[10, 10, 0, 3, 1]];
  const night = quietNight({ movements, measures: { plm_left: null, plm_right: null } });
  assert.deepEqual(observedSides(nightModel(night)), ["unknown"]);
});

test("the lanes of both legs meet at one line", () => {
  const { lanes } = layoutOf(nightModel(quietNight()));
  assert.deepEqual(lanes.map(({ grows }) => grows), ["up", "down"]);
  assert.equal(lanes[0]?.base, lanes[1]?.base);
});

function boxesOf(model: NightModel, width: number, ratio = 1): number[] {
  const marks = packMarks(model, layoutOf(model), wholeNight(model.length), width, ratio);
  return marks.flatMap(({ boxes }) => boxes);
}

test("a movement of both legs is a mark in both lanes", () => {
  const model = nightModel(quietNight({ movements: [[1000, 15, 3, 3, 1]] }));
  assert.equal(boxesOf(model, 400).length, 2 * 4);
});

test("stronger movements are higher", () => {
  const movements: Movement[] = [[1000, 15, 1, 1, 1], [100_000, 15, 1, 2, 1], [200_000, 15, 1, 3, 1]];
  const boxes = boxesOf(nightModel(quietNight({ movements })), 400);
  assert.ok(boxes[3]! < boxes[7]! && boxes[7]! < boxes[11]!);
});

test("a crowded night has at most one mark a column, colour and lane", () => {
  const width = 300;
  const model = nightModel(restlessNight(5000, 3));
  const marks = packMarks(model, layoutOf(model), wholeNight(model.length), width, 2);
  for (const { side, boxes } of marks) {
    assert.ok(boxes.length / 4 <= (side === "both" ? 2 : 1) * (2 * width + 1));
    assert.ok(boxes.every((one, index) => index % 4 < 2 || one > 0));
  }
});

test("movements of a series are drawn over the others", () => {
  const model = nightModel(restlessNight(50, 3));
  const marks = packMarks(model, layoutOf(model), wholeNight(model.length), 300, 2);
  const order = marks.map(({ periodic }) => periodic);
  assert.deepEqual(order, [...order].sort((a, b) => Number(a) - Number(b)));
});

test("every movement of the view is covered by a mark", () => {
  const model = nightModel(restlessNight(500, 9));
  const width = 700;
  const boxes = boxesOf(model, width);
  for (const onset of model.movements.onset) {
    const x = (onset / model.length) * width;
    const found = boxes.some((left, index) => index % 4 === 0 && left <= x && x <= left + 1);
    assert.ok(found, `movement at ${x}`);
  }
});

test("intervals run from onset to onset between candidates in bed", () => {
  const movements: Movement[] = [
    ...kicks(10, 30, 50.5),
    [700, 120, 1, 2, 0],
    ...kicks(90, 110),
    ...kicks(4000),
  ];
  const model = nightModel(quietNight({ movements, in_bed: [[0, 20_000]] }));
  assert.deepEqual(intervalsOf(model), [20, 20.5, 20]);
});

test("an interval over a time that was not measured does not count", () => {
  const model = nightModel(quietNight({ movements: kicks(10, 30, 60), gaps: [[350, 400]] }));
  assert.deepEqual(intervalsOf(model), [20]);
});

test("10 and 90 s are periodic, 9.9 and 90.1 s are not", () => {
  const { bins, short, periodic, long } = histogramOf([9.9, 10, 90, 90.1]);
  assert.deepEqual([short, periodic, long], [1, 2, 1]);
  const shaded = bins.filter((bin) => bin.periodic);
  assert.deepEqual([shaded[0]?.from, shaded.at(-1)?.to], [10, 90]);
  assert.equal(shaded.reduce((sum, { count }) => sum + count, 0), 2);
});

test("the histogram loses no interval from 1 to 300 s", () => {
  const random = lehmer(11);
  const intervals = Array.from({ length: 3000 }, () => Math.round(10 * 300 ** random()) / 10);
  const { bins, intervals: all } = histogramOf([...intervals, 0.5, 300, 301]);
  assert.equal(bins.reduce((sum, { count }) => sum + count, 0), 3001);
  assert.equal(all, 3003);
  assert.ok(bins.every(({ from, to }) => from < to));
});

test("the axis of intervals is logarithmic", () => {
  assert.equal(shareOf(1), 0);
  assert.equal(shareOf(300), 1);
  assert.ok(Math.abs(shareOf(30) - shareOf(10) - (shareOf(90) - shareOf(30))) < 1e-9);
});

test("no interval has no median", () => {
  assert.equal(histogramOf([]).median, null);
  assert.equal(histogramOf([4, 1, 10]).median, 4);
  assert.equal(histogramOf([4, 1]).median, 2.5);
});

test("hours are clock hours, from going to bed to getting up", () => {
  const model = nightModel(quietNight({ in_bed: [[18_000, 54_000]], movements: kicks(1900, 3700) }));
  const hours = hoursOf(model, clock);
  assert.deepEqual(hours.map(({ start }) => start), [0, 3600]);
  assert.deepEqual(hours.map(({ movements }) => movements), [1, 1]);
  assert.deepEqual(hours.map(({ measuredMinutes }) => measuredMinutes), [30, 30]);
});

test("an hour that was not measured is unknown, not zero", () => {
  const model = nightModel(quietNight({ gaps: [[36_000, 72_000], [72_000, 90_000]] }));
  const hours = hoursOf(model, clock);
  assert.deepEqual(hours.slice(0, 4).map(({ movements }) => movements), [0, null, 0, 0]);
  assert.equal(hours[2]?.gapShare, 0.5);
});

test("an hour of tonight that has only just begun is left out", () => {
  const tonight = (seconds: number, changes: Partial<NightData> = {}) => {
    const night = { end: BEDTIME + seconds, in_bed: [[0, seconds * 10] as const], live: true };
    return hoursOf(nightModel(quietNight({ ...night, ...changes })), clock);
  };
  const counts = (hours: readonly HourOfNight[]) => hours.map(({ movements }) => movements);
  assert.deepEqual(counts(tonight(3600 + 59)), [0]);
  assert.deepEqual(counts(tonight(3600 + 60)), [0, 0]);
  assert.deepEqual(counts(tonight(3600 + 59, { in_bed: [] })), [0]);
  assert.deepEqual(counts(tonight(59)), []);
  // What was seen in it counts.
  assert.deepEqual(counts(tonight(3600 + 59, { movements: kicks(3610) })), [0, 1]);
  // What was really not measured stays.
  assert.deepEqual(counts(tonight(7200 + 59, { gaps: [[36_000, 72_590]] })), [0, null]);
  assert.deepEqual(counts(tonight(3600 + 300, { gaps: [[36_000, 39_000]] })), [0, null]);
  assert.deepEqual(counts(tonight(3600 + 59, { live: false })), [0, null]);
});

test("a night in which the clocks go back has an hour more", () => {
  const start = Date.UTC(2026, 9, 24, 21) / 1000;
  const model = nightModel(quietNight({ start, end: start + 8 * 3600 }));
  const hours = hoursOf(model, clock);
  assert.equal(hours.length, 8);
  const offsets = hours.map((one) => clock.offsetMinutes(start + one.start));
  assert.deepEqual(offsets, [120, 120, 120, 120, 60, 60, 60, 60]);
});

test("movements of all hours are the movements in bed", () => {
  const model = nightModel(restlessNight(700, 5));
  const sum = hoursOf(model, clock).reduce((total, { movements }) => total + (movements ?? 0), 0);
  assert.equal(sum, 700);
});

test("the axis of hours ends at a round number", () => {
  assert.deepEqual([0, 3, 7, 12, 47, 130].map(axisEnd), [4, 4, 8, 20, 50, 200]);
});

test("stretches are cut", () => {
  const all = [{ start: 0, end: 10 }, { start: 20, end: 30 }];
  assert.deepEqual(subtract(all, [{ start: 5, end: 25 }]), [
    { start: 0, end: 5 },
    { start: 25, end: 30 },
  ]);
});
