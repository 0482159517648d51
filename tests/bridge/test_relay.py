"""What a client relays of a sensor, delivered to the source that reads it."""

from pathlib import Path

import pytest

from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.protocol.messages import DoneResponse, Refusal, RelayRequest
from limber_bridge.sources.inbox import Delivery, Inbox
from limber_bridge.sources.inbox import Refusal as DeliveryRefusal
from tests.bridge.examples import config
from tests.contract.test_golden import REQUESTS

LIVE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"
ARRIVED = 50_000_000


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def handler(tmp_path: Path, inbox: Inbox) -> RelayHandler:
    return RelayHandler(config(tmp_path, LIVE, more=LISTEN), inbox)


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
    handler = RelayHandler(config(tmp_path, LIVE.replace("1,", "7,"), more=LISTEN), inbox)
    answer = handler.answer(golden_request(), ARRIVED)
    assert answer == Refusal(
        id="a15",
        error="unknown_sensor",
        message="sleeper `anna` has no sensor 1 in limber.yaml",
    )
