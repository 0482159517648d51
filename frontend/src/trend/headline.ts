/** The first thing to see in a trend: how the last week was, and whether that is usual. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";

import type { View } from "./view";
import { valueText } from "./measures";
import { usualText, verdictText } from "./words";

/** With one group, every second part of what it splits is a number. */
const NUMBER = /(\p{Nd}(?:[\p{Nd}.,'’\u00a0\u202f]*\p{Nd})?)/u;

export function renderHeadline({ model, texts }: View): TemplateResult {
  const { comparison, measure } = model;
  if (comparison === null) {
    return html`<p class="muted">${texts.text("trend.too_few")}</p>`;
  }
  // What is not part of a number is small: the unit before or after it, or those of a duration.
  const figure = valueText(texts, measure, comparison.recent)
    .split(NUMBER)
    .map((part, index) => (index % 2 === 1 ? part : html`<small>${part}</small>`));
  return html`<div class="headline">
    <div class="figure">${figure}</div>
    <div>
      <p class="muted">${texts.text("trend.last_week")}</p>
      <p class="verdict">${verdictText(texts, comparison) ?? nothing}</p>
      <p class="muted">
        <span dir="auto"
          >${comparison.usual === null
            ? texts.text("trend.usual_unknown")
            : usualText(texts, measure, comparison.usual)}</span
        >
      </p>
    </div>
  </div>`;
}
