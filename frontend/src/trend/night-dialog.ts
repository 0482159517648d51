/** A Night card for a dialog, where the dashboard has none that shows the night. */

import { openNight } from "../open-night";
import type { WantedNight } from "../open-night";
import type { HomeAssistant, LimberCardConfig } from "../types";

const TAG = "limber-night-card";

interface NightCard extends HTMLElement {
  hass: HomeAssistant;
  updateComplete: Promise<boolean>;
  setConfig(config: LimberCardConfig): void;
}

export class NightDialog {
  element: NightCard | undefined;

  /** Make the card, and ask it for the night as soon as it is part of the page. */
  open(hass: HomeAssistant, wanted: WantedNight): void {
    const card = document.createElement(TAG) as NightCard;
    card.setConfig({ type: `custom:${TAG}`, device: wanted.device });
    card.hass = hass;
    this.element = card;
    void card.updateComplete.then(() => openNight(wanted));
  }

  update(hass: HomeAssistant): void {
    if (this.element !== undefined) this.element.hass = hass;
  }

  clear(): void {
    this.element = undefined;
  }
}
