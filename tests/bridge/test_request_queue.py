"""Requests wait behind samples, in a bounded queue, and are answered once."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import free_port
from limber_bridge.daemon.job_queue import JobQueue, Tick
from limber_bridge.daemon.request_queue import (
    MAX_IDS,
    MAX_PER_CLIENT,
    MAX_WAITING,
    PATIENCE_US,
    Outcome,
    RequestQueue,
    WaitingRequest,
)
from limber_bridge.protocol.encoding import Topics, parse_request
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, EVENT, STATE, listen_on, online

pytestmark = pytest.mark.real_time

TOPICS = Topics("limber", "bedroom")
FLOOD_S = 24.0
CLIENTS = st.sampled_from(["home", "phone", "flood", "other"])
COMMANDS = st.sampled_from(
    [
        {"command": "nights"},
        {"command": "nights", "last": 7},
        {"command": "events", "night": "2026-11-22"},
        {"command": "pause", "paused": True},
        {"command": "unknown"},
    ]
)


def waiting(client: str, id_: str, command: dict[str, Any], arrived: int = 0) -> WaitingRequest:
    """A request as it arrives."""
    reply_to = f"{TOPICS.responses}{client}"
    fields = {"v": 1, "id": id_, "reply_to": reply_to, "sleeper": "anna"} | command
    topic, request = parse_request(json.dumps(fields).encode(), TOPICS)
    return WaitingRequest(topic, request, arrived, (id_,))


class AnyOrderOfRequests(RuleBasedStateMachine):
    """Requests of all clients in any order: bounded, fair, and nothing is answered twice."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = RequestQueue()
        self.now = 0
        self.sent = 0
        self.answered: Counter[tuple[str, str]] = Counter()
        self.due: dict[tuple[str, str], int] = {}
        """When each request that waits arrived last."""

    @rule(client=CLIENTS, command=COMMANDS, count=st.integers(1, 40))
    def ask(self, client: str, command: dict[str, Any], count: int) -> None:
        for _ in range(count):
            self.sent += 1
            arriving = waiting(client, f"q{self.sent}", command, self.now)
            outcome = self.queue.offer(arriving)
            if command["command"] in ("pause", "unknown"):
                assert outcome is not Outcome.MERGED

    @rule(client=CLIENTS, command=COMMANDS)
    def ask_twice(self, client: str, command: dict[str, Any]) -> None:
        """The broker may deliver a message of QoS 1 twice."""
        self.sent += 1
        arriving = waiting(client, f"q{self.sent}", command, self.now)
        if self.queue.offer(arriving) is not Outcome.SURPLUS:
            assert self.queue.offer(arriving) is Outcome.REPEATED

    @rule(count=st.integers(1, 80))
    def answer(self, count: int) -> None:
        for _ in range(count):
            taken = self.queue.take(self.now)
            if taken is None:
                assert not len(self.queue)
                return
            assert self.now - taken.arrived < PATIENCE_US
            assert len(taken.ids) <= MAX_IDS
            self.answered.update((taken.reply_to, id_) for id_ in taken.ids)

    @rule(seconds=st.integers(0, 12))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1_000_000

    @invariant()
    def the_queue_is_bounded(self) -> None:
        assert len(self.queue) <= MAX_WAITING

    @invariant()
    def nothing_is_answered_twice(self) -> None:
        assert max(self.answered.values(), default=1) == 1


TestAnyOrderOfRequests = AnyOrderOfRequests.TestCase
TestAnyOrderOfRequests.settings = hypothesis_settings(
    max_examples=100, stateful_step_count=30, deadline=None
)


@hypothesis_settings(deadline=None)
@given(floods=st.integers(1, 12), each=st.integers(1, 100))
def test_a_client_is_answered_next_whoever_else_floods(floods: int, each: int) -> None:
    """With one request of each other client before it, at most."""
    queue = RequestQueue()
    for number in range(floods * each):
        night = {"command": "events", "night": "2026-11-22", "after": number}
        queue.offer(waiting(f"flood{number % floods}", f"f{number}", night))
    assert queue.offer(waiting("home", "h", {"command": "nights"})) is Outcome.WAITS
    taken = [queue.take(0) for _ in range(floods + 1)]
    assert "home" in [one.reply_to.rsplit("/", 1)[1] for one in taken if one is not None]


def test_one_client_has_a_limited_number() -> None:
    queue = RequestQueue()
    outcomes = [
        queue.offer(waiting("home", f"q{number}", {"command": "nights", "last": number + 1}))
        for number in range(MAX_PER_CLIENT + 3)
    ]
    assert outcomes.count(Outcome.SURPLUS) == 3


def test_equal_requests_are_answered_together_and_the_latest_ids_count() -> None:
    queue = RequestQueue()
    outcomes = [
        queue.offer(waiting("home", f"q{number}", {"command": "nights"})) for number in range(6)
    ]
    assert outcomes == [Outcome.WAITS, *[Outcome.MERGED] * 5]
    taken = queue.take(0)
    assert taken is not None
    assert taken.ids == ("q2", "q3", "q4", "q5")
    assert queue.take(0) is None


async def test_a_request_waits_until_no_sample_does() -> None:
    jobs = JobQueue()
    for _ in range(3):
        jobs.offer(Tick())
    waits = asyncio.create_task(jobs.wait_idle(60.0))
    for _ in range(3):
        await jobs.next()
        await asyncio.sleep(0)
        assert not waits.done()
    following = asyncio.create_task(jobs.next())
    await waits
    following.cancel()


async def test_a_request_does_not_wait_for_ever() -> None:
    """A recording that is played as fast as possible leaves the detection no time."""
    jobs = JobQueue()
    jobs.offer(Tick())
    await jobs.wait_idle(0.01)


def flood(listener: Listener, number: int) -> None:
    """Ask for the events of a night, as a client that never waits for its answers."""
    request = {"v": 1, "id": f"f{number}", "sleeper": "anna", "command": "events"}
    request |= {"reply_to": f"{TOPICS.responses}flood{number % 50}", "after": number}
    request |= {"night": "2026-11-22"}
    listener._client.publish(TOPICS.request, json.dumps(request))


def movements(listener: Listener) -> set[str]:
    """The ids of the movements that were published."""
    return {
        one.json["id"]
        for one in list(listener.heard)
        if one.topic == EVENT and one.json["kind"] == "movement"
    }


@pytest.mark.takes(24)
def test_a_flood_of_requests_delays_no_movement_and_loses_no_sample(
    broker: Broker, start_bridge: StartBridge
) -> None:
    """300 requests a second for 24 s, while a sensor measures a kick every 3 s."""
    port = free_port()
    kicks = [(2.0 + 3.0 * number, 1.0) for number in range(7)]
    sensor = AnkleSensor()
    answers = f"{TOPICS.responses}#"
    with Listener(broker.port, EVENT, STATE, "limber/bedroom/status", answers) as listener:
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        began = time.monotonic()
        sent = 0.0
        asked = 0
        while sent < FLOOD_S:
            elapsed = time.monotonic() - began
            while sent < min(FLOOD_S, elapsed):
                send(port, sensor.frame(leg(sent, 0.5, kicks)))
                sent += 0.5
            while asked < 300 * min(FLOOD_S, elapsed):
                flood(listener, asked)
                asked += 1
            time.sleep(0.005)
        # The last kick ended three seconds ago.
        during = movements(listener)
        state = listener.fresh_state()
    assert len(during) == len(kicks)
    assert state["sensors"]["1"]["lost"] == state["sensors"]["1"]["late"] == 0
    answered = [one for one in listener.heard if one.topic.startswith(TOPICS.responses)]
    assert 0 < len(answered) <= asked
    assert len({one.json["id"] for one in answered}) == len(answered)
