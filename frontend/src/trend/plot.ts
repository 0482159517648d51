/** The marks of a trend as SVG paths, in px. No DOM. */

import type { CalendarNight } from "./calendar";
import { isMissed, missedRuns } from "./calendar";
import type { Column } from "./columns";
import { measuredNights } from "./columns";
import type { Heat } from "./heat";
import { HEAT_LEVELS } from "./heat";
import type { Usual } from "./quantiles";
import { px } from "./scales";

/** Where nights and values are in a plot. */
export interface Frame {
  /** Left edge of the first night. */
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
  readonly nights: number;
  /** Value at the top; 0 is at the bottom. */
  readonly max: number;
}

export function xOf(frame: Frame, night: number): number {
  return frame.left + (night * frame.width) / frame.nights;
}

export function yOf(frame: Frame, value: number): number {
  return frame.top + frame.height * (1 - Math.min(value, frame.max) / frame.max);
}

/** Middle of a column. */
export function middleOf(frame: Frame, column: Column): number {
  return xOf(frame, (column.start + column.end) / 2);
}

export interface Mark {
  readonly x: number;
  readonly y: number;
}

/** A disc as part of a path: many of them are one element. */
export function disc({ x, y }: Mark, radius: number): string {
  const r = px(radius);
  const arc = (width: number) => `a${r} ${r} 0 0 0 ${width} 0`;
  return `M${px(x - r)} ${px(y)}${arc(2 * r)}${arc(-2 * r)}z`;
}

/** A rhombus: other than a disc also without colours. */
export function rhombus({ x, y }: Mark, radius: number): string {
  const r = px(radius);
  return `M${px(x)} ${px(y - radius)}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`;
}

export function box(x: number, y: number, width: number, height: number): string {
  return `M${px(x)} ${px(y)}h${px(width)}v${px(height)}h${px(-width)}z`;
}

/** Nights that were not measured, over the whole height. */
export function unmeasuredPath(frame: Frame, nights: readonly CalendarNight[]): string {
  return missedRuns(nights)
    .map(([start, end]) => stripe(frame, start, end))
    .join("");
}

/** Columns without any measured night, over the whole height. */
export function unmeasuredColumns(frame: Frame, columns: readonly Column[]): string {
  return columns
    .filter((column) => measuredNights(column) === 0 && column.nights.some(isMissed))
    .map(({ start, end }) => stripe(frame, start, end))
    .join("");
}

function stripe(frame: Frame, start: number, end: number): string {
  const x = xOf(frame, start);
  return box(x, frame.top, xOf(frame, end) - x, frame.height);
}

/** What was usual: the band between the quartiles, and the line of the median. */
export function usualPaths(
  frame: Frame,
  usual: readonly (Usual | null)[],
): { readonly band: string; readonly median: string } {
  let band = "";
  let median = "";
  for (const [start, end] of knownRuns(usual)) {
    const nights = usual.slice(start, end).flatMap((one, index) =>
      one === null ? [] : [{ x: px(xOf(frame, start + index + 0.5)), ...one }],
    );
    const upper = nights.map(({ x, high }) => `${x} ${px(yOf(frame, high))}`);
    const lower = nights.map(({ x, low }) => `${x} ${px(yOf(frame, low))}`).reverse();
    band += `M${[...upper, ...lower].join("L")}z`;
    median += `M${nights.map((one) => `${one.x} ${px(yOf(frame, one.median))}`).join("L")}`;
  }
  return { band, median };
}

/** Stretches of values that are known, as indices: the end is not included. */
function knownRuns(values: readonly unknown[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = runs.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  });
  return runs;
}

/** The value of each column: a disc, and a bar between the quartiles where it holds several nights. */
export function valuePaths(
  frame: Frame,
  columns: readonly Column[],
  values: readonly (Usual | null)[],
): { readonly discs: string; readonly bars: string } {
  const radius = discRadius(frame.width / columns.length);
  let discs = "";
  let bars = "";
  columns.forEach((column, index) => {
    const value = values[index] ?? null;
    if (value === null) return;
    const x = middleOf(frame, column);
    discs += disc({ x, y: yOf(frame, value.median) }, radius);
    if (column.nights.length === 1) return;
    const [top, bottom] = [yOf(frame, value.high), yOf(frame, value.low)];
    bars += box(x - radius / 2, top, radius, bottom - top);
  });
  return { discs, bars };
}

/** Radius of the marks in columns of a width. */
export function discRadius(width: number): number {
  return Math.min(5.5, Math.max(1.5, width * 0.36));
}

/** A line through the values of neighbouring columns, broken where one is unknown, with its points. */
export function linePaths(
  frame: Frame,
  columns: readonly Column[],
  values: readonly (number | null)[],
): { readonly line: string; readonly points: string } {
  const radius = Math.min(2.5, discRadius(frame.width / columns.length));
  let line = "";
  let points = "";
  let joined = false;
  columns.forEach((column, index) => {
    const value = values[index] ?? null;
    if (value !== null) {
      const mark = { x: middleOf(frame, column), y: yOf(frame, value) };
      line += `${joined ? "L" : "M"}${px(mark.x)} ${px(mark.y)}`;
      points += disc(mark, radius);
    }
    joined = value !== null;
  });
  return { line, points };
}

/** The marks of a lane: a disc for one night, or a bar as high as the share of several. */
export function lanePath(
  frame: Frame,
  columns: readonly Column[],
  shares: readonly number[],
): string {
  return columns
    .map((column, index) => {
      const share = shares[index] ?? 0;
      if (share === 0) return "";
      const x = middleOf(frame, column);
      const width = frame.width / columns.length;
      if (column.nights.length > 1) {
        const height = Math.max(3, share * frame.height);
        const wide = Math.min(width * 0.7, 10);
        return box(x - wide / 2, frame.top + frame.height - height, wide, height);
      }
      const radius = Math.min(discRadius(width), frame.height / 2);
      return disc({ x, y: frame.top + frame.height / 2 }, radius);
    })
    .join("");
}

/** Cramps: a rhombus for each column with any, larger for several. */
export function crampPath(
  frame: Frame,
  columns: readonly Column[],
  counts: readonly (number | null)[],
): string {
  return columns
    .map((column, index) => {
      const count = counts[index] ?? 0;
      if (count === 0) return "";
      const radius = Math.min(frame.height / 2, 3.5 + 1.5 * Math.min(count - 1, 2));
      return rhombus({ x: middleOf(frame, column), y: frame.top + frame.height / 2 }, radius);
    })
    .join("");
}

export interface HeatPaths {
  /** By level. */
  readonly levels: readonly string[];
  readonly gaps: string;
}

/** The cells of a heat map, all of a level in one path. */
export function heatPaths(frame: Frame, columns: readonly Column[], heat: Heat): HeatPaths {
  const levels = Array.from({ length: HEAT_LEVELS + 1 }, () => "");
  let gaps = "";
  const height = frame.height / Math.max(1, heat.hours.length);
  // Lines between cells only where they leave enough of the cells.
  const gap = frame.width / columns.length > 6 ? 1 : 0;
  for (const { column, row, level } of heat.cells) {
    const { start, end } = columns[column] ?? { start: 0, end: 0 };
    const x = xOf(frame, start);
    const width = Math.max(0.5, xOf(frame, end) - x - gap);
    const cell = box(x, frame.top + row * height, width, height - Math.min(gap, height / 4));
    if (level === null) gaps += cell;
    else levels[level] = (levels[level] ?? "") + cell;
  }
  return { levels, gaps };
}
