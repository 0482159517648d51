/** The Tonight card: what is going on now, the count so far, and the sensors. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { LimberCard } from "../base-card";
import { entitiesOf } from "../devices";
import type { Sleeper } from "../devices";
import { choice, configForm, toggle } from "../editor";
import type { ConfigForm } from "../editor";
import { LOGGABLE } from "../factors";
import { pageLocalizer } from "../localize";
import { factorLabel } from "../trend/words";
import type { GridOptions, LimberCardConfig, TonightData } from "../types";
import "./factor-log";
import { styles } from "./styles";
import {
  describeFigures,
  describeLastNight,
  describeSensor,
  describeSince,
  describeStatus,
} from "./words";
import type { Figure } from "./words";

interface TonightCardConfig extends LimberCardConfig {
  /** Only the status and the count, in one line. */
  readonly compact?: boolean;
  /** Factors that have a button to log them. */
  readonly log?: readonly string[];
}

export class LimberTonightCard extends LimberCard<TonightCardConfig> {
  static override styles = [LimberCard.styles, styles];

  protected override readonly heading = "tonight.heading";

  static getConfigForm(): ConfigForm {
    return configForm([toggle("compact"), choice("log", LOGGABLE, true, factorLabel)]);
  }

  static getStubConfig(): Record<string, unknown> {
    return {};
  }

  override getCardSize(): number {
    const { compact = false, log = [] } = this.config ?? {};
    if (compact) return 1;
    return log.length > 0 ? 7 : 5;
  }

  override getGridOptions(): GridOptions {
    return { columns: 12, rows: "auto", min_columns: 6 };
  }

  protected override checkConfig(config: TonightCardConfig): void {
    if (config.compact !== undefined && typeof config.compact !== "boolean") {
      throw new Error(pageLocalizer().text("tonight.config_compact"));
    }
    const { log = [] } = config;
    if (!Array.isArray(log) || !log.every((factor) => LOGGABLE.includes(factor))) {
      const factors = LOGGABLE.join(", ");
      throw new Error(pageLocalizer().text("tonight.config_log", { factors }));
    }
  }

  protected override get hasHeader(): boolean {
    return !this.config?.compact;
  }

  protected override renderActions(sleeper: Sleeper, tonight: TonightData): unknown {
    const pause = this.pauseEntity(sleeper);
    if (pause === undefined || !tonight.online) return nothing;
    const label = this.texts.text(tonight.paused ? "tonight.resume" : "tonight.pause");
    return html`<button
      type="button"
      aria-label=${label}
      title=${label}
      @click=${() => this.setPause(pause, !tonight.paused)}
    >
      <ha-icon icon=${tonight.paused ? "mdi:play" : "mdi:pause"}></ha-icon>
    </button>`;
  }

  protected override renderCard(sleeper: Sleeper, tonight: TonightData): TemplateResult {
    return this.config?.compact ? this.renderLine(tonight) : this.renderAll(sleeper, tonight);
  }

  private renderLine(tonight: TonightData): TemplateResult {
    const count = tonight.tonight?.movements ?? null;
    const care = tonight.sensors
      .map((sensor) => describeSensor(this.texts, sensor, tonight.battery_low))
      .filter((sensor) => sensor.needsCare);
    return html`<div class="line">
      ${this.renderStatus(
        tonight,
        html`${care.map(
            ({ name, text, icon }) =>
              html`<ha-icon role="img" icon=${icon} title="${name}: ${text}" aria-label="${name}: ${text}">
              </ha-icon>`,
          )}
          ${count === null
            ? nothing
            : html`<span class="count">${this.texts.count("tonight.compact_count", count)}</span>`}`,
      )}
      ${tonight.online ? nothing : html`<p class="muted">${this.texts.text("common.offline")}</p>`}
    </div>`;
  }

  private renderAll(sleeper: Sleeper, tonight: TonightData): TemplateResult {
    const { texts } = this;
    const since = describeSince(texts, tonight);
    const lastNight = describeLastNight(texts, tonight);
    return html`${this.renderOffline(tonight)}
      <div class="body">
        ${this.renderStatus(tonight)}
        ${tonight.cramp === null
          ? nothing
          : html`<p class="muted">${texts.text("tonight.cramp_help")}</p>`}
        ${since === undefined ? nothing : html`<p class="muted">${since}</p>`}
        ${this.renderFigures(describeFigures(texts, tonight))}
        ${lastNight === undefined ? nothing : html`<p class="muted">${lastNight}</p>`}
        ${this.renderLog(sleeper, tonight)} ${this.renderSensors(tonight)}
      </div>`;
  }

  private renderLog({ device }: Sleeper, tonight: TonightData): unknown {
    const factors = this.config?.log ?? [];
    if (factors.length === 0 || !tonight.supports.includes("log")) return nothing;
    return html`<limber-factor-log
      .hass=${this.hass}
      .dark=${this.dark}
      .device=${device}
      .tonight=${tonight}
      .factors=${factors}
    ></limber-factor-log>`;
  }

  /** A cramp is read aloud at once by a screen reader, everything else when it has time. */
  private renderStatus(tonight: TonightData, beside: unknown = nothing): TemplateResult {
    const { icon, text, kind } = describeStatus(this.texts, tonight);
    return html`<p class="status ${kind}" role=${kind === "cramp" ? "alert" : "status"}>
      <ha-icon aria-hidden="true" icon=${icon}></ha-icon><span>${text}</span>${beside}
    </p>`;
  }

  private renderFigures(figures: readonly Figure[]): TemplateResult {
    return html`<div class="figures">
      <dl class=${figures.length === 4 ? "four" : ""}>
        ${figures.map((figure) => this.renderFigure(figure))}
      </dl>
    </div>`;
  }

  private renderFigure({ label, value }: Figure): TemplateResult {
    return html`<div>
      <dt>${label}</dt>
      <dd class=${/\d/.test(value) ? "" : "words"}>${value}</dd>
    </div>`;
  }

  private renderSensors(tonight: TonightData): unknown {
    if (tonight.sensors.length === 0) return nothing;
    return html`<ul aria-label=${this.texts.text("tonight.sensors")}>
      ${repeat(
        tonight.sensors,
        (sensor) => sensor.id,
        (sensor) => {
          const words = describeSensor(this.texts, sensor, tonight.battery_low);
          return html`<li class=${words.needsCare ? "care" : ""}>
            <ha-icon aria-hidden="true" icon=${words.icon}></ha-icon>
            <span>${words.name}<small>${words.text}</small></span>
          </li>`;
        },
      )}
    </ul>`;
  }

  private pauseEntity(sleeper: Sleeper): string | undefined {
    return this.hass === undefined
      ? undefined
      : entitiesOf(this.hass, sleeper.device).get("switch.pause");
  }

  private setPause(entity: string, paused: boolean): void {
    const service = paused ? "turn_on" : "turn_off";
    // Home Assistant itself tells the person if it fails.
    this.hass
      ?.callService("switch", service, {}, { entity_id: entity })
      .catch(() => undefined);
  }
}
