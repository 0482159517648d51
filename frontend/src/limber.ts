/** Registers the cards and the dashboard with Home Assistant. */

import { CARDS } from "./cards";
import { pageLocalizer } from "./localize";
import { sleeperOfEntity } from "./devices";
import { LimberDashboardStrategy } from "./strategy/element";
import type { HomeAssistant } from "./types";

const DOCUMENTATION = "https://github.com/limber-home/limber/blob/main/docs/home-assistant.md";

declare global {
  interface Window {
    customCards?: unknown[];
    customStrategies?: unknown[];
  }
}

/** Define an element, unless another version of this file has done so. */
function define(tag: string, element: CustomElementConstructor): boolean {
  if (customElements.get(tag) !== undefined) return false;
  customElements.define(tag, element);
  return true;
}

for (const card of CARDS) {
  if (!define(card.type, card.element)) continue;
  window.customCards ??= [];
  window.customCards.push({
    type: card.type,
    preview: true,
    documentationURL: `${DOCUMENTATION}#cards`,
    // Read when the list is shown: the language may not be known yet.
    get name() {
      return pageLocalizer().text(card.name);
    },
    get description() {
      return pageLocalizer().text(card.description);
    },
    getEntitySuggestion(hass: HomeAssistant, entityId: string) {
      const found = sleeperOfEntity(hass, entityId);
      if (found === undefined || !card.suggestedFor.test(found.key)) return null;
      return { config: { type: `custom:${card.type}`, device: found.device } };
    },
  });
}

if (define("ll-strategy-dashboard-limber", LimberDashboardStrategy)) {
  window.customStrategies ??= [];
  window.customStrategies.push({
    type: "limber",
    strategyType: "dashboard",
    documentationURL: `${DOCUMENTATION}#dashboard`,
    get name() {
      return pageLocalizer().text("strategy.name");
    },
    get description() {
      return pageLocalizer().text("strategy.description");
    },
  });
}
