/** The dashboard strategy `custom:limber`. */

import { localizer } from "../localize";
import type { HomeAssistant } from "../types";
import { makeDashboard } from "./dashboard";
import type { Config } from "./dashboard";

export class LimberDashboardStrategy extends HTMLElement {
  /** The dashboard is made again when one of these changes. */
  static readonly registryDependencies = ["devices", "entities"];

  static async generate(_config: Config, hass: HomeAssistant): Promise<Config> {
    return makeDashboard(hass, localizer(hass.locale));
  }

  /** What the dialog that creates the dashboard suggests. */
  static async getCreateSuggestions(hass: HomeAssistant): Promise<Config> {
    return { title: localizer(hass.locale).text("strategy.name"), icon: "mdi:foot-print" };
  }
}
