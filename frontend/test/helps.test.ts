/** What the What-helps card says about factors and trials. */

import assert from "node:assert/strict";
import test from "node:test";

import { axisReach, effectRows, hasInterval, knownOutcomes } from "../src/helps/effects";
import { OUTCOMES, OUTCOME_NAMES, outcomeOf, signed } from "../src/helps/outcomes";
import {
  changeText,
  detailText,
  findingText,
  intervalText,
  togetherText,
  trialDates,
  trialFigures,
  trialFindingText,
  trialResultText,
  triedLabel,
} from "../src/helps/words";
import { LANGUAGES, Localizer } from "../src/localize";
import type { Effect, Trial, TrialResult } from "../src/types";

const TEXTS = new Localizer();
const PLM = outcomeOf("plm_index")!;
const SLEEP = outcomeOf("sleep_h")!;

function effect(more: Partial<Effect> = {}): Effect {
  return {
    factor: "magnesium",
    outcome: "plm_index",
    verdict: "lower",
    effect: -0.24,
    low: -0.36,
    high: -0.09,
    nights_with: 12,
    nights_without: 40,
    more_with: 0,
    more_without: 0,
    together_with: [],
    ...more,
  };
}

function result(more: Partial<TrialResult> = {}): TrialResult {
  return {
    verdict: "lower",
    effect: -0.31,
    low: -0.45,
    high: -0.12,
    p: 0.012,
    nights_with: 14,
    nights_without: 13,
    at_early_look: false,
    ...more,
  };
}

function trial(more: Partial<Trial> = {}): Trial {
  return {
    id: "t1",
    factor: "magnesium",
    name: null,
    outcome: "plm_index",
    weeks: 4,
    washout_nights: 3,
    early_look: false,
    start: "2026-11-01",
    end: "2026-11-28",
    stopped: null,
    status: "finished",
    nights: 28,
    night_number: null,
    answered: 27,
    followed: 25,
    result: result(),
    ...more,
  };
}

function said(one: Effect, trials: readonly Trial[] = []): string {
  const outcome = outcomeOf(one.outcome)!;
  const [row] = effectRows([one], outcome, trials);
  return findingText(TEXTS, row!);
}

test("a factor is said to help where fewer movements or more sleep came with it", () => {
  assert.equal(said(effect()), "Likely helps");
  assert.equal(said(effect({ outcome: "sleep_h", verdict: "higher", effect: 0.4 })), "Likely helps");
  assert.equal(said(effect({ verdict: "higher", effect: 0.3 })), "Worse nights with it");
  assert.equal(said(effect({ outcome: "sleep_h", effect: -0.4 })), "Worse nights with it");
  assert.equal(said(effect({ verdict: "no_difference" })), "No difference seen");
  assert.equal(said(effect({ verdict: "too_few_periods" })), "Logged in too few periods");
});

test("too early says how many more nights are needed", () => {
  const early = (more_with: number, more_without: number) =>
    said(effect({ verdict: "too_early", more_with, more_without }));
  assert.equal(early(9, 12), "Too early: about 9 more nights with and 12 without");
  assert.equal(early(1, 3), "Too early: about 1 more night with and 3 without");
  assert.equal(early(9, 0), "Too early: about 9 more nights with it");
  assert.equal(early(0, 1), "Too early: about 1 more night without it");
  assert.equal(early(0, 0), "Too early to say");
});

test("a verdict that is not known yet claims nothing", () => {
  assert.equal(said(effect({ verdict: "perhaps" })), "Too early to say");
});

test("factors that come together are said to be several", () => {
  const several = effect({ together_with: ["alcohol", "wool socks"] });
  assert.equal(said(several), "Likely helps: this, or what came with it");
  assert.equal(
    togetherText(TEXTS, several),
    "Mostly logged on the same nights: Alcohol and wool socks. Which of them matters cannot be seen.",
  );
});

test("a difference is said without a cause", () => {
  const [row] = effectRows([effect()], PLM, []);
  assert.equal(
    detailText(TEXTS, PLM, row!),
    "On nights with it: about 24% fewer periodic movements per hour.",
  );
  assert.equal(intervalText(TEXTS, PLM, row!.effect), "90% interval: \u221236% to \u22129%");
});

test("no language says that an observed factor caused something", () => {
  const causal = /\b(because of|due to|caus(es|ed)|reduc(es|ed)|wegen|verursacht|senkt|bewirkt\b|cause des|réduit|reduce|provoca|veroorzaakt|verlaagt)\b/i;
  const observed = ["likely_helps", "one_likely_helps", "nights_worse", "on_nights", "together"];
  for (const texts of Object.values(LANGUAGES)) {
    for (const [name, text] of Object.entries(texts.helps)) {
      const isObserved = observed.includes(name) || OUTCOME_NAMES.some((one) => name.startsWith(one));
      if (isObserved) assert.doesNotMatch(text, causal, `${name}: ${text}`);
    }
  }
});

test("nothing about a factor is shown while its trial is running", () => {
  const running = trial({ status: "running", result: null });
  const rows = effectRows([effect(), effect({ factor: "alcohol" })], PLM, [running]);
  assert.deepEqual(rows.map(({ finding }) => finding), ["better", "kept_back"]);
  const kept = rows[1]!;
  assert.equal(hasInterval(kept), false);
  const texts = [findingText(TEXTS, kept), detailText(TEXTS, PLM, kept)];
  assert.deepEqual(texts, [
    "Trial is running",
    "The comparison is shown again when the trial has ended.",
  ]);
  assert.ok(axisReach(PLM, [{ ...kept, effect: effect({ high: 9 }) }]) < 1);
});

test("what differs comes first, and what is too early last", () => {
  const rows = effectRows(
    [
      effect({ factor: "a", verdict: "too_early", nights_with: 99 }),
      effect({ factor: "b", verdict: "no_difference" }),
      effect({ factor: "c", verdict: "higher", effect: 0.2 }),
      effect({ factor: "d", nights_with: 8 }),
      effect({ factor: "e", nights_with: 20 }),
      effect({ factor: "f", outcome: "sleep_h" }),
    ],
    PLM,
    [],
  );
  assert.deepEqual(rows.map((row) => row.effect.factor), ["e", "d", "c", "b", "a"]);
});

test("only outcomes that are known can be chosen", () => {
  assert.deepEqual(
    knownOutcomes([effect({ outcome: "sleep_h" }), effect({ outcome: "newer" })]),
    [SLEEP],
  );
});

test("the axis holds every interval", () => {
  const rows = effectRows([effect({ low: -0.9, high: 1.4 })], PLM, []);
  assert.ok(axisReach(PLM, rows) >= 1.4);
  assert.ok(axisReach(PLM, []) >= PLM.reach);
});

test("amounts have the unit of their outcome", () => {
  const say = (name: string, value: number) => changeText(TEXTS, outcomeOf(name)!, value);
  assert.equal(say("cramp", -0.12), "out of 100 nights, about 12 fewer with a cramp");
  assert.equal(say("sleep_h", 0.5), "about 30 min more sleep");
  assert.equal(say("evening_symptoms", -1.26), "evening symptoms lower by about 1.3 of 10");
  assert.equal(say("sleep_quality", 2), "sleep quality higher by about 2 of 10");
  assert.equal(signed(TEXTS, SLEEP, -0.25), "\u221215 min");
  assert.equal(signed(TEXTS, PLM, 0.001), "0%");
});

const FINISHED: Trial = {
  id: "4f0c",
  factor: "stretching",
  name: null,
  outcome: "plm_index",
  weeks: 8,
  washout_nights: 0,
  early_look: false,
  start: "2026-09-01",
  end: "2026-10-26",
  stopped: null,
  status: "finished",
  nights: 56,
  night_number: null,
  answered: 50,
  followed: 48,
  result: null,
};

test("an interval of a trial covers what its limits allow for", () => {
  const interval = (trial: Trial) => trialFigures(TEXTS, PLM, trial, result())[1];
  assert.match(interval(FINISHED) ?? "", /^92% interval/);
  assert.match(interval({ ...FINISHED, early_look: true }) ?? "", /^94% interval/);
});

test("a trial that was stopped is not said to have helped", () => {
  const stopped: Trial = { ...FINISHED, status: "stopped", stopped: "2026-10-01" };
  assert.equal(trialFindingText(TEXTS, PLM, stopped, result()), "Better nights with it, but no proof");
  const higher = result({ verdict: "higher" });
  assert.equal(trialFindingText(TEXTS, PLM, stopped, higher), "Worse nights with it, but no proof");
});

test("the result of a trial is said in plain words, with the figures apart", () => {
  assert.equal(trialFindingText(TEXTS, PLM, FINISHED, result()), "Probably helped");
  assert.equal(
    trialResultText(TEXTS, PLM, result()),
    "On nights with it: about 31% fewer periodic movements per hour.",
  );
  assert.deepEqual(trialFigures(TEXTS, PLM, FINISHED, result({ at_early_look: true })), [
    "Effect: \u221231%",
    "98% interval: \u221245% to \u221212%",
    "p = 0.012 (one-sided, randomisation test)",
    "Nights with / without: 14 / 13",
    "Ended at the early look.",
  ]);
});

test("a trial with too few nights has no figures to misread", () => {
  const few = result({ verdict: "too_few", effect: null, low: null, high: null, p: null });
  assert.equal(trialFindingText(TEXTS, PLM, FINISHED, few), "Too few nights");
  assert.deepEqual(trialFigures(TEXTS, PLM, FINISHED, few), ["Nights with / without: 14 / 13"]);
});

test("the direction that is good depends on what was watched", () => {
  assert.equal(trialFindingText(TEXTS, SLEEP, FINISHED, result({ verdict: "higher" })), "Probably helped");
  assert.equal(trialFindingText(TEXTS, SLEEP, FINISHED, result()), "Probably made things worse");
  assert.equal(trialFindingText(TEXTS, PLM, FINISHED, result({ verdict: "no_difference" })), "No difference found");
});

test("a trial has the name that the person gave", () => {
  assert.equal(triedLabel(TEXTS, { factor: "other", name: "Wool socks" }), "Wool socks");
  assert.equal(triedLabel(TEXTS, { factor: "warm_bath", name: null }), "Warm bath");
  assert.equal(
    trialDates(TEXTS, trial({ status: "stopped", stopped: "2026-11-10" })),
    "Nov 1, 2026 to Nov 10, 2026, stopped early · Periodic movements per hour",
  );
});

test("every outcome can be said in both directions in every language", () => {
  for (const language of Object.keys(LANGUAGES)) {
    const texts = new Localizer({ language, number_format: "language", time_format: "language" });
    for (const outcome of OUTCOMES) {
      const both = [changeText(texts, outcome, -0.5), changeText(texts, outcome, 0.5)];
      assert.notEqual(both[0], both[1]);
      for (const text of both) assert.doesNotMatch(text, /[{}]|helps\./);
    }
  }
});
