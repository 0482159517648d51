import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutOf } from "../src/night/lanes";
import { nightModel } from "../src/night/model";
import type { Target } from "../src/night/targets";
import { stepFrom, targetAt, timeOf } from "../src/night/targets";
import { wholeNight, xOf } from "../src/night/view";
import { quietNight, restlessNight } from "./night-fixtures";

const WIDTH = 400;

const model = nightModel(
  quietNight({
    movements: [
      [36_000, 20, 1, 1, 1],
      [36_000, 20, 2, 3, 1],
      [36_600, 20, 3, 2, 1],
      [72_000, 20, 1, 2, 1],
    ],
    series: [[71_000, 90_000, 9]],
    cramps: [{ id: "a", start_ds: 200_000, end_ds: 201_000, certainty: "probable", label: null }],
    gaps: [[100_000, 130_000]],
    awakenings: [201_500],
    position_changes: [[150_000, 150_050]],
    factors: [{ factor: "magnesium", note: null, time_ds: -7200 }],
  }),
);
const layout = layoutOf(model);
const view = wholeNight(model.length);
const [left, right] = layout.lanes;

function hit(seconds: number, y: number, pointer: "mouse" | "touch" = "touch"): Target {
  return targetAt(model, layout, view, WIDTH, { x: xOf(view, WIDTH, seconds), y }, pointer);
}

test("a finger near a movement finds the one in its lane", () => {
  assert.deepEqual(hit(3590, left!.top + 5), { kind: "movement", index: 0 });
  assert.deepEqual(hit(3590, right!.bottom - 5), { kind: "movement", index: 1 });
});

test("a movement of both legs is found in both lanes", () => {
  assert.deepEqual(hit(3665, left!.top + 5), { kind: "movement", index: 2 });
  assert.deepEqual(hit(3665, right!.bottom - 5), { kind: "movement", index: 2 });
});

test("a cramp is found in its strip and on its line", () => {
  assert.equal(hit(20_050, 10).kind, "cramp");
  assert.equal(hit(20_050, left!.top + 5).kind, "cramp");
});

test("an awakening is found in the strip, next to a cramp", () => {
  assert.equal(hit(20_700, 10).kind, "awakening");
});

test("a gap says that nothing was measured", () => {
  assert.equal(hit(11_500, left!.top + 5).kind, "gap");
  assert.equal(hit(11_500, layout.sleep.top + 2).kind, "gap");
});

test("a series is found between its movements", () => {
  assert.equal(hit(8500, left!.top + 5).kind, "series");
  assert.equal(hit(8500, layout.series.top).kind, "series");
});

test("elsewhere the time is told", () => {
  assert.deepEqual(hit(25_000, left!.top + 5), { kind: "moment", time: 25_000 });
});

test("a mouse needs to be nearer than a finger", () => {
  const near = 7200 - (10 / WIDTH) * model.length;
  assert.equal(hit(near, left!.top + 5, "touch").kind, "movement");
  assert.equal(hit(near, left!.top + 5, "mouse").kind, "moment");
});

test("keys go through everything in order of time", () => {
  const found: Target[] = [];
  let current: Target | undefined;
  for (;;) {
    const next = stepFrom(model, current, view, "next");
    if (next === undefined) {
      break;
    }
    found.push(next);
    current = next;
  }
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ["movement", "movement", "movement", "series", "movement", "gap", "position", "cramp", "awakening"],
  );
  const times = found.map((one) => timeOf(model, one));
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
});

test("keys go back the same way", () => {
  const last = stepFrom(model, undefined, view, "last")!;
  assert.equal(last.kind, "awakening");
  assert.equal(stepFrom(model, last, view, "previous")?.kind, "cramp");
  assert.equal(stepFrom(model, last, view, "next"), undefined);
});

test("notable steps leave movements out", () => {
  const series = stepFrom(model, { kind: "movement", index: 0 }, view, "nextNotable")!;
  assert.equal(series.kind, "series");
  assert.equal(stepFrom(model, series, view, "nextNotable")?.kind, "gap");
  assert.equal(stepFrom(model, series, view, "previousNotable"), undefined);
});

test("in a zoomed night, the first step is to what is on the screen", () => {
  const target = stepFrom(model, undefined, { start: 15_500, end: 25_000 }, "next");
  assert.equal(target?.kind, "cramp");
});

test("a night of 2,000 movements has a step to each", () => {
  const night = nightModel(restlessNight(2000));
  let current = stepFrom(night, undefined, wholeNight(night.length), "first");
  let steps = 0;
  while (current !== undefined) {
    steps += 1;
    current = stepFrom(night, current, wholeNight(night.length), "next");
  }
  assert.equal(steps, 2000 + night.series.length);
});
