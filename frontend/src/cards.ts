/** All cards, in the order in which they are listed. */

import { LimberHelpsCard } from "./helps/card";
import type { Key } from "./localize";
import { LimberNightCard } from "./night/card";
import { LimberTonightCard } from "./tonight/card";
import { LimberTrendCard } from "./trend/card";

interface CardDescription {
  readonly type: string;
  readonly element: CustomElementConstructor;
  readonly name: Key;
  readonly description: Key;
  /** Entities that the card is suggested for, as "domain.translation_key": see `keyOf`. */
  readonly suggestedFor: RegExp;
}

export const CARDS: readonly CardDescription[] = [
  {
    type: "limber-tonight-card",
    element: LimberTonightCard,
    name: "tonight.card_name",
    description: "tonight.card_description",
    suggestedFor: /^binary_sensor\.(in_bed|asleep|cramp|monitoring)$|^sensor\.tonight_|^event\.(series|movement|cramp)$|^switch\.pause$/,
  },
  {
    type: "limber-night-card",
    element: LimberNightCard,
    name: "night.card_name",
    description: "night.card_description",
    suggestedFor: /^sensor\.last_night_|^event\.night$|^calendar\.nights$|^binary_sensor\.restless_last_night$/,
  },
  {
    type: "limber-trend-card",
    element: LimberTrendCard,
    name: "trend.card_name",
    description: "trend.card_description",
    suggestedFor: /^sensor\.(last_night_|average_|restless_nights$)|^calendar\.nights$/,
  },
  {
    type: "limber-helps-card",
    element: LimberHelpsCard,
    name: "helps.card_name",
    description: "helps.card_description",
    suggestedFor: /^event\.factor$|^sensor\.trial_|^binary_sensor\.trial_question$/,
  },
];
