/** Colours of the cards, as CSS variables on the host; `[dark]` follows Home Assistant's theme. */

import { css } from "lit";

/**
 * Left and right differ in lightness as well as in hue, so that people who see few colours can tell
 * them apart; every colour has a contrast of at least 3:1 against the card in its mode (WCAG 1.4.11).
 * A theme can set any of them as `limber-left-color` and so on.
 */
export const colors = css`
  :host {
    --limber-left: var(--limber-left-color, #0b6bb0);
    --limber-right: var(--limber-right-color, #c2571a);
    --limber-both: var(--limber-both-color, #6a3fa0);
    --limber-unknown: var(--limber-unknown-color, #5f6b76);
    --limber-in-bed: var(--limber-in-bed-color, #dfe8f1);
    --limber-asleep: var(--limber-asleep-color, #6a97cb);
    --limber-series: var(--limber-series-color, #00796b);
    --limber-cramp: var(--limber-cramp-color, #c4162a);
    --limber-awakening: var(--limber-awakening-color, #a86400);
    --limber-factor: var(--limber-factor-color, #1b7f4d);
    --limber-gap: var(--limber-gap-color, #767676);
    --limber-position: var(--limber-position-color, #5f6b76);
    --limber-heat-low: var(--limber-heat-low-color, #e3eef8);
    --limber-heat-high: var(--limber-heat-high-color, #08417a);
    --limber-text: var(--primary-text-color, #141414);
    --limber-muted: var(--secondary-text-color, #5e5e5e);
    --limber-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --limber-surface: var(--ha-card-background, var(--card-background-color, #fff));
  }
  :host([dark]) {
    --limber-left: var(--limber-left-color, #6cb8f5);
    --limber-right: var(--limber-right-color, #f2914a);
    --limber-both: var(--limber-both-color, #c2a1f0);
    --limber-unknown: var(--limber-unknown-color, #a3aeb8);
    --limber-in-bed: var(--limber-in-bed-color, #25303b);
    --limber-asleep: var(--limber-asleep-color, #5a82aa);
    --limber-series: var(--limber-series-color, #4dc4b3);
    --limber-cramp: var(--limber-cramp-color, #ff7a85);
    --limber-awakening: var(--limber-awakening-color, #f0b429);
    --limber-factor: var(--limber-factor-color, #5fd39a);
    --limber-gap: var(--limber-gap-color, #8e8e8e);
    --limber-position: var(--limber-position-color, #a3aeb8);
    --limber-heat-low: var(--limber-heat-low-color, #1d2b38);
    --limber-heat-high: var(--limber-heat-high-color, #8fd0ff);
    --limber-text: var(--primary-text-color, #e1e1e1);
    --limber-muted: var(--secondary-text-color, #9b9b9b);
    --limber-line: var(--divider-color, rgba(225, 225, 225, 0.12));
    --limber-surface: var(--ha-card-background, var(--card-background-color, #1c1c1c));
  }
`;

/** What all cards look like. */
export const shared = css`
  :host {
    display: block;
  }
  ha-card {
    height: 100%;
    box-sizing: border-box;
    overflow: hidden;
  }
  .header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 12px 16px 0;
  }
  .header h2 {
    margin: 0;
    flex: 1;
    min-width: 0;
    font-size: var(--ha-font-size-l, 16px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 1.5;
    color: var(--limber-text);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .body {
    padding: 8px 16px 16px;
    color: var(--limber-text);
  }
  .message {
    padding: 16px;
    color: var(--limber-muted);
  }
  .message.problem {
    color: var(--limber-text);
    border-inline-start: 4px solid var(--error-color, #db4437);
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button {
    font: inherit;
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color, #009ac7);
    outline-offset: 2px;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;

/** The values of CSS variables of an element, for a canvas: `readColors(this, "--limber-left")`. */
export function readColors<Name extends `--${string}`>(
  element: Element,
  ...names: readonly Name[]
): Record<Name, string> {
  const style = getComputedStyle(element);
  const entries = names.map((name) => [name, style.getPropertyValue(name).trim()]);
  return Object.fromEntries(entries) as Record<Name, string>;
}
