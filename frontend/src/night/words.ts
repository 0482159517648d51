/** The night in words: the readout of a mark, and alternatives to what is drawn. */

import type { Localizer } from "../localize";
import type { SummaryPart } from "../types";
import type { Clock } from "./clock";
import type { HourOfNight } from "./hours";
import type { CrampOfNight, FactorOfNight, NightModel, SeriesOfNight, Stretch } from "./model";
import { SIDES, lowerBound, overlap, stretchAt } from "./model";
import type { Target } from "./targets";

/** What is said about a mark: when, what, and the rest. */
export interface Readout {
  readonly when: string;
  readonly what: string;
  readonly details: readonly string[];
}

type State = "state_asleep" | "state_awake" | "state_in_bed" | "state_out" | "state_unknown";

/** chosen: after five minutes of rest, the movement before does not matter (docs/science.md). */
const LONGEST_INTERVAL_S = 300;
const DAY_MS = 86_400_000;

export class NightWords {
  private readonly ambiguous: boolean;
  private shownDates: string | undefined;

  constructor(
    private readonly texts: Localizer,
    private readonly clock: Clock,
    private readonly model: NightModel,
  ) {
    const { start, end } = model.data;
    this.ambiguous = clock.changesBetween(start, end);
  }

  /** Return the time of day without the name of the offset, for the ticks of an axis. */
  tick(moment: number): string {
    return this.texts.time(this.model.data.start + moment, this.clock.timeZone);
  }

  /** Return the time of day of a moment (s since the start of the night). */
  time(moment: number, seconds = false): string {
    const unix = this.model.data.start + moment;
    const time = this.texts.time(unix, this.clock.timeZone, seconds);
    return this.ambiguous ? `${time} ${this.clock.offsetName(unix, this.texts.language)}` : time;
  }

  range(stretch: Stretch): string {
    return `${this.time(stretch.start)} – ${this.time(stretch.end)}`;
  }

  readout(target: Target): Readout {
    switch (target.kind) {
      case "movement":
        return this.movement(target.index);
      case "cramp":
        return this.cramp(target.cramp);
      case "series":
        return this.series(target.series);
      case "gap":
        return this.gap(target.gap);
      case "factor":
        return this.factor(target.factor);
      case "position":
        return this.simple(target.change.start, this.texts.text("night.legend_position"));
      case "awakening":
        return this.simple(target.time, this.texts.text("night.legend_awakening"));
      case "moment":
        return this.simple(target.time, this.texts.text(`night.${this.stateAt(target.time)}`));
    }
  }

  cramp(cramp: CrampOfNight): Readout {
    const { texts } = this;
    const details: string[] = [];
    if (cramp.ended && cramp.end > cramp.start) {
      details.push(this.seconds(cramp.end - cramp.start));
    }
    if (cramp.label !== null && cramp.certainty !== "reported") {
      details.push(texts.text(cramp.label ? "night.cramp_yes" : "night.cramp_no"));
    }
    return {
      when: cramp.ended ? this.range(cramp) : this.time(cramp.start),
      what: texts.code("night", `cramp_${cramp.certainty}`),
      details,
    };
  }

  series(series: SeriesOfNight): Readout {
    const { texts } = this;
    const details = [texts.count("night.movements", series.movements)];
    const interval = this.meanInterval(series);
    if (interval !== undefined) {
      details.push(texts.text("night.every", { interval: this.seconds(interval) }));
    }
    return { when: this.range(series), what: texts.text("night.legend_series"), details };
  }

  /** Return when something was logged, and how long before going to bed that was. */
  factor(factor: FactorOfNight): Readout {
    const bedtime = this.model.inBed[0]?.start;
    const before = bedtime === undefined ? 0 : bedtime - factor.time;
    const details = before >= 60
      ? [this.texts.text("night.before", { duration: this.texts.duration(before) })]
      : [];
    return { when: this.time(factor.time), what: this.factorName(factor), details };
  }

  factorName({ factor, note }: FactorOfNight): string {
    if (factor === "other" && note) {
      return note;
    }
    const name = this.texts.code("common", factor);
    return note ? `${name} (${note})` : name;
  }

  /** Return the night in words. */
  summary(): string {
    return this.model.data.summary.map((part) => this.summaryPart(part)).join("");
  }

  private summaryPart(part: SummaryPart): string {
    const { texts } = this;
    if (typeof part === "string") return part;
    if ("number" in part) return texts.number(part.number, part.digits, true);
    if ("date" in part) return texts.date(part.date);
    if ("time" in part) return this.time(part.time - this.model.data.start);
    return texts.duration(part.duration);
  }

  /** Return what was measured in an hour. */
  hour(hour: HourOfNight): string {
    const { texts } = this;
    const range = this.range(hour);
    if (hour.movements === null) {
      return texts.text("night.hour_unknown", { range });
    }
    const movements = texts.number(hour.movements);
    const periodic = texts.number(hour.periodic);
    const partly = hour.gapShare >= 0.05
      ? ` (${texts.text("night.hour_partly", { minutes: hour.measuredMinutes })})`
      : "";
    return texts.text("night.hour", { range, movements, periodic }) + partly;
  }

  /** The evening and the morning before and after the night. */
  get dates(): string {
    this.shownDates ??= this.formatDates();
    return this.shownDates;
  }

  /** Return a duration below a minute in seconds, and a longer one in minutes and hours. */
  seconds(seconds: number): string {
    if (seconds >= 100) {
      return this.texts.duration(seconds);
    }
    const digits = seconds < 10 ? 1 : 0;
    return this.texts.text("night.seconds", { seconds: this.texts.number(seconds, digits) });
  }

  private formatDates(): string {
    const end = Date.parse(`${this.model.data.night}T12:00:00Z`);
    const format = new Intl.DateTimeFormat(this.texts.language, {
      timeZone: "UTC",
      weekday: "short",
      day: "numeric",
      month: "short",
    });
    return format.formatRange(end - DAY_MS, end);
  }

  private movement(index: number): Readout {
    const { onset, duration, side, grade, series, candidate } = this.model.movements;
    const { texts } = this;
    const name = SIDES[side[index]!] ?? "unknown";
    const within = this.model.series[series[index]! - 1];
    const details = [
      texts.code("night", `grade_${grade[index]}`),
      this.seconds(duration[index]!),
      ...(within === undefined
        ? [texts.text(candidate[index] === 1 ? "night.single" : "night.not_periodic")]
        : [texts.count("night.in_series", within.movements)]),
      ...this.intervalBefore(index),
    ];
    return {
      when: this.time(onset[index]!, true),
      what: texts.text(`night.side_${name}`),
      details,
    };
  }

  /** Return the mean time (s) from one movement of a series to the next. */
  private meanInterval(series: SeriesOfNight): number | undefined {
    const { onset, count } = this.model.movements;
    const first = onset[lowerBound(onset, series.start)];
    const last = onset[Math.min(lowerBound(onset, series.end), count) - 1];
    if (first === undefined || last === undefined || series.movements < 2 || last <= first) {
      return undefined;
    }
    return Math.round((last - first) / (series.movements - 1));
  }

  private intervalBefore(index: number): string[] {
    const { onset } = this.model.movements;
    const before = onset[index - 1];
    const now = onset[index]!;
    const unknown = before === undefined || overlap(this.model.gaps, before, now) > 0;
    if (unknown || now - before > LONGEST_INTERVAL_S) {
      return [];
    }
    const interval = this.seconds(Math.round((now - before) * 10) / 10);
    return [this.texts.text("night.interval", { interval })];
  }

  private gap(gap: Stretch): Readout {
    return {
      when: this.range(gap),
      what: this.texts.text("night.legend_gap"),
      details: [this.seconds(gap.end - gap.start), this.texts.text("night.gap_missed")],
    };
  }

  private simple(moment: number, what: string): Readout {
    return { when: this.time(moment), what, details: [] };
  }

  private stateAt(moment: number): State {
    const { inBed } = this.model;
    if (inBed.length === 0) {
      return "state_unknown";
    }
    if (stretchAt(inBed, moment) === undefined) {
      return "state_out";
    }
    const { asleep } = this.model;
    if (asleep === null) {
      return "state_in_bed";
    }
    return stretchAt(asleep, moment) === undefined ? "state_awake" : "state_asleep";
  }
}
