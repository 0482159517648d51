"""What a client relays of a sensor, delivered to the source that reads it."""

import base64
import json
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from devtools.network_sensor import AnkleSensor
from devtools.processes import free_port
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.protocol.messages import DoneResponse, Refusal
from limber_bridge.protocol.request_messages import RelayRequest
from limber_bridge.sources.inbox import Delivery, Inbox, Position
from limber_bridge.sources.inbox import Refusal as DeliveryRefusal
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import INFO, STATE, online
from tests.contract.test_golden import CONTRACT, REQUESTS

pytestmark = pytest.mark.real_time

LIVE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"
ARRIVED = 50_000_000


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def handler(tmp_path: Path, inbox: Inbox) -> RelayHandler:
    return RelayHandler({"anna": {1}}.__getitem__, inbox)


def golden_request() -> RelayRequest:
    request = REQUESTS["request_relay"]
    assert isinstance(request, RelayRequest)
    return request


def test_notifications_are_delivered_in_order_at_their_time(
    handler: RelayHandler, inbox: Inbox
) -> None:
    delivered: list[Delivery] = []
    with inbox.receiving(1, delivered.append):
        answer = handler.answer(golden_request(), ARRIVED)
    assert answer == DoneResponse(id="a15")
    assert [(one.arrived, one.channel[:9], one.payload) for one in delivered] == [
        (ARRIVED - 1_250_000, "connected", b""),
        (ARRIVED - 430_000, "fb005c81-", b"\xf0\x02\x09\x00\x00"),
        (ARRIVED, "fb005c82-", bytes(range(7))),
        (ARRIVED, "signal_st", b"-67"),
    ]
    assert [one.position for one in delivered] == [
        *(Position("5d2f0c9e7b1a4c38", number) for number in range(3)),
        None,
    ]


def test_the_first_refusal_is_the_answer_and_the_rest_is_delivered(
    handler: RelayHandler, inbox: Inbox
) -> None:
    delivered: list[Delivery] = []

    def refuse(delivery: Delivery) -> DeliveryRefusal | None:
        delivered.append(delivery)
        return DeliveryRefusal(f"refused {len(delivered)}") if len(delivered) > 1 else None

    with inbox.receiving(1, refuse):
        answer = handler.answer(golden_request(), ARRIVED)
    assert answer == Refusal(id="a15", error="refused", message="refused 2")
    assert len(delivered) == 4


def test_a_sensor_that_is_not_relayed_is_refused(handler: RelayHandler) -> None:
    answer = handler.answer(golden_request(), ARRIVED)
    assert isinstance(answer, Refusal)
    assert (answer.error, "limber.yaml" in answer.message) == ("unknown_sensor", True)


def test_a_sensor_of_another_sleeper_is_refused(tmp_path: Path, inbox: Inbox) -> None:
    handler = RelayHandler({"anna": {7}}.__getitem__, inbox)
    answer = handler.answer(golden_request(), ARRIVED)
    assert answer == Refusal(
        id="a15",
        error="unknown_sensor",
        message="sleeper `anna` has no sensor 1 in limber.yaml",
    )


RELAYED = (
    "{id: 1, source: bluetooth, device: limber, via: home_assistant, placement: ankle, "
    "side: left, quantity: acceleration}"
)
UART = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


def test_a_relayed_sensor_is_read_by_a_running_bridge(
    broker: Broker, start_bridge: StartBridge
) -> None:
    """The profile in `info` is what the integration reads; the requests are what it sends."""
    with Listener(broker.port) as listener:
        start_bridge(RELAYED, broker.port, f"web: {{address: 127.0.0.1, port: {free_port()}}}\n")
        listener.wait(online)
        relay = listener.on(INFO).json["sleepers"][0]["sensors"][0]["relay"]
        # The integration is tested with the golden profile, so the keys must be the same.
        assert relay.keys() == golden_relay().keys()
        assert relay["subscribe"] == [UART]
        sensor = AnkleSensor()
        lying = np.repeat([[0.0], [1.0], [0.0]], 25, axis=1)
        begin = time.monotonic()
        numbers = count()
        notifications = [
            [next(numbers), 0, "connected", ""],
            frame(next(numbers), sensor.clock_frame(0)),
        ]
        for _ in range(12):
            notifications.append(frame(next(numbers), sensor.frame(lying)))
            answer = listener.request(
                command="relay",
                sensor=1,
                run="a",
                notifications=notifications,
                signal_strength=-61,
            )
            assert answer == {"v": 1, "id": answer["id"], "ok": True}
            notifications = []
            # As fast as the sensor measures.
            time.sleep(max(0.0, begin + sensor.sequence / 50.0 - time.monotonic()))
        state = listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"]
        ).json
        health = state["sensors"]["1"]
        assert (health["battery"], health["problem"], health["refused"]) == (80, None, 0)
        refused = listener.request(
            command="relay",
            sensor=1,
            run="a",
            notifications=[frame(next(numbers), b"not a frame")],
            signal_strength=None,
        )
        assert (refused["ok"], refused["error"]) == (False, "refused")


def frame(number: int, data: bytes) -> list[object]:
    """Return a notification of the Nordic UART service that has just arrived."""
    return [number, 0, UART, base64.b64encode(data).decode("ascii")]


def golden_relay() -> dict[str, object]:
    info = json.loads((CONTRACT / "info.json").read_text())
    relay: dict[str, object] = info["sleepers"][0]["sensors"][0]["relay"]
    return relay
