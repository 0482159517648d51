/** What all cards share: whose data they show, their state, and what is said if there are none. */

import { LitElement, html, nothing } from "lit";
import type { CSSResultGroup, PropertyValues, TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";

import { watchTonight } from "./api";
import type { ApiError } from "./api";
import { findTarget } from "./devices";
import type { Sleeper } from "./devices";
import { Localizer, localizer, pageLocalizer } from "./localize";
import type { Key } from "./localize";
import { colors, shared } from "./theme";
import type { GridOptions, HomeAssistant, LimberCardConfig, TonightData } from "./types";

const ERROR_TEXTS: Readonly<Record<string, Key>> = {
  not_found: "common.error_not_found",
  no_night: "common.error_no_night",
  unavailable: "common.error_unavailable",
  unauthorized: "common.error_unauthorized",
  unknown_command: "common.error_unknown_command",
};

/**
 * A card of one sleeper.
 *
 * A card implements `renderCard`, which is called only once the sleeper is known and their state
 * has arrived. It is rendered again when its own properties or the state of the sleeper change, not
 * with every change in Home Assistant.
 */
export abstract class LimberCard<
  Config extends LimberCardConfig = LimberCardConfig,
> extends LitElement {
  static override styles: CSSResultGroup = [colors, shared];

  @property({ attribute: false }) hass?: HomeAssistant;
  @property({ type: Boolean, reflect: true }) dark = false;
  @state() protected config?: Config;
  @state() protected tonight: TonightData | undefined;
  @state() private error: ApiError | undefined;

  /** The device and connection that are followed. */
  private watched: { device: string; connection: unknown; end: () => void } | undefined;

  /** Heading without a title of the person's choice. */
  protected abstract readonly heading: Key;

  /** Render what is between the heading and the lower border. */
  protected abstract renderCard(sleeper: Sleeper, tonight: TonightData): unknown;

  /** Whether the card has a heading. */
  protected get hasHeader(): boolean {
    return true;
  }

  /** What to show in the heading beside the title, for example buttons. */
  protected renderActions(_sleeper: Sleeper, _tonight: TonightData): unknown {
    return nothing;
  }

  /** Throws an Error that says what to write if the configuration is wrong. */
  setConfig(config: Config): void {
    if (config.device !== undefined && typeof config.device !== "string") {
      throw new Error(pageLocalizer().text("common.config_device"));
    }
    this.checkConfig(config);
    this.config = config;
  }

  /** Height in units of 50 px, for masonry views. */
  abstract getCardSize(): number;
  abstract getGridOptions(): GridOptions;

  /** Throws an Error that says what to write if an option of the card is wrong. */
  protected checkConfig(_config: Config): void {}

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopWatching();
  }

  protected override shouldUpdate(changed: PropertyValues): boolean {
    if (changed.size > 1 || !changed.has("hass")) return true;
    const before = changed.get("hass") as HomeAssistant | undefined;
    return before === undefined || this.hass === undefined || this.isAffected(before, this.hass);
  }

  /** Whether the card looks different after a change in Home Assistant. */
  protected isAffected(before: HomeAssistant, now: HomeAssistant): boolean {
    return (
      before.locale !== now.locale ||
      before.themes !== now.themes ||
      before.devices !== now.devices ||
      before.entities !== now.entities ||
      before.connection !== now.connection
    );
  }

  protected override willUpdate(_changed: PropertyValues): void {
    this.dark = this.hass?.themes.darkMode ?? false;
    this.watch();
  }

  protected get texts(): Localizer {
    return this.hass === undefined ? new Localizer() : localizer(this.hass.locale);
  }

  protected override render(): unknown {
    if (this.hass === undefined || this.config === undefined) return nothing;
    const target = findTarget(this.hass.devices, this.config.device);
    if ("problem" in target) {
      return this.frame(undefined, this.renderProblem(this.texts.text(`common.${target.problem}`)));
    }
    const { sleeper } = target;
    if (this.tonight === undefined) {
      const content =
        this.error === undefined ? this.renderLoading() : this.renderError(this.error);
      return this.frame(sleeper, content);
    }
    return this.frame(
      sleeper,
      this.renderCard(sleeper, this.tonight),
      this.renderActions(sleeper, this.tonight),
    );
  }

  protected renderLoading(): TemplateResult {
    return html`<div class="message" role="status">${this.texts.text("common.loading")}</div>`;
  }

  /** Say why there are no data. */
  protected renderError(error: ApiError): TemplateResult {
    const key = ERROR_TEXTS[error.code];
    return this.renderProblem(key === undefined ? error.message : this.texts.text(key));
  }

  protected renderProblem(text: string): TemplateResult {
    return html`<div class="message problem" role="alert">${text}</div>`;
  }

  /** Say that what is shown may be old; nothing while the bridge is online. */
  protected renderOffline(tonight: TonightData): unknown {
    return tonight.online
      ? nothing
      : html`<div class="message" role="status">${this.texts.text("common.offline")}</div>`;
  }

  private frame(sleeper: Sleeper | undefined, content: unknown, actions?: unknown): TemplateResult {
    const heading = this.texts.text(this.heading, { name: sleeper?.name ?? "" }).trim();
    const title = this.config?.title ?? heading;
    return html`<ha-card>
      <section aria-label=${title || heading}>
        ${title === "" || !this.hasHeader
          ? nothing
          : html`<div class="header"><h2>${title}</h2>${actions ?? nothing}</div>`}
        ${content}
      </section>
    </ha-card>`;
  }

  /** Follow the sleeper that is configured now, and nobody else. */
  private watch(): void {
    const { hass, config } = this;
    if (hass === undefined || config === undefined || !this.isConnected) return;
    const target = findTarget(hass.devices, config.device);
    const device = "sleeper" in target ? target.sleeper.device : undefined;
    const { connection } = hass;
    if (this.watched?.device === device && this.watched?.connection === connection) return;
    this.stopWatching();
    this.tonight = undefined;
    this.error = undefined;
    if (device === undefined) return;
    const end = watchTonight(connection, device, {
      onData: (data) => {
        this.tonight = data;
        this.error = undefined;
      },
      onError: (error) => {
        this.error = error;
        // The integration is gone: what it said is not true any more.
        this.tonight = undefined;
      },
    });
    this.watched = { device, connection, end };
  }

  private stopWatching(): void {
    this.watched?.end();
    this.watched = undefined;
  }
}
