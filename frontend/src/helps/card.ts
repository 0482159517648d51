/** The What-helps card: the personal trial, the diary, and nights with and without what was logged. */

import { html, nothing } from "lit";
import type { CSSResultGroup, PropertyValues, TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";

import { explainError } from "../api";
import { LimberCard } from "../base-card";
import type { Sleeper } from "../devices";
import { choice, configForm } from "../editor";
import type { ConfigForm } from "../editor";
import type { Key } from "../localize";
import { pageLocalizer } from "../localize";
import { NightsLoader } from "../nights-loader";
import type { GridOptions, LimberCardConfig, NightsData, TonightData } from "../types";
import { renderDiary } from "./diary-view";
import { effectRows, knownOutcomes } from "./effects";
import { renderEffects } from "./effects-view";
import { formStyles } from "./form-styles";
import { OUTCOME_NAMES, outcomeOf } from "./outcomes";
import { helpsStyles } from "./styles";
import "./trial-form";
import type { TrialRequest } from "./trial-form";
import { renderResults, renderTrial } from "./trial-view";
import { triedLabel } from "./words";

const PARTS = ["trial", "diary", "effects"] as const;
type Part = (typeof PARTS)[number];
/** The effects and trials come with any number of nights; these are the fewest. */
const FEWEST_NIGHTS = 7;

interface HelpsConfig extends LimberCardConfig {
  /** Outcome shown first. */
  readonly outcome?: string;
  readonly hide?: readonly Part[];
}

/** What the person is asked to confirm. */
type Question = { readonly start: TrialRequest } | "stop";
type Fields = Readonly<Record<string, unknown>>;

export class LimberHelpsCard extends LimberCard<HelpsConfig> {
  static override styles: CSSResultGroup = [LimberCard.styles, formStyles, helpsStyles];

  protected override readonly heading = "helps.heading";
  @state() private outcome: string | undefined;
  @state() private formOpen = false;
  @state() private question: Question | undefined;
  /** An action is on its way. */
  @state() private busy = false;
  @state() private failure: string | undefined;
  @query("dialog") private dialog!: HTMLDialogElement | null;
  private readonly loader = new NightsLoader(this);

  static getConfigForm(): ConfigForm {
    return configForm([choice("outcome", OUTCOME_NAMES), choice("hide", PARTS, true)]);
  }

  static getStubConfig(): Record<string, unknown> {
    return {};
  }

  override getCardSize(): number {
    return 10;
  }

  override getGridOptions(): GridOptions {
    return { columns: 12, min_columns: 6 };
  }

  protected override checkConfig(config: HelpsConfig): void {
    const { outcome = OUTCOME_NAMES[0] ?? "", hide = [] } = config;
    if (!OUTCOME_NAMES.includes(outcome)) {
      const outcomes = OUTCOME_NAMES.join(", ");
      throw new Error(pageLocalizer().text("helps.config_outcome", { outcomes }));
    }
    if (!Array.isArray(hide) || !hide.every((part) => PARTS.includes(part))) {
      throw new Error(pageLocalizer().text("helps.config_hide"));
    }
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("config")) this.outcome = undefined;
    const { hass, config, tonight } = this;
    this.loader.loadLast(FEWEST_NIGHTS, hass, config, tonight);
  }

  protected override renderCard(sleeper: Sleeper, tonight: TonightData): TemplateResult {
    const data = this.loader.dataOf(sleeper.device);
    const personal = [this.renderTrialPart(sleeper, tonight, data), this.renderDiaryPart(sleeper, tonight)];
    const isTwo = personal.some((part) => part !== nothing);
    return html`<div class="body">
      ${this.renderOffline(tonight)}
      ${this.failure === undefined ? nothing : this.renderProblem(this.failure)}
      <div class=${isTwo ? "parts two" : "parts"}>
        ${isTwo ? html`<div class="column">${personal}</div>` : nothing}
        <div class="column">
          ${this.isHidden("effects") ? nothing : this.renderEffectsPart(data)}
          ${this.isHidden("trial") || data === undefined
            ? nothing
            : renderResults(this.texts, data.trials)}
        </div>
      </div>
      ${this.renderDialog(sleeper)}
    </div>`;
  }

  private isHidden(part: Part): boolean {
    return this.config?.hide?.includes(part) ?? false;
  }

  // --- Trial ---

  private renderTrialPart(
    sleeper: Sleeper,
    tonight: TonightData,
    data: NightsData | undefined,
  ): unknown {
    if (this.isHidden("trial") || !tonight.supports.includes("start_trial")) return nothing;
    const { trial } = tonight;
    if (trial === null) return this.renderTry();
    return renderTrial({
      texts: this.texts,
      trial,
      answered: data?.trials.find(({ id }) => id === trial.id)?.answered,
      disabled: this.isDisabled(tonight),
      answer: (night, done) => void this.act(sleeper, "answer_trial", { night, done }),
      stop: () => this.ask("stop"),
    });
  }

  private renderTry(): TemplateResult {
    const { texts } = this;
    return html`<section class="part" aria-label=${texts.text("helps.try")}>
      <h3>${texts.text("helps.try")}</h3>
      ${this.formOpen
        ? html`<limber-trial-form
            .texts=${texts}
            .dark=${this.dark}
            .disabled=${this.busy || this.tonight?.online === false}
            @limber-start-trial=${(event: CustomEvent<TrialRequest>) => this.ask({ start: event.detail })}
            @limber-cancel=${() => {
              this.formOpen = false;
            }}
          ></limber-trial-form>`
        : html`<p dir="auto">${texts.text("helps.try_intro")}</p>
            <div class="actions">
              <button
                class="main"
                @click=${() => {
                  this.formOpen = true;
                }}
              >
                ${texts.text("helps.try_button")}
              </button>
            </div>`}
    </section>`;
  }

  private ask(question: Question): void {
    this.question = question;
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  private renderDialog(sleeper: Sleeper): unknown {
    const { question, texts } = this;
    if (question === undefined) return nothing;
    const isStop = question === "stop";
    const title = texts.text(isStop ? "helps.stop_title" : "helps.start_title");
    return html`<dialog
      aria-label=${title}
      @close=${(event: Event) => this.onClose(event.currentTarget as HTMLDialogElement, sleeper)}
    >
      <form method="dialog">
        <h3>${title}</h3>
        <p dir="auto">${isStop ? texts.text("helps.stop_text") : this.startText(question.start)}</p>
        <div class="actions">
          <button class="quiet" value="">${texts.text("helps.cancel")}</button>
          <button class="main" value="yes">${texts.text(isStop ? "helps.stop" : "helps.start")}</button>
        </div>
      </form>
    </dialog>`;
  }

  private startText({ factor, name, weeks, outcome }: TrialRequest): string {
    const { texts } = this;
    const label = outcomeOf(outcome)?.label;
    return texts.text("helps.start_text", {
      factor: triedLabel(texts, { factor, name: name ?? null }),
      weeks: texts.count("helps.weeks", weeks),
      outcome: label === undefined ? outcome : texts.text(label),
    });
  }

  private onClose(dialog: HTMLDialogElement, sleeper: Sleeper): void {
    const { question } = this;
    this.question = undefined;
    if (dialog.returnValue !== "yes" || question === undefined) return;
    if (question === "stop") void this.act(sleeper, "stop_trial", {});
    else void this.act(sleeper, "start_trial", { ...question.start });
  }

  // --- Diary ---

  private renderDiaryPart(sleeper: Sleeper, tonight: TonightData): unknown {
    const { diary } = tonight;
    if (this.isHidden("diary") || diary === null || !tonight.supports.includes("diary")) return nothing;
    return renderDiary({
      texts: this.texts,
      diary,
      disabled: this.isDisabled(tonight),
      write: (night, answers) => void this.act(sleeper, "diary", { night, ...answers }),
    });
  }

  // --- Nights with and without ---

  private renderEffectsPart(data: NightsData | undefined): unknown {
    const { error } = this.loader;
    if (data === undefined) {
      return error === undefined
        ? this.renderLoading()
        : [this.renderError(error), this.loader.renderRetry(this.texts)];
    }
    const { effects } = data;
    const { texts } = this;
    if (effects === null) {
      // A small computer may need a while for them.
      const isComing = this.tonight?.supports.includes("effects") ?? false;
      return isComing ? this.renderLoading() : this.renderMessage("helps.bridge_too_old");
    }
    const outcomes = knownOutcomes(effects);
    const wanted = this.outcome ?? this.config?.outcome;
    const outcome = outcomes.find(({ name }) => name === wanted) ?? outcomes[0];
    if (outcome === undefined) {
      // The bridge leaves out what is on trial.
      const isTrying = this.tonight !== undefined && this.tonight.trial !== null;
      return this.renderMessage(isTrying ? "helps.trial_running_detail" : "helps.nothing_logged");
    }
    return renderEffects({
      texts,
      outcomes,
      outcome,
      rows: effectRows(effects, outcome, data.trials),
      chooseOutcome: (name) => {
        this.outcome = name;
      },
    });
  }

  private renderMessage(key: Key): TemplateResult {
    return html`<p class="muted" dir="auto">${this.texts.text(key)}</p>`;
  }

  // --- Actions ---

  private isDisabled(tonight: TonightData): boolean {
    return this.busy || !tonight.online;
  }

  private async act({ device }: Sleeper, action: string, fields: Fields): Promise<void> {
    if (this.hass === undefined || this.busy) return;
    this.busy = true;
    this.failure = undefined;
    try {
      await this.hass.callService("limber", action, { sleeper: device, ...fields });
      if (action === "start_trial") this.formOpen = false;
    } catch (error) {
      const { message } = await explainError(this.hass, error);
      this.failure = this.texts.text("helps.failed", { reason: message });
    } finally {
      this.busy = false;
    }
  }
}
