/** The trial that is going on, and what ended ones found. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import type { RunningTrial, Trial } from "../types";
import { outcomeOf } from "./outcomes";
import {
  trialDates,
  trialFigures,
  trialFinding,
  trialFindingText,
  trialResultText,
  triedLabel,
} from "./words";

const PLANS = {
  with: "helps.plan_with",
  without: "helps.plan_without",
  washout: "helps.plan_washout",
} as const;

export interface TrialView {
  readonly texts: Localizer;
  readonly trial: RunningTrial;
  /** Nights that were answered; undefined: not known. */
  readonly answered: number | undefined;
  readonly disabled: boolean;
  answer(night: string, done: boolean): void;
  stop(): void;
}

/** The plan of tonight, the question of the morning, and how far it is. No figures: see `note`. */
export function renderTrial(view: TrialView): TemplateResult {
  const { texts, trial, disabled } = view;
  const tried = triedLabel(texts, trial);
  const title = texts.text("helps.trial_title", { factor: tried });
  return html`<section class="part trial" aria-label=${title}>
    <h3 dir="auto">${title}</h3>
    ${trial.question === null ? nothing : renderQuestion(view, tried, trial.question)}
    <p class="plan ${trial.tonight ?? "waiting"}" dir="auto">
      ${trial.tonight === null
        ? texts.text("helps.plan_later", texts.nightDates(trial.start))
        : texts.text(PLANS[trial.tonight], { factor: tried })}
    </p>
    ${trial.night_number === null ? nothing : renderProgress(view, trial.night_number)}
    <p class="note"><span dir="auto">${texts.text("helps.trial_note")}</span></p>
    <button class="quiet" ?disabled=${disabled} @click=${() => view.stop()}>
      ${texts.text("helps.stop")}
    </button>
  </section>`;
}

function renderQuestion(view: TrialView, tried: string, night: string): TemplateResult {
  const { texts, disabled } = view;
  const dates = texts.nightDates(night);
  const question = texts.text("helps.trial_question", { factor: tried, ...dates });
  return html`<div class="asked" role="group" aria-label=${question}>
    <p dir="auto">${question}</p>
    <div class="values two">
      <button ?disabled=${disabled} @click=${() => view.answer(night, true)}>
        ${texts.text("helps.yes")}
      </button>
      <button ?disabled=${disabled} @click=${() => view.answer(night, false)}>
        ${texts.text("helps.no")}
      </button>
    </div>
  </div>`;
}

function renderProgress({ texts, trial, answered }: TrialView, night: number): TemplateResult {
  const text = texts.text("helps.trial_night", {
    night: texts.number(night),
    nights: texts.number(trial.nights),
  });
  return html`<progress max=${trial.nights} .value=${night} aria-label=${text}></progress>
    <p class="numbers" dir="auto">
      ${text}${answered === undefined
        ? nothing
        : ` · ${texts.text("helps.trial_answered", { count: texts.number(answered) })}`}
    </p>`;
}

/** Ended trials, newest first. */
export function renderResults(texts: Localizer, trials: readonly Trial[]): unknown {
  const ended = trials.filter((trial) => trial.status !== "running" && hasBegun(trial));
  if (ended.length === 0) return nothing;
  return html`<section class="part" aria-label=${texts.text("helps.results")}>
    <h3>${texts.text("helps.results")}</h3>
    <ul class="effects">
      ${ended.map((trial) => renderResult(texts, trial))}
    </ul>
  </section>`;
}

/** false: it was stopped before its first night, and says nothing. */
function hasBegun({ start, stopped }: Trial): boolean {
  return stopped === null || stopped >= start;
}

function renderResult(texts: Localizer, trial: Trial): TemplateResult {
  const outcome = outcomeOf(trial.outcome);
  const { result } = trial;
  const known = outcome !== undefined && result !== null;
  return html`<li class=${known ? trialFinding(outcome, result) : "too_early"}>
    <p class="what">
      <strong dir="auto">${triedLabel(texts, trial)}</strong>
      <span class="finding" dir="auto"
        >${known ? trialFindingText(texts, outcome, trial, result) : texts.text("helps.trial_no_result")}</span
      >
    </p>
    ${known ? html`<p dir="auto">${trialResultText(texts, outcome, result)}</p>` : nothing}
    <p class="numbers" dir="auto">${trialDates(texts, trial)}</p>
    ${known
      ? html`<details>
          <summary>${texts.text("helps.figures")}</summary>
          <ul>
            ${trialFigures(texts, outcome, trial, result).map((figure) => html`<li dir="auto">${figure}</li>`)}
          </ul>
          <p class="note"><span dir="auto">${texts.text("helps.figures_note")}</span></p>
        </details>`
      : nothing}
  </li>`;
}
