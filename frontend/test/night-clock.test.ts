import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../src/night/clock";

const berlin = new Clock("Europe/Berlin");
const HOUR = 3600;

function unix(text: string): number {
  return Date.parse(text) / 1000;
}

function shown(moments: readonly number[], timeZone = "Europe/Berlin"): string[] {
  const format = new Intl.DateTimeFormat("de", { timeZone, hour: "2-digit", minute: "2-digit" });
  return moments.map((one) => format.format(one * 1000));
}

test("ticks are full hours, far enough apart for their labels", () => {
  const start = unix("2026-11-28T21:20:00Z");
  assert.deepEqual(shown(berlin.ticks(start, start + 8 * HOUR, 400, 60)), ["00:00", "02:00", "04:00", "06:00"]);
  assert.deepEqual(
    shown(berlin.ticks(start, start + 8 * HOUR, 700, 60)),
    ["23:00", "00:00", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"],
  );
});

test("zoomed in, ticks are minutes", () => {
  const start = unix("2026-11-28T21:20:10Z");
  const labels = shown(berlin.ticks(start, start + 240, 400, 80));
  assert.deepEqual(labels, ["22:21", "22:22", "22:23", "22:24"]);
});

test("the hour that the clocks skip has no tick", () => {
  const start = unix("2026-03-29T00:00:00Z");
  const labels = shown(berlin.ticks(start, start + 3 * HOUR, 1000, 50));
  assert.deepEqual(labels.filter((one) => one.endsWith(":00")), ["01:00", "03:00", "04:00", "05:00"]);
  assert.ok(berlin.changesBetween(start, start + 3 * HOUR));
});

test("the hour that the clocks repeat comes twice", () => {
  const start = unix("2026-10-24T23:00:00Z");
  const borders = berlin.hourBorders(start, start + 4 * HOUR);
  assert.deepEqual(shown(borders), ["01:00", "02:00", "02:00", "03:00", "04:00"]);
  assert.equal(berlin.offsetName(borders[1]!, "de"), "MESZ");
  assert.equal(berlin.offsetName(borders[2]!, "de"), "MEZ");
});

test("labels never overlap, also where an hour is repeated", () => {
  const start = unix("2026-10-24T20:00:00Z");
  const ticks = berlin.ticks(start, start + 9 * HOUR, 300, 60);
  const gaps = ticks.slice(1).map((time, index) => time - ticks[index]!);
  assert.ok(gaps.every((gap) => (gap / (9 * HOUR)) * 300 >= 54), String(gaps));
});

for (const zone of ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]) {
  test(`full hours are local ones in ${zone}`, () => {
    const clock = new Clock(zone);
    const start = unix("2026-10-03T10:10:00Z");
    const borders = clock.hourBorders(start, start + 8 * HOUR);
    assert.ok(borders[0]! <= start && borders.at(-1)! >= start + 8 * HOUR);
    assert.ok(shown(borders, zone).every((one) => one.endsWith(":00")));
  });
}
