/** Data of the integration, shared by all cards of a page and cached. No DOM. */

import type { Connection, HomeAssistant, NightData, NightsData, TonightData } from "./types";

/** Why data could not be had: a code of Home Assistant or of the integration. */
export interface ApiError {
  readonly code: string;
  /** In English unless Home Assistant could translate it: see `explainError`. */
  readonly message: string;
  readonly translation?: ErrorTranslation;
}

/** The text of an error among the translations of an integration. */
interface ErrorTranslation {
  readonly domain: string;
  readonly key: string;
  readonly placeholders: Readonly<Record<string, string>>;
}

export interface TonightListener {
  onData(data: TonightData): void;
  onError(error: ApiError): void;
}

/** After how long (ms) a subscription that failed is tried again: the integration may be starting. */
export const RETRY_MS = 5_000;
/** Nights kept in memory. Chosen: two weeks of swiping, about 0.5 MB. */
export const MAX_NIGHTS = 14;

/** The integration was reloaded: subscribe again. */
interface Ended {
  readonly ended: true;
}

/** A subscription to one sleeper, shared by all cards that show this sleeper. */
class TonightSubscription {
  private readonly listeners = new Set<TonightListener>();
  private unsubscribe: (() => Promise<void>) | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts: what an earlier one still sends is ignored. */
  private attempt = 0;
  private data: TonightData | undefined;
  private error: ApiError | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly device: string,
  ) {}

  add(listener: TonightListener): void {
    this.listeners.add(listener);
    if (this.data !== undefined) listener.onData(this.data);
    if (this.error !== undefined) listener.onError(this.error);
    if (this.listeners.size > 1) return;
    this.connection.addEventListener("ready", this.onReconnect);
    void this.subscribe();
  }

  /** Return whether nobody listens any more. */
  remove(listener: TonightListener): boolean {
    this.listeners.delete(listener);
    if (this.listeners.size > 0) return false;
    this.connection.removeEventListener("ready", this.onReconnect);
    this.stop();
    return true;
  }

  /** The connection was lost and is back, and with it the subscription is gone. */
  private readonly onReconnect = (): void => {
    clearTimeout(this.retry);
    this.unsubscribe = undefined;
    void this.subscribe();
  };

  private async subscribe(): Promise<void> {
    const attempt = ++this.attempt;
    const request = { type: "limber/subscribe", device_id: this.device };
    try {
      const unsubscribe = await this.connection.subscribeMessage<TonightData | Ended>(
        (message) => this.receive(message, attempt),
        request,
        // After a restart of Home Assistant, the connection is back before the integration is. The
        // connection would try only once, and the cards would stay as they are.
        { resubscribe: false },
      );
      if (attempt === this.attempt) this.unsubscribe = unsubscribe;
      else await unsubscribe();
    } catch (error) {
      if (attempt === this.attempt) this.fail(asError(error));
    }
  }

  private receive(message: TonightData | Ended, attempt: number): void {
    if (attempt !== this.attempt) return;
    if ("ended" in message) {
      this.stop();
      this.fail({ code: "not_found", message: "" });
      return;
    }
    this.data = message;
    this.error = undefined;
    for (const listener of [...this.listeners]) listener.onData(message);
  }

  private fail(error: ApiError): void {
    this.error = error;
    for (const listener of [...this.listeners]) listener.onError(error);
    this.retry = setTimeout(() => void this.subscribe(), RETRY_MS);
  }

  private stop(): void {
    this.attempt++;
    clearTimeout(this.retry);
    const { unsubscribe } = this;
    this.unsubscribe = undefined;
    // It fails only if the connection is gone, and then there is nothing to end.
    void unsubscribe?.().catch(() => undefined);
  }
}

/** Everything that the cards share on one connection. */
class Hub {
  readonly subscriptions = new Map<string, TonightSubscription>();
  /** By device, night and revision; the least recently used first. */
  readonly nights = new Map<string, Promise<NightData>>();
  readonly trends = new Map<string, Promise<NightsData>>();
}

const hubs = new WeakMap<Connection, Hub>();

function hubOf(connection: Connection): Hub {
  const known = hubs.get(connection);
  if (known !== undefined) return known;
  const made = new Hub();
  hubs.set(connection, made);
  return made;
}

/** Follow the state of a sleeper; returns a function that ends it. */
export function watchTonight(
  connection: Connection,
  device: string,
  listener: TonightListener,
): () => void {
  const { subscriptions } = hubOf(connection);
  const subscription = subscriptions.get(device) ?? new TonightSubscription(connection, device);
  subscriptions.set(device, subscription);
  subscription.add(listener);
  return () => {
    if (subscription.remove(listener)) subscriptions.delete(device);
  };
}

export interface NightRequest {
  readonly device: string;
  /** Date; undefined: the last finished night, or tonight if `live`. */
  readonly night?: string | undefined;
  readonly live?: boolean | undefined;
  /**
   * What the night depends on: it is fetched again when this changes. Take `revisionOf` for
   * finished nights, and for tonight what its data were when it was last fetched.
   */
  readonly revision: string;
}

/** Fetch a night; finished nights come from memory. Rejects with an ApiError. */
export function fetchNight(hass: HomeAssistant, request: NightRequest): Promise<NightData> {
  const message = {
    type: "limber/night",
    device_id: request.device,
    ...(request.night === undefined ? {} : { night: request.night }),
    ...(request.live === undefined ? {} : { live: request.live }),
  };
  const fetch = () => hass.callWS<NightData>({ ...message, language: hass.locale.language });
  // Each change of a night that goes on would push a finished one out of memory.
  if (request.live === true) return call(hass, fetch);
  const { nights } = hubOf(hass.connection);
  const key = JSON.stringify([message, request.revision, hass.locale.language]);
  return cached(nights, key, MAX_NIGHTS, () => call(hass, fetch));
}

/** Fetch the last nights, trials and effects. `revision`: see NightRequest. */
export function fetchNights(
  hass: HomeAssistant,
  device: string,
  last: number,
  revision: string,
): Promise<NightsData> {
  const { trends } = hubOf(hass.connection);
  const key = JSON.stringify([device, last, revision]);
  return cached(trends, key, MAX_NIGHTS, () =>
    call(hass, () => hass.callWS<NightsData>({ type: "limber/nights", device_id: device, last })),
  );
}

/** What finished nights, their trend, trials and effects depend on, for `NightRequest.revision`. */
export function revisionOf(tonight: TonightData | undefined): string {
  if (tonight === undefined) return "";
  // What failed while the bridge was away is worth another try; what is in memory then comes from
  // the integration, which also remembers it.
  return `${tonight.revision} ${tonight.online}`;
}

async function call<T>(hass: HomeAssistant, fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch();
  } catch (error) {
    throw await explainError(hass, error);
  }
}

function cached<T>(
  cache: Map<string, Promise<T>>,
  key: string,
  limit: number,
  fetch: () => Promise<T>,
): Promise<T> {
  const known = cache.get(key);
  const value = known ?? fetch();
  // The last one is the most recently used.
  cache.delete(key);
  cache.set(key, value);
  for (const oldest of cache.keys()) {
    if (cache.size <= limit) break;
    cache.delete(oldest);
  }
  if (known === undefined) value.catch(() => cache.delete(key));
  return value;
}

/** What a request to Home Assistant was rejected with. */
export function asError(error: unknown): ApiError {
  // The library wraps the error of a connection that was lost meanwhile in a response.
  if (typeof error === "object" && error !== null && "error" in error) return asError(error.error);
  if (typeof error === "object" && error !== null && "code" in error) {
    const { code, message } = error as { code: unknown; message?: unknown };
    return { code: String(code), message: String(message ?? ""), ...translationOf(error) };
  }
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return { code: "unknown", message: String(hasMessage ? error.message : error) };
}

/** What a request was rejected with, in the reader's language where Home Assistant can translate it. */
export async function explainError(hass: HomeAssistant, error: unknown): Promise<ApiError> {
  const known = asError(error);
  const { translation } = known;
  if (translation === undefined) return known;
  const { domain, key, placeholders } = translation;
  try {
    const localize = await hass.loadBackendTranslation("exceptions", domain);
    const text = localize(`component.${domain}.exceptions.${key}.message`, placeholders);
    return text === "" ? known : { ...known, message: text };
  } catch {
    // Without a connection there are no translations either.
    return known;
  }
}

function translationOf(error: object): { readonly translation?: ErrorTranslation } {
  const {
    translation_domain: domain,
    translation_key: key,
    translation_placeholders: placeholders,
  } = error as Readonly<Record<string, unknown>>;
  if (typeof domain !== "string" || typeof key !== "string") return {};
  const values = Object.entries(placeholders ?? {}).map(([name, value]) => [name, String(value)]);
  return { translation: { domain, key, placeholders: Object.fromEntries(values) } };
}
