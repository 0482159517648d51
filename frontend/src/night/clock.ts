/** Local times of the bridge's time zone, also in nights in which the clocks change. */

const MINUTE = 60;
const HOUR = 3600;

/** Minutes between ticks. All divide a day. */
const STEPS_MIN: readonly number[] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720];

/** No time zone of today has an offset that is not a multiple of this. */
const ZONE_STEP_MIN = 15;

export class Clock {
  private readonly parts: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  constructor(readonly timeZone: string) {
    this.parts = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  }

  /** Return the name of the offset at a Unix time (s), such as CET or CEST. */
  offsetName(unix: number, language: string): string {
    const format = new Intl.DateTimeFormat(language, {
      timeZone: this.timeZone,
      hour: "2-digit",
      timeZoneName: "short",
    });
    const parts = format.formatToParts(unix * 1000);
    return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  }

  /** Return by how many minutes local time is ahead of UTC. */
  offsetMinutes(unix: number): number {
    // Asking Intl is slow, and clocks change at a quarter of an hour.
    const quarter = Math.floor(unix / (ZONE_STEP_MIN * MINUTE)) * ZONE_STEP_MIN * MINUTE;
    const known = this.offsets.get(quarter) ?? this.computeOffset(quarter);
    this.offsets.set(quarter, known);
    return known;
  }

  /** Return whether the clocks change between two Unix times. */
  changesBetween(start: number, end: number): boolean {
    return this.offsetMinutes(start) !== this.offsetMinutes(end);
  }

  /** Return the moments from `start` to `end` at which local minutes divide by a step. */
  aligned(start: number, end: number, stepMinutes: number): number[] {
    const grid = Math.min(stepMinutes, ZONE_STEP_MIN) * MINUTE;
    const found: number[] = [];
    for (let time = Math.ceil(start / grid) * grid; time <= end; time += grid) {
      const minutes = time / MINUTE + this.offsetMinutes(time);
      if (minutes % stepMinutes === 0) {
        found.push(time);
      }
    }
    return found;
  }

  /** Return the moments of the ticks of an axis, on which a label needs at least `pixels`. */
  ticks(start: number, end: number, width: number, pixels: number): number[] {
    const needed = ((end - start) / Math.max(width, 1)) * pixels;
    const step = STEPS_MIN.find((one) => one * MINUTE >= needed) ?? STEPS_MIN.at(-1)!;
    const moments = this.aligned(start, end, step);
    // Where the clocks go back, an hour comes twice: its second tick may be too close.
    return moments.filter(
      (time, index) => index === 0 || time - moments[index - 1]! >= needed * 0.9,
    );
  }

  /** Return the borders of the clock hours that cover `start` to `end`. */
  hourBorders(start: number, end: number): number[] {
    const borders = this.aligned(start - HOUR, end + HOUR, 60);
    const first = borders.findLastIndex((time) => time <= start);
    const last = borders.findIndex((time) => time >= end);
    return borders.slice(Math.max(first, 0), last < 0 ? undefined : last + 1);
  }

  private computeOffset(unix: number): number {
    const field: Record<string, number> = {};
    for (const part of this.parts.formatToParts(unix * 1000)) {
      field[part.type] = Number(part.value);
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = field;
    const local = Date.UTC(year, month - 1, day, hour, minute) / 1000;
    return (local - unix) / MINUTE;
  }
}
