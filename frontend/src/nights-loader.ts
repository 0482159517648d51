/** The nights, trials and effects of the sleeper that a card shows. */

import { html } from "lit";
import type { TemplateResult } from "lit";

import { fetchNights, revisionOf } from "./api";
import { findTarget } from "./devices";
import { Loader } from "./loader";
import type { Localizer } from "./localize";
import type { HomeAssistant, LimberCardConfig, NightsData, TonightData } from "./types";

export class NightsLoader extends Loader<NightsData> {
  /** Fetch the last nights, unless nothing changed. Call it from `willUpdate`. */
  loadLast(
    last: number,
    hass: HomeAssistant | undefined,
    config: LimberCardConfig | undefined,
    tonight: TonightData | undefined,
  ): void {
    if (hass === undefined || config === undefined || tonight === undefined) return;
    const target = findTarget(hass.devices, config.device);
    if (!("sleeper" in target)) return;
    const { device } = target.sleeper;
    const revision = revisionOf(tonight);
    this.load(JSON.stringify([device, last, revision]), () =>
      fetchNights(hass, device, last, revision),
    );
  }

  /** How many nights the data reach back. */
  get reach(): number {
    return this.loadedKey === undefined ? 0 : Number((JSON.parse(this.loadedKey) as unknown[])[1]);
  }

  /** The data if they are of this sleeper: never show them under the name of another. */
  dataOf(device: string): NightsData | undefined {
    const isOf = this.loadedKey?.startsWith(`[${JSON.stringify(device)},`) ?? false;
    return isOf ? this.value : undefined;
  }

  renderRetry(texts: Localizer): TemplateResult {
    return html`<div class="retry">
      <button @click=${() => this.retry()}>${texts.text("common.retry")}</button>
    </div>`;
  }
}
