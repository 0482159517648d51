/** Texts, numbers and times in the reader's language. No DOM but for `pageLanguage`. */

import de from "./translations/de.json";
import en from "./translations/en.json";
import es from "./translations/es.json";
import fr from "./translations/fr.json";
import it from "./translations/it.json";
import nl from "./translations/nl.json";
import type { FrontendLocale } from "./types";

type Texts = typeof en;
/** "section.name" of every text. */
export type Key = {
  [Section in keyof Texts & string]: `${Section}.${keyof Texts[Section] & string}`;
}[keyof Texts & string];
/** "section.name" of every text that depends on a number: it has the forms `name_one`, `name_other`. */
export type CountKey = Key extends infer K ? (K extends `${infer Base}_other` ? Base : never) : never;
export type Values = Readonly<Record<string, string | number>>;

export const LANGUAGES = { en, de, fr, es, nl, it } as const;

const DAY_MS = 86_400_000;
const ENGLISH: FrontendLocale = { language: "en", number_format: "language", time_format: "language" };
/** Locales that write numbers as the person chose in their profile. */
const NUMBER_LOCALES: Readonly<Record<string, string[]>> = {
  comma_decimal: ["en-US", "en"],
  decimal_comma: ["de", "es", "it"],
  space_comma: ["fr", "sv", "cs"],
  quote_decimal: ["de-CH"],
};

/** Language of the page: for texts that Home Assistant asks for without saying in which language. */
export function pageLanguage(): string {
  return document.documentElement.lang || navigator.language || "en";
}

/** Everything that depends on the language. Cached: creating the formats of Intl is slow. */
export class Localizer {
  private readonly texts: Record<string, Record<string, string>>;
  private readonly plurals: Intl.PluralRules;
  private readonly formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();
  private amPm: boolean | undefined;

  constructor(readonly locale: FrontendLocale = ENGLISH) {
    const [base = "en"] = locale.language.split("-");
    this.texts = LANGUAGES[base as keyof typeof LANGUAGES] ?? en;
    this.plurals = new Intl.PluralRules(this.texts === en ? "en" : locale.language);
  }

  /** The language of the texts, which is English where there is no translation. */
  get language(): string {
    return this.texts === en ? "en" : this.locale.language;
  }

  /** A text with its `{placeholders}` replaced. */
  text(key: Key, values: Values = {}): string {
    return fill(this.lookUp(key) ?? key, values);
  }

  /** A text for a code from outside, such as a factor; the code itself if it is a newer one. */
  code(section: keyof Texts & string, code: string, values: Values = {}): string {
    return fill(this.lookUp(`${section}.${code}`) ?? code, values);
  }

  /** Whether there is a text for a code from outside. */
  has(section: keyof Texts & string, code: string): boolean {
    return this.lookUp(`${section}.${code}`) !== undefined;
  }

  /** The form of a text for a number, which also replaces `{count}`. */
  count(key: CountKey, count: number, values: Values = {}): string {
    const form = this.lookUp(`${key}_${this.plurals.select(count)}`);
    const text = form ?? this.lookUp(`${key}_other`) ?? key;
    return fill(text, { count: this.number(count), ...values });
  }

  /** A number with at most `digits` decimals, or exactly as many. */
  number(value: number, digits = 0, exactly = false): string {
    const options: Intl.NumberFormatOptions = {
      maximumFractionDigits: digits,
      minimumFractionDigits: exactly ? digits : 0,
      useGrouping: this.locale.number_format !== "none",
    };
    const format = this.format(
      `number ${digits} ${exactly}`,
      () => new Intl.NumberFormat(this.numberLocale(), options),
    ) as Intl.NumberFormat;
    return format.format(value);
  }

  /** A whole number of percent, for example "85 %" or "85%". */
  percent(value: number): string {
    const format = this.format(
      "percent",
      () => new Intl.NumberFormat(this.numberLocale(), { style: "percent" }),
    ) as Intl.NumberFormat;
    return format.format(value / 100);
  }

  /** A time of day, for example "01:25"; `seconds`: with seconds. */
  time(unix: number, timeZone: string, seconds = false): string {
    return this.dateTime(unix, timeZone, {
      ...this.hourFormat(),
      minute: "2-digit",
      ...(seconds ? { second: "2-digit" } : {}),
    });
  }

  /** The hour of a time of day, for the ticks of an axis. */
  hour(unix: number, timeZone: string): string {
    return this.dateTime(unix, timeZone, this.hourFormat());
  }

  /** A clock hour (0 to 23), for the ticks of an axis. */
  clockHour(hour: number): string {
    return this.hour(hour * 3600, "UTC");
  }

  /** A date such as "2026-11-28", by default "Sat, Nov 28" in the reader's language. */
  date(
    day: string,
    options: Intl.DateTimeFormatOptions = { weekday: "short", month: "short", day: "numeric" },
  ): string {
    return this.dateTime(Date.parse(`${day}T12:00:00Z`) / 1000, "UTC", options);
  }

  /** The evening and the morning of a night, as `from` and `to` of a text: its date alone may mean either. */
  nightDates(night: string): { readonly from: string; readonly to: string } {
    const evening = new Date(Date.parse(night) - DAY_MS).toISOString().slice(0, 10);
    return { from: this.date(evening), to: this.date(night) };
  }

  /**
   * A duration in hours and minutes, for example "7 h 25 min".
   *
   * Half a minute is rounded up, as in words.py. Whole microseconds, as there: 8.225 h are 493.5 min,
   * but 8.225 * 3600 is a little less.
   */
  duration(seconds: number): string {
    const minutes = Math.round(Math.round(seconds * 1e6) / 60e6);
    const values = { hours: this.number(Math.floor(minutes / 60)), minutes: minutes % 60 };
    return minutes < 60
      ? this.text("common.minutes", values)
      : this.text("common.hours_minutes", values);
  }

  /** Things in a row, for example "stretching, magnesium and alcohol". */
  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.language, { type: "conjunction" }).format(items);
  }

  private dateTime(unix: number, timeZone: string, options: Intl.DateTimeFormatOptions): string {
    const key = `${timeZone} ${JSON.stringify(options)}`;
    const format = this.format(
      key,
      () => new Intl.DateTimeFormat(this.timeLocale(), { timeZone, ...options }),
    ) as Intl.DateTimeFormat;
    return format.format(unix * 1000);
  }

  private format<F extends Intl.DateTimeFormat | Intl.NumberFormat>(key: string, make: () => F): F {
    const known = this.formats.get(key);
    if (known !== undefined) return known as F;
    const made = make();
    this.formats.set(key, made);
    return made;
  }

  private hourFormat(): Intl.DateTimeFormatOptions {
    this.amPm ??= this.hasAmPm();
    return this.amPm
      ? { hour: "numeric", hourCycle: "h12" }
      : { hour: "2-digit", hourCycle: "h23" };
  }

  private hasAmPm(): boolean {
    const { time_format: chosen } = this.locale;
    if (chosen === "12" || chosen === "24") return chosen === "12";
    const usual = new Intl.DateTimeFormat(this.timeLocale(), { hour: "numeric" }).resolvedOptions();
    return usual.hour12 ?? false;
  }

  private timeLocale(): string | undefined {
    return this.locale.time_format === "system" ? undefined : this.language;
  }

  private numberLocale(): string | string[] | undefined {
    if (this.locale.number_format === "system") return undefined;
    return NUMBER_LOCALES[this.locale.number_format] ?? this.locale.language;
  }

  private lookUp(key: string): string | undefined {
    const dot = key.indexOf(".");
    const [section, name] = [key.slice(0, dot), key.slice(dot + 1)];
    const english: Record<string, Record<string, string>> = en;
    return this.texts[section]?.[name] ?? english[section]?.[name];
  }
}

let latest: Localizer | undefined;

/** The localizer of a locale; the same object until the locale changes. */
export function localizer(locale: FrontendLocale): Localizer {
  if (latest?.locale !== locale) latest = new Localizer(locale);
  return latest;
}

/** The localizer of the page: see `pageLanguage`. */
export function pageLocalizer(): Localizer {
  return new Localizer({ ...ENGLISH, language: pageLanguage() });
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
