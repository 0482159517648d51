/** What lies under a finger, and where arrow keys go. */

import type { Layout } from "./lanes";
import { lanesOf } from "./lanes";
import type {
  CrampOfNight,
  FactorOfNight,
  NightModel,
  SeriesOfNight,
  Stretch,
} from "./model";
import { SIDES, lowerBound, stretchAt } from "./model";
import type { View } from "./view";
import { momentAt, span, xOf } from "./view";

export type Target =
  | { readonly kind: "movement"; readonly index: number }
  | { readonly kind: "cramp"; readonly cramp: CrampOfNight }
  | { readonly kind: "awakening"; readonly time: number }
  | { readonly kind: "position"; readonly change: Stretch }
  | { readonly kind: "series"; readonly series: SeriesOfNight }
  | { readonly kind: "gap"; readonly gap: Stretch }
  | { readonly kind: "factor"; readonly factor: FactorOfNight }
  | { readonly kind: "moment"; readonly time: number };

/** A place on the timeline, in CSS pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Times are tenths of seconds. */
const SAME_S = 0.05;

/** chosen: half the width of a fingertip, and more than a mouse needs. */
const REACH_PX = { touch: 14, mouse: 6 } as const;

export type Pointer = keyof typeof REACH_PX;

/** Return what is nearest to a place; `moment` where nothing else is in reach. */
export function targetAt(
  model: NightModel,
  layout: Layout,
  view: View,
  width: number,
  place: Place,
  pointer: Pointer,
): Target {
  const moment = momentAt(view, width, place.x);
  const reach = (REACH_PX[pointer] / width) * span(view);
  return (
    eventNear(model, layout, place, moment, reach) ??
    movementNear(model, layout, place, moment, reach) ??
    gapAt(model, moment) ??
    seriesAt(model, layout, place, moment) ??
    { kind: "moment", time: moment }
  );
}

/** Return when a target begins, in seconds since the start of the night. */
export function timeOf(model: NightModel, target: Target): number {
  switch (target.kind) {
    case "movement":
      return model.movements.onset[target.index] ?? 0;
    case "cramp":
      return target.cramp.start;
    case "position":
      return target.change.start;
    case "series":
      return target.series.start;
    case "gap":
      return target.gap.start;
    case "factor":
      return target.factor.time;
    case "awakening":
    case "moment":
      return target.time;
  }
}

/** Return the place of a target on the screen: its left edge and its width, in CSS pixels. */
export function extentOf(
  model: NightModel,
  view: View,
  width: number,
  target: Target,
): { x: number; width: number } {
  const start = timeOf(model, target);
  const end = start + lengthOf(model, target);
  const x = xOf(view, width, start);
  return { x, width: xOf(view, width, end) - x };
}

export type Step = "next" | "previous" | "nextNotable" | "previousNotable" | "first" | "last";

/**
 * Return the target to which a key leads; undefined where there is none.
 *
 * Single steps go through everything; notable steps leave out movements and position changes.
 */
export function stepFrom(
  model: NightModel,
  current: Target | undefined,
  view: View,
  step: Step,
): Target | undefined {
  const notable = step === "nextNotable" || step === "previousNotable";
  const stops = stopsOf(model, notable);
  switch (step) {
    case "first":
      return stops[0];
    case "last":
      return stops.at(-1);
    case "next":
    case "nextNotable":
      return stopAfter(model, stops, current, view);
    case "previous":
    case "previousNotable":
      return stopBefore(model, stops, current, view);
  }
}

function stopAfter(
  model: NightModel,
  stops: readonly Target[],
  current: Target | undefined,
  view: View,
): Target | undefined {
  const index = stops.findIndex((one) => isSame(one, current));
  if (index >= 0) {
    return stops[index + 1];
  }
  const from = current === undefined ? view.start : timeOf(model, current);
  return stops.find((one) => timeOf(model, one) >= from);
}

function stopBefore(
  model: NightModel,
  stops: readonly Target[],
  current: Target | undefined,
  view: View,
): Target | undefined {
  const index = stops.findIndex((one) => isSame(one, current));
  if (index >= 0) {
    return stops[index - 1];
  }
  const to = current === undefined ? view.end : timeOf(model, current);
  return stops.findLast((one) => timeOf(model, one) <= to);
}

const stopsByModel = new WeakMap<NightModel, { all: Target[]; notable: Target[] }>();

function stopsOf(model: NightModel, notable: boolean): Target[] {
  let stops = stopsByModel.get(model);
  if (stops === undefined) {
    stops = makeStops(model);
    stopsByModel.set(model, stops);
  }
  return notable ? stops.notable : stops.all;
}

function makeStops(model: NightModel): { all: Target[]; notable: Target[] } {
  const factors = model.factors.filter(({ time }) => time >= 0 && time <= model.length);
  const notable: Target[] = [
    ...model.cramps.map((cramp) => ({ kind: "cramp", cramp }) as const),
    ...model.awakenings.map((time) => ({ kind: "awakening", time }) as const),
    ...model.series.map((series) => ({ kind: "series", series }) as const),
    ...model.gaps.map((gap) => ({ kind: "gap", gap }) as const),
    ...factors.map((factor) => ({ kind: "factor", factor }) as const),
  ];
  const others: Target[] = [
    ...Array.from(model.movements.onset, (_, index) => ({ kind: "movement", index }) as const),
    ...model.positionChanges.map((change) => ({ kind: "position", change }) as const),
  ];
  // The sort is stable: at the same moment, a series comes before its first movement.
  const inOrder = (one: Target, other: Target): number =>
    timeOf(model, one) - timeOf(model, other);
  return {
    all: [...notable, ...others].sort(inOrder),
    notable: notable.sort(inOrder),
  };
}

export function isSame(one: Target | undefined, other: Target | undefined): boolean {
  if (one === undefined || other === undefined || one.kind !== other.kind) {
    return one === other;
  }
  switch (one.kind) {
    case "movement":
      return one.index === (other as typeof one).index;
    case "cramp":
      return one.cramp === (other as typeof one).cramp;
    case "position":
      return one.change === (other as typeof one).change;
    case "series":
      return one.series === (other as typeof one).series;
    case "gap":
      return one.gap === (other as typeof one).gap;
    case "factor":
      return one.factor === (other as typeof one).factor;
    case "awakening":
    case "moment":
      return one.time === (other as typeof one).time;
  }
}

/** Return the same mark in newer data of the night; undefined if it is not there any more. */
export function sameIn(model: NightModel, target: Target | undefined): Target | undefined {
  if (target === undefined || target.kind === "moment") {
    return target;
  }
  // A mark of the older data knows its time by itself, except a movement, which has only a number.
  if (target.kind === "movement") {
    return target.index < model.movements.count ? target : undefined;
  }
  const time = timeOf(model, target);
  return stopsOf(model, false).find(
    (one) => one.kind === target.kind && Math.abs(timeOf(model, one) - time) < SAME_S,
  );
}

function lengthOf(model: NightModel, target: Target): number {
  switch (target.kind) {
    case "movement":
      return model.movements.duration[target.index] ?? 0;
    case "cramp":
      return target.cramp.end - target.cramp.start;
    case "position":
      return target.change.end - target.change.start;
    case "series":
      return target.series.end - target.series.start;
    case "gap":
      return target.gap.end - target.gap.start;
    case "awakening":
    case "factor":
    case "moment":
      return 0;
  }
}

/** Return the nearest symbol of the strip of events, or the line of a cramp below it. */
function eventNear(
  model: NightModel,
  layout: Layout,
  place: Place,
  moment: number,
  reach: number,
): Target | undefined {
  const inStrip = place.y <= layout.events.bottom;
  const events = inStrip ? eventsOf(model) : cramps(model);
  // The line of a cramp is thin: next to it, a movement may be meant.
  let away = inStrip ? reach : reach / 3;
  let best: Target | undefined;
  for (const event of events) {
    const distance = Math.abs(timeOf(model, event) - moment);
    if (distance < away) {
      away = distance;
      best = event;
    }
  }
  return best;
}

/** Those that matter most come first: they win where several are equally near. */
function eventsOf(model: NightModel): Target[] {
  return [
    ...cramps(model),
    ...model.awakenings.map((time) => ({ kind: "awakening", time }) as const),
    ...model.factors.map((factor) => ({ kind: "factor", factor }) as const),
    ...model.positionChanges.map((change) => ({ kind: "position", change }) as const),
  ];
}

function cramps(model: NightModel): Target[] {
  return model.cramps.map((cramp) => ({ kind: "cramp", cramp }) as const);
}

function movementNear(
  model: NightModel,
  layout: Layout,
  place: Place,
  moment: number,
  reach: number,
): Target | undefined {
  const first = layout.lanes[0]?.top ?? 0;
  const last = layout.lanes.at(-1)?.bottom ?? 0;
  if (place.y < first || place.y > last) {
    return undefined;
  }
  const { onset, duration, side, grade, count } = model.movements;
  let best: { index: number; away: number; grade: number } | undefined;
  for (let index = lowerBound(onset, moment - reach - 60); index < count; index += 1) {
    const start = onset[index]!;
    if (start > moment + reach) {
      break;
    }
    const away = distance({ start, end: start + duration[index]! }, moment);
    const inLane = lanesOf(layout, SIDES[side[index]!] ?? "unknown").some(
      (lane) => lane.top <= place.y && place.y <= lane.bottom,
    );
    if (away > reach || !inLane) {
      continue;
    }
    const stronger = away === best?.away && grade[index]! > best.grade;
    if (best === undefined || away < best.away || stronger) {
      best = { index, away, grade: grade[index]! };
    }
  }
  return best === undefined ? undefined : { kind: "movement", index: best.index };
}

function gapAt(model: NightModel, moment: number): Target | undefined {
  const gap = stretchAt(model.gaps, moment);
  return gap === undefined ? undefined : { kind: "gap", gap };
}

function seriesAt(
  model: NightModel,
  layout: Layout,
  place: Place,
  moment: number,
): Target | undefined {
  const series = stretchAt(model.series, moment);
  const first = layout.lanes[0]?.top ?? 0;
  if (series === undefined || place.y < first || place.y > layout.series.bottom + 3) {
    return undefined;
  }
  return { kind: "series", series };
}

function distance(one: Stretch, moment: number): number {
  return Math.max(one.start - moment, moment - one.end, 0);
}
