/** What part of the night is on the screen: zoom, pan, and following a night that goes on. */

/** A part of the night, in seconds since its start. */
export interface View {
  readonly start: number;
  readonly end: number;
}

/** chosen: at this zoom a movement of a second is wide enough to be seen as one. */
export const MIN_SPAN_S = 120;

/** chosen: three steps of a button take eight hours to one. */
export const ZOOM_STEP = 2;

export function wholeNight(length: number): View {
  return { start: 0, end: length };
}

export function span(view: View): number {
  return view.end - view.start;
}

export function isWhole(view: View, length: number): boolean {
  return span(view) >= length - 1e-6;
}

/** Return the place of a moment, in pixels from the left edge. */
export function xOf(view: View, width: number, moment: number): number {
  return ((moment - view.start) / span(view)) * width;
}

/** Return the moment at a place, in seconds since the start of the night. */
export function momentAt(view: View, width: number, x: number): number {
  return view.start + (x / width) * span(view);
}

/** Zoom by a factor (above 1: closer) while a moment keeps its place. */
export function zoomed(view: View, length: number, moment: number, factor: number): View {
  const wanted = span(view) / factor;
  const next = Math.min(Math.max(wanted, Math.min(MIN_SPAN_S, length)), length);
  const share = (moment - view.start) / span(view);
  return within({ start: moment - share * next, end: moment + (1 - share) * next }, length);
}

export function panned(view: View, length: number, seconds: number): View {
  return within({ start: view.start + seconds, end: view.end + seconds }, length);
}

/** Keep two fingers on the moments that they touched; places are in pixels. */
export function pinched(
  moments: readonly [number, number],
  places: readonly [number, number],
  width: number,
  length: number,
): View {
  const [first, second] = places[0] <= places[1] ? [0, 1] : [1, 0];
  const distance = Math.max(places[second]! - places[first]!, 1);
  const apart = Math.max(moments[second]! - moments[first]!, 1e-3);
  const wanted = (apart / distance) * width;
  const next = Math.min(Math.max(wanted, Math.min(MIN_SPAN_S, length)), length);
  const middle = (moments[0] + moments[1]) / 2;
  const share = (places[0] + places[1]) / 2 / width;
  return within({ start: middle - share * next, end: middle + (1 - share) * next }, length);
}

/** Move the view no further than needed to show a moment, with a tenth of it as margin. */
export function revealing(view: View, length: number, moment: number): View {
  const margin = span(view) / 10;
  if (moment < view.start + margin) {
    return panned(view, length, moment - margin - view.start);
  }
  if (moment > view.end - margin) {
    return panned(view, length, moment + margin - view.end);
  }
  return view;
}

/**
 * Return the view after the night became longer: a view that showed its end keeps showing it,
 * the whole night stays whole, and any other view stays where it was.
 */
export function following(view: View, before: number, after: number): View {
  if (isWhole(view, before)) {
    return wholeNight(after);
  }
  if (view.end >= before - 1) {
    return within({ start: after - span(view), end: after }, after);
  }
  return within(view, after);
}

function within(view: View, length: number): View {
  const wide = Math.min(span(view), length);
  const start = Math.min(Math.max(view.start, 0), length - wide);
  return { start, end: start + wide };
}
