/** What the timeline looks like, apart from what is drawn on its canvas. */

import { css } from "lit";

export const timelineStyles = css`
  :host {
    display: block;
    user-select: none;
    -webkit-user-select: none;
  }
  .plot {
    position: relative;
    /* What moves here moves nothing outside. */
    contain: layout style;
    /* Time runs from left to right in every language. */
    direction: ltr;
    margin: 0 -8px;
  }
  canvas {
    display: block;
    width: 100%;
    height: 100%;
    border-radius: 4px;
    /* A vertical move scrolls the page; everything else is ours. */
    touch-action: pan-y;
    cursor: crosshair;
  }
  canvas.zoomed {
    cursor: grab;
  }
  canvas.dragging {
    cursor: grabbing;
  }
  canvas:focus-visible {
    outline-offset: 0;
  }
  .label,
  .tick,
  .gap {
    position: absolute;
    pointer-events: none;
    font-size: 11px;
    line-height: 16px;
    white-space: nowrap;
  }
  .label {
    inset-inline-start: 8px;
    color: var(--limber-muted);
  }
  .label i {
    display: inline-block;
    width: 8px;
    height: 8px;
    margin-inline-end: 4px;
    border-radius: 2px;
  }
  .tick {
    color: var(--limber-muted);
    padding-top: 3px;
    font-variant-numeric: tabular-nums;
  }
  .gap {
    transform: translate(-50%, -50%);
    padding: 0 6px;
    border-radius: 8px;
    background: var(--limber-surface);
    color: var(--limber-muted);
  }
  .window {
    height: 3px;
    margin-top: 4px;
    border-radius: 2px;
    direction: ltr;
    position: relative;
  }
  .window.zoomed {
    background: var(--limber-line);
  }
  .window i {
    position: absolute;
    height: 100%;
    border-radius: inherit;
    background: var(--limber-muted);
  }
`;
