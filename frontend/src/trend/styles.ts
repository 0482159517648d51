/** What the Trend card looks like. */

import { css } from "lit";

export const trendStyles = css`
  :host {
    container-type: inline-size;
  }
  .controls {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: space-between;
    align-items: center;
  }
  select,
  .ranges label {
    min-height: 36px;
    box-sizing: border-box;
    font: inherit;
    color: var(--limber-text);
  }
  select {
    flex: 1 1 180px;
    max-width: 320px;
    min-width: 0;
    padding: 0 8px;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
    background: var(--limber-surface);
  }
  .ranges {
    display: flex;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
    margin: 0;
    padding: 0;
    overflow: hidden;
  }
  .ranges label {
    display: flex;
    align-items: center;
    padding: 0 10px;
    cursor: pointer;
  }
  .ranges label + label {
    border-inline-start: 1px solid var(--limber-line);
  }
  .ranges label:has(:checked) {
    background: var(--limber-text);
    color: var(--limber-surface);
  }
  .ranges label:has(:focus-visible) {
    outline: 2px solid var(--primary-color, #009ac7);
    outline-offset: -3px;
  }
  .ranges input {
    position: absolute;
    opacity: 0;
    width: 1px;
    height: 1px;
    margin: 0;
  }
  .headline {
    display: grid;
    grid-template-columns: auto 1fr;
    column-gap: 14px;
    align-items: center;
    margin: 12px 0 4px;
  }
  .headline .figure {
    font-size: 30px;
    line-height: 36px;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .headline .figure small {
    font-size: 14px;
    color: var(--limber-muted);
  }
  .headline p {
    margin: 0;
    line-height: 18px;
  }
  .headline .verdict {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .muted,
  .note,
  .caption,
  .readout .details {
    color: var(--limber-muted);
  }
  .plots {
    position: relative;
    margin-top: 8px;
  }
  .plots svg {
    display: block;
    direction: ltr;
    overflow: visible;
  }
  svg.defs {
    position: absolute;
  }
  .periods {
    height: 18px;
  }
  .period {
    position: absolute;
    top: 0;
    bottom: 0;
    box-sizing: border-box;
    background: color-mix(in srgb, var(--limber-unknown) 13%, transparent);
    border-radius: 4px;
  }
  .period span {
    display: block;
    padding: 0 4px;
    font-size: 11px;
    line-height: 18px;
    color: var(--limber-text);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .panel,
  .lane {
    position: relative;
  }
  .panel {
    margin-top: 10px;
  }
  .caption {
    margin: 0;
    font-size: 12px;
    line-height: 16px;
  }
  .lane {
    margin-top: 3px;
  }
  .lane .caption {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .plots.wide .lane .caption {
    position: absolute;
    left: 0;
    width: 118px;
    line-height: 14px;
  }
  .plots.rtl .lane .caption {
    left: auto;
    right: 0;
    text-align: right;
  }
  .label {
    font-size: 11px;
    fill: var(--limber-muted);
  }
  .grid,
  .tick {
    stroke: var(--limber-line);
    fill: none;
    shape-rendering: crispEdges;
  }
  .tick {
    stroke: var(--limber-muted);
  }
  .unmeasured {
    fill: url(#hatch);
  }
  .hatch {
    fill: var(--limber-gap);
    opacity: 0.55;
  }
  .band {
    fill: color-mix(in srgb, var(--limber-left) 20%, transparent);
  }
  .median {
    fill: none;
    stroke: var(--limber-left);
    stroke-width: 1.5;
    stroke-linejoin: round;
    opacity: 0.75;
  }
  .discs {
    fill: var(--limber-left);
    stroke: var(--limber-surface);
    stroke-width: 1;
  }
  .dense .discs {
    stroke: none;
  }
  .bars {
    fill: color-mix(in srgb, var(--limber-left) 55%, transparent);
  }
  .cramps {
    fill: var(--limber-cramp);
  }
  .factor {
    fill: var(--limber-factor);
  }
  .line {
    fill: none;
    stroke-width: 1.75;
    stroke-linejoin: round;
  }
  .line.evening {
    stroke: var(--limber-both);
  }
  .points.evening {
    fill: var(--limber-both);
  }
  .line.quality {
    stroke: var(--limber-right);
    stroke-dasharray: 4 3;
  }
  .points.quality {
    fill: var(--limber-right);
  }
  .key {
    display: inline-flex;
    align-items: center;
  }
  .key::before {
    content: "";
    width: 18px;
    margin-inline-end: 5px;
    border-top: 2px solid var(--limber-both);
  }
  .key.quality {
    margin-inline-start: 12px;
  }
  .key.quality::before {
    border-top: 2px dashed var(--limber-right);
  }
  .level0 {
    --heat: var(--limber-heat-low);
  }
  .level1 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 18%, var(--limber-heat-low));
  }
  .level2 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 38%, var(--limber-heat-low));
  }
  .level3 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 58%, var(--limber-heat-low));
  }
  .level4 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 79%, var(--limber-heat-low));
  }
  .level5 {
    --heat: var(--limber-heat-high);
  }
  .heat {
    fill: var(--heat);
    shape-rendering: crispEdges;
  }
  .legend,
  .scale {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    margin: 6px 0 0;
    padding: 0;
    list-style: none;
    font-size: 12px;
    line-height: 18px;
    color: var(--limber-muted);
  }
  .legend li,
  .scale li {
    display: inline-flex;
    align-items: center;
    gap: 5px;
  }
  .scale {
    gap: 2px 10px;
  }
  .scale i {
    width: 12px;
    height: 12px;
    border-radius: 2px;
    background: var(--heat);
    box-shadow: inset 0 0 0 1px var(--limber-line);
  }
  .cursor {
    position: absolute;
    top: 0;
    bottom: 0;
    box-sizing: border-box;
    min-width: 2px;
    border-radius: 3px;
    pointer-events: none;
    background: color-mix(in srgb, var(--limber-text) 10%, transparent);
    box-shadow: 0 0 0 1px color-mix(in srgb, var(--limber-text) 55%, transparent);
  }
  .touch {
    position: absolute;
    inset: 0;
    border-radius: 4px;
    cursor: pointer;
    /* Across: from night to night. Up and down scrolls the page. */
    touch-action: pan-y;
  }
  .note {
    margin: 4px 0 0;
    font-size: 12px;
  }
  .readout {
    box-sizing: border-box;
    /* As high as it ever gets: the plots must not jump while the pointer moves. */
    height: 148px;
    margin-top: 8px;
    padding: 8px 12px;
    border-radius: 8px;
    background: color-mix(in srgb, var(--limber-text) 5%, transparent);
    display: flex;
    flex-direction: column;
    justify-content: space-between;
    gap: 4px 12px;
  }
  .readout p {
    margin: 0;
    line-height: 18px;
  }
  .readout .what {
    min-width: 0;
  }
  .readout .value {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .readout .details {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 4;
    overflow: hidden;
    font-size: 13px;
  }
  .readout .nights {
    flex-wrap: nowrap;
    overflow-x: auto;
  }
  .readout .nights button {
    padding: 0 8px;
  }
  @container (min-width: 652px) {
    .readout {
      height: 70px;
      flex-direction: row;
      align-items: center;
    }
    .readout .details {
      -webkit-line-clamp: 2;
    }
    .readout .nights {
      flex: none;
    }
  }
  .nights {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
  }
  .nights button,
  .retry button,
  .close {
    min-height: 32px;
    padding: 0 10px;
    border: 1px solid var(--limber-muted);
    border-radius: 16px;
    background: none;
    cursor: pointer;
    white-space: nowrap;
  }
  .nights button:hover,
  .retry button:hover,
  .close:hover {
    background: color-mix(in srgb, var(--limber-text) 8%, transparent);
  }
  dialog {
    width: min(900px, 100vw - 32px);
    max-height: calc(100vh - 32px);
    box-sizing: border-box;
    padding: 0;
    border: 0;
    border-radius: 16px;
    background: var(--limber-surface);
    color: var(--limber-text);
  }
  dialog::backdrop {
    background: rgba(0, 0, 0, 0.5);
  }
  dialog .actions {
    position: sticky;
    bottom: 0;
    background: var(--limber-surface);
    border-top: 1px solid var(--limber-line);
    display: flex;
    justify-content: flex-end;
    padding: 8px 16px;
  }
`;
