/** The colours of a canvas, from the CSS variables of an element. */

import { readColors } from "../theme";
import type { Palette } from "./draw";

export function readPalette(element: Element): Palette {
  const colour = readColors(
    element,
    "--limber-text",
    "--limber-line",
    "--limber-surface",
    "--limber-left",
    "--limber-right",
    "--limber-both",
    "--limber-unknown",
    "--limber-series",
    "--limber-cramp",
    "--limber-awakening",
    "--limber-position",
    "--limber-in-bed",
    "--limber-asleep",
    "--limber-gap",
    "--limber-factor",
  );
  // The background of a card may be a picture or a gradient: then what is below stays visible.
  const surface = colour["--limber-surface"];
  return {
    text: colour["--limber-text"],
    line: colour["--limber-line"],
    surface: CSS.supports("color", surface) ? surface : "transparent",
    sides: {
      left: colour["--limber-left"],
      right: colour["--limber-right"],
      both: colour["--limber-both"],
      unknown: colour["--limber-unknown"],
    },
    series: colour["--limber-series"],
    cramp: colour["--limber-cramp"],
    awakening: colour["--limber-awakening"],
    position: colour["--limber-position"],
    inBed: colour["--limber-in-bed"],
    asleep: colour["--limber-asleep"],
    gap: colour["--limber-gap"],
    factor: colour["--limber-factor"],
  };
}
