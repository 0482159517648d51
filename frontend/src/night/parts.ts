/** The parts of the card around its timeline. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import type { Diary } from "../types";
import type { NightModel } from "./model";
import type { Readout } from "./words";
import { NightWords } from "./words";

const HOUR_S = 3600;

/** The figures that matter most. Unknown is said in words, never as zero. */
export function renderFacts(model: NightModel, texts: Localizer): TemplateResult {
  const { measures } = model.data;
  const hours = (value: number | null | undefined): string | null =>
    typeof value === "number" ? texts.duration(value * HOUR_S) : null;
  const number = (value: number | null | undefined, digits = 0): string | null =>
    typeof value === "number" ? texts.number(value, digits) : null;
  return html`<dl class="facts">
    ${fact(texts.text("night.fact_movements"), number(measures.movements), texts)}
    ${fact(texts.text("night.fact_plm_index"), number(measures.plm_index, 1), texts)}
    ${fact(texts.text("night.fact_cramps"), number(crampsOf(model)), texts)}
    ${fact(texts.text("night.legend_in_bed"), hours(measures.time_in_bed_h), texts)}
    ${fact(texts.text("night.legend_asleep"), hours(measures.sleep_h), texts)}
  </dl>`;
}

/** Cramps that the sleeper did not deny; null: no sensor can recognize any, and none was reported. */
function crampsOf(model: NightModel): number | null {
  const { measures, events_deleted } = model.data;
  const possible = measures.cramps_possible ?? null;
  const probable = measures.cramps_probable ?? null;
  const found = model.cramps.filter(({ label }) => label !== false).length;
  if (events_deleted) {
    return possible === null && probable === null ? null : (possible ?? 0) + (probable ?? 0);
  }
  return found === 0 && possible === null && probable === null ? null : found;
}

function fact(name: string, value: string | null, texts: Localizer): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    ${
      value === null
        ? html`<dd class="unknown"><bdi>${texts.text("night.unknown")}</bdi></dd>`
        : html`<dd><bdi>${value}</bdi></dd>`
    }
  </div>`;
}

export function renderReadout(readout: Readout | undefined, texts: Localizer): TemplateResult {
  return html`<div class="readout" role="status">
    ${
      readout === undefined
        ? html`<bdi class="hint">${texts.text("night.hint")}</bdi>`
        : html`<bdi
            ><span class="when">${readout.when}</span> <strong>${readout.what}</strong>${
              readout.details.map((one) => html`, ${one}`)
            }</bdi
          >`
    }
  </div>`;
}

/** What was logged, also hours before the night, where the timeline does not reach. */
export function renderFactors(
  model: NightModel,
  words: NightWords,
  texts: Localizer,
): TemplateResult | typeof nothing {
  if (model.factors.length === 0) {
    return nothing;
  }
  return html`<div class="row">
    <h3>${texts.text("night.logged")}</h3>
    <ul class="chips">
      ${model.factors.map((factor) => {
        const { when, what, details } = words.factor(factor);
        return html`<li>
          <bdi>${what}</bdi> <bdi class="time">${[when, ...details].join(", ")}</bdi>
        </li>`;
      })}
    </ul>
  </div>`;
}

export function renderDiary(diary: Diary | null, texts: Localizer): TemplateResult | typeof nothing {
  const entries = diary === null ? [] : diaryEntries(diary, texts);
  if (entries.length === 0) {
    return nothing;
  }
  return html`<div class="row">
    <h3>${texts.text("night.diary")}</h3>
    <ul class="chips">
      ${entries.map((entry) => html`<li><bdi>${entry}</bdi></li>`)}
    </ul>
  </div>`;
}

function diaryEntries(diary: Diary, texts: Localizer): string[] {
  const entries: string[] = [];
  const { evening_symptoms, sleep_quality, cramp, cramp_pain } = diary;
  if (evening_symptoms !== null) {
    entries.push(texts.text("night.diary_evening", { value: evening_symptoms }));
  }
  if (sleep_quality !== null) {
    entries.push(texts.text("night.diary_quality", { value: sleep_quality }));
  }
  if (cramp === true && cramp_pain !== null) {
    entries.push(texts.text("night.diary_pain", { value: cramp_pain }));
  } else if (cramp !== null) {
    entries.push(texts.text(cramp ? "night.diary_cramp" : "night.diary_no_cramp"));
  }
  return entries;
}

/** Cramps, series and gaps as a table, for those who do not see the drawing. */
export function renderTable(
  model: NightModel,
  words: NightWords,
  texts: Localizer,
): TemplateResult | typeof nothing {
  const rows = [
    ...model.cramps.map((one) => ({ time: one.start, ...words.readout({ kind: "cramp", cramp: one }) })),
    ...model.series.map((one) => ({ time: one.start, ...words.readout({ kind: "series", series: one }) })),
    ...model.gaps.map((one) => ({ time: one.start, ...words.readout({ kind: "gap", gap: one }) })),
    ...model.awakenings.map((time) => ({ time, ...words.readout({ kind: "awakening", time }) })),
  ].sort((one, other) => one.time - other.time);
  if (rows.length === 0) {
    return nothing;
  }
  return html`<div class="hidden">
    <table>
      <caption>
        ${texts.text("night.table")}
      </caption>
      <thead>
        <tr>
          <th scope="col">${texts.text("night.table_when")}</th>
          <th scope="col">${texts.text("night.table_what")}</th>
          <th scope="col">${texts.text("night.table_details")}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ when, what, details }) =>
            html`<tr>
              <td>${when}</td>
              <td>${what}</td>
              <td>${details.join(", ")}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
