/** Fingers, mouse, wheel and keys on the timeline. */

import { MARGIN } from "./draw";
import type { Action, Plot, PointerAt } from "./gestures";
import { Gestures } from "./gestures";
import type { Step } from "./targets";
import type { View } from "./view";
import { momentAt, panned, span, wholeNight, zoomed } from "./view";

/** What controls do to the timeline. */
export interface Controlled {
  readonly plot: Plot;
  readonly canvas: HTMLCanvasElement;
  readonly focused: boolean;
  show(view: View): void;
  zoomBy(steps: number): void;
  go(step: Step): void;
  /** Forget the mark that was chosen; returns whether there was one. */
  clear(): boolean;
  /** Look at a place without choosing it; undefined: look away. */
  hover(event: PointerEvent | undefined): void;
  choose(event: PointerEvent): void;
  swipe(to: "previous" | "next"): void;
  drag(dragging: boolean): void;
}

/** chosen: one notch of a wheel, 100 px, zooms by a fifth. */
const WHEEL_RATE = 0.002;
/** chosen: a pinch on a touchpad comes as a wheel with Ctrl that turns a few px at a time. */
const PINCH_RATE = 0.008;
/** A line of text, where a wheel counts in lines. */
const WHEEL_LINE_PX = 16;

const STEPS: Readonly<Record<string, Step>> = {
  ArrowRight: "next",
  ArrowLeft: "previous",
  PageDown: "nextNotable",
  PageUp: "previousNotable",
  Home: "first",
  End: "last",
};

export class Controls {
  private readonly gestures = new Gestures();

  constructor(private readonly host: Controlled) {}

  readonly onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.press(event.key, event.shiftKey)) {
      return;
    }
    event.preventDefault();
    // Home Assistant has shortcuts on keys.
    event.stopPropagation();
  };

  readonly onDown = (event: PointerEvent): void => {
    if (event.button === 0) {
      this.host.canvas.setPointerCapture(event.pointerId);
      this.gestures.down(this.pointer(event), this.host.plot);
    }
  };

  readonly onMove = (event: PointerEvent): void => {
    if (this.gestures.active) {
      this.act(this.gestures.move(this.pointer(event), this.host.plot), event);
      this.host.drag(this.gestures.dragging);
      return;
    }
    if (event.pointerType === "mouse") {
      this.host.hover(event);
    }
  };

  readonly onUp = (event: PointerEvent): void => {
    this.act(this.gestures.up(this.pointer(event), this.host.plot), event);
    this.host.drag(this.gestures.dragging);
  };

  readonly onCancel = (event: PointerEvent): void => {
    this.gestures.cancel(event.pointerId);
    this.host.drag(this.gestures.dragging);
  };

  readonly onLeave = (): void => {
    if (!this.gestures.active) {
      this.host.hover(undefined);
    }
  };

  /**
   * A wheel zooms while the timeline has the focus, or with Ctrl, which is also what a touchpad
   * sends for a pinch. Otherwise it scrolls the page, as people expect.
   */
  readonly onWheel = (event: WheelEvent): void => {
    const { host } = this;
    const { length, view, whole, width } = host.plot;
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? WHEEL_LINE_PX : 1;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways && !whole) {
      event.preventDefault();
      host.show(panned(view, length, ((event.deltaX * unit) / width) * span(view)));
      return;
    }
    const pinch = event.ctrlKey || event.metaKey;
    const useless = whole && event.deltaY > 0;
    if (sideways || (!pinch && (!host.focused || useless))) {
      return;
    }
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * unit * (pinch ? PINCH_RATE : WHEEL_RATE));
    host.show(zoomed(view, length, momentAt(view, width, this.place(event).x), factor));
  };

  /** Return a place on the plot, in CSS pixels. */
  place(event: MouseEvent): { x: number; y: number } {
    const box = this.host.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left - MARGIN, y: event.clientY - box.top };
  }

  private pointer(event: PointerEvent): PointerAt {
    const touch = event.pointerType !== "mouse";
    return { ...this.place(event), id: event.pointerId, time: event.timeStamp, touch };
  }

  private act(action: Action, event: PointerEvent): void {
    switch (action.kind) {
      case "view":
        this.host.show(action.view);
        return;
      case "tap":
        this.host.choose(event);
        return;
      case "swipe":
        this.host.swipe(action.to);
        return;
      case "none":
    }
  }

  /** Return whether the key means something. */
  private press(key: string, shift: boolean): boolean {
    const { host } = this;
    const { length, view } = host.plot;
    const step = STEPS[key];
    if (shift && (step === "next" || step === "previous")) {
      host.show(panned(view, length, (span(view) / 4) * (step === "next" ? 1 : -1)));
      return true;
    }
    if (step !== undefined) {
      host.go(step);
      return true;
    }
    switch (key) {
      case "+":
      case "=":
        host.zoomBy(1);
        return true;
      case "-":
        host.zoomBy(-1);
        return true;
      case "0":
        host.show(wholeNight(length));
        return true;
      case "Escape":
        return this.escape();
      default:
        return false;
    }
  }

  /** Escape first ends the zoom, then the selection; then it belongs to the dialog around. */
  private escape(): boolean {
    const { length, whole } = this.host.plot;
    if (whole) {
      return this.host.clear();
    }
    this.host.show(wholeNight(length));
    return true;
  }
}
