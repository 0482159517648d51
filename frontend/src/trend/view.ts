/** Draws a trend: the measure, the lanes, the diary and the heat map, one above the other. */

import { html, nothing, svg } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import { isMissed } from "./calendar";
import { HEAT_LEVELS } from "./heat";
import {
  LANE_HEIGHT,
  MAX_RATING,
  RATINGS_HEIGHT,
  heatFrame,
  laneFrame,
  mainFrame,
  mainHeight,
  ratingsFrame,
} from "./layout";
import type { Layout } from "./layout";
import type { TrendModel } from "./model";
import {
  box,
  crampPath,
  heatPaths,
  lanePath,
  linePaths,
  unmeasuredColumns,
  unmeasuredPath,
  usualPaths,
  valuePaths,
  xOf,
  yOf,
} from "./plot";
import type { Frame } from "./plot";
import { dateTicks, valueAxis } from "./scales";
import type { DateTick } from "./scales";
import { factorLabel, trialLabel } from "./words";

const TICKS_HEIGHT = 18;
/** Of the labels of hours, so that they do not overlap (px). */
const MIN_HOUR_LABEL_HEIGHT = 22;

/** Narrower than this (px), the name of a trial's period says nothing. */
const MIN_PERIOD_LABEL = 48;

/** Everything that the parts of a trend need. */
export interface View {
  readonly model: TrendModel;
  readonly layout: Layout;
  readonly texts: Localizer;
}

/** The pattern of what was not measured, which the plots refer to. */
export const hatch = svg`<svg class="defs" width="0" height="0" aria-hidden="true"><defs>
  <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <rect class="hatch" width="1.4" height="5"></rect>
  </pattern>
</defs></svg>`;

/** Periods of trials, behind all plots. What happens in them is the same while they run and after. */
export function renderPeriods({ model, layout, texts }: View): unknown {
  const frame = laneFrame(layout, model.nights.length);
  return model.periods.map(({ trial, start, end }) => {
    const x = xOf(frame, start);
    const width = xOf(frame, end) - x;
    return html`<div class="period" style=${`left:${x}px;width:${width}px`}>
      ${width < MIN_PERIOD_LABEL
        ? nothing
        : html`<span dir="auto">${trialLabel(texts, trial)}</span>`}
    </div>`;
  });
}

/** The measure of each night on the band of what was usual, with the axis of dates. */
export function renderMain(view: View): TemplateResult {
  const { model, layout } = view;
  const axis = valueAxis(model.highest, model.measure.unit === undefined);
  const frame = mainFrame(layout, model.nights.length, axis.max);
  const usual = usualPaths(frame, model.usual);
  const values = valuePaths(frame, model.columns, model.values);
  const height = mainHeight(layout) + TICKS_HEIGHT;
  return plot(
    layout,
    height,
    svg`${axis.ticks.map((tick) => valueLine(view, frame, tick))}
      <path class="unmeasured" d=${unmeasuredPath(frame, model.nights)}></path>
      <path class="band" d=${usual.band}></path>
      <path class="median" d=${usual.median}></path>
      <path class="bars" d=${values.bars}></path>
      <path class="discs" d=${values.discs}></path>
      ${renderDates(view, frame)}`,
  );
}

function valueLine({ layout, texts }: View, frame: Frame, value: number): unknown {
  const y = yOf(frame, value);
  return svg`<path class="grid" d=${`M${frame.left} ${y}h${frame.width}`}></path>
    ${axisLabel(layout, y, texts.number(value, 1))}`;
}

/** A label in the gutter, which is on the right in languages that are written from there. */
function axisLabel({ left, plotWidth, rtl }: Layout, y: number, text: string): unknown {
  const x = rtl ? left + plotWidth + 6 : left - 6;
  return svg`<text class="label" x=${x} y=${y + 4} text-anchor=${rtl ? "start" : "end"}>${text}</text>`;
}

function renderDates(view: View, frame: Frame): unknown {
  const { model, layout } = view;
  return dateTicks(model.nights, layout.plotWidth).map((tick) => {
    const x = xOf(frame, tick.index + (tick.kind === "month" ? 0 : 0.5));
    const date = model.nights[tick.index]?.date ?? "";
    const bottom = frame.top + frame.height;
    return svg`<path class="tick" d=${`M${x} ${bottom}v4`}></path>
      <text class="label" x=${x} y=${bottom + TICKS_HEIGHT - 4} text-anchor=${
        tick.kind === "month" ? "start" : "middle"
      }>${dateLabel(view, tick, date)}</text>`;
  });
}

function dateLabel({ texts }: View, { kind, withYear }: DateTick, date: string): string {
  switch (kind) {
    case "weekday":
      return texts.date(date, { weekday: "short" });
    case "day":
      return texts.date(date, { day: "numeric", month: "short" });
    case "month":
      return texts.date(date, withYear ? { year: "numeric" } : { month: "short" });
  }
}

/** Nights with cramps. */
export function renderCramps(view: View): TemplateResult {
  const { model, layout, texts } = view;
  const frame = laneFrame(layout, model.nights.length);
  const path = crampPath(frame, model.columns, model.cramps);
  return renderLane(view, texts.text("trend.lane_cramps"), "cramps", path);
}

/** A lane for each factor, and the names of those that have none. */
export function renderFactors(view: View): unknown {
  const { model, layout, texts } = view;
  const { lanes, others } = model.lanes;
  const frame = laneFrame(layout, model.nights.length);
  const label = (factor: string) => factorLabel(texts, factor);
  return [
    lanes.map(({ factor, shares }) =>
      renderLane(view, label(factor), "factor", lanePath(frame, model.columns, shares)),
    ),
    others.length === 0
      ? nothing
      : html`<p class="note">
          ${texts.text("trend.more_factors", { factors: texts.list(others.map(label)) })}
        </p>`,
  ];
}

function renderLane(
  { layout, model }: View,
  label: string,
  kind: "cramps" | "factor",
  path: string,
): TemplateResult {
  // Bars stand on their line, other marks lie on it.
  const hasBars = kind === "factor" && isWeekly(model);
  const line = hasBars ? LANE_HEIGHT - 0.5 : LANE_HEIGHT / 2;
  return html`<div class="lane">
    <span class="caption" dir="auto" title=${label}>${label}</span>
    ${plot(
      layout,
      LANE_HEIGHT,
      svg`<path class="grid" d=${`M${layout.left} ${line}h${layout.plotWidth}`}></path>
        <path class=${kind} d=${path}></path>`,
    )}
  </div>`;
}

/** The ratings of the diary, or nothing if there are none. */
export function renderRatings(view: View): unknown {
  const { model, layout, texts } = view;
  const { columns, ratings } = model;
  if (ratings.every(({ evening, quality }) => evening === null && quality === null)) return nothing;
  const frame = ratingsFrame(layout, model.nights.length);
  const evening = linePaths(frame, columns, ratings.map((one) => one.evening));
  const quality = linePaths(frame, columns, ratings.map((one) => one.quality));
  return html`<div class="panel">
    <p class="caption">
      <span class="key evening">${texts.text("trend.evening")}</span>
      <span class="key quality">${texts.text("trend.quality")}</span>
    </p>
    ${plot(
      layout,
      RATINGS_HEIGHT,
      svg`${[0, MAX_RATING].map((value) => valueLine(view, frame, value))}
        <path class="line quality" d=${quality.line}></path>
        <path class="points quality" d=${quality.points}></path>
        <path class="line evening" d=${evening.line}></path>
        <path class="points evening" d=${evening.points}></path>`,
    )}
  </div>`;
}

/** Movements by hour of the night, or nothing if none is known. */
export function renderHeat(view: View): unknown {
  const { model, layout, texts } = view;
  const { heat, nights, columns } = model;
  if (heat.hours.length === 0) return nothing;
  const frame = heatFrame(layout, nights.length, heat);
  const paths = heatPaths(frame, columns, heat);
  return html`<div class="panel">
    <p class="caption">${texts.text("trend.heat")}</p>
    ${plot(
      layout,
      frame.top + frame.height,
      svg`<path class="unmeasured" d=${unmeasuredColumns(frame, columns)}></path>
        <path class="unmeasured" d=${paths.gaps}></path>
        ${paths.levels.map((path, level) => svg`<path class=${`heat level${level}`} d=${path}></path>`)}
        ${hourLabels(view, frame)}`,
    )}
  </div>`;
}

function hourLabels({ model, layout, texts }: View, frame: Frame): unknown {
  const { hours } = model.heat;
  const height = frame.height / hours.length;
  const every = Math.ceil(MIN_HOUR_LABEL_HEIGHT / height);
  return hours.flatMap((hour, row) =>
    hour % every === 0 && row > 0
      ? [axisLabel(layout, frame.top + row * height, texts.clockHour(hour))]
      : [],
  );
}

/** What the colours of the heat map mean. */
export function renderScale({ model, texts }: View): unknown {
  const { limits, hours } = model.heat;
  if (hours.length === 0) return nothing;
  const steps = Array.from({ length: HEAT_LEVELS + 1 }, (_, level) => level);
  const label = (level: number) => {
    if (level === 0) return texts.number(0);
    const upper = limits[level - 1];
    if (upper !== undefined) return `≤ ${texts.number(upper)}`;
    return `> ${texts.number(limits.at(-1) ?? 0)}`;
  };
  return html`<ul class="scale">
    ${steps
      .slice(0, limits.length + 2)
      .map((level) => html`<li><i class=${`level${level}`}></i><span dir="auto">${label(level)}</span></li>`)}
    <li>${texts.text("trend.per_hour", { value: "" }).trim()}</li>
  </ul>`;
}

/** What the marks mean; `hasHours`: whether the heat map is shown. */
export function renderLegend({ model, texts }: View, hasHours: boolean): TemplateResult {
  const key = (name: "key_night" | "key_week" | "key_usual" | "key_unmeasured", mark: unknown) =>
    html`<li>
      <svg width="18" height="12" aria-hidden="true">${mark}</svg>
      <span dir="auto">${texts.text(`trend.${name}`)}</span>
    </li>`;
  return html`<ul class="legend">
    ${isWeekly(model)
      ? key("key_week", svg`<path class="bars" d=${box(8, 0, 2, 12)}></path><circle class="discs" cx="9" cy="6" r="3.5"></circle>`)
      : key("key_night", svg`<circle class="discs" cx="9" cy="6" r="4"></circle>`)}
    ${key("key_usual", svg`<rect class="band" width="18" height="12"></rect><path class="median" d="M0 6h18"></path>`)}
    ${hasUnmeasured(model, hasHours)
      ? key("key_unmeasured", svg`<rect class="unmeasured" width="18" height="12"></rect>`)
      : nothing}
  </ul>`;
}

/** Whether anything is drawn as not measured: a whole night, or an hour of the heat map. */
export function hasUnmeasured({ nights, heat }: TrendModel, hasHours: boolean): boolean {
  return nights.some(isMissed) || (hasHours && heat.cells.some(({ level }) => level === null));
}

function isWeekly(model: TrendModel): boolean {
  return (model.columns.at(-1)?.nights.length ?? 1) > 1;
}

function plot({ width }: Layout, height: number, content: unknown): TemplateResult {
  return html`<svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
    ${content}
  </svg>`;
}
