"""Sensors that Home Assistant connects to, and the keys of Bluetooth sensors in limber.yaml."""

import asyncio
import json
import struct
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import voluptuous as vol

from devtools.network_sensor import AnkleSensor, leg
from limber_bridge.sources.bluetooth import SOURCE, relay_profile, witmotion
from limber_bridge.sources.bluetooth.profiles import PROFILES
from limber_bridge.sources.inbox import UNKNOWN_SENSOR, Delivery, Position, Refusal
from limber_bridge.sources.source_api import SourceEvent, SourceRequest
from tests.bridge.bluetooth.fake_sensors import (
    BATTERY_LEVEL,
    PMD_CONTROL,
    PMD_DATA,
    UART_TX,
    pack_deltas,
    polar_frame,
)
from tests.bridge.bluetooth.reading import (
    errors_of,
    joined,
    samples_of,
    sensor_request,
    source_request,
    until,
)

START_REPLY = bytes([0xF0, 2, 2, 0, 0]) + struct.pack("<BBf", 5, 1, 0.000244)
RELAYED: dict[str, Any] = {"device": "polar_verity_sense", "via": "home_assistant"}


def frame(number: int) -> bytes:
    """The n-th notification of 26 samples at 52 Hz: half a second."""
    stamp = 10**9 + number * 5 * 10**8
    return polar_frame(stamp, 0x80, pack_deltas([(0, 0, 4098), *[(0, 1, 4098)] * 25], 4))


class Relay:
    """What the request handler of the bridge does with what Home Assistant sends."""

    def __init__(self, request: SourceRequest) -> None:
        self._request = request

    def send(
        self,
        channel: str,
        payload: bytes = b"",
        age_s: float = 0.0,
        position: Position | None = None,
    ) -> Refusal | None:
        arrived = self._request.host_clock.steady() - round(age_s * 1e6)
        delivery = Delivery(payload, arrived, channel=channel, position=position)
        return self._request.inbox.deliver(1, delivery)


async def collect(
    relayed: Sequence[tuple[str, bytes, float] | tuple[str, bytes, float, Position]],
    keys: dict[str, Any] = RELAYED,
) -> tuple[list[SourceEvent], list[Any]]:
    """The events and refusals of relayed notifications: channel, payload, age in s, position."""
    request = source_request(sensor_request(**keys))
    waiting = request.queue_sizes
    async with aclosing(SOURCE.run(request)) as events:
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        refusals = [Relay(request).send(*one) for one in relayed]
        found = [await first, *await until(events, lambda _: waiting["bluetooth"]() == 0)]
    return found, refusals


async def test_relayed_notifications_are_parsed_and_placed_by_their_age() -> None:
    found, refusals = await collect(
        [
            ("signal_strength", b"-71", 0),
            ("connected", b"", 0),
            (PMD_CONTROL, START_REPLY, 0),
            (BATTERY_LEVEL, b"\x37", 0),
            *[(PMD_DATA, frame(number), 30 - 0.5 * number) for number in range(4)],
        ]
    )
    assert refusals == [None] * 8
    assert errors_of(found) == []
    first, second = samples_of(found)[:2]
    assert (first.battery, first.signal_strength) == (55, -71)
    assert np.linalg.norm(joined(found), axis=0) == pytest.approx(1.0, abs=0.001)
    start = second.block.clock.time_of(second.block.first)
    assert start - first.block.clock.time_of(first.block.first) == pytest.approx(5e5, abs=2e4)


def numbered(
    run: str, sent: list[tuple[str, bytes, float]]
) -> list[tuple[str, bytes, float, Position]]:
    """Number notifications as one run of a client."""
    return [(*one, Position(run, number)) for number, one in enumerate(sent)]


def samples_and_span(found: list[SourceEvent]) -> tuple[int, float]:
    """How many samples arrived, and the time in s from the first to the last."""
    blocks = [one.block for one in samples_of(found)]
    last = blocks[-1]
    span = last.clock.time_of(last.end - 1) - blocks[0].clock.time_of(blocks[0].first)
    return joined(found).shape[1], span / 1e6


WITMOTION: dict[str, Any] = {"device": "witmotion", "via": "home_assistant"}
WIT_PACKET = bytes([0x55, 0x61]) + struct.pack("<9h", 0, 2048, 0, *[0] * 6)
POLAR_SENT = [
    ("connected", b"", 20.0),
    (PMD_CONTROL, START_REPLY, 20.0),
    *[(PMD_DATA, frame(number), 20.0 - 0.5 * number) for number in range(30)],
]
WITMOTION_SENT = [
    ("connected", b"", 20.0),
    *[(witmotion.NOTIFY, WIT_PACKET, 20.0 - 0.02 * number) for number in range(750)],
]


@pytest.mark.parametrize(("keys", "sent"), [(RELAYED, POLAR_SENT), (WITMOTION, WITMOTION_SENT)])
async def test_notifications_that_are_sent_twice_count_once(
    keys: dict[str, Any], sent: list[tuple[str, bytes, float]]
) -> None:
    """The client sends them again where the response was lost."""
    once = numbered("a", sent)
    middle = len(once) // 2
    # The beginning of the connection, and a third of what came, arrive a second time.
    twice = [*once[:middle], *once[:2], *once[middle // 2 :]]
    expected, _ = await collect(once, keys)
    found, refusals = await collect(twice, keys)
    assert set(refusals) == {None}
    assert errors_of(found) == errors_of(expected) == []
    count, span = samples_and_span(found)
    assert (count, span) == pytest.approx(samples_and_span(expected), abs=0.05)


async def test_another_run_of_the_client_begins_to_number_again() -> None:
    first = numbered("a", POLAR_SENT[:12])
    second = numbered("b", [*POLAR_SENT[:2], *POLAR_SENT[12:]])
    found, refusals = await collect([*first, *second])
    assert set(refusals) == {None}
    assert joined(found).shape[1] == 26 * 30


async def test_data_without_the_scale_is_refused_with_the_remedy() -> None:
    _, refusals = await collect(
        [
            (PMD_DATA, frame(0), 0),
            ("connected", b"", 0),
            (PMD_CONTROL, START_REPLY, 0),
            (PMD_DATA, frame(1), 0),
            (PMD_DATA, frame(2), 0),
        ]
    )
    assert refusals[0] is not None
    assert "connect to the sensor again" in refusals[0].text
    assert refusals[1:] == [None] * 4


async def test_a_start_that_was_refused_is_answered() -> None:
    in_charger = bytes([0xF0, 2, 2, 13, 0])
    _, refusals = await collect(
        [
            ("connected", b"", 0),
            (PMD_CONTROL, in_charger, 0),
            (PMD_CONTROL, START_REPLY, 0),
            (PMD_DATA, frame(0), 0),
            (PMD_DATA, frame(1), 0),
        ]
    )
    assert refusals[1] is not None
    assert "take it out of the charger" in refusals[1].text


async def test_limber_frames_can_be_relayed() -> None:
    sensor = AnkleSensor(id=1, key=b"a secret key 5e1f")
    keys = {"device": "limber", "via": "home_assistant", "key": "a secret key 5e1f"}
    request = source_request(sensor_request(**keys))  # type: ignore[arg-type]
    async with aclosing(SOURCE.run(request)) as events:
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        relay = Relay(request)
        assert relay.send(UART_TX, sensor.frame(leg(0, 0.5, []))) is None
        await first
        refusal = relay.send(UART_TX, b"garbage")
        assert refusal is not None
        assert "not a Limber frame" in refusal.text


async def test_a_sensor_is_known_only_while_the_source_runs() -> None:
    request = source_request(sensor_request(**RELAYED))
    async with aclosing(SOURCE.run(request)) as events:
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert Relay(request).send("connected") is None
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert Relay(request).send("connected") is UNKNOWN_SENSOR


@pytest.mark.parametrize("device", PROFILES)
def test_the_profile_of_a_relayed_sensor_is_plain_data(device: str) -> None:
    options = sensor_request(device=device, via="home_assistant").options
    profile = relay_profile(options)
    assert profile == json.loads(json.dumps(profile))
    assert profile is not None
    for command in profile["start"]:
        bytes.fromhex(command["data"])


def test_the_start_of_a_relayed_polar() -> None:
    profile = relay_profile(sensor_request(**RELAYED).options)
    assert profile is not None
    assert profile["start"][1] == {
        "characteristic": PMD_CONTROL,
        "data": "0209",
        "response": True,
        "reply": {"characteristic": PMD_CONTROL, "prefix": "f00209"},
        "timeout": 5.0,
    }


def test_a_sensor_of_the_bridge_itself_has_no_relay_profile() -> None:
    options = sensor_request(device="polar_h10", name="Polar H10 1").options
    assert relay_profile(options) is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"device": "polar"}, "write polar_verity_sense, polar_h10, movesense"),
        ({"device": "polar_h10"}, "add `address` or `name` of the sensor"),
        ({"device": "polar_h10", "address": "A09E1A000001"}, "write the address in quotes"),
        ({"device": "polar_h10", "name": "x", "adapter": "0"}, "such as hci0"),
        ({"device": "polar_h10", "name": "x", "key": "a secret key 5e1f"}, "leave `key` out"),
        ({"device": "limber", "name": "x", "key": "short"}, "16 or more random characters"),
        ({"device": "limber", "via": "hass"}, "write home_assistant"),
        ({"device": "limber", "via": "home_assistant", "adapter": "hci0"}, "leave `adapter` out"),
    ],
)
def test_wrong_keys_are_named_with_the_remedy(keys: dict[str, object], message: str) -> None:
    with pytest.raises(vol.Invalid, match=message):
        SOURCE.make_options(SOURCE.sensor_schema(keys), Path())


def test_a_key_is_not_shown() -> None:
    options = sensor_request(device="limber", name="x", key="a secret key 5e1f").options
    assert "secret" not in repr(options)
