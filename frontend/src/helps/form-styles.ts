/** Fields and buttons of the What-helps card. */

import { css } from "lit";

export const formStyles = css`
  p {
    margin: 0;
    line-height: 18px;
  }
  form:dir(rtl) [dir="auto"] {
    text-align: right;
  }
  .field {
    display: block;
    margin: 10px 0;
  }
  .field > span {
    display: block;
    margin-bottom: 4px;
    font-size: 12px;
    color: var(--limber-muted);
  }
  select,
  .field input {
    width: 100%;
    min-height: 40px;
    box-sizing: border-box;
    padding: 0 8px;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
    background: var(--limber-surface);
    font: inherit;
    color: var(--limber-text);
  }
  .check {
    display: flex;
    gap: 8px;
    align-items: flex-start;
    margin: 10px 0;
    line-height: 18px;
  }
  .warning {
    padding: 8px 12px;
    border-radius: 8px;
    border-inline-start: 4px solid var(--warning-color, #ffa600);
    background: color-mix(in srgb, var(--warning-color, #ffa600) 12%, transparent);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: flex-end;
    margin-top: 12px;
  }
  button {
    min-height: 40px;
    padding: 0 16px;
    border: 1px solid var(--limber-muted);
    border-radius: 20px;
    background: none;
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    background: color-mix(in srgb, var(--limber-text) 8%, transparent);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.main,
  button[aria-pressed="true"] {
    border-color: var(--limber-text);
    background: var(--limber-text);
    color: var(--limber-surface);
  }
  button.main:hover:not(:disabled),
  button[aria-pressed="true"]:hover:not(:disabled) {
    background: color-mix(in srgb, var(--limber-text) 85%, var(--limber-surface));
  }
  button.quiet {
    border-color: transparent;
    color: var(--limber-muted);
    text-decoration: underline;
  }
`;
