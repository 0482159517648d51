/** Which comparisons are shown, and in which order. No DOM. */

import { isTried } from "../trend/trials";
import type { Effect, Trial } from "../types";
import { OUTCOMES } from "./outcomes";
import type { OutcomeRow } from "./outcomes";

/** What nights with and without a factor show, from the sleeper's point of view. */
export type Finding =
  | "better"
  | "worse"
  | "no_difference"
  | "too_early"
  | "too_few_periods"
  /** Its trial is running: what is known would spoil it. */
  | "kept_back";

export interface EffectRow {
  readonly effect: Effect;
  readonly finding: Finding;
}

const ORDER: readonly Finding[] = [
  "better",
  "worse",
  "no_difference",
  "too_few_periods",
  "too_early",
  "kept_back",
];

/** The outcomes that are known, in the order of the protocol. */
export function knownOutcomes(effects: readonly Effect[]): readonly OutcomeRow[] {
  return OUTCOMES.filter(({ name }) => effects.some(({ outcome }) => outcome === name));
}

/** The comparisons of an outcome: what differs first, then by the number of nights. */
export function effectRows(
  effects: readonly Effect[],
  outcome: OutcomeRow,
  trials: readonly Trial[],
): readonly EffectRow[] {
  const rows = effects
    .filter((effect) => effect.outcome === outcome.name)
    .map((effect) => ({ effect, finding: findingOf(effect, outcome, trials) }));
  return rows.sort(
    (one, other) =>
      ORDER.indexOf(one.finding) - ORDER.indexOf(other.finding) ||
      other.effect.nights_with - one.effect.nights_with,
  );
}

function findingOf(effect: Effect, outcome: OutcomeRow, trials: readonly Trial[]): Finding {
  if (isTried(trials, effect.factor)) return "kept_back";
  switch (effect.verdict) {
    case "lower":
    case "higher":
      return effect.verdict === outcome.better ? "better" : "worse";
    case "no_difference":
    case "too_few_periods":
      return effect.verdict;
    default:
      return "too_early";
  }
}

/** Whether the numbers of a comparison say anything. */
export function hasInterval({ effect, finding }: EffectRow): boolean {
  const says = finding === "better" || finding === "worse" || finding === "no_difference";
  return says && effect.effect !== null;
}

/** How far the common axis of all rows reaches to both sides. */
export function axisReach(outcome: OutcomeRow, rows: readonly EffectRow[]): number {
  const limits = rows
    .filter(hasInterval)
    .flatMap(({ effect }) => [effect.effect, effect.low, effect.high])
    .map((limit) => Math.abs(limit ?? 0));
  return Math.max(outcome.reach, ...limits) * 1.05;
}
