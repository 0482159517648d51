import assert from "node:assert/strict";
import test from "node:test";

import { Localizer } from "../src/localize";
import { makeDashboard } from "../src/strategy/dashboard";
import type { Config } from "../src/strategy/dashboard";
import type { Device, HomeAssistant, RegistryEntity } from "../src/types";

function device(id: string, name: string, identifier: string, bridge?: string): Device {
  return { id, name, identifiers: [["limber", identifier]], via_device_id: bridge ?? null };
}

const BEDROOM = device("bedroom", "Bedroom", "bedroom");
const CELLAR = device("cellar", "Cellar", "cellar");
const ANNA = device("anna", "Anna", "bedroom/sleeper/anna", "bedroom");
const OTHER_ANNA = device("anna2", "Anna", "cellar/sleeper/anna", "cellar");
const LEFT = device("left", "Anna left ankle", "bedroom/sensor/1", "bedroom");

function entity(id: string, deviceId: string, key?: string): RegistryEntity {
  return {
    entity_id: id,
    device_id: deviceId,
    platform: "limber",
    ...(key === undefined ? {} : { translation_key: key }),
  };
}

function home(devices: readonly Device[], entities: readonly RegistryEntity[] = []): HomeAssistant {
  return {
    devices: Object.fromEntries(devices.map((one) => [one.id, one])),
    entities: Object.fromEntries(entities.map((one) => [one.entity_id, one])),
  } as unknown as HomeAssistant;
}

function views(hass: HomeAssistant, language = "en"): Config[] {
  const texts = new Localizer({ language, number_format: "language", time_format: "language" });
  return makeDashboard(hass, texts)["views"] as Config[];
}

/** All cards of a view. */
function cards(view: Config | undefined): Config[] {
  const sections = (view?.["sections"] ?? []) as Config[];
  return sections.flatMap((one) => one["cards"] as Config[]);
}

test("without a sleeper the dashboard says what to do", () => {
  const [view, ...others] = views(home([BEDROOM]));
  assert.deepEqual(others, []);
  assert.match(String(cards(view)[0]?.["content"]), /Set up a bridge/);
});

test("a sleeper has all cards of Limber, for their device", () => {
  const [view] = views(home([BEDROOM, ANNA]));
  assert.equal(view?.["title"], "Anna");
  const ours = cards(view).filter((card) => String(card["type"]).startsWith("custom:"));
  assert.deepEqual(
    ours.map((card) => [card["type"], card["device"]]),
    ["tonight", "night", "trend", "helps"].map((name) => [`custom:limber-${name}-card`, "anna"]),
  );
});

test("sleepers of the same name on two bridges are told apart", () => {
  const titles = views(home([BEDROOM, CELLAR, ANNA, OTHER_ANNA])).map((view) => view["title"]);
  assert.deepEqual(titles, ["Anna (Bedroom)", "Anna (Cellar)"]);
});

test("bridges and sensors have a view of their own", () => {
  const hass = home(
    [LEFT, CELLAR, BEDROOM, ANNA],
    [
      entity("sensor.battery", "left"),
      entity("binary_sensor.connected", "left", "sensor_connected"),
      entity("binary_sensor.bedroom", "bedroom"),
      entity("sensor.unknown", "left", "something_new"),
    ],
  );
  const view = views(hass).at(-1);
  assert.equal(view?.["path"], "sensors");
  assert.deepEqual(
    cards(view).map((card) => card["heading"] ?? card["entity"]),
    [
      "Bedroom",
      "binary_sensor.bedroom",
      "Anna left ankle",
      "binary_sensor.connected",
      "sensor.battery",
    ],
  );
});

test("paths are unique and do not depend on names", () => {
  const made = views(home([BEDROOM, CELLAR, ANNA, OTHER_ANNA], [entity("binary_sensor.b", "bedroom")]));
  assert.deepEqual(
    made.map((view) => view["path"]),
    ["bedroom-anna", "cellar-anna", "sensors"],
  );
});

test("a view keeps its path when a sleeper is added or renamed", () => {
  const pathOf = (hass: HomeAssistant) =>
    views(hass).find((view) => JSON.stringify(view).includes('"device":"anna"'))?.["path"];
  const bert = device("bert", "Aaron", "bedroom/sleeper/bert", "bedroom");
  const path = pathOf(home([BEDROOM, ANNA]));
  assert.equal(pathOf(home([BEDROOM, bert, ANNA])), path);
  assert.equal(pathOf(home([BEDROOM, bert, { ...ANNA, name_by_user: "Zoe" }])), path);
});

test("ids that join to the same text have different paths", () => {
  const one = device("one", "One", "a_b/sleeper/c", "a_b");
  const other = device("other", "Other", "a/sleeper/b_c", "a");
  const paths = views(home([one, other])).map((view) => view["path"]);
  assert.deepEqual(paths, ["a_b-c", "a-b_c"]);
});

test("the dashboard is in the language of the reader", () => {
  const headings = cards(views(home([BEDROOM, ANNA]), "de")[0]).map((card) => card["heading"]);
  assert.ok(headings.includes("Letzte Nacht"));
});
