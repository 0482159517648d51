/** Movements as rectangles: few enough to be drawn in every frame, each wide enough to be seen. */

import type { Lane, Layout } from "./lanes";
import { lanesOf } from "./lanes";
import type { NightModel, Side } from "./model";
import { SIDES, lowerBound } from "./model";
import type { View } from "./view";
import { span } from "./view";

/** Rectangles of one colour. */
export interface Marks {
  readonly side: Side;
  /** Whether these movements belong to a series. */
  readonly periodic: boolean;
  /** x, y, width and height of each, in CSS pixels. */
  readonly boxes: readonly number[];
}

/** Share of the lane's height by grade; chosen: even a mild movement is easily seen. */
export const GRADE_SHARE: readonly number[] = [0, 0.34, 0.66, 1];

/** chosen: narrower marks disappear on small screens. */
export const MIN_WIDTH = 1.5;

/** A movement that lasts longer may vanish early at the left edge of a zoomed view. */
const MAX_DURATION_S = 120;

/**
 * Return the marks of a view that is `width` CSS pixels wide, single movements first.
 *
 * Marks of one colour that begin in the same pixel of the screen become one, as high as the
 * strongest, so that a crowded night costs no more than the screen has columns. `ratio` is the
 * number of screen pixels to a CSS pixel.
 */
export function packMarks(
  model: NightModel,
  layout: Layout,
  view: View,
  width: number,
  ratio: number,
): Marks[] {
  const { onset, duration, side, grade, series, count } = model.movements;
  const scale = width / span(view);
  const colours = SIDES.flatMap((_, number) => [
    new Columns(number, false, ratio),
    new Columns(number, true, ratio),
  ]);
  for (let index = lowerBound(onset, view.start - MAX_DURATION_S); index < count; index += 1) {
    const start = onset[index]!;
    if (start > view.end) {
      break;
    }
    if (start + duration[index]! < view.start) {
      continue;
    }
    const colour = colours[2 * side[index]! + (series[index]! > 0 ? 1 : 0)];
    colour?.add((start - view.start) * scale, duration[index]! * scale, grade[index]!);
  }
  return colours
    .sort((one, other) => Number(one.periodic) - Number(other.periodic))
    .map((colour) => colour.marks(layout));
}

/** Joins movements of one colour that begin in the same column of the screen. */
class Columns {
  readonly side: Side;
  /** x, width and grade of each. */
  private readonly found: number[] = [];
  private column = Number.NEGATIVE_INFINITY;

  constructor(
    side: number,
    readonly periodic: boolean,
    private readonly ratio: number,
  ) {
    this.side = SIDES[side] ?? "unknown";
  }

  add(x: number, width: number, grade: number): void {
    const column = Math.floor(x * this.ratio);
    const { found } = this;
    if (column !== this.column) {
      this.column = column;
      found.push(column / this.ratio, Math.max(width, MIN_WIDTH), grade);
      return;
    }
    const last = found.length - 3;
    found[last + 1] = Math.max(found[last + 1]!, width);
    found[last + 2] = Math.max(found[last + 2]!, grade);
  }

  marks(layout: Layout): Marks {
    const boxes: number[] = [];
    for (const lane of lanesOf(layout, this.side)) {
      this.addBoxes(boxes, lane);
    }
    return { side: this.side, periodic: this.periodic, boxes };
  }

  private addBoxes(boxes: number[], lane: Lane): void {
    const { found } = this;
    for (let at = 0; at < found.length; at += 3) {
      const height = (lane.bottom - lane.top) * (GRADE_SHARE[found[at + 2]!] ?? 1);
      const top = lane.grows === "up" ? lane.base - height : lane.base;
      boxes.push(found[at]!, top, found[at + 1]!, height);
    }
  }
}
