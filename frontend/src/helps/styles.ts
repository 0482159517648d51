/** What the What-helps card looks like. */

import { css } from "lit";

export const helpsStyles = css`
  :host {
    container-type: inline-size;
  }
  /* The texts may be in a language of the other direction. */
  .body:dir(rtl) [dir="auto"] {
    text-align: right;
  }
  .parts {
    display: grid;
    gap: 24px;
  }
  @container (min-width: 760px) {
    .parts.two {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1.2fr);
      column-gap: 40px;
      align-items: start;
    }
  }
  .column {
    display: grid;
    gap: 24px;
    min-width: 0;
  }
  h3 {
    margin: 0 0 8px;
    font-size: 15px;
    line-height: 20px;
    font-weight: var(--ha-font-weight-medium, 500);
    text-align: start;
  }
  .muted {
    color: var(--limber-muted);
  }
  .numbers,
  .note,
  .directions,
  .ends {
    font-size: 12px;
    line-height: 16px;
    color: var(--limber-muted);
  }
  .note {
    margin-top: 8px;
  }
  .plan {
    padding: 12px;
    border-radius: 8px;
    font-size: 18px;
    line-height: 24px;
    background: color-mix(in srgb, var(--limber-text) 6%, transparent);
    border-inline-start: 4px solid var(--limber-unknown);
  }
  .plan.with {
    border-inline-start-color: var(--limber-factor);
  }
  .asked {
    padding: 12px;
    margin-bottom: 8px;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
  }
  .asked p {
    margin-bottom: 8px;
  }
  progress {
    display: block;
    width: 100%;
    height: 6px;
    margin: 10px 0 4px;
    border: 0;
    border-radius: 3px;
    overflow: hidden;
    appearance: none;
    background: var(--limber-line);
  }
  progress::-webkit-progress-bar {
    background: var(--limber-line);
  }
  progress::-webkit-progress-value {
    background: var(--limber-factor);
  }
  progress::-moz-progress-bar {
    background: var(--limber-factor);
  }
  .trial .quiet {
    margin-inline-start: -16px;
  }
  .rating + .rating {
    margin-top: 14px;
  }
  .question {
    margin-bottom: 6px;
  }
  .values {
    display: grid;
    grid-template-columns: repeat(11, minmax(0, 1fr));
    gap: 3px;
    direction: ltr;
  }
  .values button {
    min-height: 36px;
    padding: 0;
    border-radius: 8px;
    font-variant-numeric: tabular-nums;
  }
  .values.two {
    grid-template-columns: repeat(2, minmax(0, 120px));
    gap: 8px;
    direction: inherit;
  }
  .ends {
    display: flex;
    justify-content: space-between;
    direction: ltr;
    margin-top: 2px;
  }
  .directions {
    display: flex;
    justify-content: space-between;
    direction: ltr;
  }
  .effects {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .effects > li {
    padding: 10px 0;
    border-top: 1px solid var(--limber-line);
    --finding: var(--limber-muted);
  }
  .effects > li.better {
    --finding: var(--limber-factor);
  }
  .effects > li.worse {
    --finding: var(--limber-right);
  }
  .effects p {
    margin-bottom: 2px;
  }
  .what {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 12px;
    justify-content: space-between;
    align-items: baseline;
  }
  .what strong {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .finding {
    color: var(--limber-text);
  }
  .finding::before {
    content: "";
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-inline-end: 6px;
    border-radius: 50%;
    background: var(--finding);
  }
  .worse .finding::before {
    border-radius: 0;
    transform: rotate(45deg);
  }
  .no_difference .finding::before,
  .too_early .finding::before,
  .too_few_periods .finding::before,
  .kept_back .finding::before {
    box-sizing: border-box;
    background: none;
    border: 2px solid var(--finding);
  }
  .interval {
    display: block;
    width: 100%;
    height: 16px;
    margin: 4px 0;
    overflow: visible;
    direction: ltr;
  }
  .interval path {
    fill: none;
    stroke: var(--finding);
    vector-effect: non-scaling-stroke;
  }
  .interval .track {
    stroke: var(--limber-line);
    stroke-width: 1;
  }
  .interval .zero {
    stroke: var(--limber-muted);
    stroke-width: 1;
  }
  .interval .bar {
    stroke-width: 4;
    stroke-linecap: round;
    opacity: 0.5;
  }
  .interval .dot {
    stroke-width: 11;
    stroke-linecap: round;
  }
  details {
    margin-top: 4px;
  }
  summary {
    min-height: 24px;
    line-height: 24px;
    cursor: pointer;
    font-size: 13px;
    color: var(--limber-muted);
  }
  details ul {
    margin: 4px 0;
    padding-inline-start: 20px;
    font-size: 13px;
    line-height: 18px;
  }
  dialog {
    width: min(440px, 100vw - 32px);
    box-sizing: border-box;
    padding: 20px;
    border: 0;
    border-radius: 16px;
    background: var(--limber-surface);
    color: var(--limber-text);
  }
  dialog::backdrop {
    background: rgba(0, 0, 0, 0.5);
  }
  dialog h3 {
    font-size: 18px;
    line-height: 24px;
  }
`;
