/** The charts below the timeline: intervals between movements, and movements of each hour. */

import { html, nothing, svg } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import type { HourOfNight } from "./hours";
import { axisEnd } from "./hours";
import type { Bin, Histogram } from "./intervals";
import { LABELS_S, PERIODIC_S, shareOf } from "./intervals";
import type { NightWords } from "./words";

/** Heights in CSS pixels; widths are percent, so that texts keep their size. */
const HEIGHT = 132;
const TOP = 18;
const BOTTOM = 20;
const PLOT = HEIGHT - TOP - BOTTOM;
/** chosen: with fewer, the shape of a histogram is chance. */
const MIN_INTERVALS = 10;
/** chosen: so many fit on the smallest phone. */
const MAX_LABELS = 6;
/** chosen: the bar of a single hour is not as wide as the card. */
const MIN_COLUMNS = 6;
/** chosen: less of an hour is not worth a mark. */
const MIN_GAP_SHARE = 0.05;

export function renderHistogram(histogram: Histogram, texts: Localizer): TemplateResult {
  const { intervals, periodic } = histogram;
  if (intervals < MIN_INTERVALS) {
    return html`<figure>
      <figcaption>${texts.text("night.histogram")}</figcaption>
      <p class="note">${texts.text("night.histogram_none")}</p>
    </figure>`;
  }
  const values = {
    share: texts.percent((100 * periodic) / intervals),
    intervals: texts.number(intervals),
  };
  const text = texts.text("night.histogram_text", values);
  return html`<figure>
    <figcaption>${texts.text("night.histogram")}</figcaption>
    <div class="chart" dir="ltr">
      <svg width="100%" height=${HEIGHT} role="img" aria-label=${text}>
        ${shaded(texts)} ${histogram.bins.map((bin) => binBar(bin, histogram.highest, texts))}
        ${baseline()} ${LABELS_S.map((label) => intervalLabel(label, texts))}
      </svg>
    </div>
    <p class="axis">${texts.text("night.histogram_axis")}</p>
    <p class="note">${text}</p>
  </figure>`;
}

export function renderHours(
  hours: readonly HourOfNight[],
  words: NightWords,
  texts: Localizer,
): TemplateResult | typeof nothing {
  if (hours.length === 0) {
    return nothing;
  }
  const counts = hours.map(({ movements }) => movements ?? 0);
  const end = axisEnd(Math.max(0, ...counts));
  const columns = Math.max(hours.length, MIN_COLUMNS);
  return html`<figure>
    <figcaption>${texts.text("night.hours")}</figcaption>
    <div class="chart" dir="ltr">
      <svg
        width="100%"
        height=${HEIGHT}
        role="img"
        aria-label=${hours.map((hour) => words.hour(hour)).join(". ")}
      >
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)">
            <rect class="hatch" width="1" height="6"></rect>
          </pattern>
        </defs>
        ${hours.map((hour, index) => hourBar(hour, index, columns, end, words, texts))}
        ${baseline()}
      </svg>
    </div>
    ${hoursLegend(hours, texts)}
  </figure>`;
}

function hoursLegend(hours: readonly HourOfNight[], texts: Localizer): TemplateResult {
  const entry = (shape: string, text: string): TemplateResult =>
    html`<li>
      <svg class="key" viewBox="0 0 12 12" aria-hidden="true">
        ${svg`<rect class=${shape} width="12" height="12" rx="2"
          fill=${shape === "gap" ? "url(#hatch)" : nothing}></rect>`}
      </svg>
      ${text}
    </li>`;
  const unknown = hours.some(({ gapShare, movements }) => gapShare > 0 || movements === null);
  return html`<ul class="legend chart">
    ${entry("periodic", texts.text("night.hours_series"))}
    ${entry("single", texts.text("night.hours_other"))}
    ${unknown ? entry("gap", texts.text("night.legend_gap")) : nothing}
  </ul>`;
}

function shaded(texts: Localizer): TemplateResult {
  const from = 100 * shareOf(PERIODIC_S.from);
  const to = 100 * shareOf(PERIODIC_S.to);
  return svg`
    <rect class="shade" x="${from}%" y="0" width="${to - from}%" height=${TOP + PLOT}></rect>
    <text x="${(from + to) / 2}%" y="12" text-anchor="middle">
      ${texts.text("night.histogram_shaded")}
    </text>`;
}

function binBar(bin: Bin, highest: number, texts: Localizer): TemplateResult | typeof nothing {
  if (bin.count === 0) {
    return nothing;
  }
  const from = 100 * shareOf(bin.from);
  const width = 100 * shareOf(bin.to) - from;
  const height = (bin.count / highest) * PLOT;
  const title = texts.text("night.histogram_bin", {
    from: texts.number(bin.from, bin.from < 10 ? 1 : 0),
    to: texts.number(bin.to, bin.to < 10 ? 1 : 0),
    count: texts.number(bin.count),
  });
  return svg`<rect
    class=${bin.periodic ? "periodic" : "other"}
    x="${from + width * 0.08}%"
    width="${width * 0.84}%"
    y=${TOP + PLOT - height}
    height=${height}
    rx="2"
  ><title>${title}</title></rect>`;
}

function intervalLabel(seconds: number, texts: Localizer): TemplateResult {
  const share = shareOf(seconds);
  const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
  return svg`<text x="${100 * share}%" y=${HEIGHT - 5} text-anchor=${anchor}>
    ${texts.number(seconds)}
  </text>`;
}

function hourBar(
  hour: HourOfNight,
  index: number,
  count: number,
  end: number,
  words: NightWords,
  texts: Localizer,
): TemplateResult {
  const step = 100 / count;
  const left = index * step + step * 0.12;
  const whole = step * 0.76;
  const floor = TOP + PLOT;
  const all = ((hour.movements ?? 0) / end) * PLOT;
  const periodic = (hour.periodic / end) * PLOT;
  const unknown = hour.movements === null;
  const share = unknown ? 1 : hour.gapShare < MIN_GAP_SHARE ? 0 : hour.gapShare;
  // As wide as the part of the hour that was measured; the rest is hatched.
  const width = whole * (1 - share);
  return svg`<g>
    <title>${words.hour(hour)}</title>
    <rect class="hit" x="${index * step}%" width="${step}%" y="0" height=${HEIGHT}></rect>
    ${
      share === 0
        ? nothing
        : svg`<rect class="gap" x="${left + width}%" width="${whole - width}%"
            y=${TOP} height=${PLOT} fill="url(#hatch)"></rect>`
    }
    <rect class="single" x="${left}%" width="${width}%" y=${floor - all}
      height=${Math.max(0, all - periodic)} rx="2"></rect>
    <rect class="periodic" x="${left}%" width="${width}%" y=${floor - periodic}
      height=${periodic} rx="2"></rect>
    <text class="count" x="${left + width / 2}%" y=${floor - all - 4} text-anchor="middle">
      ${unknown ? "" : texts.number(hour.movements ?? 0)}
    </text>
    <text class=${hasLabel(index, count) ? "" : "minor"} x="${left}%" y=${HEIGHT - 5}>
      ${words.tick(hour.start)}
    </text>
  </g>`;
}

/** Return whether an hour has a label on a small screen. */
function hasLabel(index: number, count: number): boolean {
  const step = Math.max(2, Math.ceil(count / MAX_LABELS));
  // A label is wider than a narrow column: that of the last one would be cut at the edge of the card.
  const isCut = count > MIN_COLUMNS && index === count - 1;
  return index % step === 0 && !isCut;
}

function baseline(): TemplateResult {
  const y = TOP + PLOT + 0.5;
  return svg`<line class="base" x1="0" x2="100%" y1=${y} y2=${y}></line>`;
}
