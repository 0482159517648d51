/** What the Night card looks like. */

import { css } from "lit";

export const nightStyles = css`
  :host {
    container-type: inline-size;
    /* Home Assistant's toolbar lies above it. */
    scroll-margin-top: calc(var(--header-height, 56px) + 16px);
  }
  .nav {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 4px;
    /* Time runs from left to right: the night before is on the left in every language. */
    direction: ltr;
  }
  .nav .date {
    flex: 0 1 260px;
    min-width: 0;
    text-align: center;
    font-weight: var(--ha-font-weight-medium, 500);
    color: var(--limber-text);
  }
  .icon {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    width: 40px;
    height: 40px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: none;
    color: var(--limber-text);
    cursor: pointer;
  }
  .icon:hover:not(:disabled) {
    background: var(--limber-line);
  }
  .icon:disabled {
    opacity: 0.3;
    cursor: default;
  }
  .icon svg {
    width: 22px;
    height: 22px;
    fill: none;
    stroke: currentColor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 28px;
    margin: 8px 0 12px;
  }
  .facts div {
    min-width: 72px;
    display: flex;
    flex-direction: column-reverse;
    justify-content: flex-end;
  }
  .facts dt {
    font-size: 12px;
    line-height: 16px;
    color: var(--limber-muted);
  }
  .facts dd {
    margin: 0;
    font-size: 20px;
    line-height: 28px;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .facts dd.unknown {
    font-size: 14px;
    color: var(--limber-muted);
  }
  .summary {
    margin: 0 0 12px;
    line-height: 20px;
    max-width: 75ch;
  }
  .retry {
    margin: 0 16px;
    padding: 8px 16px;
    border: 1px solid var(--limber-line);
    border-radius: 18px;
    background: none;
    cursor: pointer;
  }
  .tools {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 44px;
    margin-top: 4px;
  }
  .readout {
    flex: 1;
    min-width: 0;
    min-height: 40px;
    line-height: 20px;
  }
  .readout .when {
    font-variant-numeric: tabular-nums;
    color: var(--limber-muted);
  }
  .readout .hint,
  .note,
  .axis {
    color: var(--limber-muted);
    font-size: 12px;
    line-height: 16px;
  }
  .zoom {
    display: flex;
    direction: ltr;
  }
  .legend,
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    margin: 8px 0 0;
    padding: 0;
    list-style: none;
  }
  .legend li {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    font-size: 12px;
    line-height: 18px;
    color: var(--limber-muted);
  }
  .legend svg {
    flex: none;
    width: 18px;
    height: 16px;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 6px 10px;
    margin-top: 12px;
  }
  .row h3,
  figcaption {
    margin: 0;
    font-size: 14px;
    line-height: 20px;
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .chips {
    gap: 6px;
    margin: 0;
  }
  .chips li {
    padding: 2px 10px;
    border: 1px solid var(--limber-line);
    border-radius: 14px;
    font-size: 13px;
    line-height: 20px;
  }
  .chips .time {
    color: var(--limber-muted);
    font-variant-numeric: tabular-nums;
  }
  .charts {
    display: grid;
    grid-template-columns: 1fr;
    gap: 20px 32px;
    margin-top: 20px;
  }
  @container (min-width: 720px) {
    .charts {
      grid-template-columns: 1fr 1fr;
    }
  }
  figure {
    margin: 0;
    min-width: 0;
    container-type: inline-size;
  }
  .chart {
    margin-top: 8px;
  }
  .chart svg {
    display: block;
    overflow: visible;
  }
  .chart text {
    font-size: 11px;
    fill: var(--limber-muted);
    font-variant-numeric: tabular-nums;
  }
  .chart .count {
    fill: var(--limber-text);
  }
  .chart .shade {
    fill: var(--limber-series);
    opacity: 0.14;
  }
  .chart .periodic {
    fill: var(--limber-series);
  }
  .chart .other,
  .chart .single {
    fill: var(--limber-unknown);
    opacity: 0.7;
  }
  .chart .base {
    stroke: var(--limber-muted);
    opacity: 0.5;
  }
  .chart .hatch {
    fill: var(--limber-gap);
  }
  .chart .hit {
    fill: transparent;
  }
  .note,
  .axis {
    margin: 4px 0 0;
  }
  .axis {
    text-align: center;
  }
  @container (max-width: 560px) {
    .readout {
      min-height: 64px;
    }
    .chart .minor {
      display: none;
    }
  }
  /* What arrives at once does not flicker. */
  .stale {
    opacity: 0.6;
    transition: opacity 0.2s 0.3s;
  }
`;
