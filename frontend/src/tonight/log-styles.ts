/** What the buttons look like that log a factor. */

import { css } from "lit";

export const logStyles = css`
  :host {
    display: block;
  }
  section {
    margin: 16px 0 0;
    padding: 12px 0 0;
    border-top: 1px solid var(--limber-line);
    color: var(--limber-text);
  }
  h3 {
    margin: 0 0 8px;
    font-size: var(--ha-font-size-m, 14px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 1.5;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  button {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 40px;
    padding-block: 4px;
    padding-inline: 12px 16px;
    border: 1px solid var(--limber-muted);
    border-radius: 20px;
    background: none;
    line-height: 1.4;
    text-align: start;
    cursor: pointer;
  }
  button:hover {
    background: var(--limber-line);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.logged {
    border-color: var(--limber-factor);
  }
  ha-icon {
    --mdc-icon-size: 20px;
    flex: none;
    color: var(--limber-muted);
  }
  .logged ha-icon {
    color: var(--limber-factor);
  }
  small {
    color: var(--limber-muted);
    font-size: var(--ha-font-size-s, 12px);
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  p {
    margin: 8px 0 0;
    color: var(--limber-muted);
    line-height: 1.5;
  }
  .failure {
    padding-inline-start: 12px;
    border-inline-start: 4px solid var(--error-color, #db4437);
    color: var(--limber-text);
  }
`;
