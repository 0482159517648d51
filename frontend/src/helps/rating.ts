/** The inputs of the diary: a number from 0 to 10, and yes or no. */

import { html } from "lit";
import type { TemplateResult } from "lit";

const RATINGS = Array.from({ length: 11 }, (_, index) => index);

export interface Rating {
  readonly question: string;
  /** What 0 and 10 mean. */
  readonly lowest: string;
  readonly highest: string;
  readonly value: number | null;
  readonly disabled: boolean;
  /** Called with null if the chosen value is chosen again. */
  choose(value: number | null): void;
}

export function renderRating(rating: Rating): TemplateResult {
  return html`<div class="rating" role="group" aria-label=${rating.question}>
    <p class="question" dir="auto">${rating.question}</p>
    <div class="values">
      ${RATINGS.map(
        (value) =>
          html`<button
            aria-pressed=${value === rating.value ? "true" : "false"}
            ?disabled=${rating.disabled}
            @click=${() => rating.choose(value === rating.value ? null : value)}
          >
            ${value}
          </button>`,
      )}
    </div>
    <p class="ends"><span dir="auto">${rating.lowest}</span><span dir="auto">${rating.highest}</span></p>
  </div>`;
}

export interface YesNo {
  readonly question: string;
  readonly yes: string;
  readonly no: string;
  readonly value: boolean | null;
  readonly disabled: boolean;
  choose(value: boolean | null): void;
}

export function renderYesNo(input: YesNo): TemplateResult {
  const button = (value: boolean, label: string) =>
    html`<button
      aria-pressed=${value === input.value ? "true" : "false"}
      ?disabled=${input.disabled}
      @click=${() => input.choose(value === input.value ? null : value)}
    >
      ${label}
    </button>`;
  return html`<div class="rating" role="group" aria-label=${input.question}>
    <p class="question" dir="auto">${input.question}</p>
    <div class="values two">${button(true, input.yes)}${button(false, input.no)}</div>
  </div>`;
}
