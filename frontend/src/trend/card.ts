/** The Trend card: 7 to 365 nights, what is usual, what was logged, and the hours of the nights. */

import { html, nothing } from "lit";
import type { CSSResultGroup, PropertyValues, TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { classMap } from "lit/directives/class-map.js";
import { guard } from "lit/directives/guard.js";

import { LimberCard } from "../base-card";
import type { Sleeper } from "../devices";
import { choice, configForm } from "../editor";
import type { ConfigForm } from "../editor";
import type { Localizer } from "../localize";
import { pageLocalizer } from "../localize";
import { NightsLoader } from "../nights-loader";
import { openNight } from "../open-night";
import type { GridOptions, LimberCardConfig, NightsData, TonightData } from "../types";
import { isMeasured } from "./calendar";
import { renderControls } from "./controls";
import { renderHeadline } from "./headline";
import { columnAt, laneFrame, makeLayout } from "./layout";
import type { Layout } from "./layout";
import { MEASURE_NAMES, chooseMeasure, knownMeasures } from "./measures";
import type { MeasureRow } from "./measures";
import { NIGHTS_BEFORE, RANGES, hasNights, makeTrend } from "./model";
import type { Range, TrendModel } from "./model";
import { NightDialog } from "./night-dialog";
import { xOf } from "./plot";
import { renderReadout } from "./readout";
import { trendStyles } from "./styles";
import {
  hatch,
  renderCramps,
  renderFactors,
  renderHeat,
  renderLegend,
  renderMain,
  renderPeriods,
  renderRatings,
  renderScale,
} from "./view";
import type { View } from "./view";
import { columnText, summaryText } from "./words";

const PARTS = ["cramps", "factors", "diary", "hours"] as const;
type Part = (typeof PARTS)[number];
const DEFAULT_RANGE = 90;
/** One request serves all ranges but the year, and one the year. */
const SHORT_FETCH = 90 + NIGHTS_BEFORE;
const LONG_FETCH = 365;
/** Until the card knows its width. */
const UNKNOWN_WIDTH = 0;

interface TrendConfig extends LimberCardConfig {
  /** Range shown first: one of `RANGES`, also as text, as the editor writes it. */
  readonly nights?: number | string;
  /** Measure shown first. */
  readonly measure?: string;
  readonly hide?: readonly Part[];
}

/** A model and what it was made from. */
interface Made {
  readonly data: NightsData;
  readonly key: string;
  readonly model: TrendModel;
}

export class LimberTrendCard extends LimberCard<TrendConfig> {
  static override styles: CSSResultGroup = [LimberCard.styles, trendStyles];

  protected override readonly heading = "trend.heading";
  @state() private range: Range | undefined;
  @state() private measure: string | undefined;
  @state() private width = UNKNOWN_WIDTH;
  /** Columns under the pointer, and chosen by a tap or a key. */
  @state() private hovered: number | undefined;
  @state() private chosen: number | undefined;
  /** What was chosen when the pointer came down. */
  private chosenBefore: number | undefined;
  @query(".body") private body!: HTMLElement | null;
  @query("dialog") private dialog!: HTMLDialogElement | null;

  private readonly loader = new NightsLoader(this);
  private readonly nightDialog = new NightDialog();
  private readonly resize = new ResizeObserver(() => this.measureWidth());
  private observed: Element | undefined;
  private made: Made | undefined;

  static getConfigForm(): ConfigForm {
    return configForm([
      choice("nights", RANGES.map(String)),
      choice("measure", MEASURE_NAMES),
      choice("hide", PARTS, true),
    ]);
  }

  static getStubConfig(): Record<string, unknown> {
    return {};
  }

  override getCardSize(): number {
    return 10;
  }

  override getGridOptions(): GridOptions {
    return { columns: "full", min_columns: 6 };
  }

  protected override checkConfig(config: TrendConfig): void {
    const { nights = DEFAULT_RANGE, measure = MEASURE_NAMES[0] ?? "", hide = [] } = config;
    const texts = pageLocalizer();
    if (asRange(nights) === undefined) throw new Error(texts.text("trend.config_nights"));
    if (!MEASURE_NAMES.includes(measure)) {
      throw new Error(texts.text("trend.config_measure", { measures: MEASURE_NAMES.join(", ") }));
    }
    if (!Array.isArray(hide) || !hide.every((part) => PARTS.includes(part))) {
      throw new Error(texts.text("trend.config_hide"));
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resize.disconnect();
    this.observed = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("config")) {
      this.range = undefined;
      this.measure = undefined;
      this.chosen = undefined;
    }
    const { hass, config, tonight } = this;
    if (hass !== undefined) this.nightDialog.update(hass);
    const last = this.shownRange > 90 ? LONG_FETCH : SHORT_FETCH;
    this.loader.loadLast(last, hass, config, tonight);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const { body } = this;
    if (body === null || body === this.observed) return;
    if (this.observed !== undefined) this.resize.unobserve(this.observed);
    this.observed = body;
    this.resize.observe(body);
    // At once, so that no frame is drawn without the plots.
    this.measureWidth();
  }

  protected override renderCard(sleeper: Sleeper, tonight: TonightData): TemplateResult {
    return html`<div class="body">
      ${this.renderOffline(tonight)} ${this.renderNights(sleeper)}
    </div>`;
  }

  private get shownRange(): Range {
    return this.range ?? asRange(this.config?.nights ?? DEFAULT_RANGE) ?? DEFAULT_RANGE;
  }

  /** While the nights of a longer range are on their way, the plots keep a range that is known. */
  private get drawnRange(): Range {
    return this.shownRange > this.loader.reach ? DEFAULT_RANGE : this.shownRange;
  }

  private renderNights(sleeper: Sleeper): unknown {
    const { error } = this.loader;
    const value = this.loader.dataOf(sleeper.device);
    if (value === undefined) {
      return error === undefined
        ? this.renderLoading()
        : [this.renderError(error), this.loader.renderRetry(this.texts)];
    }
    const measure = chooseMeasure(value.nights, this.measure ?? this.config?.measure);
    if (!hasNights(value.nights)) {
      return html`<div class="message">${this.texts.text("trend.no_nights")}</div>`;
    }
    if (measure === undefined) {
      return html`<div class="message">${this.texts.text("trend.nothing_measured")}</div>`;
    }
    return [
      this.renderChoices(value, measure),
      error === undefined ? nothing : [this.renderError(error), this.loader.renderRetry(this.texts)],
      this.renderTrend(value, measure, sleeper),
    ];
  }

  private renderChoices(data: NightsData, measure: MeasureRow): TemplateResult {
    return renderControls(this.texts, {
      measures: knownMeasures(data.nights),
      measure,
      range: this.shownRange,
      chooseMeasure: (name) => {
        this.measure = name;
      },
      chooseRange: (range) => {
        this.range = range;
        this.chosen = undefined;
        this.hovered = undefined;
      },
    });
  }

  private renderTrend(data: NightsData, measure: MeasureRow, sleeper: Sleeper): unknown {
    if (this.width === UNKNOWN_WIDTH) return nothing;
    const { texts } = this;
    const layout = makeLayout(this.width, getComputedStyle(this).direction === "rtl");
    const model = this.modelOf(data, measure, layout);
    const view: View = { model, layout, texts };
    const last = model.columns.length - 1;
    const shown = Math.min(this.hovered ?? this.chosen ?? last, last);
    return html`${renderHeadline(view)}
      ${renderReadout(view, shown, (night) => this.open(sleeper, night))}
      <p class="hidden">${guard([model, texts], () => summaryText(texts, model))}</p>
      ${this.renderPlots(view, shown, sleeper)}
      ${this.isHidden("hours") ? nothing : renderScale(view)}
      ${renderLegend(view, !this.isHidden("hours"))}
      ${this.renderKeptBack(model, texts)}
      <dialog
        aria-label=${texts.text("night.heading", { name: sleeper.name })}
        @close=${() => this.closeNight()}
      >
        ${this.nightDialog.element ?? nothing}
        <form method="dialog" class="actions">
          <button class="close">${texts.text("trend.close")}</button>
        </form>
      </dialog>`;
  }

  private renderPlots(view: View, shown: number, sleeper: Sleeper): TemplateResult {
    const { model, layout } = view;
    const dense = layout.plotWidth / model.columns.length < 8;
    const classes = { plots: true, wide: layout.wide, rtl: layout.rtl, dense };
    return html`<div class=${classMap(classes)}>
      ${guard([model, layout.rtl, view.texts, this.config], () => this.renderMarks(view))}
      ${this.renderCursor(view)}
      <div
        class="touch"
        role="slider"
        tabindex="0"
        aria-label=${this.texts.text("trend.slider")}
        aria-valuemin="1"
        aria-valuemax=${model.columns.length}
        aria-valuenow=${shown + 1}
        aria-valuetext=${columnText(this.texts, model, shown)}
        @pointerdown=${() => {
          this.chosenBefore = this.chosen;
        }}
        @pointermove=${(event: PointerEvent) => this.onMove(event, view)}
        @pointerleave=${() => {
          this.hovered = undefined;
        }}
        @click=${(event: PointerEvent) => this.onClick(event, view, sleeper)}
        @keydown=${(event: KeyboardEvent) => this.onKey(event, view, shown, sleeper)}
      ></div>
    </div>`;
  }

  /** All that stays the same while the pointer moves. */
  private renderMarks(view: View): TemplateResult {
    return html`${hatch}
    ${view.model.periods.length === 0
      ? nothing
      : html`<div class="periods">${renderPeriods(view)}</div>`}
    ${renderMain(view)} ${this.isHidden("cramps") ? nothing : renderCramps(view)}
    ${this.isHidden("factors") ? nothing : renderFactors(view)}
    ${this.isHidden("diary") ? nothing : renderRatings(view)}
    ${this.isHidden("hours") ? nothing : renderHeat(view)}`;
  }

  private isHidden(part: Part): boolean {
    return this.config?.hide?.includes(part) ?? false;
  }

  /** Say why what was logged for a trial is missing. */
  private renderKeptBack(model: TrendModel, texts: Localizer): unknown {
    const running = model.periods.some(({ trial }) => trial.status === "running");
    return running ? html`<p class="note"><span dir="auto">${texts.text("trend.kept_back")}</span></p>` : nothing;
  }

  private renderCursor({ model, layout }: View): unknown {
    const column = model.columns[this.hovered ?? this.chosen ?? -1];
    if (column === undefined) return nothing;
    const frame = laneFrame(layout, model.nights.length);
    const x = xOf(frame, column.start);
    const width = xOf(frame, column.end) - x;
    return html`<div class="cursor" style=${`left:${x}px;width:${width}px`}></div>`;
  }

  private modelOf(data: NightsData, measure: MeasureRow, layout: Layout): TrendModel {
    const now = Date.now() / 1000;
    // What is over changes once an hour at most.
    const range = this.drawnRange;
    const key = [measure.name, range, layout.plotWidth, Math.floor(now / 3600)].join();
    if (this.made?.data !== data || this.made.key !== key) {
      const options = { measure, range, width: layout.plotWidth, now };
      this.made = { data, key, model: makeTrend(data, options) };
    }
    return this.made.model;
  }

  private measureWidth(): void {
    const { body } = this;
    if (body === null) return;
    const { paddingLeft, paddingRight } = getComputedStyle(body);
    const width = body.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    if (width > 0) this.width = Math.floor(width);
  }

  private columnOf(event: PointerEvent, { model, layout }: View): number {
    const { left } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return columnAt(layout, model.columns, event.clientX - left);
  }

  private onMove(event: PointerEvent, view: View): void {
    const column = this.columnOf(event, view);
    if (event.pointerType === "mouse") this.hovered = column;
    else this.chosen = column;
  }

  /** A click opens a night. The first tap of a finger only chooses it, since it may be off target. */
  private onClick(event: PointerEvent, view: View, sleeper: Sleeper): void {
    const column = this.columnOf(event, view);
    const isSure = event.pointerType === "mouse" || this.chosenBefore === column;
    this.chosen = column;
    if (isSure) this.openColumn(view, column, sleeper);
  }

  private onKey(event: KeyboardEvent, view: View, shown: number, sleeper: Sleeper): void {
    const last = view.model.columns.length - 1;
    const steps: Record<string, number> = {
      ArrowLeft: shown - 1,
      ArrowDown: shown - 1,
      ArrowRight: shown + 1,
      ArrowUp: shown + 1,
      PageDown: shown - 7,
      PageUp: shown + 7,
      Home: 0,
      End: last,
    };
    const wanted = steps[event.key];
    if (wanted !== undefined) {
      this.hovered = undefined;
      this.chosen = Math.max(0, Math.min(last, wanted));
    } else if (event.key === "Enter") {
      this.openColumn(view, shown, sleeper);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Open the night of a column. The nights of a week have buttons. */
  private openColumn({ model }: View, index: number, sleeper: Sleeper): void {
    const nights = model.columns[index]?.nights ?? [];
    const [night] = nights;
    if (nights.length === 1 && night !== undefined && isMeasured(night)) {
      this.open(sleeper, night.date);
    }
  }

  private closeNight(): void {
    this.nightDialog.clear();
    this.requestUpdate();
  }

  private open({ device }: Sleeper, night: string): void {
    const { hass } = this;
    if (hass === undefined || openNight({ device, night })) return;
    this.nightDialog.open(hass, { device, night });
    this.requestUpdate();
    void this.updateComplete.then(() => this.dialog?.showModal());
  }
}

function asRange(nights: number | string): Range | undefined {
  return RANGES.find((range) => range === Number(nights));
}
