"""Cramps, bed, nights and factors as they happen; triggers and conditions of the automation editor
over them."""

import json
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from .conftest import Bridge, golden, set_up

COMPONENT = Path(__file__).parents[3] / "custom_components/limber"


def now(**more: Any) -> dict[str, Any]:
    """What every event has that happened just now."""
    moment = dt_util.utcnow().isoformat()
    return {"start": moment, "known_at": moment} | more


def night(day: str, **measures: object) -> dict[str, Any]:
    one: dict[str, Any] = golden("state")["last_night"]
    return one | {"night": day, "measures": one["measures"] | measures}


async def say(hass: HomeAssistant, bridge: Bridge, name: str, **more: Any) -> None:
    bridge.publish("anna/event", golden(name) | now(**more))
    await hass.async_block_till_done(wait_background_tasks=True)


def shown(hass: HomeAssistant, entity: str) -> dict[str, Any]:
    state = hass.states.get(entity)
    assert state is not None
    return dict(state.attributes)


async def test_a_cramp_fires_events_at_its_start_and_end(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await say(hass, bridge, "event_cramp_started", certainty="probable", id="c-started")
    assert shown(hass, "event.anna_cramp")["event_type"] == "started"
    await say(hass, bridge, "event_cramp_ended", id="c-ended")
    attributes = shown(hass, "event.anna_cramp")
    assert (attributes["event_type"], attributes["certainty"], attributes["reason"]) == (
        "ended",
        "probable",
        "tense calf, then movement",
    )
    await say(hass, bridge, "event_cramp_ended", id="p-ended", certainty="possible")
    assert shown(hass, "event.anna_cramp")["event_type"] == "possible"


async def test_bed_and_factors_fire_events(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await say(hass, bridge, "event_bed", in_bed=True, id="b1")
    assert shown(hass, "event.anna_bed")["event_type"] == "went_to_bed"
    await say(hass, bridge, "event_bed", in_bed=False, id="b2")
    assert shown(hass, "event.anna_bed")["event_type"] == "got_up"
    await say(hass, bridge, "event_bed", kind="factor", factor="water", note=None, id="f1")
    assert shown(hass, "event.anna_logged")["event_type"] == "water"
    await say(hass, bridge, "event_bed", kind="factor", factor="yoga", note=None, id="f2")
    assert shown(hass, "event.anna_logged")["event_type"] == "water"


async def test_the_last_time_of_each_factor_is_an_attribute(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    for number, (factor, start) in enumerate(
        [
            ("stretching", "2026-11-21T20:00:00Z"),
            ("water", "2026-11-21T20:05:00Z"),
            ("stretching", "2026-11-21T19:00:00Z"),
        ]
    ):
        await say(
            hass,
            bridge,
            "event_bed",
            kind="factor",
            factor=factor,
            note=None,
            id=f"f{number}",
            start=start,
        )
    last = shown(hass, "event.anna_logged")["last"]
    assert last == {"stretching": "2026-11-21T20:00:00+00:00", "water": "2026-11-21T20:05:00+00:00"}


async def test_every_translated_attribute_exists(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    """The golden state and events have everything that an entity can show.

    Only a sensor that Home Assistant relays shows its link, which `test_bluetooth_relay` tests.
    """
    enabled = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(enabled, PropertyMock(return_value=True)):
        await set_up(hass, bridge, entry)
    bridge.nights = [night("2026-11-22")]
    shown_kinds = (
        "movement",
        "series_confirmed",
        "cramp_ended",
        "awakening",
        "bed",
        "night",
        "factor",
        "trial",
    )
    for name in shown_kinds:
        more = {"end": dt_util.utcnow().isoformat()} if "end" in golden(f"event_{name}") else {}
        await say(hass, bridge, f"event_{name}", **more)
    found = defaultdict[tuple[str, str | None], set[str]](set)
    found["binary_sensor", "sensor_connected"].add("bluetooth")
    for row in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        found[row.domain, row.translation_key] |= set(shown(hass, row.entity_id))
    texts = json.loads((COMPONENT / "translations/en.json").read_text())["entity"]
    for platform, rows in texts.items():
        for key, row in rows.items():
            assert set(row.get("state_attributes", {})) <= found[platform, key], (platform, key)


async def test_the_event_of_a_finished_night_has_its_measures(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    """The state with them may come later: they are asked for."""
    bridge.nights = [night("2026-11-22", plm_index=31.5, movements=99, cramps_possible=1)]
    await say(hass, bridge, "event_night", night="2026-11-22", revision=1)
    attributes = shown(hass, "event.anna_night")
    assert (
        attributes["event_type"],
        attributes["night"],
        attributes["plm_index"],
        attributes["movements"],
        attributes["cramps"],
    ) == (
        "finished",
        "2026-11-22",
        31.5,
        99,
        1,
    )
    bridge.nights = [night("2026-11-22", plm_index=30.0)]
    await say(hass, bridge, "event_night", night="2026-11-22", revision=2, id="night-2")
    assert shown(hass, "event.anna_night")["event_type"] == "revised"


async def test_the_event_of_a_night_has_no_measures_if_the_bridge_does_not_respond(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.prepared_responses["nights"] = [golden("response_refusal"), golden("response_refusal")]
    await say(hass, bridge, "event_night", night="2026-11-22", revision=1)
    attributes = shown(hass, "event.anna_night")
    assert attributes["event_type"] == "finished"
    assert "plm_index" not in attributes


async def test_a_late_night_is_stored_but_triggers_nothing(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.nights = [night(dt_util.now().date().isoformat(), plm_index=40.0)]
    late = (dt_util.utcnow() - timedelta(minutes=2)).isoformat()
    await say(hass, bridge, "event_night", start=late, known_at=late)
    assert hass.states.get("event.anna_night").state == "unknown"  # type: ignore[union-attr]
    assert hass.states.get("sensor.anna_restless_nights_in_a_row").state == "1"  # type: ignore[union-attr]


# --- In automations ---


async def automate(hass: HomeAssistant, **parts: Any) -> list[Event[Any]]:
    """Set up an automation that fires `done`; return what it fires."""
    fired = async_capture_events(hass, "done")
    automation = {"alias": "test", "actions": [{"event": "done"}]} | parts
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    state = hass.states.get("automation.test")
    assert state is not None
    assert state.state == "on"
    return fired


POSSIBLE = ("event_cramp_ended", {"certainty": "possible"})


@pytest.mark.parametrize(
    ("trigger", "entity", "event", "other"),
    [
        (
            "cramp_started",
            "event.anna_cramp",
            ("event_cramp_started", {}),
            ("event_cramp_ended", {}),
        ),
        (
            "cramp_ended",
            "event.anna_cramp",
            ("event_cramp_ended", {}),
            ("event_cramp_started", {}),
        ),
        (
            "possible_cramp_detected",
            "event.anna_cramp",
            ("event_cramp_ended", {"certainty": "possible"}),
            ("event_cramp_ended", {}),
        ),
        (
            "awakening_detected",
            "event.anna_awakening",
            ("event_awakening", {}),
            ("event_cramp_started", {}),
        ),
        (
            "series_started",
            "event.anna_periodic_series",
            ("event_series_confirmed", {}),
            ("event_series_ended", {}),
        ),
        (
            "went_to_bed",
            "event.anna_bed",
            ("event_bed", {"in_bed": True}),
            ("event_bed", {"in_bed": False}),
        ),
        (
            "got_up",
            "event.anna_bed",
            ("event_bed", {"in_bed": False}),
            ("event_bed", {"in_bed": True}),
        ),
        (
            "night_finished",
            "event.anna_night",
            ("event_night", {"revision": 1}),
            ("event_night", {"revision": 2}),
        ),
    ],
)
async def test_every_trigger_fires(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    trigger: str,
    entity: str,
    event: tuple[str, dict[str, Any]],
    other: tuple[str, dict[str, Any]],
) -> None:
    fired = await automate(
        hass, triggers=[{"trigger": f"limber.{trigger}", "target": {"entity_id": entity}}]
    )
    await say(hass, bridge, other[0], **other[1], id="other")
    assert not fired
    await say(hass, bridge, event[0], **event[1], id="this")
    assert len(fired) == 1


async def test_an_event_just_before_the_bridge_is_online_triggers(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    """The bridge publishes `online` last, after what it has to say."""
    trigger = {"trigger": "limber.cramp_started", "target": {"entity_id": "event.anna_cramp"}}
    fired = await automate(hass, triggers=[trigger])
    bridge.publish("status", "offline")
    await hass.async_block_till_done()
    await say(hass, bridge, "event_cramp_started", id="early")
    assert not fired
    bridge.publish("status", "online")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(fired) == 1
    assert shown(hass, "event.anna_cramp")["event_type"] == "started"


async def test_a_night_that_ended_just_before_the_bridge_is_online_triggers(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    """The bridge answers no request before it is online, so the night waits with its event."""
    trigger = {"trigger": "limber.night_finished", "target": {"entity_id": "event.anna_night"}}
    fired = await automate(hass, triggers=[trigger])
    bridge.publish("status", "offline")
    await hass.async_block_till_done()
    bridge.nights = [night("2026-11-22", plm_index=31.0)]
    bridge.requests.clear()
    await say(hass, bridge, "event_night", id="early", night="2026-11-22")
    assert not fired
    assert bridge.requests == []
    bridge.publish("status", "online")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(fired) == 1
    assert shown(hass, "event.anna_night")["plm_index"] == 31.0


async def test_other_entities_of_a_target_trigger_nothing(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    area = ar.async_get(hass).async_create("Bedroom")
    devices = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, loaded.entry_id):
        devices.async_update_device(device.id, area_id=area.id)
    fired = await automate(
        hass, triggers=[{"trigger": "limber.cramp_started", "target": {"area_id": area.id}}]
    )
    await say(hass, bridge, "event_series_confirmed", id="series")
    await say(hass, bridge, "event_bed", in_bed=True, id="bed")
    assert not fired
    await say(hass, bridge, "event_cramp_started", id="cramp")
    assert len(fired) == 1


async def test_a_restless_night_exceeds_the_limit(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    target = {"entity_id": "event.anna_night"}
    fired = await automate(
        hass,
        triggers=[{"trigger": "limber.restless_night", "target": target, "options": {"above": 20}}],
    )
    for number, (index, count) in enumerate([(20.0, 0), (None, 0), (20.1, 1)]):
        bridge.nights = [night("2026-11-22", plm_index=index)]
        await say(hass, bridge, "event_night", night="2026-11-22", revision=1, id=f"night-{number}")
        assert len(fired) == count


async def go(hass: HomeAssistant, condition: str, entity: str, **options: object) -> bool:
    """Return whether a condition of Limber passes now."""
    one = {"condition": f"limber.{condition}", "target": {"entity_id": entity}, "options": options}
    fired = await automate(
        hass, triggers=[{"trigger": "event", "event_type": "go"}], conditions=[one]
    )
    hass.bus.async_fire("go")
    await hass.async_block_till_done()
    return bool(fired)


@pytest.mark.parametrize(("condition", "key"), [("is_in_bed", "in_bed"), ("is_asleep", "asleep")])
@pytest.mark.parametrize(("value", "passes"), [(True, True), (False, False), (None, False)])
async def test_in_bed_and_asleep(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    condition: str,
    key: str,
    value: bool | None,
    passes: bool,
) -> None:
    await bridge.publish_state(**{key: value})
    assert await go(hass, condition, f"binary_sensor.anna_{key}") is passes


@pytest.mark.parametrize(("above", "passes"), [(24, True), (24.1, False)])
async def test_the_last_night_was_restless(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    above: float,
    passes: bool,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-21T22:30:00Z")
    entity = "sensor.anna_plm_index_last_night"
    assert await go(hass, "last_night_was_restless", entity, above=above) is passes


RESTLESS_CONDITIONS = [
    ("last_night_was_restless", {"above": 1}),
    ("restless_nights_in_a_row", {"above": 1, "nights": 2}),
]


@pytest.mark.parametrize(("condition", "options"), RESTLESS_CONDITIONS)
async def test_conditions_ignore_an_older_night(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    condition: str,
    options: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-23T12:30:00Z")
    assert not await go(hass, condition, "sensor.anna_plm_index_last_night", **options)


@pytest.mark.parametrize(("condition", "options"), RESTLESS_CONDITIONS)
@pytest.mark.parametrize("last_night", [None, night("2026-11-21", plm_index=None)])
async def test_conditions_fail_while_last_night_is_unknown(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    condition: str,
    options: dict[str, Any],
    last_night: dict[str, Any] | None,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-21T22:30:00Z")
    await bridge.publish_state(last_night=last_night)
    assert not await go(hass, condition, "sensor.anna_plm_index_last_night", **options)


@pytest.mark.parametrize(
    ("indices", "passes"),
    [
        ([30.0, 16.0, 20.0], True),
        ([30.0, 14.0, 20.0], False),
        ([30.0, None, 20.0], False),
        ([16.0, 20.0], False),
    ],
)
async def test_restless_nights_in_a_row(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    indices: list[float | None],
    passes: bool,
) -> None:
    today = dt_util.now().date()
    days = [today - timedelta(days=len(indices) - 1 - number) for number in range(len(indices))]
    bridge.nights = [
        night(day.isoformat(), plm_index=index) for day, index in zip(days, indices, strict=True)
    ]
    await say(hass, bridge, "event_night", night=today.isoformat())
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await hass.async_block_till_done(wait_background_tasks=True)
    entity = "sensor.anna_plm_index_last_night"
    assert await go(hass, "restless_nights_in_a_row", entity, nights=3, above=15) is passes
