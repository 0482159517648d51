/** The measures that a trend can show. No DOM. */

import type { Key, Localizer } from "../localize";
import type { TrendRow } from "../types";

export interface MeasureRow {
  /** As in the protocol. */
  readonly name: string;
  readonly label: Key;
  /** A value with its unit; undefined: it is a duration in hours. */
  readonly unit: Key | undefined;
  /** Decimals that are shown. */
  readonly digits: number;
}

const HOUR_S = 3600;

export const MEASURES: readonly MeasureRow[] = [
  { name: "plm_index", label: "trend.plm_index", unit: "trend.per_hour", digits: 1 },
  { name: "plms_index", label: "trend.plms_index", unit: "trend.per_hour", digits: 1 },
  { name: "movement_index", label: "trend.movement_index", unit: "trend.per_hour", digits: 1 },
  { name: "movements", label: "trend.movements", unit: "trend.plain", digits: 0 },
  { name: "sleep_h", label: "trend.sleep_h", unit: undefined, digits: 1 },
  { name: "time_in_bed_h", label: "trend.time_in_bed_h", unit: undefined, digits: 1 },
];

export const MEASURE_NAMES: readonly string[] = MEASURES.map(({ name }) => name);

/** The measures that are known of any of these nights. */
export function knownMeasures(rows: readonly TrendRow[]): readonly MeasureRow[] {
  return MEASURES.filter(({ name }) => rows.some((row) => (row.m?.[name] ?? null) !== null));
}

/** The measure asked for, or else the first one that is known; undefined: none is. */
export function chooseMeasure(
  rows: readonly TrendRow[],
  wanted: string | undefined,
): MeasureRow | undefined {
  const found = knownMeasures(rows);
  return found.find(({ name }) => name === wanted) ?? found[0];
}

/** A value with its unit, for example "21.3 per hour" or "6 h 42 min". */
export function valueText(texts: Localizer, measure: MeasureRow, value: number): string {
  const text = plainText(texts, measure, value);
  return measure.unit === undefined ? text : texts.text(measure.unit, { value: text });
}

/** A value where its unit is known: a number, or a duration. */
export function plainText(texts: Localizer, measure: MeasureRow, value: number): string {
  return measure.unit === undefined
    ? texts.duration(value * HOUR_S)
    : texts.number(value, measure.digits, true);
}
