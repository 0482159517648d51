/** What the marks of the timeline mean, with the same shapes; only those that this night has. */

import { html, svg } from "lit";
import type { TemplateResult } from "lit";

import type { Key, Localizer } from "../localize";
import { SINGLE_ALPHA } from "./draw";
import type { NightModel } from "./model";
import { observedSides } from "./model";

interface Entry {
  readonly text: Key;
  readonly shape: TemplateResult;
  readonly shown: (model: NightModel) => boolean;
}

const ENTRIES: readonly Entry[] = [
  ...(["left", "right", "unknown"] as const).flatMap((side): Entry[] => [
    {
      text: "night.legend_movement",
      shape: bars(`--limber-${side}`, 1),
      shown: (model) => observedSides(model)[0] === side,
    },
    {
      text: "night.legend_single",
      shape: bars(`--limber-${side}`, SINGLE_ALPHA),
      shown: (model) => observedSides(model)[0] === side && hasBothKinds(model),
    },
  ]),
  {
    text: "night.legend_both",
    shape: bars("--limber-both", 1),
    shown: (model) => model.movements.side.includes(3),
  },
  {
    text: "night.legend_periodic",
    shape: svg`<rect x="1" y="6" width="16" height="5" rx="2.5"
      fill="var(--limber-series)"></rect>`,
    shown: (model) => model.series.length > 0,
  },
  {
    text: "night.legend_cramp",
    shape: diamond("var(--limber-cramp)"),
    shown: (model) => model.cramps.some(({ label }) => label !== false),
  },
  {
    text: "night.legend_denied",
    shape: diamond("none"),
    shown: (model) => model.cramps.some(({ label }) => label === false),
  },
  {
    text: "night.legend_awakening",
    shape: svg`<circle cx="9" cy="8" r="5" fill="none" stroke="var(--limber-awakening)"
      stroke-width="2.5"></circle>`,
    shown: (model) => model.awakenings.length > 0,
  },
  {
    text: "night.legend_factor",
    shape: svg`<rect x="4.5" y="3.5" width="9" height="9" rx="2"
      fill="var(--limber-factor)"></rect>`,
    shown: (model) => model.factors.some(({ time }) => time >= 0),
  },
  {
    text: "night.legend_position",
    shape: svg`<path d="M5.5 11h7L9 5z" fill="var(--limber-position)"></path>`,
    shown: (model) => model.positionChanges.length > 0,
  },
  {
    text: "night.legend_in_bed",
    shape: svg`<rect x="0.5" y="1" width="17" height="14" rx="3"
      fill="var(--limber-in-bed)" stroke="var(--limber-asleep)"></rect>`,
    shown: (model) => model.inBed.length > 0,
  },
  {
    text: "night.legend_asleep",
    shape: svg`<rect x="0.5" y="1" width="17" height="14" rx="3" fill="var(--limber-in-bed)"></rect>
      <rect x="0" y="6" width="18" height="9" rx="3" fill="var(--limber-asleep)"></rect>`,
    shown: (model) => (model.asleep ?? []).length > 0,
  },
  {
    text: "night.legend_gap",
    shape: svg`<path d="M1 15 15 1M1 9 9 1M7 15 17 5M13 15l4-4M1 3l2-2" stroke="var(--limber-gap)"
      fill="none"></path>`,
    shown: (model) => model.gaps.length > 0,
  },
  {
    text: "night.legend_now",
    shape: svg`<path d="M9 0v16" stroke="var(--limber-text)" stroke-width="1.5"
      stroke-dasharray="4 2"></path>`,
    shown: (model) => model.data.live,
  },
];

export function renderLegend(model: NightModel, texts: Localizer): TemplateResult {
  return html`<ul class="legend" aria-label=${texts.text("night.legend")}>
    ${ENTRIES.filter(({ shown }) => shown(model)).map(
      ({ shape, text }) =>
        html`<li><svg viewBox="0 0 18 16" aria-hidden="true">${shape}</svg>${texts.text(text)}</li>`,
    )}
  </ul>`;
}

/** Whether there are movements in a series, and others, which are paler. */
function hasBothKinds({ movements }: NightModel): boolean {
  return movements.series.includes(0) && movements.series.some((series) => series > 0);
}

function bars(colour: string, alpha: number): TemplateResult {
  return svg`<g fill="var(${colour})" opacity=${alpha}>
    <rect x="2" y="10" width="3" height="6"></rect>
    <rect x="7" y="5" width="3" height="11"></rect>
    <rect x="12" y="0" width="3" height="16"></rect>
  </g>`;
}

function diamond(fill: string): TemplateResult {
  return svg`<path d="M9 0l6 8-6 8-6-8z" fill=${fill} stroke="var(--limber-cramp)"
    stroke-width="1.5"></path>`;
}
