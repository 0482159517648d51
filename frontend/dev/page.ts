/**
 * Shows the cards with generated data, without Home Assistant. Options in the address:
 * card: night, trend, tonight, helps; without it all of them. options: JSON of more configuration.
 * lang, dark=1, rtl=1, width: of a card (px).
 * movements, nights: how many. state: "live" (default), "offline", "paused", "cramp", "empty".
 * error: code of the error with which every request fails.
 */

import "../src/limber";
import { CARDS } from "../src/cards";
import type { LimberCardConfig } from "../src/types";
import { FakeHome } from "./fake-home";
import "./stubs";

const options = new URLSearchParams(location.search);
const dark = options.get("dark") === "1";
const language = options.get("lang") ?? "en";

document.documentElement.lang = language;
document.documentElement.dir = options.get("rtl") === "1" ? "rtl" : "ltr";
document.body.classList.toggle("dark", dark);

const home = new FakeHome({
  language,
  dark,
  movements: Number(options.get("movements") ?? 2000),
  nights: Number(options.get("nights") ?? 365),
  state: options.get("state") ?? "live",
  error: options.get("error") ?? undefined,
});

interface Card extends HTMLElement {
  hass: unknown;
  setConfig(config: LimberCardConfig): void;
}

const wanted = options.get("card");
const more = JSON.parse(options.get("options") ?? "{}") as object;
for (const { type } of CARDS) {
  if (wanted !== null && type !== `limber-${wanted}-card`) continue;
  const card = document.createElement(type) as Card;
  card.style.maxWidth = options.has("width") ? `${options.get("width")}px` : "none";
  card.setConfig({ type: `custom:${type}`, device: "device_anna", ...more });
  card.hass = home.hass;
  document.getElementById("cards")?.append(card);
}

// For tests: the home behind the cards, which can be changed.
Object.assign(window, { home });
