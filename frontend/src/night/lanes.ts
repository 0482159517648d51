/**
 * Where everything lies from top to bottom, in CSS pixels.
 *
 * The left leg grows upwards and the right leg downwards from one line, so that both can be
 * compared at each moment; a movement of both legs crosses the line. Legs that no sensor tells
 * apart have a lane of their own.
 */

import type { NightModel, Side } from "./model";
import { observedSides } from "./model";

export interface Lane {
  readonly side: "left" | "right" | "unknown";
  readonly top: number;
  readonly bottom: number;
  /** From where marks grow. */
  readonly base: number;
  readonly grows: "up" | "down";
  /** Top of the row with its name, which no mark covers. */
  readonly label: number;
}

export interface Layout {
  readonly height: number;
  /** Cramps, awakenings and changes of position. */
  readonly events: { readonly top: number; readonly bottom: number };
  readonly lanes: readonly Lane[];
  /** A bar under each series. */
  readonly series: { readonly top: number; readonly bottom: number };
  /** In bed and asleep. */
  readonly sleep: { readonly top: number; readonly bottom: number };
  readonly axis: { readonly top: number; readonly bottom: number };
}

/** chosen: a fingertip of 24 px hits the strip of events. */
const EVENTS_HEIGHT = 26;
const LANE_HEIGHT = 58;
const SINGLE_LANE_HEIGHT = 84;
const SERIES_HEIGHT = 5;
const SLEEP_HEIGHT = 20;
const AXIS_HEIGHT = 22;
export const LABEL_HEIGHT = 16;
const SPACE = 6;

export function layoutOf(model: NightModel): Layout {
  const sides = observedSides(model);
  const height = sides.length === 1 ? SINGLE_LANE_HEIGHT : LANE_HEIGHT;
  const lanes: Lane[] = [];
  let y = EVENTS_HEIGHT;
  for (const side of sides) {
    const mirrored = side === "right" && sides.includes("left");
    const top = mirrored ? y : y + LABEL_HEIGHT;
    const bottom = top + height;
    lanes.push({
      side,
      top,
      bottom,
      base: mirrored ? top : bottom,
      grows: mirrored ? "down" : "up",
      label: mirrored ? bottom : y,
    });
    y = mirrored ? bottom + LABEL_HEIGHT : bottom;
  }
  const series = { top: y + SPACE, bottom: y + SPACE + SERIES_HEIGHT };
  const sleep = { top: series.bottom + SPACE, bottom: series.bottom + SPACE + SLEEP_HEIGHT };
  const axis = { top: sleep.bottom, bottom: sleep.bottom + AXIS_HEIGHT };
  return {
    height: axis.bottom,
    events: { top: 0, bottom: EVENTS_HEIGHT },
    lanes,
    series,
    sleep,
    axis,
  };
}

/** Return the lanes in which a movement of a side is drawn. */
export function lanesOf(layout: Layout, side: Side): readonly Lane[] {
  if (side === "both") {
    return layout.lanes.filter((lane) => lane.side !== "unknown");
  }
  return layout.lanes.filter((lane) => lane.side === side);
}
