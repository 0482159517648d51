/** The dashboard that the strategy makes: one view for each sleeper, and one for the sensors. No DOM. */

import { findSleepers, keyOf } from "../devices";
import type { Sleeper } from "../devices";
import type { Key, Localizer } from "../localize";
import type { Device, HomeAssistant } from "../types";

/** A card, section, view or dashboard, as Home Assistant takes it. */
export type Config = Readonly<Record<string, unknown>>;

/** Of a bridge and its sensors, in the order in which they are shown. */
const HEALTH = [
  "binary_sensor.",
  "binary_sensor.sensor_connected",
  "binary_sensor.bridge_problem",
  "binary_sensor.sensor_problem",
  "sensor.",
  "sensor.signal_quality",
];

export function makeDashboard(hass: HomeAssistant, texts: Localizer): Config {
  const sleepers = findSleepers(hass.devices);
  if (sleepers.length === 0) return { title: "Limber", views: [makeEmptyView(texts)] };
  const views = sleepers.map((sleeper) => makeSleeperView(hass, texts, sleepers, sleeper));
  const health = makeHealthView(hass, texts);
  return { title: "Limber", views: health === undefined ? views : [...views, health] };
}

function makeEmptyView(texts: Localizer): Config {
  const card = { type: "markdown", content: texts.text("strategy.no_sleepers") };
  return {
    title: "Limber",
    path: "sleepers",
    type: "sections",
    sections: [{ type: "grid", cards: [card] }],
  };
}

function makeSleeperView(
  hass: HomeAssistant,
  texts: Localizer,
  sleepers: readonly Sleeper[],
  sleeper: Sleeper,
): Config {
  const card = (name: string): Config => ({
    type: `custom:limber-${name}-card`,
    device: sleeper.device,
    grid_options: { columns: "full" },
  });
  return {
    title: viewTitle(hass, sleepers, sleeper),
    path: pathOf(sleeper),
    icon: "mdi:foot-print",
    type: "sections",
    max_columns: 3,
    dense_section_placement: true,
    sections: [
      section(texts, "strategy.tonight", "mdi:weather-night", 1, [card("tonight")]),
      section(texts, "strategy.last_night", "mdi:weather-sunset-up", 2, [card("night")]),
      section(texts, "strategy.trend", "mdi:chart-line", 2, [card("trend")]),
      section(texts, "strategy.helps", "mdi:hand-heart", 1, [card("helps")]),
      { type: "grid", column_span: 3, cards: [caution(texts)] },
    ],
  };
}

/**
 * The last part of the view's address, for example "bedroom-anna".
 *
 * Bookmarks stay valid when a name changes and when a sleeper is added. Ids have no hyphen
 * (docs/protocol.md), so no two sleepers share a path.
 */
function pathOf({ bridge, id }: Sleeper): string {
  return `${bridge}-${id}`;
}

/** The name of a sleeper, with that of the bridge if there is another one of this name. */
function viewTitle(hass: HomeAssistant, sleepers: readonly Sleeper[], sleeper: Sleeper): string {
  const alike = sleepers.filter(({ name }) => name === sleeper.name);
  if (alike.length < 2) return sleeper.name;
  const bridge = hass.devices[hass.devices[sleeper.device]?.via_device_id ?? ""];
  return `${sleeper.name} (${bridge === undefined ? sleeper.bridge : deviceName(bridge)})`;
}

function section(
  texts: Localizer,
  heading: Key,
  icon: string,
  span: number,
  cards: readonly Config[],
): Config {
  return {
    type: "grid",
    column_span: span,
    cards: [{ type: "heading", heading: texts.text(heading), icon }, ...cards],
  };
}

/** The heading of the section has the name of the device. */
function tile(entity: string): Config {
  return { type: "tile", entity, name: { type: "entity" } };
}

function caution(texts: Localizer): Config {
  return {
    type: "markdown",
    text_only: true,
    content: texts.text("strategy.caution"),
    grid_options: { columns: "full" },
  };
}

/** The bridges with their sensors; undefined: no entity of them is shown. */
function makeHealthView(hass: HomeAssistant, texts: Localizer): Config | undefined {
  const sections = Object.values(hass.devices)
    .filter((device) => kindOf(device) !== undefined && kindOf(device) !== "sleeper")
    .sort((one, other) => place(one).localeCompare(place(other), undefined, { numeric: true }))
    .flatMap((device) => deviceSection(hass, device));
  if (sections.length === 0) return undefined;
  return {
    title: texts.text("strategy.sensors"),
    path: "sensors",
    icon: "mdi:access-point",
    type: "sections",
    max_columns: 4,
    sections,
  };
}

function deviceSection(hass: HomeAssistant, device: Device): Config[] {
  const found = Object.values(hass.entities)
    .filter((one) => one.device_id === device.id && one.platform === "limber" && !one.hidden)
    .filter((one) => HEALTH.includes(keyOf(one)))
    .sort((one, other) => HEALTH.indexOf(keyOf(one)) - HEALTH.indexOf(keyOf(other)));
  if (found.length === 0) return [];
  const icon = kindOf(device) === "bridge" ? "mdi:bridge" : "mdi:motion-sensor";
  const heading = { type: "heading", heading: deviceName(device), icon };
  return [{ type: "grid", cards: [heading, ...found.map((one) => tile(one.entity_id))] }];
}

/** "bridge", "sleeper" or "sensor"; undefined: not a device of Limber. */
function kindOf(device: Device): string | undefined {
  const identifier = place(device);
  return identifier === "" ? undefined : (identifier.split("/")[1] ?? "bridge");
}

/** Identifier of a device of Limber, which sorts sensors behind their bridge. */
function place(device: Device): string {
  return device.identifiers.find(([domain]) => domain === "limber")?.[1] ?? "";
}

function deviceName(device: Device): string {
  return device.name_by_user || device.name || place(device);
}
