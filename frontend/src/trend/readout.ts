/** What a trend says about the night, or the week, that is pointed at. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";

import { isMeasured } from "./calendar";
import type { View } from "./view";
import { columnDates, columnDetails, columnValueText } from "./words";

/** `open` is called with the date of a night. */
export function renderReadout(
  { model, texts }: View,
  index: number,
  open: (night: string) => void,
): TemplateResult {
  const column = model.columns[index];
  if (column === undefined) return html`<div class="readout"></div>`;
  const single = column.nights.length === 1;
  const buttons = column.nights.filter(isMeasured).map(({ date }) => {
    if (single) {
      return html`<button @click=${() => open(date)}>${texts.text("trend.open")}</button>`;
    }
    const name = texts.text("trend.open_date", { date: texts.date(date) });
    return html`<button aria-label=${name} @click=${() => open(date)}>
      ${texts.date(date, { weekday: "short" })}
    </button>`;
  });
  return html`<div class="readout">
    <div class="what" aria-live="polite">
      <p>
        <span dir="auto">${columnDates(texts, column)}</span>
        · <span dir="auto" class="value">${columnValueText(texts, model, index)}</span>
      </p>
      <p class="details">
        <span dir="auto">${columnDetails(texts, model, index).join(" · ")}</span>
      </p>
    </div>
    ${buttons.length === 0 ? nothing : html`<div class="nights">${buttons}</div>`}
  </div>`;
}
