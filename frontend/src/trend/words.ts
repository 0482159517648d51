/** A trend in words. No DOM. */

import type { Localizer } from "../localize";
import type { Trial } from "../types";
import { isMeasured } from "./calendar";
import type { Column } from "./columns";
import { measuredNights } from "./columns";
import { factorsOf } from "./lanes";
import type { MeasureRow } from "./measures";
import { plainText, valueText } from "./measures";
import type { Comparison, TrendModel } from "./model";
import type { Usual } from "./quantiles";
import { trialFactor } from "./trials";

/** How a comparison is said: what is better depends on the measure, so only more and less are. */
const VERDICTS = {
  less: "trend.less_than_usual",
  as_usual: "trend.as_usual",
  more: "trend.more_than_usual",
} as const;

/** What was logged, as it is shown: a kind of factor by its name, everything else as it was named. */
export function factorLabel(texts: Localizer, factor: string): string {
  return texts.code("common", factor);
}

export function trialLabel(texts: Localizer, trial: Trial): string {
  return texts.text("trend.trial", { factor: factorLabel(texts, trialFactor(trial)) });
}

/** Whether the last week was as usual; undefined: it is not known what is usual. */
export function verdictText(texts: Localizer, comparison: Comparison): string | undefined {
  return comparison.verdict === null ? undefined : texts.text(VERDICTS[comparison.verdict]);
}

/** What is usual, for example "Usual: 14.0 (half of the nights: 9.2 to 20.8)". */
export function usualText(
  texts: Localizer,
  measure: MeasureRow,
  usual: Usual,
  key: "trend.usual" | "trend.usual_short" = "trend.usual",
): string {
  const text = (value: number) => plainText(texts, measure, value);
  return texts.text(key, { median: text(usual.median), low: text(usual.low), high: text(usual.high) });
}

/** All of a trend, for people who do not see it. */
export function summaryText(texts: Localizer, model: TrendModel): string {
  const { measure, comparison, cramps } = model;
  const sentences = [
    texts.text("trend.summary", {
      measure: texts.text(measure.label),
      measured: texts.number(model.measured),
      nights: texts.number(model.begun),
    }),
  ];
  if (comparison !== null) {
    sentences.push(
      texts.text("trend.summary_week", { value: valueText(texts, measure, comparison.recent) }),
    );
    const verdict = verdictText(texts, comparison);
    if (verdict !== undefined) sentences.push(`${verdict}.`);
    if (comparison.usual !== null) {
      sentences.push(`${usualText(texts, measure, comparison.usual)}.`);
    }
  }
  const total = cramps.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  sentences.push(texts.text("trend.summary_cramps", { cramps: texts.number(total) }));
  return sentences.join(" ");
}

/** The date of a night, or the dates of the nights of a column. */
export function columnDates(texts: Localizer, column: Column): string {
  const [first, last] = [column.nights[0]?.date ?? "", column.nights.at(-1)?.date ?? ""];
  if (first === last) return texts.date(first);
  const short = { day: "numeric", month: "short" } as const;
  return texts.text("trend.dates", { from: texts.date(first, short), to: texts.date(last, short) });
}

/** The value of a column, and how much of it was measured. */
export function columnValueText(texts: Localizer, model: TrendModel, index: number): string {
  const column = model.columns[index];
  const value = model.values[index] ?? null;
  if (column === undefined || measuredNights(column) === 0) return texts.text("trend.not_measured");
  if (value === null) return texts.text("trend.no_value");
  const text = valueText(texts, model.measure, value.median);
  return column.nights.length === 1 ? text : texts.text("trend.median", { value: text });
}

/** What else is known of a column, each a short text. */
export function columnDetails(texts: Localizer, model: TrendModel, index: number): string[] {
  const column = model.columns[index];
  if (column === undefined) return [];
  return [
    coverageText(texts, column),
    usualOfColumn(texts, model, column),
    crampText(texts, model.cramps[index] ?? null),
    factorText(texts, model, column),
    ...ratingTexts(texts, model, index),
    trialText(texts, model, column),
  ].filter((text) => text !== undefined);
}

/** A column as one text, for people who do not see it. */
export function columnText(texts: Localizer, model: TrendModel, index: number): string {
  const column = model.columns[index];
  if (column === undefined) return "";
  const value = columnValueText(texts, model, index);
  return [columnDates(texts, column), value, ...columnDetails(texts, model, index)].join(", ");
}

function coverageText(texts: Localizer, column: Column): string | undefined {
  const measured = column.nights.filter(isMeasured).length;
  if (column.nights.length === 1 || measured === 0 || measured === column.nights.length) {
    return undefined;
  }
  return texts.text("trend.coverage", { measured, nights: column.nights.length });
}

function usualOfColumn(texts: Localizer, model: TrendModel, column: Column): string | undefined {
  const usual = model.usual[column.end - 1] ?? null;
  if (usual === null) return undefined;
  return usualText(texts, model.measure, usual, "trend.usual_short");
}

function crampText(texts: Localizer, cramps: number | null): string | undefined {
  if (cramps === null) return undefined;
  return cramps === 0 ? texts.text("trend.no_cramps") : texts.count("trend.cramps", cramps);
}

function factorText(texts: Localizer, model: TrendModel, column: Column): string | undefined {
  const factors = new Set(column.nights.flatMap((night) => factorsOf(night, model.trials)));
  if (factors.size === 0) return undefined;
  return texts.list([...factors].map((factor) => factorLabel(texts, factor)));
}

function ratingTexts(texts: Localizer, model: TrendModel, index: number): string[] {
  const { evening = null, quality = null } = model.ratings[index] ?? {};
  const rows = [
    ["trend.evening_rating", evening],
    ["trend.quality_rating", quality],
  ] as const;
  return rows.flatMap(([key, value]) =>
    value === null ? [] : [texts.text(key, { value: texts.number(value, 1) })],
  );
}

function trialText(texts: Localizer, model: TrendModel, column: Column): string | undefined {
  const period = model.periods.find(({ start, end }) => start < column.end && end > column.start);
  return period === undefined ? undefined : trialLabel(texts, period.trial);
}
