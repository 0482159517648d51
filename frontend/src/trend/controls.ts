/** The choice of measure and range. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import type { MeasureRow } from "./measures";
import { RANGES } from "./model";
import type { Range } from "./model";

export interface Choices {
  readonly measures: readonly MeasureRow[];
  readonly measure: MeasureRow;
  readonly range: Range;
  chooseMeasure(name: string): void;
  chooseRange(range: Range): void;
}

export function renderControls(texts: Localizer, choices: Choices): TemplateResult {
  return html`<div class="controls">
    ${choices.measures.length > 1 ? renderMeasures(texts, choices) : nothing}
    <div class="ranges" role="radiogroup" aria-label=${texts.text("trend.range")}>
      ${RANGES.map((range) => renderRange(texts, choices, range))}
    </div>
  </div>`;
}

function renderMeasures(texts: Localizer, choices: Choices): TemplateResult {
  const onChange = (event: Event) =>
    choices.chooseMeasure((event.target as HTMLSelectElement).value);
  return html`<select aria-label=${texts.text("trend.measure")} @change=${onChange}>
    ${choices.measures.map(
      ({ name, label }) =>
        html`<option value=${name} ?selected=${name === choices.measure.name}>
          ${texts.text(label)}
        </option>`,
    )}
  </select>`;
}

function renderRange(texts: Localizer, choices: Choices, range: Range): TemplateResult {
  return html`<label title=${texts.text(`trend.nights_${range}`)}>
    <input
      type="radio"
      name="range"
      aria-label=${texts.text(`trend.nights_${range}`)}
      .checked=${range === choices.range}
      @change=${() => choices.chooseRange(range)}
    />
    <span dir="auto" aria-hidden="true">${texts.text(`trend.short_${range}`)}</span>
  </label>`;
}
