/** What the integration sends over the websocket, and what Home Assistant gives a card. */

// --- Data of the integration: custom_components/limber/websocket.py ---

/** A stretch of time: tenths of seconds after `start` of the night. */
export type Span = readonly [start: number, end: number];

/** 0: unknown, 1: left, 2: right, 3: both legs. */
export type Side = 0 | 1 | 2 | 3;
/** 1: mild, 2: moderate, 3: strong. */
export type Grade = 1 | 2 | 3;

/** Times in tenths of seconds; `candidate`: 1 if it counts for periodic series by the scoring rules. */
export type Movement = readonly [
  onset: number,
  duration: number,
  side: Side,
  grade: Grade,
  candidate: 0 | 1,
];

/** A confirmed periodic series; times in tenths of seconds. */
export type Series = readonly [start: number, end: number, movements: number];

export type Certainty = "possible" | "probable" | "reported" | "confirmed";

export interface Cramp {
  readonly id: string;
  readonly start_ds: number;
  /** null: still going on, or reported without an end. */
  readonly end_ds: number | null;
  /** One of `Certainty`, or a newer one. */
  readonly certainty: string;
  /** Whether the sleeper called it a cramp; null: not asked. */
  readonly label: boolean | null;
}

/** A text, or a value that is written as the reader has chosen: custom_components/limber/words.py. */
export type SummaryPart =
  | string
  | { readonly number: number; readonly digits: number }
  /** Such as "2026-11-28". */
  | { readonly date: string }
  /** Unix seconds. */
  | { readonly time: number }
  /** Seconds. */
  | { readonly duration: number };

export interface LoggedFactor {
  /** For example "stretching"; "other" is explained by `note`. */
  readonly factor: string;
  readonly note: string | null;
  /** Negative: logged before the timeline begins. */
  readonly time_ds: number;
}

/** Ratings are 0 to 10; null: not answered. */
export interface Diary {
  readonly night: string;
  readonly evening_symptoms: number | null;
  readonly sleep_quality: number | null;
  readonly cramp: boolean | null;
  readonly cramp_pain: number | null;
}

/** Response to `limber/night`. */
export interface NightData {
  /** Date, for example "2026-11-28". */
  readonly night: string;
  /** The night that is not finished. */
  readonly live: boolean;
  /** Grows when later data change a finished night; null while live. */
  readonly revision: number | null;
  readonly time_zone: string;
  readonly language: string;
  /** Unix seconds: what the timeline spans. */
  readonly start: number;
  readonly end: number;
  readonly in_bed: readonly Span[];
  /** Estimated; null: unknown. */
  readonly asleep: readonly Span[] | null;
  /** Not measured. */
  readonly gaps: readonly Span[];
  readonly position_changes: readonly Span[];
  /** By onset. */
  readonly movements: readonly Movement[];
  readonly series: readonly Series[];
  readonly cramps: readonly Cramp[];
  /** Tenths of seconds. */
  readonly awakenings: readonly number[];
  readonly factors: readonly LoggedFactor[];
  readonly diary: Diary | null;
  /** By name, as in the protocol; null: not measured, never 0. */
  readonly measures: Readonly<Record<string, number | null>>;
  /** Name of the scoring rules. */
  readonly rules: string | null;
  /** The bridge deleted the events to free disk space; the measures remain. */
  readonly events_deleted: boolean;
  /** Dates of the neighbouring nights. */
  readonly previous: string | null;
  readonly next: string | null;
  /** The night in words, in the language asked for, with what the card has to write. */
  readonly summary: readonly SummaryPart[];
  /** Peak of each movement in thousandths of the signal's unit, if sent. */
  readonly peaks?: readonly number[];
}

export type TrialArm = "with" | "without" | "washout";

/** One night in a trend. */
export interface TrendRow {
  /** Date. */
  readonly n: string;
  /** Measures; null: the night was not measured. */
  readonly m: Readonly<Record<string, number | null>> | null;
  /** Clock hour (0-23) of the first value in `h`; null: no events. */
  readonly h0: number | null;
  /** Movements in each clock hour; null: not measured in bed, or skipped where the clocks change. */
  readonly h: readonly (number | null)[];
  /** Cramps that were not rejected; null: unknown. */
  readonly c: number | null;
  /** Factors logged. */
  readonly f: readonly string[];
  /** Diary: evening symptoms, sleep quality, cramp (0/1), pain. */
  readonly d:
    | readonly [
        evening: number | null,
        quality: number | null,
        cramp: 0 | 1 | null,
        pain: number | null,
      ]
    | null;
  /** What a trial assigned; null: no trial. */
  readonly t: TrialArm | null;
}

export interface TrialResult {
  readonly verdict: "lower" | "higher" | "no_difference" | "too_few";
  readonly effect: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly p: number | null;
  readonly nights_with: number;
  readonly nights_without: number;
  readonly at_early_look: boolean;
}

export interface Trial {
  readonly id: string;
  readonly factor: string;
  readonly name: string | null;
  readonly outcome: string;
  readonly weeks: number;
  readonly washout_nights: number;
  readonly early_look: boolean;
  /** Dates of the first and the last night. */
  readonly start: string;
  readonly end: string;
  readonly stopped: string | null;
  readonly status: "running" | "finished" | "stopped";
  readonly nights: number;
  /** 1-based, of tonight; null: not running. */
  readonly night_number: number | null;
  readonly answered: number;
  readonly followed: number;
  /** null while running. */
  readonly result: TrialResult | null;
}

/** A trial as part of the state. */
export interface RunningTrial {
  readonly id: string;
  readonly factor: string;
  readonly name: string | null;
  readonly outcome: string;
  /** 1-based, of tonight; null: before the first night. */
  readonly night_number: number | null;
  readonly nights: number;
  readonly start: string;
  readonly end: string;
  /** null: before the first night. */
  readonly tonight: TrialArm | null;
  /** Date of a past night whose answer is wanted. */
  readonly question: string | null;
}

/** How nights with and without a factor differ, as observed. */
export interface Effect {
  readonly factor: string;
  readonly outcome: string;
  readonly verdict: string;
  readonly effect: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly nights_with: number;
  readonly nights_without: number;
  /** How many more nights are needed to say something. */
  readonly more_with: number;
  readonly more_without: number;
  /** Other factors that were mostly logged on the same nights. */
  readonly together_with: readonly string[];
}

/** Response to `limber/nights`. */
export interface NightsData {
  readonly time_zone: string;
  /** Oldest first. */
  readonly nights: readonly TrendRow[];
  /** Newest first. */
  readonly trials: readonly Trial[];
  /** null: the bridge is too old to compute them. */
  readonly effects: readonly Effect[] | null;
}

export interface SensorStatus {
  readonly id: number;
  readonly placement: string;
  readonly side: "left" | "right" | null;
  readonly connected: boolean;
  /** Percent; null: unknown. */
  readonly battery: number | null;
  /** Code of the protocol; null: none. */
  readonly problem: string | null;
}

/** Pushed by `limber/subscribe`, at once and with each change. */
export interface TonightData {
  /** The bridge is reachable. Otherwise everything is as last known. */
  readonly online: boolean;
  /** Changes with every night, factor, answer, label and trial, but not with `tonight`. */
  readonly revision: string;
  readonly time_zone: string;
  readonly in_bed: boolean | null;
  readonly asleep: boolean | null;
  readonly paused: boolean;
  /** A cramp that is going on; Unix seconds. */
  readonly cramp: { readonly start: number } | null;
  readonly tonight: {
    readonly night: string;
    /** When the sleeper went to bed (Unix seconds). */
    readonly start: number | null;
    readonly movements: number | null;
    readonly plm: number | null;
    readonly plm_index: number | null;
    readonly cramps: number | null;
    /** A periodic series that is going on; Unix seconds. */
    readonly series_running: { readonly start: number } | null;
  } | null;
  readonly last_night: {
    readonly night: string;
    readonly revision: number;
    readonly plm_index: number | null;
    readonly movements: number | null;
    readonly cramps: number | null;
  } | null;
  readonly sensors: readonly SensorStatus[];
  /** A battery at or below this level (percent) is low. */
  readonly battery_low: number;
  readonly diary: { readonly tonight: Diary; readonly last_night: Diary } | null;
  readonly trial: RunningTrial | null;
  readonly last_trial: Trial | null;
  /** Commands that the bridge accepts. */
  readonly supports: readonly string[];
}

// --- Home Assistant's frontend: only what the cards use ---

export interface Connection {
  subscribeMessage<T>(
    callback: (message: T) => void,
    message: Readonly<Record<string, unknown>>,
    options?: { readonly resubscribe?: boolean },
  ): Promise<() => Promise<void>>;
  /** "ready": the connection was lost and is back. */
  addEventListener(event: "ready", listener: () => void): void;
  removeEventListener(event: "ready", listener: () => void): void;
}

export interface Device {
  readonly id: string;
  readonly name: string | null;
  readonly name_by_user?: string | null;
  readonly identifiers: readonly (readonly string[])[];
  readonly config_entries?: readonly string[];
  readonly via_device_id?: string | null;
  readonly disabled_by?: string | null;
}

export interface RegistryEntity {
  readonly entity_id: string;
  readonly device_id?: string | null;
  readonly platform?: string;
  readonly translation_key?: string;
  readonly hidden?: boolean;
}

export interface EntityState {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface FrontendLocale {
  readonly language: string;
  readonly number_format: string;
  readonly time_format: string;
  readonly date_format?: string;
}

export interface HomeAssistant {
  readonly connection: Connection;
  readonly devices: Readonly<Record<string, Device>>;
  readonly entities: Readonly<Record<string, RegistryEntity>>;
  readonly states: Readonly<Record<string, EntityState>>;
  readonly language: string;
  readonly locale: FrontendLocale;
  readonly themes: { readonly darkMode?: boolean };
  readonly config?: { readonly time_zone: string };
  callWS<T>(message: Readonly<Record<string, unknown>>): Promise<T>;
  /** Loads texts of an integration; the function returns "" for those that do not exist. */
  loadBackendTranslation(
    category: string,
    integration: string,
  ): Promise<(key: string, values?: Readonly<Record<string, string>>) => string>;
  callService(
    domain: string,
    service: string,
    data?: Readonly<Record<string, unknown>>,
    target?: Readonly<Record<string, unknown>>,
  ): Promise<unknown>;
}

/** Options that all cards have. */
export interface LimberCardConfig {
  readonly type: string;
  /** Id of the sleeper's device; may be missing if there is only one sleeper. */
  readonly device?: string;
  /** Heading instead of the usual one. */
  readonly title?: string;
}

export interface GridOptions {
  readonly columns?: number | "full";
  readonly rows?: number | "auto";
  readonly min_columns?: number;
  readonly min_rows?: number;
}
