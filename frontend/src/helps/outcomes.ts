/** What is compared between nights, and how a difference is said. No DOM. */

import type { Key, Localizer } from "../localize";

type Direction = "lower" | "higher";

export interface OutcomeRow {
  /** As in the protocol. */
  readonly name: string;
  readonly label: Key;
  /** Which direction is good for the sleeper. */
  readonly better: Direction;
  readonly changes: Readonly<Record<Direction, Key>>;
  /** Least reach of the axis to both sides, in the unit of the effect. chosen: twice what matters. */
  readonly reach: number;
  /** An amount without its sign. */
  amount(texts: Localizer, value: number): string;
}

const percent = (texts: Localizer, value: number) => texts.percent(Math.round(value * 100));
const points = (texts: Localizer, value: number) => texts.number(value, 1);
const inHundred = (texts: Localizer, value: number) => texts.number(Math.round(value * 100));
const duration = (texts: Localizer, value: number) => texts.duration(value * 3600);

export const OUTCOMES: readonly OutcomeRow[] = [
  {
    name: "plm_index",
    label: "helps.plm_index",
    better: "lower",
    changes: { lower: "helps.plm_index_lower", higher: "helps.plm_index_higher" },
    reach: 0.6,
    amount: percent,
  },
  {
    name: "movement_index",
    label: "helps.movement_index",
    better: "lower",
    changes: { lower: "helps.movement_index_lower", higher: "helps.movement_index_higher" },
    reach: 0.6,
    amount: percent,
  },
  {
    name: "cramp",
    label: "helps.cramp",
    better: "lower",
    changes: { lower: "helps.cramp_lower", higher: "helps.cramp_higher" },
    reach: 0.4,
    amount: inHundred,
  },
  {
    name: "sleep_h",
    label: "helps.sleep_h",
    better: "higher",
    changes: { lower: "helps.sleep_h_lower", higher: "helps.sleep_h_higher" },
    reach: 1,
    amount: duration,
  },
  {
    name: "evening_symptoms",
    label: "helps.evening_symptoms",
    better: "lower",
    changes: { lower: "helps.evening_symptoms_lower", higher: "helps.evening_symptoms_higher" },
    reach: 4,
    amount: points,
  },
  {
    name: "sleep_quality",
    label: "helps.sleep_quality",
    better: "higher",
    changes: { lower: "helps.sleep_quality_lower", higher: "helps.sleep_quality_higher" },
    reach: 4,
    amount: points,
  },
];

export const OUTCOME_NAMES: readonly string[] = OUTCOMES.map(({ name }) => name);

export function outcomeOf(name: string): OutcomeRow | undefined {
  return OUTCOMES.find((outcome) => outcome.name === name);
}

/** An amount with its sign, for example "−24 %". */
export function signed(texts: Localizer, outcome: OutcomeRow, value: number): string {
  const amount = outcome.amount(texts, Math.abs(value));
  if (amount === outcome.amount(texts, 0)) return amount;
  return value < 0 ? `\u2212${amount}` : `+${amount}`;
}
