/** What the Tonight card looks like. */

import { css } from "lit";

export const styles = css`
  .status {
    display: flex;
    align-items: center;
    gap: 12px;
    margin: 0;
    font-size: var(--ha-font-size-l, 16px);
    line-height: 1.5;
  }
  .status ha-icon {
    flex: none;
    color: var(--state-icon-color, var(--limber-muted));
  }
  .status.series ha-icon {
    color: var(--limber-series);
  }
  .status.cramp ha-icon {
    color: var(--limber-cramp);
  }
  .status.cramp {
    font-weight: var(--ha-font-weight-bold, 700);
  }
  .status > span {
    flex: 1;
    min-width: 0;
  }
  .muted {
    margin: 4px 0 0;
    color: var(--limber-muted);
    line-height: 1.5;
  }
  .figures {
    container-type: inline-size;
    margin: 16px 0 8px;
  }
  dl {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(88px, 1fr));
    gap: 8px 16px;
    margin: 0;
  }
  /* Where four columns of 88px do not fit, the fourth figure would have a row of its own. */
  @container (max-width: 399.9px) {
    dl.four {
      grid-template-columns: repeat(2, 1fr);
    }
  }
  dl > div {
    display: flex;
    flex-direction: column-reverse;
    justify-content: flex-end;
  }
  dt {
    color: var(--limber-muted);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 1.4;
    hyphens: auto;
  }
  dd {
    margin: 0;
    font-size: var(--ha-font-size-2xl, 24px);
    line-height: 1.3;
    font-variant-numeric: tabular-nums;
  }
  dd.words {
    font-size: var(--ha-font-size-m, 14px);
    color: var(--limber-muted);
  }
  ul {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(160px, 1fr));
    gap: 8px 16px;
    margin: 16px 0 0;
    padding: 12px 0 0;
    border-top: 1px solid var(--limber-line);
    list-style: none;
  }
  li {
    display: flex;
    align-items: center;
    gap: 12px;
    line-height: 1.4;
  }
  li ha-icon {
    flex: none;
    color: var(--limber-muted);
  }
  li.care ha-icon {
    color: var(--limber-cramp);
  }
  li small {
    display: block;
    color: var(--limber-muted);
    font-size: var(--ha-font-size-s, 12px);
  }
  li.care small {
    color: var(--limber-text);
  }
  button {
    flex: none;
    width: 40px;
    height: 40px;
    padding: 8px;
    border: none;
    border-radius: 50%;
    background: none;
    color: var(--limber-muted);
    cursor: pointer;
  }
  button:hover {
    background: var(--limber-line);
  }
  .line {
    padding: 12px 16px;
  }
  .line .count {
    flex: none;
    color: var(--limber-muted);
    font-variant-numeric: tabular-nums;
  }
`;
