/** The buttons of the Tonight card that log a factor. */

import { LitElement, html, nothing } from "lit";
import type { CSSResultGroup, PropertyValues, TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import { explainError, fetchNight, revisionOf } from "../api";
import { Loader } from "../loader";
import { localizer } from "../localize";
import type { Localizer } from "../localize";
import { colors, shared } from "../theme";
import { factorLabel } from "../trend/words";
import type { HomeAssistant, NightData, TonightData } from "../types";
import { logStyles } from "./log-styles";
import { logButtons, logTimes, mergeTimes, triedFactor } from "./log";
import type { LogButton, LogTimes } from "./log";

export const LOG_TAG = "limber-factor-log";
const NOTHING: LogTimes = new Map();

export class LimberFactorLog extends LitElement {
  static override styles: CSSResultGroup = [colors, shared, logStyles];

  @property({ attribute: false }) hass!: HomeAssistant;
  @property({ type: Boolean, reflect: true }) dark = false;
  /** Id of the sleeper's device. */
  @property() device = "";
  @property({ attribute: false }) tonight!: TonightData;
  @property({ attribute: false }) factors: readonly string[] = [];
  /** The factor that is on its way to the bridge. */
  @state() private sending: string | undefined;
  @state() private failure: string | undefined;
  /** What a screen reader says after a press. */
  @state() private said = "";
  /** What was logged here for this sleeper and night: the bridge may take a moment to send it. */
  private own: { readonly key: string; readonly times: LogTimes } = { key: "", times: NOTHING };
  private readonly loader = new Loader<NightData>(this);

  protected override willUpdate(_changed: PropertyValues): void {
    const { hass, device, tonight } = this;
    if (this.own.key !== this.key) {
      this.own = { key: this.key, times: NOTHING };
      this.said = "";
      this.failure = undefined;
    }
    // The revision changes with each factor that was logged, by whatever means.
    const revision = revisionOf(tonight);
    this.loader.load(`${this.key} ${revision}`, () =>
      fetchNight(hass, { device, live: true, revision }),
    );
  }

  protected override render(): TemplateResult {
    const { texts, factors, tonight } = this;
    const tried = triedFactor(factors, tonight.trial);
    const buttons = logButtons(texts, factors, this.times, tonight);
    return html`<section aria-labelledby="heading">
      <h3 id="heading">${texts.text("tonight.log")}</h3>
      <div class="buttons">
        ${repeat(
          buttons,
          ({ factor }) => factor,
          (button) => this.renderButton(button),
        )}
      </div>
      ${tried === undefined
        ? nothing
        : html`<p dir="auto">
            ${texts.text("tonight.log_tried", { factor: factorLabel(texts, tried) })}
          </p>`}
      ${this.failure === undefined
        ? nothing
        : html`<p class="failure" role="alert" dir="auto">${this.failure}</p>`}
      <p class="hidden" role="status">${this.said}</p>
    </section>`;
  }

  /** While it waits it stays a button that can have the focus: one that is disabled loses it. */
  private renderButton({ factor, name, time, label }: LogButton): TemplateResult {
    const waits = this.sending === factor;
    return html`<button
      type="button"
      class=${time === undefined ? "" : "logged"}
      aria-label=${label}
      aria-busy=${waits}
      ?disabled=${!this.tonight.online}
      @click=${() => void this.log(factor, name)}
    >
      <ha-icon
        aria-hidden="true"
        icon=${waits ? "mdi:dots-horizontal" : time === undefined ? "mdi:plus" : "mdi:check"}
      ></ha-icon>
      <span dir="auto">${time === undefined ? name : html`${name}, <small>${time}</small>`}</span>
    </button>`;
  }

  private get texts(): Localizer {
    return localizer(this.hass.locale);
  }

  private get key(): string {
    return `${this.device} ${this.tonight.tonight?.night ?? ""}`;
  }

  /** What was logged for tonight, as far as it is known. */
  private get times(): LogTimes {
    const { value, loadedKey } = this.loader;
    const isOfTonight = loadedKey?.startsWith(`${this.key} `) ?? false;
    const known = value !== undefined && isOfTonight ? logTimes(value) : NOTHING;
    return mergeTimes(known, this.own.times);
  }

  private async log(factor: string, name: string): Promise<void> {
    if (this.sending !== undefined) return;
    const { hass, device, key, texts } = this;
    this.sending = factor;
    this.failure = undefined;
    this.said = "";
    try {
      await hass.callService("limber", "log", { sleeper: device, factor });
      this.confirm(key, factor, name);
    } catch (error) {
      const { message } = await explainError(hass, error);
      this.failure = texts.text("helps.failed", { reason: message });
    } finally {
      this.sending = undefined;
    }
  }

  /** Show that a factor was logged, unless the card shows something else by now. */
  private confirm(key: string, factor: string, name: string): void {
    if (key !== this.key) return;
    const now = Date.now() / 1000;
    this.own = { key, times: mergeTimes(this.own.times, new Map([[factor, now]])) };
    const time = this.texts.time(now, this.tonight.time_zone);
    this.said = this.texts.text("tonight.logged", { factor: name, time });
  }
}

if (customElements.get(LOG_TAG) === undefined) customElements.define(LOG_TAG, LimberFactorLog);
