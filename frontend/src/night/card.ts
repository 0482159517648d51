/** The Night card: one night as a timeline, with the intervals and hours below it. */

import { html, nothing, svg } from "lit";
import type { CSSResultGroup, PropertyValues, TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { fetchNight, revisionOf } from "../api";
import { LimberCard } from "../base-card";
import { findTarget } from "../devices";
import type { Sleeper } from "../devices";
import { choice, configForm } from "../editor";
import type { ConfigForm } from "../editor";
import { Loader } from "../loader";
import type { Key, Localizer } from "../localize";
import { pageLocalizer } from "../localize";
import { onOpenNight } from "../open-night";
import type { GridOptions, LimberCardConfig, NightData, TonightData } from "../types";
import { nightStyles } from "./card-styles";
import { renderHistogram, renderHours } from "./charts";
import { renderLegend } from "./legend";
import type { Neighbours, WantedNight } from "./navigation";
import { LAST, LiveRevision, TONIGHT, neighboursOf, withoutData } from "./navigation";
import { renderDiary, renderFactors, renderFacts, renderReadout, renderTable } from "./parts";
import type { NightPicture } from "./picture";
import { nightPicture } from "./picture";
import type { Target } from "./targets";
import type { LimberNightTimeline } from "./timeline";
import "./timeline";

const NIGHTS = ["last", "tonight"] as const;
const PARTS = ["summary", "hours", "histogram"] as const;

export interface NightCardConfig extends LimberCardConfig {
  /** Which night is shown first. */
  readonly night?: (typeof NIGHTS)[number];
  /** Parts to leave out. */
  readonly hide?: readonly (typeof PARTS)[number][];
}

const ICONS = {
  previous: svg`<path d="M14.5 6 8.5 12l6 6"></path>`,
  next: svg`<path d="m9.5 6 6 6-6 6"></path>`,
  zoom_in: svg`<circle cx="10.5" cy="10.5" r="6"></circle><path d="m15 15 5 5M8 10.5h5M10.5 8v5"></path>`,
  zoom_out: svg`<circle cx="10.5" cy="10.5" r="6"></circle><path d="m15 15 5 5M8 10.5h5"></path>`,
  zoom_all: svg`<path d="M3 12h18M6.5 8.5 3 12l3.5 3.5M17.5 8.5 21 12l-3.5 3.5"></path>`,
} as const;

export class LimberNightCard extends LimberCard<NightCardConfig> {
  static override styles: CSSResultGroup = [LimberCard.styles, nightStyles];

  protected override readonly heading = "night.heading";
  @state() private wanted: WantedNight | undefined;
  @state() private selected: Target | undefined;
  @state() private whole = true;
  /** What has been drawn. */
  @state() private drawn: NightPicture | undefined;
  @query("limber-night-timeline") private timeline!: LimberNightTimeline | null;

  private readonly loader = new Loader<NightData>(this);
  private readonly live = new LiveRevision();
  private loadedFor: string | undefined;
  private prefetchedFor: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopListening: (() => void) | undefined;
  private picture: { data: NightData; texts: Localizer; made: NightPicture } | undefined;

  static getConfigForm(): ConfigForm {
    return configForm([choice("night", NIGHTS), choice("hide", PARTS, true)]);
  }

  static getStubConfig(): Record<string, unknown> {
    return {};
  }

  override getCardSize(): number {
    return 12;
  }

  override getGridOptions(): GridOptions {
    return { columns: "full", min_columns: 6 };
  }

  protected override checkConfig(config: NightCardConfig): void {
    const { night = "last", hide = [] } = config;
    if (!NIGHTS.includes(night)) {
      throw new Error(pageLocalizer().text("night.config_night"));
    }
    if (!Array.isArray(hide) || !hide.every((part) => PARTS.includes(part))) {
      throw new Error(pageLocalizer().text("night.config_hide"));
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = onOpenNight(({ device, night }) => this.showNight(device, night));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
    this.stopListening?.();
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("config")) {
      this.wanted = undefined;
    }
    const { hass, tonight, device } = this;
    if (hass === undefined || tonight === undefined || device === undefined) {
      return;
    }
    if (this.loadedFor !== device) {
      // Never show the night of one person under the name of another.
      if (this.loadedFor !== undefined) {
        this.wanted = undefined;
      }
      this.loadedFor = device;
      this.loader.value = undefined;
    }
    const { shown } = this;
    if (this.isMissing(shown, tonight)) {
      return;
    }
    const revision = shown.live ? this.liveRevision(tonight) : revisionOf(tonight);
    const request = { device, ...shown, revision };
    this.loader.load(JSON.stringify([request, hass.locale.language]), () =>
      fetchNight(hass, request),
    );
  }

  protected override updated(): void {
    this.prefetch();
    const made = this.picture?.made;
    if (this.drawn !== made) {
      // The table is not seen: it does not delay the drawing.
      requestAnimationFrame(() => {
        this.drawn = made;
      });
    }
  }

  protected override renderCard(_sleeper: Sleeper, tonight: TonightData): TemplateResult {
    return html`<div class="body">
      ${this.renderOffline(tonight)} ${this.renderNight(tonight)}
    </div>`;
  }

  private get device(): string | undefined {
    if (this.hass === undefined || this.config === undefined) {
      return undefined;
    }
    const target = findTarget(this.hass.devices, this.config.device);
    return "sleeper" in target ? target.sleeper.device : undefined;
  }

  private get shown(): WantedNight {
    return this.wanted ?? (this.config?.night === "tonight" ? TONIGHT : LAST);
  }

  /** Whether there is no such night, so that nothing needs to be fetched. */
  private isMissing(shown: WantedNight, tonight: TonightData): boolean {
    if (shown.night !== undefined) {
      return false;
    }
    return shown.live ? tonight.tonight === null : tonight.last_night === null;
  }

  private renderNight(tonight: TonightData): unknown {
    const { loader, shown, texts } = this;
    if (this.isMissing(shown, tonight)) {
      const text = shown.live ? "night.not_tonight" : "night.no_night";
      return [this.renderNav(undefined, withoutData(shown, tonight)), this.renderText(text)];
    }
    const data = loader.value;
    if (loader.error?.code === "no_night") {
      return [
        this.renderNav(undefined, withoutData(shown, tonight)),
        this.renderText("night.no_such_night"),
      ];
    }
    if (loader.error !== undefined) {
      return [
        this.renderNav(undefined, withoutData(shown, tonight)),
        this.renderError(loader.error),
        html`<button class="retry" @click=${() => loader.retry()}>
          ${texts.text("common.retry")}
        </button>`,
      ];
    }
    if (data === undefined) {
      return this.renderText("common.loading");
    }
    return this.renderData(data, tonight);
  }

  private renderData(data: NightData, tonight: TonightData): TemplateResult {
    const { config, loader, shown, texts } = this;
    const picture = this.pictureOf(data);
    const { model, words } = picture;
    const measured = !data.events_deleted && (model.movements.count > 0 || model.inBed.length > 0);
    const hidden = config?.hide;
    // Only the readout changes while one looks at marks.
    const still = [picture, hidden];
    return html`
      ${this.renderNav(data, neighboursOf(data, tonight))}
      <div class=${loader.loading && !shown.live ? "stale" : ""} aria-busy=${loader.loading}>
        ${guard(still, () => [
          renderFacts(model, texts),
          this.renderSummary(picture),
        ])}
        ${measured ? this.renderTimeline(picture) : this.renderUnmeasured(data)}
        ${guard(still, () => [
          measured ? renderLegend(model, texts) : nothing,
          renderFactors(model, words, texts),
          renderDiary(data.diary, texts),
          measured ? this.renderCharts(picture) : nothing,
        ])}
        ${guard([picture, this.drawn === picture], () =>
          this.drawn === picture ? renderTable(model, words, texts) : nothing,
        )}
      </div>
    `;
  }

  /** The words are about a whole night: tonight has only figures so far. */
  private renderSummary({ model, words }: NightPicture): unknown {
    const hidden = this.config?.hide?.includes("summary") ?? false;
    return model.data.live || hidden ? nothing : html`<p class="summary">${words.summary()}</p>`;
  }

  private renderCharts({ hours, words, histogram }: NightPicture): TemplateResult {
    const { config, texts } = this;
    const hidden = config?.hide ?? [];
    return html`<div class="charts">
      ${hidden.includes("hours") ? nothing : renderHours(hours, words, texts)}
      ${hidden.includes("histogram") ? nothing : renderHistogram(histogram, texts)}
    </div>`;
  }

  private renderUnmeasured(data: NightData): TemplateResult {
    if (data.live) {
      return this.renderText("night.not_tonight");
    }
    return this.renderText(data.events_deleted ? "night.events_deleted" : "night.not_measured");
  }

  private renderTimeline(picture: NightPicture): TemplateResult {
    const { texts, selected } = this;
    const { model, words, clock } = picture;
    return html`
      <limber-night-timeline
        .model=${model}
        .words=${words}
        .texts=${texts}
        .clock=${clock}
        .theme=${this.hass?.themes}
        @limber-select=${this.onSelect}
        @limber-view=${this.onView}
        @limber-swipe=${this.onSwipe}
      ></limber-night-timeline>
      <div class="tools">
        ${renderReadout(selected === undefined ? undefined : words.readout(selected), texts)}
        <div class="zoom">
          ${this.renderButton("zoom_out", this.whole, () => this.timeline?.zoomBy(-1))}
          ${this.renderButton("zoom_in", false, () => this.timeline?.zoomBy(1))}
          ${this.renderButton("zoom_all", this.whole, () => this.timeline?.showWhole())}
        </div>
      </div>
    `;
  }

  private renderNav(data: NightData | undefined, { previous, next }: Neighbours): TemplateResult {
    const { texts } = this;
    const dates = data === undefined ? "" : this.pictureOf(data).words.dates;
    const live = data?.live === true;
    return html`<div class="nav">
      ${this.renderButton("previous", previous === undefined, () => this.show(previous))}
      <div class="date" dir="auto" aria-live="polite">
        ${live ? `${texts.text("night.tonight")}, ${dates}` : dates}
      </div>
      ${this.renderButton("next", next === undefined, () => this.show(next))}
    </div>`;
  }

  private renderButton(
    icon: keyof typeof ICONS,
    disabled: boolean,
    act: () => void,
  ): TemplateResult {
    const name = this.texts.text(`night.${icon}`);
    return html`<button
      class="icon"
      title=${name}
      aria-label=${name}
      ?disabled=${disabled}
      @click=${act}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[icon]}</svg>
    </button>`;
  }

  private renderText(key: Key): TemplateResult {
    return html`<div class="message" role="status">${this.texts.text(key)}</div>`;
  }

  private pictureOf(data: NightData): NightPicture {
    const { texts } = this;
    if (this.picture?.data !== data || this.picture.texts !== texts) {
      this.picture = { data, texts, made: nightPicture(data, texts) };
    }
    return this.picture.made;
  }

  private show(wanted: WantedNight | undefined): void {
    if (wanted !== undefined) {
      this.wanted = wanted;
      this.selected = undefined;
      this.whole = true;
    }
  }

  /** Show a night that another card asks for; returns whether this card does. */
  private showNight(device: string, night: string): boolean {
    if (device !== this.device || !this.checkVisibility()) {
      return false;
    }
    this.show({ night, live: false });
    // On a phone the card is higher than the window: its date must be seen, not its end.
    const { top } = this.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 2) this.scrollIntoView({ block: "start" });
    return true;
  }

  private onSelect(event: CustomEvent<Target | null>): void {
    this.selected = event.detail ?? undefined;
  }

  private onView(event: CustomEvent<boolean>): void {
    this.whole = event.detail;
  }

  private onSwipe(event: CustomEvent<"previous" | "next">): void {
    const { tonight } = this;
    const data = this.loader.value;
    if (tonight !== undefined && data !== undefined) {
      this.show(neighboursOf(data, tonight)[event.detail]);
    }
  }

  private liveRevision(tonight: TonightData): string {
    const { revision, due } = this.live.at(tonight, performance.now());
    clearTimeout(this.timer);
    if (due !== undefined) {
      this.timer = setTimeout(() => this.requestUpdate(), due);
    }
    return revision;
  }

  /** Fetch the nights beside the one that is shown, so that a swipe shows them at once. */
  private prefetch(): void {
    const { hass, tonight, device, loader } = this;
    const data = loader.value;
    if (hass === undefined || tonight === undefined || device === undefined || data === undefined) {
      return;
    }
    if (this.prefetchedFor === loader.loadedKey) {
      return;
    }
    this.prefetchedFor = loader.loadedKey;
    const { previous, next } = neighboursOf(data, tonight);
    for (const wanted of [previous, next]) {
      if (wanted !== undefined && !wanted.live) {
        const request = { device, ...wanted, revision: revisionOf(tonight) };
        // If this fails, it fails again, and is reported, when the night is shown.
        fetchNight(hass, request).catch(() => undefined);
      }
    }
  }
}
