/**
 * What fingers and a mouse mean on the timeline.
 *
 * One finger taps, pans a zoomed night, or swipes to another night while the whole night is
 * shown; two fingers zoom. Places are CSS pixels from the left edge of the plot.
 */

import type { View } from "./view";
import { momentAt, panned, pinched, span } from "./view";

export interface PointerAt {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** ms, of the same clock for all. */
  readonly time: number;
  readonly touch: boolean;
}

export type Action =
  | { readonly kind: "none" }
  | { readonly kind: "view"; readonly view: View }
  | { readonly kind: "tap"; readonly x: number; readonly y: number }
  | { readonly kind: "swipe"; readonly to: "previous" | "next" };

/** What gestures need to know of the plot. */
export interface Plot {
  readonly view: View;
  readonly length: number;
  readonly width: number;
  readonly whole: boolean;
}

const NOTHING: Action = { kind: "none" };
/** chosen: a finger that rests trembles by less. */
const TAP_PX = 8;
/** chosen: far enough not to happen by accident, near enough for a thumb. */
const SWIPE_PX = 48;
const SWIPE_MS = 700;

interface Held {
  readonly from: PointerAt;
  readonly x: number;
}

export class Gestures {
  private readonly held = new Map<number, Held>();
  private pinch: { ids: [number, number]; moments: [number, number] } | undefined;
  private moved = false;

  /** Whether a finger or button is down. */
  get active(): boolean {
    return this.held.size > 0;
  }

  /** Whether what is held has moved further than a tap does. */
  get dragging(): boolean {
    return this.active && this.moved;
  }

  down(pointer: PointerAt, plot: Plot): void {
    if (this.held.size === 0) {
      this.moved = false;
    }
    this.held.set(pointer.id, { from: pointer, x: pointer.x });
    const ids = [...this.held.keys()];
    if (ids.length === 2) {
      this.moved = true;
      const moments = ids.map((id) =>
        momentAt(plot.view, plot.width, this.held.get(id)?.x ?? 0),
      );
      this.pinch = { ids: [ids[0]!, ids[1]!], moments: [moments[0]!, moments[1]!] };
    }
  }

  move(pointer: PointerAt, plot: Plot): Action {
    const before = this.held.get(pointer.id);
    if (before === undefined) {
      return NOTHING;
    }
    this.held.set(pointer.id, { from: before.from, x: pointer.x });
    this.moved ||= Math.abs(pointer.x - before.from.x) > TAP_PX;
    if (this.pinch !== undefined) {
      return this.pinched(plot, this.pinch);
    }
    if (!this.moved || plot.whole) {
      return NOTHING;
    }
    const seconds = ((before.x - pointer.x) / plot.width) * span(plot.view);
    return { kind: "view", view: panned(plot.view, plot.length, seconds) };
  }

  up(pointer: PointerAt, plot: Plot): Action {
    const held = this.held.get(pointer.id);
    this.held.delete(pointer.id);
    const alone = this.pinch === undefined;
    if (this.held.size === 0) {
      this.pinch = undefined;
    }
    if (held === undefined || !alone) {
      return NOTHING;
    }
    this.moved ||= Math.abs(pointer.x - held.from.x) > TAP_PX;
    if (!this.moved && Math.abs(pointer.y - held.from.y) <= TAP_PX) {
      return { kind: "tap", x: pointer.x, y: pointer.y };
    }
    return swipeOf(held.from, pointer, plot);
  }

  /** Forget a finger that the browser took over, for example to scroll. */
  cancel(id: number): void {
    this.held.delete(id);
    if (this.held.size === 0) {
      this.pinch = undefined;
    }
  }

  private pinched(
    plot: Plot,
    pinch: { ids: [number, number]; moments: [number, number] },
  ): Action {
    const [first, second] = pinch.ids.map((id) => this.held.get(id)?.x);
    if (first === undefined || second === undefined) {
      return NOTHING;
    }
    const view = pinched(pinch.moments, [first, second], plot.width, plot.length);
    return { kind: "view", view };
  }
}

/** Time runs to the right: a finger that moves right brings the night before. */
function swipeOf(from: PointerAt, to: PointerAt, plot: Plot): Action {
  const along = to.x - from.x;
  const across = Math.abs(to.y - from.y);
  const quick = to.time - from.time <= SWIPE_MS;
  if (!to.touch || !plot.whole || !quick || Math.abs(along) < Math.max(SWIPE_PX, 2 * across)) {
    return NOTHING;
  }
  return { kind: "swipe", to: along > 0 ? "previous" : "next" };
}
