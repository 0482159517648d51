import assert from "node:assert/strict";
import test from "node:test";

import { entitiesOf, findSleepers, findTarget, sleeperOfEntity } from "../src/devices";
import type { Device, HomeAssistant } from "../src/types";

function device(id: string, name: string, identifier: string): Device {
  return { id, name, identifiers: [["limber", identifier]] };
}

const ANNA = device("a", "Anna", "bedroom/sleeper/anna");
const BEN = { ...device("b", "Ben", "bedroom/sleeper/ben"), name_by_user: "Benedict" };
const BRIDGE = device("c", "Bedroom", "bedroom");
const SENSOR = device("d", "Left ankle", "bedroom/sensor/1");
const OTHER: Device = { id: "e", name: "Lamp", identifiers: [["hue", "x/sleeper/y"]] };

function devices(...list: Device[]): Record<string, Device> {
  return Object.fromEntries(list.map((one) => [one.id, one]));
}

test("only devices of sleepers are found, by name", () => {
  const found = findSleepers(devices(BEN, SENSOR, BRIDGE, OTHER, ANNA));
  assert.deepEqual(
    found.map((one) => [one.name, one.bridge]),
    [
      ["Anna", "bedroom"],
      ["Benedict", "bedroom"],
    ],
  );
});

test("the only sleeper need not be named", () => {
  assert.deepEqual(findTarget(devices(BRIDGE, ANNA), undefined), {
    sleeper: { device: "a", name: "Anna", bridge: "bedroom", id: "anna" },
  });
});

test("what is missing is said", () => {
  assert.deepEqual(findTarget(devices(BRIDGE), undefined), { problem: "no_sleepers" });
  assert.deepEqual(findTarget(devices(ANNA, BEN), undefined), { problem: "choose_sleeper" });
  assert.deepEqual(findTarget(devices(ANNA), "z"), { problem: "unknown_sleeper" });
  assert.deepEqual(findTarget(devices(ANNA, SENSOR), "d"), { problem: "unknown_sleeper" });
  assert.deepEqual(findTarget(devices({ ...ANNA, disabled_by: "user" }), "a"), {
    problem: "unknown_sleeper",
  });
});

const HASS = {
  devices: devices(ANNA, SENSOR),
  entities: {
    "sensor.restless": {
      entity_id: "sensor.restless",
      device_id: "a",
      platform: "limber",
      translation_key: "last_night_plm_index",
    },
    "sensor.hidden": {
      entity_id: "sensor.hidden",
      device_id: "a",
      platform: "limber",
      translation_key: "tonight_plm",
      hidden: true,
    },
    "sensor.battery": { entity_id: "sensor.battery", device_id: "d", platform: "limber" },
    "light.lamp": { entity_id: "light.lamp" },
  },
} as unknown as HomeAssistant;

test("entities are found whatever their ids are", () => {
  assert.deepEqual(
    [...entitiesOf(HASS, "a")],
    [["sensor.last_night_plm_index", "sensor.restless"]],
  );
  assert.deepEqual(sleeperOfEntity(HASS, "sensor.restless"), {
    device: "a",
    key: "sensor.last_night_plm_index",
  });
  assert.equal(sleeperOfEntity(HASS, "sensor.battery"), undefined);
  assert.equal(sleeperOfEntity(HASS, "light.lamp"), undefined);
  assert.equal(sleeperOfEntity(HASS, "light.none"), undefined);
});
