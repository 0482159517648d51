"""Manifest, texts, icons, images and descriptions agree with the code and with Home Assistant."""

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from hassil.parse_expression import parse_sentence
from homeassistant import loader
from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, service
from homeassistant.helpers.trigger import descriptions as trigger_descriptions
from homeassistant.util.yaml import load_yaml_dict

import limber_bridge
from custom_components.limber import config_flow
from custom_components.limber.binary_sensor import (
    BRIDGE_PROBLEM,
    CONNECTED,
    MONITORING,
    RESTLESS,
    SENSOR_CONNECTED,
    SENSOR_PROBLEM,
    SLEEPER_STATES,
    TRIAL_QUESTION,
)
from custom_components.limber.bridge_search import ID_TAKEN
from custom_components.limber.button import BUTTONS, TRIAL_BUTTONS
from custom_components.limber.calendar import NIGHTS
from custom_components.limber.condition import CONDITIONS
from custom_components.limber.const import DOMAIN, FACTORS, TRIAL_OUTCOMES, TRIAL_VERDICTS
from custom_components.limber.event import EVENTS
from custom_components.limber.home_actions import HOME_ACTIONS
from custom_components.limber.issues import PROBLEM_KINDS
from custom_components.limber.message_reader import VERSION_ISSUES
from custom_components.limber.notifications import MESSAGE_ISSUES
from custom_components.limber.number import RATINGS, SENSITIVITY
from custom_components.limber.refused_discoveries import FOUND_VERSION_ISSUES
from custom_components.limber.report_action import PAPERS
from custom_components.limber.requests import NO_RESPONSE, OTHER_REFUSAL, REFUSALS, refusal_key
from custom_components.limber.select import CRAMP
from custom_components.limber.sensor import (
    BATTERY,
    MEASURES,
    RESTLESS_NIGHTS,
    SIGNAL_QUALITY,
    TIMES,
    USUAL_BEDTIME,
)
from custom_components.limber.services import ACTIONS
from custom_components.limber.switch import PAUSE
from custom_components.limber.trial_intents import CONFIRMATIONS
from custom_components.limber.trial_sensors import TRIAL_PLAN, TRIAL_RESULT
from custom_components.limber.trigger import TRIGGERS
from limber_bridge.daemon.sensor_health import PROBLEM_ENDED, PROBLEM_SILENT
from limber_bridge.detection.events import FaultKind, Method
from limber_bridge.detection.signal import PLACEMENTS, Quantity, Sensor, Side
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.sources.source_api import Reason

ROOT = Path(__file__).parents[3]
COMPONENT = ROOT / "custom_components" / DOMAIN
RULES = """
action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
dependency-transparency docs-actions docs-conditions docs-high-level-description
docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup
entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
unique-config-entry action-exceptions config-entry-unloading docs-configuration-parameters
docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
parallel-updates reauthentication-flow test-coverage devices diagnostics discovery
discovery-update-info docs-data-update docs-examples docs-known-limitations docs-supported-devices
docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices entity-category
entity-device-class entity-disabled-by-default entity-translations exception-translations
icon-translations reconfiguration-flow repair-issues stale-devices async-dependency
inject-websession strict-typing
"""
"""Of Home Assistant's quality scale."""
LANGUAGES = ("en", "de", "es", "fr", "it", "nl")


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((COMPONENT / name).read_text())
    return found


ALL = {language: read(f"translations/{language}.json") for language in LANGUAGES}
TEXTS = ALL["en"]
ICONS = read("icons.json")
MANIFEST = read("manifest.json")
SENTENCES = read("sentences.json")


def spots() -> set[str]:
    """Return the translation keys of all placements that the bridge knows."""
    found = set()
    for quantity, places in PLACEMENTS.items():
        for place in places:
            for side in (None,) if place == "bed" else (None, *Side):
                sensor = Sensor(1, quantity, place, side)
                where = "bed_load" if quantity is Quantity.LOAD else str(place)
                found.add(f"{sensor.side}_{where}" if sensor.side else where)
    return found


SPOTS = spots()


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, tree


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


async def test_home_assistant_loads_the_integration(
    hass: HomeAssistant, enable_custom_integrations: None
) -> None:
    integration = (await loader.async_get_custom_components(hass))[DOMAIN]
    assert integration.has_translations
    assert integration.has_branding
    assert integration.has_services
    assert integration.has_triggers
    assert integration.has_conditions
    assert str(integration.version) == limber_bridge.__version__


def test_the_manifest_is_in_order() -> None:
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    allowed = {*loader.Manifest.__annotations__, "categories", "connectivity"}
    assert set(keys) <= allowed
    assert MANIFEST["mqtt"] == ["limber/+/info"]


def test_imported_integrations_are_dependencies() -> None:
    code = "\n".join(path.read_text() for path in COMPONENT.glob("*.py"))
    imported = set(re.findall(r"from homeassistant\.components\.(\w+)", code))
    imported |= set(re.findall(r"from homeassistant\.components import (\w+)", code))
    platforms = {
        "binary_sensor",
        "button",
        "calendar",
        "diagnostics",
        "event",
        "number",
        "repairs",
        "select",
        "sensor",
        "switch",
        "system_health",
    }
    assert imported - platforms == {*MANIFEST["dependencies"], *MANIFEST["after_dependencies"]}


def test_all_versions_agree() -> None:
    projects = [(ROOT / name).read_text() for name in ("pyproject.toml", "bridge/pyproject.toml")]
    found = {re.search(r'^version = "(.+)"$', text, re.MULTILINE)[1] for text in projects}  # type: ignore[index]
    assert found == {MANIFEST["version"], limber_bridge.__version__}


def test_hacs_accepts_every_key() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert hacs == {"name": "Limber", "homeassistant": "2026.10.0", "hide_default_branch": True}


def test_no_other_file_looks_like_the_configuration_of_an_app() -> None:
    """The Supervisor reads every file with one of these names as one."""
    tracked = [
        path
        for path in ROOT.glob("**/config.*")
        if not any(part.startswith(".") for part in path.parts)
    ]
    found = [path for path in tracked if path.suffix in (".yaml", ".yml", ".json")]
    assert found == [ROOT / "bridge/config.yaml"]


def test_the_quality_scale_lists_all_rules_and_explains_exemptions() -> None:
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
    assert set(rules) == set(RULES.split())
    for rule, status in rules.items():
        if isinstance(status, dict):
            assert status["status"] == "exempt", rule
            assert status["comment"], rule
        else:
            assert status == "done", rule


# --- Descriptions ---


def test_the_cards_log_the_same_factors() -> None:
    source = (ROOT / "frontend/src/factors.ts").read_text()
    listed = source.partition("FACTORS = [")[2].partition("]")[0]
    assert re.findall(r'"(\w+)"', listed) == list(FACTORS)


def test_home_assistant_accepts_the_actions_and_the_code_has_the_same() -> None:
    described = service._SERVICES_SCHEMA(load_yaml_dict(str(COMPONENT / "services.yaml")))
    actions = {action.name: {"sleeper", *map(str, action.fields)} for action in ACTIONS}
    actions |= {action.name: set(map(str, action.fields)) for action in HOME_ACTIONS}
    assert set(described) == set(actions) == set(TEXTS["services"])
    for name, fields in actions.items():
        assert set(described[name]["fields"]) == fields == set(TEXTS["services"][name]["fields"])
    factor = described["log"]["fields"]["factor"]["selector"]["select"]
    assert factor["options"] == list(FACTORS)
    outcome = described["start_trial"]["fields"]["outcome"]["selector"]["select"]
    assert outcome["options"] == list(TRIAL_OUTCOMES)
    paper = described["report"]["fields"]["paper"]["selector"]["select"]
    assert paper["options"] == list(PAPERS)


def test_home_assistant_accepts_the_triggers_and_the_code_has_the_same() -> None:
    described = trigger_descriptions._TRIGGERS_DESCRIPTION_SCHEMA(
        load_yaml_dict(str(COMPONENT / "triggers.yaml"))
    )
    assert set(described) == set(TRIGGERS) == set(TEXTS["triggers"]) == set(ICONS["triggers"])
    for name, one in described.items():
        assert set(one.get("fields", {})) == set(TEXTS["triggers"][name].get("fields", {}))


def test_home_assistant_accepts_the_conditions_and_the_code_has_the_same() -> None:
    found = load_yaml_dict(str(COMPONENT / "conditions.yaml"))
    described = {
        name: one
        for name, one in condition._CONDITIONS_DESCRIPTION_SCHEMA(found).items()
        if not str(name).startswith(".")
    }
    assert set(described) == set(CONDITIONS) == set(TEXTS["conditions"]) == set(ICONS["conditions"])
    for name, one in described.items():
        assert set(one.get("fields", {})) == set(TEXTS["conditions"][name].get("fields", {}))


# --- Texts ---


def test_every_entity_has_a_name_and_nothing_else_has() -> None:
    """A name comes from the translations, or from Home Assistant's device class."""
    named = TEXTS["entity"]
    nights = {f"{when}_{one.key}" for when in ("tonight", "last_night") for one in MEASURES}
    averages = {f"average_{one.key}" for one in MEASURES}
    single = {one.key for one in (*TIMES, USUAL_BEDTIME, RESTLESS_NIGHTS, SIGNAL_QUALITY)}
    trials = {TRIAL_PLAN.key, TRIAL_RESULT.key}
    assert set(named["sensor"]) == nights | averages | single | trials
    assert BATTERY.translation_key is None
    assert BATTERY.device_class is not None
    with_class = (CONNECTED, SENSOR_CONNECTED, BRIDGE_PROBLEM, SENSOR_PROBLEM)
    assert set(named["binary_sensor"]) == {
        *(one.key for one in (*SLEEPER_STATES, MONITORING, RESTLESS, TRIAL_QUESTION)),
        *(one.translation_key for one in with_class if one.translation_key is not None),
    }
    for one in with_class:
        assert one.device_class is not None
        assert "name" not in named["binary_sensor"].get(one.translation_key, {})
    assert set(named["event"]) == {one.key for one in EVENTS}
    assert set(named["button"]) == {one.key for one in (*BUTTONS, *TRIAL_BUTTONS)}
    assert set(named["number"]) == {SENSITIVITY.key, *(one.key for one in RATINGS)}
    assert set(named["select"]) == {CRAMP.key}
    assert set(named["switch"]) == {PAUSE.key}
    assert set(named["calendar"]) == {NIGHTS.key}


def test_a_sensor_has_a_device_name_for_every_placement_that_the_bridge_knows() -> None:
    assert set(TEXTS["device"]) == SPOTS


def test_states_and_attributes_have_texts() -> None:
    events = TEXTS["entity"]["event"]
    for one in EVENTS:
        assert set(events[one.key]["state_attributes"]["event_type"]["state"]) == set(
            one.event_types or ()
        )
    problems = TEXTS["entity"]["binary_sensor"]["sensor_problem"]["state_attributes"]["problem"][
        "state"
    ]
    # These are not problems of a configured sensor.
    of_sensors = set(Reason) - {Reason.UNKNOWN_SENSOR, Reason.UNKNOWN_SENDERS, Reason.OVERLOADED}
    assert set(problems) == {PROBLEM_SILENT, PROBLEM_ENDED, *of_sensors, *FaultKind}
    methods = TEXTS["entity"]["binary_sensor"]["in_bed"]["state_attributes"]["method"]["state"]
    assert set(methods) == {ASLEEP_METHOD, *Method}
    assert set(TEXTS["selector"]["factor"]["options"]) == set(FACTORS)
    assert set(TEXTS["selector"]["trial_outcome"]["options"]) == set(TRIAL_OUTCOMES)
    assert set(TEXTS["selector"]["paper"]["options"]) == set(PAPERS)
    entities = TEXTS["entity"]
    assert set(entities["select"][CRAMP.key]["state"]) == set(CRAMP.options or ())
    for enum in (TRIAL_PLAN, TRIAL_RESULT):
        assert set(entities["sensor"][enum.key]["state"]) == set(enum.options or ())


def test_every_error_and_abort_in_the_code_has_a_text() -> None:
    code = Path(config_flow.__file__).read_text()
    aborts = set(re.findall(r'(?:reason=|AbortFlow\()"(\w+)"', code)) | {
        "already_configured",
        "already_in_progress",
        "reconfigure_successful",
        *VERSION_ISSUES,
    }
    assert set(TEXTS["config"]["abort"]) == aborts
    assert set(TEXTS["config"]["error"]) == {
        "no_bridge",
        "other_bridge",
        "still_in_place",
        "invalid_topic",
        *VERSION_ISSUES,
    }
    steps = set(re.findall(r'step_id="(\w+)"', code))
    assert set(TEXTS["config"]["step"]) | set(TEXTS["options"]["step"]) == steps
    raised = "\n".join(
        (COMPONENT / f"{name}.py").read_text()
        for name in (
            "coordinator",
            "follow_ups",
            "limber_intent",
            "report_action",
            "report_files",
            "requests",
            "sleepers",
            "trial_actions",
        )
    )
    keys = {
        *re.findall(r'translation_key="(\w+)"', raised),
        *VERSION_ISSUES,
        *map(refusal_key, REFUSALS),
        OTHER_REFUSAL,
        NO_RESPONSE,
    }
    assert set(TEXTS["exceptions"]) == keys
    kinds = {one.key for one in PROBLEM_KINDS}
    assert set(TEXTS["issues"]) == {
        *VERSION_ISSUES,
        *FOUND_VERSION_ISSUES.values(),
        *MESSAGE_ISSUES,
        ID_TAKEN,
        *kinds,
    }


def test_every_error_of_the_protocol_has_a_text() -> None:
    """Where the text does not quote what the bridge says, it must say enough without it."""
    section = (ROOT / "docs/protocol.md").read_text().partition("| `error` | meaning |")[2]
    table = section.partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == REFUSALS
    texts = {code: TEXTS["exceptions"][refusal_key(code)]["message"] for code in REFUSALS}
    quoted = {code for code, text in texts.items() if "{detail}" in text}
    # Their meaning in docs/protocol.md leaves open what exactly is wrong.
    assert quoted == {"malformed", "refused", "too_many", "journal_unreadable"}


def test_every_field_is_described() -> None:
    for part in ("config", "options"):
        for step in TEXTS[part]["step"].values():
            assert set(step.get("data", {})) == set(step.get("data_description", {}))


PLACES_IN_RANGE = ("above", "within", "below")


def test_the_code_uses_exactly_the_texts_of_summaries() -> None:
    code = "\n".join(
        (COMPONENT / f"{name}.py").read_text()
        for name in (
            "summary_text",
            "night_summary",
            "intent",
            "calendar",
            "trial_intents",
            "trial_text",
            "words",
        )
    )
    used = set(re.findall(r'(?:texts|words)\["(\w+)"', code))
    known = set(TEXTS["selector"]["words"]["options"])
    kinds = {"possible", "probable", "reported"}
    spoken = {
        *kinds,
        *(f"calendar_{kind}" for kind in (*kinds, "confirmed")),
        *(f"{kind}_{place}" for kind in ("usual", "spoken") for place in PLACES_IN_RANGE),
        "confirmed",
        "no_night",
        "no_such_night",
        *CONFIRMATIONS.values(),
        *(f"month_{number}" for number in range(1, 13)),
        *(f"{unit}_{form}" for unit in ("hour", "minute") for form in ("one", "other")),
        "minute_zero",
        *(f"plan_{plan}" for plan in ("with", "without", "washout")),
        *(f"verdict_{verdict}" for verdict in TRIAL_VERDICTS),
        *(f"outcome_{outcome}" for outcome in TRIAL_OUTCOMES),
    }
    assert used <= known
    assert known == used | spoken | set(FACTORS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    ours = dict(leaves(TEXTS))
    theirs = dict(leaves(ALL[language]))
    assert set(theirs) == set(ours)
    for path, text in ours.items():
        assert placeholders(theirs[path]) == placeholders(text), path
    for path, text in theirs.items():
        assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in path), path
        assert text, path
        assert not re.search(r"https?://|<|\[%|'\{", text), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_names_of_a_sleepers_entities_differ(language: str) -> None:
    """Otherwise Home Assistant would number them."""
    for platform, rows in ALL[language]["entity"].items():
        names = [row["name"] for row in rows.values() if "name" in row]
        assert sorted(set(names)) == sorted(names), platform


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_can_be_parsed(language: str) -> None:
    spoken = SENTENCES[language]
    assert set(spoken) == {"last_night", "more", "cramp", "log", "diary", "trial", "numbers"}
    assert set(spoken["diary"]) == set(CONFIRMATIONS)
    assert set(spoken["numbers"].values()) == set(range(11))
    assert set(spoken["log"]) <= set(FACTORS)
    assert set(spoken["log"]) == set(SENTENCES["en"]["log"])
    for sentence in [
        *spoken["last_night"],
        *spoken["more"],
        *spoken["cramp"],
        *spoken["trial"],
        *(one for found in spoken["diary"].values() for one in found),
        *(one for found in spoken["log"].values() for one in found),
    ]:
        assert parse_sentence(sentence).expression is not None


# --- Icons and images ---


def test_entities_without_a_device_class_have_an_icon() -> None:
    icons = ICONS["entity"]
    for when in ("tonight", "last_night"):
        assert all(f"{when}_{one.key}" in icons["sensor"] for one in MEASURES)
    for platform, rows in (("event", EVENTS), ("button", (*BUTTONS, *TRIAL_BUTTONS))):
        assert set(icons[platform]) == {one.key for one in rows}
    actions = {one.name for one in ACTIONS} | {one.name for one in HOME_ACTIONS}
    assert set(ICONS["services"]) == actions
    assert all(icon.startswith("mdi:") for _, icon in leaves(ICONS))


def test_every_icon_belongs_to_an_entity() -> None:
    for platform, rows in ICONS["entity"].items():
        assert set(rows) <= set(TEXTS["entity"][platform]), platform


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand_images_have_the_sizes_that_are_served(name: str, size: int) -> None:
    data = (COMPONENT / "brand" / name).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (size, size)
