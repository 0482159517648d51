/** What the Tonight card says. No DOM. */

import type { Key, Localizer } from "../localize";
import type { SensorStatus, TonightData } from "../types";

/** What is going on, the most urgent thing only. */
export interface Status {
  readonly icon: string;
  readonly text: string;
  readonly kind: "cramp" | "paused" | "series" | "calm" | "unknown";
}

/** One figure of the night so far; text instead of a number if it was not measured. */
export interface Figure {
  readonly label: string;
  readonly value: string;
}

export interface SensorWords {
  readonly name: string;
  readonly text: string;
  readonly icon: string;
  readonly needsCare: boolean;
}

/** Problems that a person can solve at once; others are said to need a look. */
const PROBLEMS: Readonly<Record<string, Key>> = {
  not_worn: "tonight.sensor_not_worn",
  strap_loose: "tonight.sensor_strap_loose",
};

export function describeStatus(texts: Localizer, data: TonightData): Status {
  const at = (unix: number) => ({ time: texts.time(unix, data.time_zone) });
  if (data.cramp !== null) {
    const text = texts.text("tonight.cramp", at(data.cramp.start));
    return { icon: "mdi:alert", text, kind: "cramp" };
  }
  if (data.paused) {
    return { icon: "mdi:pause-circle", text: texts.text("tonight.paused"), kind: "paused" };
  }
  const series = data.tonight?.series_running ?? null;
  if (series !== null) {
    const text = texts.text("tonight.series", at(series.start));
    return { icon: "mdi:repeat", text, kind: "series" };
  }
  return describeRest(texts, data);
}

/** In bed, asleep, or not known. */
function describeRest(texts: Localizer, data: TonightData): Status {
  if (data.in_bed === false) {
    return { icon: "mdi:bed-empty", text: texts.text("tonight.out_of_bed"), kind: "calm" };
  }
  if (data.in_bed === null) {
    const connected = data.sensors.some((sensor) => sensor.connected);
    const key = connected ? "tonight.unknown" : "tonight.not_connected";
    return { icon: "mdi:help-circle-outline", text: texts.text(key), kind: "unknown" };
  }
  if (data.asleep === true) {
    return { icon: "mdi:sleep", text: texts.text("tonight.asleep"), kind: "calm" };
  }
  const key = data.asleep === false ? "tonight.awake" : "tonight.in_bed";
  return { icon: "mdi:bed", text: texts.text(key), kind: "calm" };
}

/** The figures of the night so far; none before it has begun. */
export function describeFigures(texts: Localizer, data: TonightData): Figure[] {
  const { tonight } = data;
  if (tonight === null) return [];
  const figure = (key: Key, value: number | null, digits = 0): Figure => ({
    label: texts.text(key),
    value: value === null ? texts.text("tonight.not_measured") : texts.number(value, digits, true),
  });
  return [
    figure("tonight.movements", tonight.movements),
    figure("tonight.plm", tonight.plm),
    figure("tonight.plm_index", tonight.plm_index, 1),
    // Most sensors cannot see a cramp: then there is nothing to say about it.
    ...(tonight.cramps === null ? [] : [figure("tonight.cramps", tonight.cramps)]),
  ];
}

/** Since when the sleeper has been in bed; undefined: they are not, or it is not known. */
export function describeSince(texts: Localizer, data: TonightData): string | undefined {
  const start = data.tonight?.start ?? null;
  if (start === null || data.in_bed !== true) return undefined;
  return texts.text("tonight.since", { time: texts.time(start, data.time_zone) });
}

/** The last night in one line; undefined: there is none, or it was not measured. */
export function describeLastNight(texts: Localizer, data: TonightData): string | undefined {
  const { movements, plm_index: index } = data.last_night ?? { movements: null, plm_index: null };
  if (movements === null) return undefined;
  const values = { movements: texts.number(movements) };
  return index === null
    ? texts.text("tonight.last_night_movements", values)
    : texts.text("tonight.last_night", { ...values, index: texts.number(index, 1, true) });
}

export function describeSensor(
  texts: Localizer,
  sensor: SensorStatus,
  batteryLow: number,
): SensorWords {
  const name = texts.code(
    "tonight",
    sensor.side === null ? sensor.placement : `${sensor.side}_${sensor.placement}`,
  );
  const isLow = sensor.battery !== null && sensor.battery <= batteryLow;
  const parts = [
    describeConnection(texts, sensor),
    ...(sensor.battery === null ? [] : [describeBattery(texts, sensor.battery, isLow)]),
  ];
  return {
    name,
    text: parts.join(" · "),
    icon: sensorIcon(sensor, isLow),
    needsCare: !sensor.connected || sensor.problem !== null || isLow,
  };
}

function describeConnection(texts: Localizer, sensor: SensorStatus): string {
  if (!sensor.connected) return texts.text("tonight.sensor_off");
  if (sensor.problem === null) return texts.text("tonight.sensor_ok");
  return texts.text(PROBLEMS[sensor.problem] ?? "tonight.sensor_problem");
}

function describeBattery(texts: Localizer, level: number, isLow: boolean): string {
  const key = isLow ? "tonight.battery_low" : "tonight.battery";
  return texts.text(key, { percent: texts.percent(level) });
}

function sensorIcon(sensor: SensorStatus, isLow: boolean): string {
  if (!sensor.connected) return "mdi:access-point-network-off";
  if (sensor.problem !== null) return "mdi:alert-circle-outline";
  return isLow ? "mdi:battery-alert-variant-outline" : "mdi:check-circle-outline";
}
