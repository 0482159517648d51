import assert from "node:assert/strict";
import test from "node:test";

import { Localizer } from "../src/localize";
import type { FrontendLocale } from "../src/types";

const AT_ONE_AM = Date.parse("2026-11-28T00:25:00Z") / 1000;

function localizer(language: string, more: Partial<FrontendLocale> = {}): Localizer {
  return new Localizer({ language, number_format: "language", time_format: "language", ...more });
}

test("a language without translation is English, with its own numbers", () => {
  const swedish = localizer("sv");
  assert.equal(swedish.text("common.left"), "Left");
  assert.equal(swedish.language, "en");
  assert.equal(swedish.number(1.5, 1), "1,5");
});

test("a variant of a language has its texts", () => {
  assert.equal(localizer("de-AT").text("common.left"), "Links");
});

test("placeholders are replaced, and others stay", () => {
  const english = localizer("en");
  assert.equal(english.text("common.hours_minutes", { hours: 7, minutes: 5 }), "7 h 5 min");
  assert.equal(english.text("common.minutes"), "{minutes} min");
});

test("a code that is not known is shown as it is", () => {
  assert.equal(localizer("en").code("common", "compression"), "compression");
  assert.equal(localizer("en").code("common", "warm_bath"), "Warm bath");
});

test("times of day are in the time zone of the night", () => {
  const english = localizer("en", { time_format: "24" });
  assert.equal(english.time(AT_ONE_AM, "Europe/Berlin"), "01:25");
  assert.equal(localizer("en", { time_format: "12" }).time(AT_ONE_AM, "Europe/Berlin"), "1:25 AM");
  assert.equal(localizer("de").time(AT_ONE_AM, "Europe/Berlin"), "01:25");
});

test("numbers are as chosen in the profile", () => {
  assert.equal(localizer("en", { number_format: "decimal_comma" }).number(1234.5, 1), "1.234,5");
  assert.equal(localizer("en", { number_format: "none" }).number(1234.5, 1), "1234.5");
  assert.equal(localizer("en").number(12, 1, true), "12.0");
});

test("durations are rounded to minutes", () => {
  assert.equal(localizer("en").duration(7 * 3600 + 25 * 60 + 31), "7 h 26 min");
  assert.equal(localizer("en").duration(59 * 60 + 29), "59 min");
});

test("half a minute is rounded up, whether hours or seconds are given", () => {
  const english = localizer("en");
  assert.equal(english.duration(8.225 * 3600), "8 h 14 min");
  for (let thousandths = 0; thousandths <= 24_000; thousandths += 1) {
    // 3.6 s each. The texts of the integration have whole tenths of a second.
    const minutes = Math.floor((thousandths * 36 + 300) / 600);
    const rest = `${minutes % 60} min`;
    const expected = minutes < 60 ? rest : `${Math.floor(minutes / 60)} h ${rest}`;
    assert.equal(english.duration((thousandths / 1000) * 3600), expected);
    assert.equal(english.duration((thousandths * 36) / 10), expected);
  }
});

test("dates do not depend on the time zone of the machine", () => {
  assert.equal(localizer("en").date("2026-11-28"), "Sat, Nov 28");
});

test("a night has the dates of its evening and its morning", () => {
  assert.deepEqual(localizer("en").nightDates("2026-12-01"), { from: "Mon, Nov 30", to: "Tue, Dec 1" });
});
