/** Nights with and without each factor: a sentence, the interval as a picture, and how many nights. */

import { html, nothing, svg } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import { factorLabel } from "../trend/words";
import type { Effect } from "../types";
import { axisReach, hasInterval } from "./effects";
import type { EffectRow } from "./effects";
import type { OutcomeRow } from "./outcomes";
import { detailText, findingText, intervalText, nightsText, togetherText } from "./words";

/** Of the picture, in its own units; it is as wide as there is room. */
const WIDTH = 200;
const HEIGHT = 16;

export interface EffectsView {
  readonly texts: Localizer;
  readonly outcomes: readonly OutcomeRow[];
  readonly outcome: OutcomeRow;
  readonly rows: readonly EffectRow[];
  chooseOutcome(name: string): void;
}

export function renderEffects(view: EffectsView): TemplateResult {
  const { texts, outcome, rows } = view;
  const reach = axisReach(outcome, rows);
  return html`<section class="part" aria-label=${texts.text("helps.effects")}>
    <h3>${texts.text("helps.effects")}</h3>
    ${renderOutcomes(view)}
    ${rows.some(hasInterval) ? renderDirections(texts) : nothing}
    <ul class="effects">
      ${rows.map((row) => renderRow(view, row, reach))}
    </ul>
    <p class="note"><span dir="auto">${texts.text("helps.observed_note")}</span></p>
  </section>`;
}

function renderOutcomes({ texts, outcomes, outcome, chooseOutcome }: EffectsView): TemplateResult {
  const onChange = (event: Event) => chooseOutcome((event.target as HTMLSelectElement).value);
  return html`<label class="field"
    ><span>${texts.text("helps.outcome")}</span>
    <select @change=${onChange}>
      ${outcomes.map(
        ({ name, label }) =>
          html`<option value=${name} ?selected=${name === outcome.name}>${texts.text(label)}</option>`,
      )}
    </select>
  </label>`;
}

/** Which side of the pictures is which. Numbers grow to the right in every language. */
function renderDirections(texts: Localizer): TemplateResult {
  return html`<p class="directions" aria-hidden="true">
    <span>← ${texts.text("helps.less_with")}</span><span>${texts.text("helps.more_with")} →</span>
  </p>`;
}

function renderRow({ texts, outcome }: EffectsView, row: EffectRow, reach: number): TemplateResult {
  const { effect, finding } = row;
  const shown = hasInterval(row);
  const interval = shown ? intervalText(texts, outcome, effect) : undefined;
  const lines = [detailText(texts, outcome, row), togetherText(texts, effect)];
  const nights = finding === "kept_back" ? undefined : nightsText(texts, effect);
  return html`<li class=${finding}>
    <p class="what">
      <strong dir="auto">${factorLabel(texts, effect.factor)}</strong>
      <span class="finding" dir="auto">${findingText(texts, row)}</span>
    </p>
    ${shown ? renderInterval(effect, reach) : nothing}
    ${lines.map((line) => (line === undefined ? nothing : html`<p dir="auto">${line}</p>`))}
    <p class="numbers" dir="auto">
      ${[nights, interval].filter((text) => text !== undefined).join(" · ")}
    </p>
  </li>`;
}

/** The effect as a dot on the bar of its interval, and where no difference would be. */
function renderInterval({ effect, low, high }: Effect, reach: number): TemplateResult {
  const x = (value: number) => ((value / reach + 1) * WIDTH) / 2;
  const [left, right] = [x(low ?? effect ?? 0), x(high ?? effect ?? 0)];
  return html`<svg
    class="interval"
    viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${svg`<path class="track" d=${`M0 ${HEIGHT / 2}h${WIDTH}`}></path>
      <path class="zero" d=${`M${WIDTH / 2} 0v${HEIGHT}`}></path>
      <path class="bar" d=${`M${left} ${HEIGHT / 2}H${Math.max(right, left + 1)}`}></path>
      <path class="dot" d=${`M${x(effect ?? 0)} ${HEIGHT / 2}h0`}></path>`}
  </svg>`;
}
