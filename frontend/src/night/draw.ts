/** Draws a night on a canvas. Units are CSS pixels; the caller has scaled the context. */

import type { Lane, Layout } from "./lanes";
import { packMarks } from "./marks";
import type { NightModel, Side, Stretch } from "./model";
import type { Target } from "./targets";
import { extentOf } from "./targets";
import type { View } from "./view";
import { xOf } from "./view";

/** CSS colours. */
export interface Palette {
  readonly text: string;
  readonly line: string;
  readonly surface: string;
  readonly sides: Readonly<Record<Side, string>>;
  readonly series: string;
  readonly cramp: string;
  readonly awakening: string;
  readonly position: string;
  readonly inBed: string;
  readonly asleep: string;
  readonly gap: string;
  readonly factor: string;
}

/** chosen: movements outside of a series are paler, and still have a contrast of 3:1. */
export const SINGLE_ALPHA = 0.7;

/** What a drawing needs; it reads nothing else. */
export interface Picture {
  readonly model: NightModel;
  readonly layout: Layout;
  readonly view: View;
  /** Width of the plot. */
  readonly width: number;
  /** Screen pixels to a CSS pixel. */
  readonly ratio: number;
  readonly palette: Palette;
  readonly selected: Target | undefined;
  /** Moments (s since the start of the night) of vertical lines. */
  readonly ticks: readonly number[];
}

/** Space beside the plot, so that a symbol at the first moment is whole. */
export const MARGIN = 8;
const CORNER = 3;
const HATCH_PX = 6;
/** chosen: what is narrower needs a line to be found on the screen. */
const LINE_BELOW_PX = 12;

type Context = CanvasRenderingContext2D;

export function drawNight(context: Context, picture: Picture): void {
  const { width, layout } = picture;
  context.clearRect(0, 0, width + 2 * MARGIN, layout.height);
  context.save();
  context.translate(MARGIN, 0);
  drawTicks(context, picture);
  drawSleep(context, picture);
  drawSeries(context, picture);
  drawGaps(context, picture);
  drawSelection(context, picture);
  drawMovements(context, picture);
  drawBaselines(context, picture);
  drawEvents(context, picture);
  drawNow(context, picture);
  context.restore();
}

function drawTicks(context: Context, picture: Picture): void {
  const { layout, palette, view, width } = picture;
  const top = layout.lanes[0]?.top ?? 0;
  context.fillStyle = palette.line;
  for (const moment of picture.ticks) {
    const x = Math.round(xOf(view, width, moment));
    context.fillRect(x, top, 1, layout.sleep.bottom - top);
  }
}

function drawSleep(context: Context, picture: Picture): void {
  const { layout, model, palette } = picture;
  const { top, bottom } = layout.sleep;
  const height = bottom - top;
  context.fillStyle = palette.inBed;
  context.strokeStyle = palette.asleep;
  context.lineWidth = 1;
  bars(context, picture, model.inBed, top, height);
  context.stroke();
  context.fillStyle = palette.asleep;
  // Asleep is lower as well as darker: not told by colour alone.
  bars(context, picture, model.asleep ?? [], top + height * 0.4, height * 0.6);
}

function bars(
  context: Context,
  picture: Picture,
  stretches: readonly Stretch[],
  top: number,
  height: number,
): void {
  const { view, width } = picture;
  context.beginPath();
  for (const one of stretches) {
    const [x, wide] = clippedBar(one, view, width);
    if (wide > 0) {
      context.roundRect(x, top, Math.max(wide, 1), height, CORNER);
    }
  }
  context.fill();
}

/** Not measured: hatched over all lanes, so that it never looks like a leg at rest. */
function drawGaps(context: Context, picture: Picture): void {
  const { layout, model, palette, view, width } = picture;
  const top = layout.lanes[0]?.top ?? 0;
  const height = layout.sleep.bottom - top;
  for (const gap of model.gaps) {
    const [x, wide] = clippedBar(gap, view, width);
    if (wide <= 0) {
      continue;
    }
    context.save();
    context.beginPath();
    context.rect(x, top, Math.max(wide, 2), height);
    context.clip();
    context.fillStyle = palette.surface;
    context.fillRect(x, top, Math.max(wide, 2), height);
    hatch(context, palette.gap, x, top, Math.max(wide, 2), height);
    context.restore();
  }
}

function hatch(
  context: Context,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  const first = Math.floor((x - height) / HATCH_PX) * HATCH_PX;
  for (let at = first; at < x + width; at += HATCH_PX) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
}

function drawMovements(context: Context, picture: Picture): void {
  const { layout, model, palette, ratio, view, width } = picture;
  for (const { side, periodic, boxes } of packMarks(model, layout, view, width, ratio)) {
    context.globalAlpha = periodic ? 1 : SINGLE_ALPHA;
    context.fillStyle = palette.sides[side];
    rectangles(context, boxes);
  }
  context.globalAlpha = 1;
}

function rectangles(context: Context, boxes: readonly number[]): void {
  // Not one path of all: smoothing its edges takes a renderer without a GPU twice as long.
  for (let at = 0; at < boxes.length; at += 4) {
    context.fillRect(boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!);
  }
}

function drawBaselines(context: Context, picture: Picture): void {
  const { layout, palette, width } = picture;
  context.fillStyle = palette.text;
  context.globalAlpha = 0.45;
  for (const y of new Set(layout.lanes.map((lane: Lane) => lane.base))) {
    context.fillRect(0, Math.round(y) - 0.5, width, 1);
  }
  context.globalAlpha = 1;
}

function drawSeries(context: Context, picture: Picture): void {
  const { layout, model, palette, view, width } = picture;
  const { top, bottom } = layout.series;
  context.fillStyle = palette.series;
  context.beginPath();
  for (const one of model.series) {
    const [x, wide] = clippedBar(one, view, width);
    if (wide > 0) {
      context.roundRect(x, top, Math.max(wide, 2), bottom - top, (bottom - top) / 2);
    }
  }
  context.fill();
}

function drawEvents(context: Context, picture: Picture): void {
  const { model, palette } = picture;
  const middle = (picture.layout.events.top + picture.layout.events.bottom) / 2;
  for (const change of model.positionChanges) {
    at(picture, change.start, (x) => turn(context, palette.position, x, middle));
  }
  for (const { time } of model.factors.filter((one) => one.time >= 0)) {
    at(picture, time, (x) => note(context, palette.factor, x, middle));
  }
  for (const time of model.awakenings) {
    at(picture, time, (x) => ring(context, palette, x, middle));
  }
  for (const cramp of model.cramps) {
    const denied = cramp.label === false;
    at(picture, cramp.start, (x) => crampMark(context, picture, x, middle, denied));
  }
}

function at(picture: Picture, moment: number, draw: (x: number) => void): void {
  const x = xOf(picture.view, picture.width, moment);
  if (x >= -MARGIN && x <= picture.width + MARGIN) {
    draw(x);
  }
}

/** A change of position: a small triangle. */
function turn(context: Context, colour: string, x: number, y: number): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x - 3.5, y + 6);
  context.lineTo(x + 3.5, y + 6);
  context.lineTo(x, y);
  context.fill();
}

/** Something that was logged: a square. */
function note(context: Context, colour: string, x: number, y: number): void {
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x - 4.5, y - 4.5, 9, 9, 2);
  context.fill();
}

/** An awakening: a ring. */
function ring(context: Context, palette: Palette, x: number, y: number): void {
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fillStyle = palette.surface;
  context.fill();
  context.strokeStyle = palette.awakening;
  context.lineWidth = 2.5;
  context.stroke();
}

/** A cramp: a diamond on a line through all lanes; hollow if the sleeper denied it. */
function crampMark(
  context: Context,
  picture: Picture,
  x: number,
  y: number,
  denied: boolean,
): void {
  const { layout, palette } = picture;
  context.strokeStyle = palette.cramp;
  context.lineWidth = 1.5;
  context.setLineDash(denied ? [2, 4] : []);
  context.beginPath();
  context.moveTo(x, y + 8);
  context.lineTo(x, layout.sleep.bottom);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x, y - 9);
  context.lineTo(x + 7, y);
  context.lineTo(x, y + 9);
  context.lineTo(x - 7, y);
  context.closePath();
  context.fillStyle = denied ? palette.surface : palette.cramp;
  context.fill();
  context.stroke();
}

function drawSelection(context: Context, picture: Picture): void {
  const { layout, model, palette, selected, view, width } = picture;
  if (selected === undefined) {
    return;
  }
  const extent = extentOf(model, view, width, selected);
  const wide = Math.max(extent.width, 2);
  context.fillStyle = palette.text;
  context.globalAlpha = 0.14;
  context.fillRect(extent.x - 3, layout.events.top, wide + 6, layout.sleep.bottom);
  if (wide < LINE_BELOW_PX) {
    context.globalAlpha = 0.8;
    context.fillRect(extent.x + wide / 2 - 0.5, layout.events.top, 1, layout.sleep.bottom);
  }
  context.globalAlpha = 1;
}

/** The end of a night that goes on. */
function drawNow(context: Context, picture: Picture): void {
  const { layout, model, palette } = picture;
  if (!model.data.live) {
    return;
  }
  at(picture, model.data.end - model.data.start, (x) => {
    context.strokeStyle = palette.text;
    context.lineWidth = 1.5;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(x, layout.events.bottom);
    context.lineTo(x, layout.sleep.bottom);
    context.stroke();
    context.setLineDash([]);
  });
}

function clippedBar(one: Stretch, view: View, width: number): [x: number, width: number] {
  const from = Math.max(xOf(view, width, one.start), -MARGIN);
  const to = Math.min(xOf(view, width, one.end), width + MARGIN);
  return [from, to - from];
}
