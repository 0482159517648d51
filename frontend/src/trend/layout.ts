/** How a trend is laid out: labels beside the plots where there is room, else above them. No DOM. */

import type { Heat } from "./heat";
import type { Frame } from "./plot";

/** From this width of the card's body (px), labels of lanes are beside them. chosen. */
const WIDE = 620;
const WIDE_GUTTER = 128;
const NARROW_GUTTER = 44;
const END_MARGIN = 4;
const MAIN_TOP = 6;
const MIN_HOUR_HEIGHT = 7;
const MAX_HOUR_HEIGHT = 14;

export const RATINGS_HEIGHT = 46;
export const LANE_HEIGHT = 14;
export const MAX_RATING = 10;

export interface Layout {
  /** Of the card's body, px. */
  readonly width: number;
  readonly wide: boolean;
  /** The labels are on the right. Time runs to the right in every language. */
  readonly rtl: boolean;
  /** Left edge and width of the plots. */
  readonly left: number;
  readonly plotWidth: number;
}

export function makeLayout(width: number, rtl: boolean): Layout {
  const wide = width >= WIDE;
  // Room for the labels of axes and lanes.
  const gutter = wide ? WIDE_GUTTER : NARROW_GUTTER;
  return {
    width,
    wide,
    rtl,
    left: rtl ? END_MARGIN : gutter,
    plotWidth: Math.max(1, width - gutter - END_MARGIN),
  };
}

function frame(layout: Layout, nights: number, top: number, height: number, max: number): Frame {
  return { left: layout.left, width: layout.plotWidth, top, height, nights, max };
}

export function mainHeight(layout: Layout): number {
  return layout.wide ? 200 : 150;
}

export function mainFrame(layout: Layout, nights: number, max: number): Frame {
  return frame(layout, nights, MAIN_TOP, mainHeight(layout) - MAIN_TOP, max);
}

export function laneFrame(layout: Layout, nights: number): Frame {
  return frame(layout, nights, 0, LANE_HEIGHT, 1);
}

export function ratingsFrame(layout: Layout, nights: number): Frame {
  return frame(layout, nights, 4, RATINGS_HEIGHT - 8, MAX_RATING);
}

/** Rows get lower where the nights are long, so that the map keeps about its height. */
export function heatFrame(layout: Layout, nights: number, heat: Heat): Frame {
  const rows = Math.max(1, heat.hours.length);
  const target = layout.wide ? 150 : 120;
  const height = Math.min(MAX_HOUR_HEIGHT, Math.max(MIN_HOUR_HEIGHT, target / rows));
  return frame(layout, nights, 0, Math.round(height * rows), 1);
}

/** Index of the column at a horizontal position, limited to those that exist. */
export function columnAt(layout: Layout, columns: readonly { end: number }[], x: number): number {
  const nights = columns.at(-1)?.end ?? 0;
  const night = ((x - layout.left) / layout.plotWidth) * nights;
  const found = columns.findIndex(({ end }) => night < end);
  return found < 0 ? columns.length - 1 : found;
}
