import assert from "node:assert/strict";
import test from "node:test";

import { makeTonight } from "../dev/fixtures";
import { LOGGABLE } from "../src/factors";
import { Localizer } from "../src/localize";
import { logButtons, logTimes, mergeTimes, triedFactor } from "../src/tonight/log";
import {
  describeFigures,
  describeLastNight,
  describeSensor,
  describeSince,
  describeStatus,
} from "../src/tonight/words";
import type { SensorStatus, TonightData } from "../src/types";

const TEXTS = new Localizer({ language: "en", number_format: "language", time_format: "24" });
const CALM = makeTonight("calm");

function status(changes: Partial<TonightData>): string {
  return describeStatus(TEXTS, { ...CALM, ...changes }).text;
}

test("the most urgent thing is said", () => {
  const series = makeTonight("live").tonight;
  const cramp = { start: CALM.tonight?.start ?? 0 };
  assert.equal(status({}), "Asleep");
  assert.equal(status({ tonight: series }), "Periodic series since 01:18");
  assert.equal(status({ tonight: series, paused: true }), "Measuring is paused");
  assert.equal(status({ cramp, paused: true }), "Cramp since 23:01");
});

test("what is not known is said so", () => {
  assert.equal(status({ asleep: null }), "In bed");
  assert.equal(status({ asleep: false }), "In bed, awake");
  assert.equal(status({ in_bed: false, asleep: false }), "Out of bed");
  assert.match(status({ in_bed: null }), /not known yet/);
  const sensors = CALM.sensors.map((sensor) => ({ ...sensor, connected: false }));
  assert.equal(status({ in_bed: null, sensors }), "No sensor is connected");
});

test("a figure that was not measured is never 0", () => {
  const empty = describeFigures(TEXTS, makeTonight("empty"));
  assert.deepEqual(
    empty.map(({ value }) => value),
    ["Not measured", "Not measured", "Not measured"],
  );
  const values = describeFigures(TEXTS, CALM).map(({ value }) => value);
  assert.deepEqual(values, ["87", "52", "21.7", "1"]);
  assert.deepEqual(describeFigures(TEXTS, { ...CALM, tonight: null }), []);
});

test("the time in bed is said only while in bed", () => {
  assert.equal(describeSince(TEXTS, CALM), "In bed since 23:01");
  assert.equal(describeSince(TEXTS, { ...CALM, in_bed: false }), undefined);
  assert.equal(describeSince(TEXTS, makeTonight("empty")), undefined);
});

test("the last night is compared as far as it was measured", () => {
  const last = CALM.last_night;
  assert.ok(last !== null);
  assert.equal(
    describeLastNight(TEXTS, CALM),
    "Last night: 312 leg movements, 21.3 periodic per hour",
  );
  assert.equal(
    describeLastNight(TEXTS, { ...CALM, last_night: { ...last, plm_index: null } }),
    "Last night: 312 leg movements",
  );
  assert.equal(describeLastNight(TEXTS, makeTonight("empty")), undefined);
});

const SENSOR: SensorStatus = {
  id: 1,
  placement: "ankle",
  side: "left",
  connected: true,
  battery: 81,
  problem: null,
};

function sensor(changes: Partial<SensorStatus>): [string, string, boolean] {
  const { name, text, needsCare } = describeSensor(TEXTS, { ...SENSOR, ...changes }, 15);
  return [name, text, needsCare];
}

test("a sensor says what a person can do about it", () => {
  assert.deepEqual(sensor({}), ["Left ankle", "Connected · Battery 81%", false]);
  assert.deepEqual(sensor({ battery: 15 }), ["Left ankle", "Connected · Battery low: 15%", true]);
  assert.deepEqual(sensor({ battery: null, side: null }), ["Ankle", "Connected", false]);
  assert.deepEqual(sensor({ connected: false, battery: null }).slice(1), ["No connection", true]);
  assert.deepEqual(sensor({ problem: "not_worn", battery: null }).slice(1), ["Not worn", true]);
  assert.deepEqual(sensor({ problem: "wrong_rate", battery: null }).slice(1), [
    "Check the sensor",
    true,
  ]);
});

// --- What can be logged ---

const NIGHT = { start: 1_795_989_600, factors: [] }; // 23:00 in Berlin
const BERLIN = { trial: null, time_zone: "Europe/Berlin" };

function logged(factor: string, time_ds: number) {
  return { factor, note: null, time_ds };
}

test("a button says when its factor was logged last for tonight", () => {
  const factors = [logged("stretching", -48_000), logged("water", 600), logged("stretching", -3_000)];
  const times = logTimes({ ...NIGHT, factors });
  const buttons = logButtons(TEXTS, ["stretching", "warm_bath"], times, BERLIN);
  assert.deepEqual(
    buttons.map(({ name, time, label }) => [name, time, label]),
    [
      ["Stretching", "22:55", "Stretching, 22:55. Log again"],
      ["Warm bath", undefined, "Log: Warm bath"],
    ],
  );
});

test("a factor that is listed twice has one button", () => {
  const buttons = logButtons(TEXTS, ["water", "warm_bath", "water"], new Map(), BERLIN);
  assert.deepEqual(
    buttons.map(({ factor }) => factor),
    ["water", "warm_bath"],
  );
});

test("what was logged here counts until the bridge tells it", () => {
  const known = logTimes({ ...NIGHT, factors: [logged("water", 0)] });
  const own = new Map([
    ["water", NIGHT.start - 60],
    ["alcohol", NIGHT.start],
  ]);
  const merged = mergeTimes(known, own);
  assert.deepEqual([...merged], [["water", NIGHT.start], ["alcohol", NIGHT.start]]);
});

test("what a trial tries is neither offered nor shown while it runs", () => {
  const trial = { ...makeTonight("live").trial!, factor: "stretching" };
  const times = logTimes({ ...NIGHT, factors: [logged("stretching", 0)] });
  const offered = (running: TonightData["trial"]) =>
    logButtons(TEXTS, LOGGABLE, times, { ...BERLIN, trial: running }).map(({ factor }) => factor);
  assert.ok(!offered(trial).includes("stretching"));
  assert.equal(triedFactor(LOGGABLE, trial), "stretching");
  assert.deepEqual(offered(null), LOGGABLE);
  // A trial of something else with a name that is also a kind of factor.
  const other = { ...trial, factor: "other", name: "Water" };
  assert.ok(!offered(other).includes("water"));
  assert.equal(triedFactor(["stretching"], other), undefined);
});
