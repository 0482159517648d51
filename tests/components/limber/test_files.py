"""Manifest, texts, icons and images: in step with the code and with what Home Assistant takes."""

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from homeassistant import loader
from homeassistant.core import HomeAssistant

import limber_bridge
from custom_components.limber import config_flow, coordinator
from custom_components.limber.binary_sensor import BRIDGE, IN_BED, PROBLEM, SENSOR
from custom_components.limber.const import DOMAIN
from custom_components.limber.event import EVENTS
from custom_components.limber.sensor import HEALTH, MEASURES
from limber_bridge.detection.events import Method
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.health import PROBLEM_ENDED, PROBLEM_SILENT
from limber_bridge.sources.arrival import Reason

ROOT = Path(__file__).parents[3]
COMPONENT = ROOT / "custom_components" / DOMAIN
SPOTS = ("left_ankle", "right_ankle", "ankle", "left_tibialis", "right_tibialis", "tibialis", "bed", "bed_load")


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((COMPONENT / name).read_text())
    return found


TEXTS, ICONS, MANIFEST = read("translations/en.json"), read("icons.json"), read("manifest.json")


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, tree


async def test_home_assistant_finds_it_whole(hass: HomeAssistant, enable_custom_integrations: None) -> None:
    integration = (await loader.async_get_custom_components(hass))[DOMAIN]
    assert integration.has_translations
    assert integration.has_branding
    assert str(integration.version) == limber_bridge.__version__


def test_the_manifest_is_in_order() -> None:
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    allowed = {*loader.Manifest.__annotations__, "categories", "connectivity"}
    assert set(keys) <= allowed
    assert MANIFEST["mqtt"] == ["limber/+/info"]


def test_all_versions_agree() -> None:
    projects = [(ROOT / name).read_text() for name in ("pyproject.toml", "bridge/pyproject.toml")]
    found = {re.search(r'^version = "(.+)"$', text, re.MULTILINE)[1] for text in projects}  # type: ignore[index]
    assert found == {MANIFEST["version"], limber_bridge.__version__}


def test_hacs_knows_every_key() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert hacs == {"name": "Limber", "homeassistant": "2026.10.0", "hide_default_branch": True}


def test_the_quality_scale_lists_all_rules_and_explains_exemptions() -> None:
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
    assert len(rules) == 54
    for rule, status in rules.items():
        if isinstance(status, dict):
            assert status["status"] == "exempt", rule
            assert status["comment"], rule
        else:
            assert status in ("done", "todo"), rule


def test_every_entity_has_a_name_and_nothing_else_has() -> None:
    named = TEXTS["entity"]
    places = {f"{one.key}_{spot}" for one in HEALTH for spot in SPOTS}
    nights = {f"{when}_{one.key}" for when in ("tonight", "last_night") for one in MEASURES}
    assert set(named["sensor"]) == places | nights
    assert set(named["binary_sensor"]) == {IN_BED.key, BRIDGE.translation_key, PROBLEM.translation_key} | {
        f"{SENSOR.key}_{one}" for one in SPOTS
    }
    assert set(named["event"]) == {one.key for one in EVENTS}


def test_states_and_attributes_have_texts() -> None:
    events = TEXTS["entity"]["event"]
    for one in EVENTS:
        assert set(events[one.key]["state_attributes"]["event_type"]["state"]) == set(one.event_types or ())
    problems = TEXTS["entity"]["binary_sensor"]["connected_bed"]["state_attributes"]["problem"]["state"]
    # These are nobody's: no sensor of ours, or all of them together.
    told = set(Reason) - {Reason.UNKNOWN_SENSOR, Reason.OVERLOADED}
    assert set(problems) == {PROBLEM_SILENT, PROBLEM_ENDED, *told}
    methods = TEXTS["entity"]["binary_sensor"]["in_bed"]["state_attributes"]["method"]["state"]
    assert set(methods) == {ASLEEP_METHOD, *Method}


def test_every_error_and_abort_in_the_code_has_a_text() -> None:
    code = Path(config_flow.__file__).read_text()
    aborts = set(re.findall(r'reason="(\w+)"', code)) | {
        "already_configured",
        "already_in_progress",
        *coordinator.ISSUES,
    }
    assert set(TEXTS["config"]["abort"]) == aborts
    assert set(TEXTS["config"]["error"]) == {"no_bridge", "invalid_topic", *coordinator.ISSUES}
    assert set(TEXTS["config"]["step"]) == set(re.findall(r'step_id="(\w+)"', code))
    keys = set(re.findall(r'translation_key="(\w+)"', Path(coordinator.__file__).read_text())) | set(coordinator.ISSUES)
    assert set(TEXTS["exceptions"]) == keys
    assert set(TEXTS["issues"]) == set(coordinator.ISSUES)


def test_every_field_is_described() -> None:
    for step in TEXTS["config"]["step"].values():
        assert set(step.get("data", {})) == set(step.get("data_description", {}))


@pytest.mark.parametrize(
    ("path", "text"), list(leaves(TEXTS)), ids=lambda value: ".".join(value) if isinstance(value, tuple) else ""
)
def test_texts_are_plain(path: tuple[str, ...], text: str) -> None:
    assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in path)
    assert not re.search(r"https?://|<|\[%", text)


def test_entities_without_a_device_class_have_an_icon() -> None:
    for platform, rows in (("sensor", MEASURES), ("event", EVENTS)):
        for one in rows:
            keys = [f"{when}_{one.key}" for when in ("tonight", "last_night")] if platform == "sensor" else [one.key]
            assert all(key in ICONS["entity"][platform] for key in keys)
    assert all(icon.startswith("mdi:") for _, icon in leaves(ICONS))


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand_images_have_the_sizes_that_are_served(name: str, size: int) -> None:
    data = (COMPONENT / "brand" / name).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (size, size)
