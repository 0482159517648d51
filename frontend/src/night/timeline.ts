/** The timeline of a night: a canvas with marks, and gestures and keys on it. */

import { LitElement, html, nothing } from "lit";
import type { CSSResultGroup, PropertyValues, TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";

import type { Localizer } from "../localize";
import { shared } from "../theme";
import type { Clock } from "./clock";
import type { Controlled } from "./controls";
import { Controls } from "./controls";
import type { Palette } from "./draw";
import { MARGIN, drawNight } from "./draw";
import type { Plot } from "./gestures";
import type { Lane, Layout } from "./lanes";
import { layoutOf } from "./lanes";
import type { NightModel } from "./model";
import { readPalette } from "./palette";
import type { Step, Target } from "./targets";
import { isSame, sameIn, stepFrom, targetAt, timeOf } from "./targets";
import { timelineStyles } from "./timeline-styles";
import type { View } from "./view";
import {
  ZOOM_STEP,
  following,
  isWhole,
  revealing,
  span,
  wholeNight,
  xOf,
  zoomed,
} from "./view";
import type { NightWords } from "./words";

/** chosen: the time "12:00 PM" with space beside it. */
const TICK_PX = 72;
/** chosen: a third pixel costs a phone twice the time of a frame, and nobody sees it. */
const MAX_RATIO = 2;
/** A gap must be this wide for its name. */
const GAP_LABEL_PX = 90;

/** Fires `limber-select` (Target or null), `limber-view` and `limber-swipe`. */
export class LimberNightTimeline extends LitElement implements Controlled {
  static override styles: CSSResultGroup = [shared, timelineStyles];

  @property({ attribute: false }) model!: NightModel;
  @property({ attribute: false }) words!: NightWords;
  @property({ attribute: false }) texts!: Localizer;
  @property({ attribute: false }) clock!: Clock;
  /** Changes when colours may have changed. */
  @property({ attribute: false }) theme: unknown;
  @state() private view: View = { start: 0, end: 1 };
  @state() private selected: Target | undefined;
  @state() private hovered: Target | undefined;
  /** Width of the plot, CSS pixels. */
  @state() private width = 0;
  @state() private dragging = false;
  @query("canvas") readonly canvas!: HTMLCanvasElement;

  /** Whether the night has been drawn. */
  drawn = false;
  private layout!: Layout;
  private palette: Palette | undefined;
  private readonly controls = new Controls(this);
  private readonly resized = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? 0;
    this.width = Math.max(0, width - 2 * MARGIN);
  });

  /** Whether the whole night is shown. */
  get whole(): boolean {
    return isWhole(this.view, this.model.length);
  }

  get plot(): Plot {
    return { view: this.view, length: this.model.length, width: this.width, whole: this.whole };
  }

  get focused(): boolean {
    return this.shadowRoot?.activeElement === this.canvas;
  }

  show(view: View): void {
    this.view = view;
    this.tell("limber-view", this.whole);
  }

  showWhole(): void {
    this.show(wholeNight(this.model.length));
  }

  /** Zoom in (1) or out (-1) around the chosen mark, or the middle. */
  zoomBy(steps: number): void {
    const { view, selected, model } = this;
    const chosen = selected === undefined ? undefined : timeOf(model, selected);
    const shown = chosen !== undefined && chosen >= view.start && chosen <= view.end;
    const middle = shown ? chosen : (view.start + view.end) / 2;
    this.show(zoomed(view, model.length, middle, ZOOM_STEP ** steps));
  }

  go(step: Step): void {
    const target = stepFrom(this.model, this.selected, this.view, step);
    if (target !== undefined) {
      this.select(target);
      this.show(revealing(this.view, this.model.length, timeOf(this.model, target)));
    }
  }

  clear(): boolean {
    const had = this.selected !== undefined;
    this.select(undefined);
    return had;
  }

  hover(event: PointerEvent | undefined): void {
    const target = event === undefined ? undefined : this.targetUnder(event);
    if (!isSame(target, this.hovered)) {
      this.hovered = target;
      this.tell("limber-select", target ?? this.selected ?? null);
    }
  }

  choose(event: PointerEvent): void {
    this.select(this.targetUnder(event));
  }

  swipe(to: "previous" | "next"): void {
    this.tell("limber-swipe", to);
  }

  drag(dragging: boolean): void {
    this.dragging = dragging && !this.whole;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const plot = this.renderRoot.querySelector(".plot");
    if (plot !== null) {
      this.resized.observe(plot);
    }
  }

  protected override firstUpdated(): void {
    const plot = this.renderRoot.querySelector(".plot")!;
    this.resized.observe(plot);
    // The observer tells the width only after the next frame.
    this.width = Math.max(0, plot.clientWidth - 2 * MARGIN);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("model")) {
      return;
    }
    const before = changed.get("model") as NightModel | undefined;
    this.layout = layoutOf(this.model);
    const same = before?.data.night === this.model.data.night;
    this.view = same
      ? following(this.view, before.length, this.model.length)
      : wholeNight(this.model.length);
    if (before !== undefined) {
      this.selected = same ? sameIn(this.model, this.selected) : undefined;
      this.hovered = same ? sameIn(this.model, this.hovered) : undefined;
      this.tell("limber-select", this.hovered ?? this.selected ?? null);
      this.tell("limber-view", this.whole);
    }
  }

  protected override render(): TemplateResult {
    const { start, end } = this.view;
    const label = this.texts.text("night.timeline", {
      start: this.words.time(start),
      end: this.words.time(end),
    });
    const kind = this.dragging ? "dragging" : this.whole ? "" : "zoomed";
    return html`
      <div class="plot" style="height:${this.layout.height}px">
        <canvas
          class=${kind}
          tabindex="0"
          role="application"
          aria-label=${label}
          aria-describedby="keys"
          @keydown=${this.controls.onKey}
          @pointerdown=${this.controls.onDown}
          @pointermove=${this.controls.onMove}
          @pointerup=${this.controls.onUp}
          @pointercancel=${this.controls.onCancel}
          @pointerleave=${this.controls.onLeave}
          @wheel=${this.controls.onWheel}
        ></canvas>
        ${this.layout.lanes.map((lane) => this.renderLane(lane))} ${this.renderGaps()}
        ${this.renderTicks()}
      </div>
      ${this.renderWindow()}
      <div id="keys" class="hidden">${this.texts.text("night.hint_keys")}</div>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("theme") || this.palette === undefined) {
      this.palette = readPalette(this);
    }
    if (this.width > 0) {
      this.draw(this.palette);
    }
  }

  private renderLane(lane: Lane): TemplateResult {
    return html`<span class="label" style="top:${lane.label}px"
      ><i style="background:var(--limber-${lane.side})"></i>${this.texts.text(
        `night.lane_${lane.side}`,
      )}</span
    >`;
  }

  private renderTicks(): TemplateResult[] {
    return this.ticks().map((moment) => {
      const x = MARGIN + xOf(this.view, this.width, moment);
      const left = `${x}px`;
      const top = `${this.layout.axis.top}px`;
      // In the middle below its tick, but not beyond the ends of the plot.
      const space = this.width + 2 * MARGIN - x;
      const transform = `translateX(min(max(-50%, -${x}px), calc(${space}px - 100%)))`;
      const time = this.words.tick(moment);
      return html`<span class="tick" aria-hidden="true" style=${styleMap({ left, top, transform })}
        >${time}</span
      >`;
    });
  }

  private renderGaps(): unknown {
    const first = this.layout.lanes[0];
    if (first === undefined || this.width === 0) {
      return nothing;
    }
    return this.model.gaps.map((gap) => {
      const from = Math.max(0, xOf(this.view, this.width, gap.start));
      const to = Math.min(this.width, xOf(this.view, this.width, gap.end));
      if (to - from < GAP_LABEL_PX) {
        return nothing;
      }
      const left = `${MARGIN + (from + to) / 2}px`;
      const top = `${first.base}px`;
      return html`<span class="gap" aria-hidden="true" style=${styleMap({ left, top })}
        >${this.texts.text("night.legend_gap")}</span
      >`;
    });
  }

  /** Show which part of the night is on the screen. */
  private renderWindow(): unknown {
    const { view, model, whole } = this;
    const style = {
      left: `${(view.start / model.length) * 100}%`,
      width: `${(span(view) / model.length) * 100}%`,
    };
    return html`<div class=${whole ? "window" : "window zoomed"} aria-hidden="true">
      ${whole ? nothing : html`<i style=${styleMap(style)}></i>`}
    </div>`;
  }

  private ticks(): number[] {
    const { data } = this.model;
    if (this.width === 0) {
      return [];
    }
    const { start, end } = this.view;
    return this.clock
      .ticks(data.start + start, data.start + end, this.width, TICK_PX)
      .map((unix) => unix - data.start);
  }

  private draw(palette: Palette): void {
    const { canvas, width, layout } = this;
    const ratio = Math.min(window.devicePixelRatio || 1, MAX_RATIO);
    const size = [Math.round((width + 2 * MARGIN) * ratio), Math.round(layout.height * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width = 0, canvas.height = 0] = size;
    }
    const context = canvas.getContext("2d");
    if (context === null) {
      return;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawNight(context, {
      model: this.model,
      layout,
      view: this.view,
      width,
      ratio,
      palette,
      selected: this.hovered ?? this.selected,
      ticks: this.ticks(),
    });
    this.drawn = true;
  }

  private targetUnder(event: PointerEvent): Target {
    const pointer = event.pointerType === "mouse" ? "mouse" : "touch";
    const place = this.controls.place(event);
    return targetAt(this.model, this.layout, this.view, this.width, place, pointer);
  }

  private select(target: Target | undefined): void {
    this.selected = target;
    this.hovered = undefined;
    this.tell("limber-select", target ?? null);
  }

  private tell(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const TAG = "limber-night-timeline";
if (customElements.get(TAG) === undefined) {
  customElements.define(TAG, LimberNightTimeline);
}
