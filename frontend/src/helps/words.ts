/** What helps, in words. Nothing here says that a factor that was only observed caused anything. No DOM. */

import type { Localizer } from "../localize";
import { factorLabel } from "../trend/words";
import type { Effect, Trial, TrialResult } from "../types";
import type { EffectRow, Finding } from "./effects";
import { outcomeOf, signed } from "./outcomes";
import type { OutcomeRow } from "./outcomes";

const FINDINGS = {
  better: "helps.likely_helps",
  worse: "helps.nights_worse",
  no_difference: "helps.no_difference",
  too_few_periods: "helps.too_few_periods",
  kept_back: "helps.trial_running",
} as const;

/** The finding of a comparison, for example "Likely helps". */
export function findingText(texts: Localizer, { effect, finding }: EffectRow): string {
  if (finding === "too_early") return tooEarlyText(texts, effect);
  const isOneOfSeveral = finding === "better" && effect.together_with.length > 0;
  return texts.text(isOneOfSeveral ? "helps.one_likely_helps" : FINDINGS[finding]);
}

/** How many more nights are needed, where that is known. */
function tooEarlyText(texts: Localizer, { more_with, more_without }: Effect): string {
  if (more_with > 0 && more_without > 0) {
    const values = { without: texts.number(more_without) };
    return texts.count("helps.early_both", more_with, values);
  }
  if (more_with > 0) return texts.count("helps.early_with", more_with);
  if (more_without > 0) return texts.count("helps.early_without", more_without);
  return texts.text("helps.early");
}

/** What differs, for example "On nights with it: about 24 % fewer periodic movements per hour." */
export function detailText(texts: Localizer, outcome: OutcomeRow, row: EffectRow): string | undefined {
  const { effect, finding } = row;
  switch (finding) {
    case "better":
    case "worse":
      return texts.text("helps.on_nights", { change: changeText(texts, outcome, effect.effect ?? 0) });
    case "no_difference":
      return texts.text("helps.no_difference_detail");
    case "too_few_periods":
      return texts.text("helps.too_few_periods_detail");
    case "kept_back":
      return texts.text("helps.trial_running_detail");
    case "too_early":
      return undefined;
  }
}

/** A difference, for example "about 24 % fewer periodic movements per hour". */
export function changeText(texts: Localizer, outcome: OutcomeRow, value: number): string {
  const key = outcome.changes[value < 0 ? "lower" : "higher"];
  return texts.text(key, { value: outcome.amount(texts, Math.abs(value)) });
}

/** Percent of the intervals of nights that were only observed: docs/protocol.md. */
const OBSERVED_LEVEL = 90;

/** The limits of an interval that covers `level` percent; undefined: it has none. */
export function intervalText(
  texts: Localizer,
  outcome: OutcomeRow,
  { low, high }: { readonly low: number | null; readonly high: number | null },
  level: number = OBSERVED_LEVEL,
): string | undefined {
  if (low === null || high === null) return undefined;
  return texts.text("helps.interval", {
    level: texts.number(level),
    low: signed(texts, outcome, low),
    high: signed(texts, outcome, high),
  });
}

export function nightsText(
  texts: Localizer,
  counts: { readonly nights_with: number; readonly nights_without: number },
): string {
  return texts.text("helps.nights", {
    with: texts.number(counts.nights_with),
    without: texts.number(counts.nights_without),
  });
}

/** Factors that cannot be told from this one, because they come on the same nights. */
export function togetherText(texts: Localizer, { together_with }: Effect): string | undefined {
  if (together_with.length === 0) return undefined;
  const factors = texts.list(together_with.map((factor) => factorLabel(texts, factor)));
  return texts.text("helps.together", { factors });
}

// --- Trials ---

/** Percent that the interval of a trial covers: docs/science.md, personal trials. */
function trialLevel(trial: Trial, result: TrialResult): number {
  if (result.at_early_look) return 98;
  return trial.early_look ? 94 : 92;
}

/** A trial was drawn at random: its result may be said to come from the factor. */
export function trialFinding(outcome: OutcomeRow, result: TrialResult): Exclude<Finding, "kept_back"> {
  switch (result.verdict) {
    case "lower":
    case "higher":
      return result.verdict === outcome.better ? "better" : "worse";
    case "no_difference":
      return "no_difference";
    case "too_few":
      return "too_early";
  }
}

const TRIAL_FINDINGS = {
  better: "helps.trial_helped",
  worse: "helps.trial_worse",
  no_difference: "helps.trial_no_difference",
  too_early: "helps.trial_too_few",
  too_few_periods: "helps.trial_too_few",
} as const;

/** A person may have stopped a trial because of what it seemed to show: its nights are observed. */
const STOPPED_FINDINGS = {
  ...TRIAL_FINDINGS,
  better: "helps.trial_better_stopped",
  worse: "helps.trial_worse_stopped",
} as const;

export function trialFindingText(
  texts: Localizer,
  outcome: OutcomeRow,
  trial: Trial,
  result: TrialResult,
): string {
  const findings = trial.status === "stopped" ? STOPPED_FINDINGS : TRIAL_FINDINGS;
  return texts.text(findings[trialFinding(outcome, result)]);
}

/** What a trial found, as a sentence. */
export function trialResultText(texts: Localizer, outcome: OutcomeRow, result: TrialResult): string {
  const finding = trialFinding(outcome, result);
  if (finding === "too_early") return texts.text("helps.trial_too_few_detail");
  if (result.effect === null || finding === "no_difference") {
    return texts.text("helps.trial_no_difference_detail");
  }
  return texts.text("helps.on_nights", { change: changeText(texts, outcome, result.effect) });
}

/** What a trial found, in figures; each a sentence. */
export function trialFigures(
  texts: Localizer,
  outcome: OutcomeRow,
  trial: Trial,
  result: TrialResult,
): string[] {
  const { effect, p } = result;
  const figures = [
    effect === null
      ? undefined
      : texts.text("helps.trial_effect", { effect: signed(texts, outcome, effect) }),
    intervalText(texts, outcome, result, trialLevel(trial, result)),
    p === null ? undefined : texts.text("helps.trial_p", { p: texts.number(p, 3) }),
    nightsText(texts, result),
    result.at_early_look ? texts.text("helps.trial_early_look") : undefined,
  ];
  return figures.filter((figure) => figure !== undefined);
}

/** The name of what is tried. */
export function triedLabel(
  texts: Localizer,
  trial: { readonly factor: string; readonly name: string | null },
): string {
  return trial.factor === "other" ? (trial.name ?? factorLabel(texts, "other")) : factorLabel(texts, trial.factor);
}

/** When a trial was, and what was watched. */
export function trialDates(texts: Localizer, trial: Trial): string {
  const options = { day: "numeric", month: "short", year: "numeric" } as const;
  const outcome = outcomeOf(trial.outcome);
  return texts.text(trial.status === "stopped" ? "helps.trial_stopped" : "helps.trial_dates", {
    from: texts.date(trial.start, options),
    to: texts.date(trial.stopped ?? trial.end, options),
    outcome: outcome === undefined ? trial.outcome : texts.text(outcome.label),
  });
}
