/** What can be logged, as the bridge accepts it: docs/protocol.md. No DOM. */

export const FACTORS = [
  "stretching",
  "magnesium",
  "alcohol",
  "caffeine",
  "exercise",
  "warm_bath",
  "water",
  "medicine",
  "other",
] as const;

/** What one press can log: something else needs a note that says what it was. */
export const LOGGABLE: readonly string[] = FACTORS.filter((factor) => factor !== "other");
