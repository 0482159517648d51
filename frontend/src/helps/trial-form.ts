/** The form that starts a personal trial. */

import { LitElement, html, nothing } from "lit";
import type { CSSResultGroup, TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";

import { FACTORS } from "../factors";
import type { Localizer } from "../localize";
import { colors, shared } from "../theme";
import { factorLabel } from "../trend/words";
import { formStyles } from "./form-styles";
import { OUTCOMES } from "./outcomes";

export const FORM_TAG = "limber-trial-form";

const WEEKS = [2, 3, 4, 5, 6, 7, 8] as const;
const DEFAULT_WEEKS = 8;
/** What acts slowly has wash-out nights, with which the bridge refuses shorter trials
 * and an early look: docs/trials.md. */
const SLOW_FACTORS: readonly string[] = ["magnesium", "medicine"];
const MIN_WEEKS_OF_SLOW = 5;
const MIN_WEEKS_FOR_LOOK = 6;
const MAX_NAME = 40;

/** Fields of the action `limber.start_trial`. */
export interface TrialRequest {
  readonly factor: string;
  readonly name?: string;
  readonly weeks: number;
  readonly outcome: string;
  readonly early_look?: boolean;
}

/** Fires `limber-start-trial` with a TrialRequest, and `limber-cancel`. */
export class LimberTrialForm extends LitElement {
  static override styles: CSSResultGroup = [colors, shared, formStyles];

  @property({ attribute: false }) texts!: Localizer;
  @property({ type: Boolean, reflect: true }) dark = false;
  @property({ type: Boolean }) disabled = false;
  @state() private factor: string = FACTORS[0];
  @state() private name = "";
  @state() private weeks: number = DEFAULT_WEEKS;
  @state() private outcome = OUTCOMES[0]?.name ?? "";
  @state() private earlyLook = false;

  protected override render(): TemplateResult {
    const { texts } = this;
    return html`<form @submit=${(event: Event) => this.submit(event)}>
      <p dir="auto">${texts.text("helps.form_intro")}</p>
      ${this.renderSelect("form_factor", this.factor, FACTORS, (factor) => factorLabel(texts, factor), (value) => {
        this.factor = value;
        this.weeks = Math.max(this.weeks, this.minWeeks);
      })}
      ${this.factor === "other" ? this.renderName() : nothing}
      ${this.factor === "medicine"
        ? html`<p class="warning" role="note" dir="auto">${texts.text("helps.form_medicine")}</p>`
        : nothing}
      ${this.renderSelect(
        "form_weeks",
        String(this.weeks),
        WEEKS.filter((weeks) => weeks >= this.minWeeks).map(String),
        (weeks) => texts.count("helps.weeks", Number(weeks)),
        (value) => {
          this.weeks = Number(value);
        },
      )}
      ${this.renderSelect(
        "form_outcome",
        this.outcome,
        OUTCOMES.map(({ name }) => name),
        (name) => texts.code("helps", name),
        (value) => {
          this.outcome = value;
        },
      )}
      ${this.mayLook ? this.renderEarlyLook() : nothing}
      <div class="actions">
        <button type="button" class="quiet" @click=${() => this.dispatchEvent(new Event("limber-cancel"))}>
          ${texts.text("helps.cancel")}
        </button>
        <button type="submit" class="main" ?disabled=${this.disabled}>
          ${texts.text("helps.start")}
        </button>
      </div>
    </form>`;
  }

  private renderSelect(
    label: "form_factor" | "form_weeks" | "form_outcome",
    chosen: string,
    values: readonly string[],
    nameOf: (value: string) => string,
    choose: (value: string) => void,
  ): TemplateResult {
    const onChange = (event: Event) => choose((event.target as HTMLSelectElement).value);
    return html`<label class="field"
      ><span>${this.texts.text(`helps.${label}`)}</span>
      <select @change=${onChange}>
        ${values.map(
          (value) =>
            html`<option value=${value} .selected=${value === chosen}>${nameOf(value)}</option>`,
        )}
      </select>
    </label>`;
  }

  private renderName(): TemplateResult {
    return html`<label class="field"
      ><span>${this.texts.text("helps.form_name")}</span>
      <input
        required
        maxlength=${MAX_NAME}
        .value=${this.name}
        @input=${(event: Event) => {
          this.name = (event.target as HTMLInputElement).value;
        }}
      />
    </label>`;
  }

  private renderEarlyLook(): TemplateResult {
    return html`<label class="check">
      <input
        type="checkbox"
        .checked=${this.earlyLook}
        @change=${(event: Event) => {
          this.earlyLook = (event.target as HTMLInputElement).checked;
        }}
      />
      <span dir="auto">${this.texts.text("helps.form_early_look")}</span>
    </label>`;
  }

  private get minWeeks(): number {
    return SLOW_FACTORS.includes(this.factor) ? MIN_WEEKS_OF_SLOW : WEEKS[0];
  }

  private get mayLook(): boolean {
    return this.weeks >= MIN_WEEKS_FOR_LOOK && !SLOW_FACTORS.includes(this.factor);
  }

  private submit(event: Event): void {
    event.preventDefault();
    const name = this.name.trim();
    const isOther = this.factor === "other";
    if (isOther && name === "") return;
    const detail: TrialRequest = {
      factor: this.factor,
      ...(isOther ? { name } : {}),
      weeks: this.weeks,
      outcome: this.outcome,
      ...(this.earlyLook && this.mayLook ? { early_look: true } : {}),
    };
    this.dispatchEvent(new CustomEvent("limber-start-trial", { detail }));
  }
}

if (customElements.get(FORM_TAG) === undefined) {
  customElements.define(FORM_TAG, LimberTrialForm);
}

declare global {
  interface HTMLElementTagNameMap {
    [FORM_TAG]: LimberTrialForm;
  }
}
