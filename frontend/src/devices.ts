/** Finds the sleepers among Home Assistant's devices, and their entities. No DOM. */

import type { Device, HomeAssistant, RegistryEntity } from "./types";

const DOMAIN = "limber";

/** A sleeper as the cards know it. */
export interface Sleeper {
  readonly device: string;
  readonly name: string;
  /** Identifier of the bridge's device: sleepers of different bridges may have the same name. */
  readonly bridge: string;
  /** Of the sleeper at this bridge. */
  readonly id: string;
}

/** Whose data a card can show. */
export type Target = { readonly sleeper: Sleeper } | { readonly problem: TargetProblem };
export type TargetProblem = "no_sleepers" | "choose_sleeper" | "unknown_sleeper";

/** All sleepers, by name. Only Limber's identifiers say what a device is: names can be changed. */
export function findSleepers(devices: Readonly<Record<string, Device>>): Sleeper[] {
  const found = Object.values(devices).flatMap((device) => asSleeper(device) ?? []);
  return found.sort((one, other) => one.name.localeCompare(other.name));
}

/** The sleeper of a device id, or the only one if none is given. */
export function findTarget(
  devices: Readonly<Record<string, Device>>,
  device: string | undefined,
): Target {
  if (device !== undefined) {
    const chosen = devices[device];
    const sleeper = chosen === undefined ? undefined : asSleeper(chosen);
    return sleeper === undefined ? { problem: "unknown_sleeper" } : { sleeper };
  }
  const [first, ...others] = findSleepers(devices);
  if (first === undefined) return { problem: "no_sleepers" };
  return others.length > 0 ? { problem: "choose_sleeper" } : { sleeper: first };
}

/** Ids of a sleeper's entities by translation key, without those that are hidden. */
export function entitiesOf(hass: HomeAssistant, device: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entity of Object.values(hass.entities)) {
    if (entity.device_id === device && isShown(entity)) {
      found.set(keyOf(entity), entity.entity_id);
    }
  }
  return found;
}

/** "domain.translation_key" of an entity, which its id does not change. */
export function keyOf(entity: RegistryEntity): string {
  const [domain = ""] = entity.entity_id.split(".");
  return `${domain}.${entity.translation_key ?? ""}`;
}

/** The sleeper and key of an entity of Limber; undefined for all others. */
export function sleeperOfEntity(
  hass: HomeAssistant,
  entityId: string,
): { readonly device: string; readonly key: string } | undefined {
  const entity = hass.entities[entityId];
  const device = entity?.device_id;
  if (entity === undefined || device === undefined || device === null) return undefined;
  const registered = hass.devices[device];
  if (registered === undefined || asSleeper(registered) === undefined) return undefined;
  return { device, key: keyOf(entity) };
}

function asSleeper(device: Device): Sleeper | undefined {
  if (device.disabled_by) return undefined;
  for (const [domain, identifier = ""] of device.identifiers) {
    const [bridge = "", kind, id = ""] = identifier.split("/");
    if (domain === DOMAIN && kind === "sleeper") {
      const name = device.name_by_user || device.name || identifier;
      return { device: device.id, name, bridge, id };
    }
  }
  return undefined;
}

function isShown(entity: RegistryEntity): boolean {
  return entity.platform === DOMAIN && !entity.hidden && entity.translation_key !== undefined;
}
