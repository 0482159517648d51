import assert from "node:assert/strict";
import { test } from "node:test";

import type { PointerAt } from "../src/night/gestures";
import { Gestures } from "../src/night/gestures";
import type { View } from "../src/night/view";
import {
  MIN_SPAN_S,
  following,
  isWhole,
  momentAt,
  panned,
  pinched,
  revealing,
  span,
  wholeNight,
  xOf,
  zoomed,
} from "../src/night/view";
import { lehmer } from "./night-fixtures";

const LENGTH = 8 * 3600;
const WIDTH = 400;

function isInside(view: View, length: number): boolean {
  return view.start >= -1e-6 && view.end <= length + 1e-6 && span(view) > 0;
}

test("a moment keeps its place while one zooms", () => {
  const view = zoomed(wholeNight(LENGTH), LENGTH, 10_000, 4);
  assert.equal(span(view), LENGTH / 4);
  assert.ok(Math.abs(xOf(view, WIDTH, 10_000) - xOf(wholeNight(LENGTH), WIDTH, 10_000)) < 1e-6);
});

test("zoom ends at two minutes and at the whole night", () => {
  assert.equal(span(zoomed(wholeNight(LENGTH), LENGTH, 0, 1e9)), MIN_SPAN_S);
  const near = { start: 100, end: 400 };
  assert.deepEqual(zoomed(near, LENGTH, 200, 1e-9), wholeNight(LENGTH));
});

test("any sequence of zoom and pan stays in the night", () => {
  const random = lehmer(7);
  let view = wholeNight(LENGTH);
  for (let step = 0; step < 2000; step += 1) {
    const moment = momentAt(view, WIDTH, random() * WIDTH);
    view = random() < 0.5
      ? zoomed(view, LENGTH, moment, 0.2 + random() * 4)
      : panned(view, LENGTH, (random() - 0.5) * 20_000);
    assert.ok(isInside(view, LENGTH), JSON.stringify(view));
    assert.ok(Math.abs(momentAt(view, WIDTH, xOf(view, WIDTH, moment)) - moment) < 1e-3);
  }
});

test("two fingers stay on the moments that they touched", () => {
  const view = pinched([10_000, 12_000], [100, 300], WIDTH, LENGTH);
  assert.ok(Math.abs(xOf(view, WIDTH, 10_000) - 100) < 1e-6);
  assert.ok(Math.abs(xOf(view, WIDTH, 12_000) - 300) < 1e-6);
});

test("a view that shows the end follows a night that goes on", () => {
  assert.deepEqual(following(wholeNight(100), 100, 160), wholeNight(160));
  assert.deepEqual(following({ start: 40, end: 100 }, 100, 160), { start: 100, end: 160 });
  assert.deepEqual(following({ start: 10, end: 50 }, 100, 160), { start: 10, end: 50 });
});

test("a key that goes to a hidden mark moves the view there", () => {
  const view = { start: 1000, end: 2000 };
  assert.deepEqual(revealing(view, LENGTH, 1500), view);
  assert.deepEqual(revealing(view, LENGTH, 2500), { start: 1600, end: 2600 });
  assert.deepEqual(revealing(view, LENGTH, 0), { start: 0, end: 1000 });
});

function finger(x: number, more: Partial<PointerAt> = {}): PointerAt {
  return { id: 1, x, y: 50, time: 0, touch: true, ...more };
}

function plot(view: View): { view: View; length: number; width: number; whole: boolean } {
  return { view, length: LENGTH, width: WIDTH, whole: isWhole(view, LENGTH) };
}

test("a finger that does not move taps", () => {
  const gestures = new Gestures();
  const whole = plot(wholeNight(LENGTH));
  gestures.down(finger(100), whole);
  assert.deepEqual(gestures.move(finger(104), whole), { kind: "none" });
  assert.deepEqual(gestures.up(finger(104), whole), { kind: "tap", x: 104, y: 50 });
  assert.equal(gestures.active, false);
});

test("a finger that moves right over the whole night brings the night before", () => {
  const gestures = new Gestures();
  const whole = plot(wholeNight(LENGTH));
  gestures.down(finger(100), whole);
  assert.equal(gestures.move(finger(180), whole).kind, "none");
  assert.deepEqual(gestures.up(finger(180, { time: 200 }), whole), { kind: "swipe", to: "previous" });
  gestures.down(finger(180), whole);
  assert.deepEqual(gestures.up(finger(90, { time: 200 }), whole), { kind: "swipe", to: "next" });
});

for (const [name, end] of [
  ["slow", finger(200, { time: 2000 })],
  ["short", finger(130, { time: 100 })],
  ["steep", finger(180, { y: 120, time: 100 })],
  ["mouse", finger(200, { time: 100, touch: false })],
] as const) {
  test(`a ${name} drag over the whole night is no swipe`, () => {
    const gestures = new Gestures();
    const whole = plot(wholeNight(LENGTH));
    gestures.down(finger(100), whole);
    gestures.move(end, whole);
    assert.deepEqual(gestures.up(end, whole), { kind: "none" });
  });
}

test("a drag pans a zoomed night", () => {
  const gestures = new Gestures();
  const near = plot({ start: 4000, end: 8000 });
  gestures.down(finger(200), near);
  gestures.move(finger(195), near);
  const action = gestures.move(finger(185), near);
  assert.deepEqual(action, { kind: "view", view: { start: 4100, end: 8100 } });
  assert.deepEqual(gestures.up(finger(185, { time: 100 }), near), { kind: "none" });
});

test("two fingers zoom, and lifting them selects nothing", () => {
  const gestures = new Gestures();
  const whole = plot(wholeNight(LENGTH));
  gestures.down(finger(100), whole);
  gestures.down(finger(200, { id: 2 }), whole);
  const action = gestures.move(finger(300, { id: 2 }), whole);
  assert.ok(action.kind === "view" && span(action.view) < LENGTH);
  assert.equal(gestures.up(finger(300, { id: 2 }), whole).kind, "none");
  assert.equal(gestures.up(finger(100), whole).kind, "none");
  assert.equal(gestures.active, false);
});
