/** A Home Assistant with one sleeper, which answers the requests of the cards. */

import type { HomeAssistant, NightData, TonightData } from "../src/types";
import { LAST_NIGHT, TONIGHT, makeEmptyNight, makeNight, makeNights, makeTonight } from "./fixtures";

interface Options {
  readonly language: string;
  readonly dark: boolean;
  /** Of a night. */
  readonly movements: number;
  /** Most nights that a trend has. */
  readonly nights: number;
  readonly state: string;
  /** Code of the error with which all requests fail. */
  readonly error: string | undefined;
}

type Message = Readonly<Record<string, unknown>>;

export class FakeHome {
  readonly hass: HomeAssistant;
  /** What the cards asked for and did: requests and actions. */
  readonly log: Message[] = [];
  private readonly listeners = new Set<(data: TonightData) => void>();

  constructor(private readonly options: Options) {
    const { language, dark } = options;
    this.hass = {
      connection: {
        subscribeMessage: async <T>(callback: (message: T) => void) => this.subscribe(callback),
        addEventListener: () => undefined,
        removeEventListener: () => undefined,
      },
      devices: {
        device_anna: {
          id: "device_anna",
          name: "Anna",
          identifiers: [["limber", "bedroom/sleeper/anna"]],
        },
      },
      entities: {},
      states: {},
      language,
      locale: { language, number_format: "language", time_format: "language" },
      themes: { darkMode: dark },
      config: { time_zone: "Europe/Berlin" },
      callWS: async <T>(message: Message) => this.answer(message) as T,
      loadBackendTranslation: async () => () => "",
      callService: async (domain, service, data, target) => {
        this.log.push({ domain, service, data, target });
      },
    };
  }

  /** Tell all cards of another state, for example `home.push({...state, movements: 88})`. */
  push(data: TonightData): void {
    for (const listener of this.listeners) listener(data);
  }

  private subscribe<T>(callback: (message: T) => void): () => Promise<void> {
    this.fail();
    const listener = callback as unknown as (data: TonightData) => void;
    this.listeners.add(listener);
    queueMicrotask(() => listener(makeTonight(this.options.state)));
    return async () => {
      this.listeners.delete(listener);
    };
  }

  private answer(message: Message): unknown {
    this.log.push(message);
    this.fail();
    switch (message["type"]) {
      case "limber/night":
        return this.night(message);
      case "limber/nights":
        return makeNights(Math.min(Number(message["last"]), this.options.nights));
      default:
        throw { code: "unknown_command", message: `unknown command ${String(message["type"])}` };
    }
  }

  private night(message: Message): NightData {
    const live = message["live"] === true;
    const night = String(message["night"] ?? (live ? TONIGHT : LAST_NIGHT));
    const { state, movements } = this.options;
    return state === "empty" ? makeEmptyNight(night) : makeNight(night, movements, live);
  }

  private fail(): void {
    const { error } = this.options;
    if (error !== undefined) throw { code: error, message: `failed: ${error}` };
  }
}
