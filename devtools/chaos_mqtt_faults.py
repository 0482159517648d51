"""Faults of `script/chaos` on the broker: a hostile client, small packets, no retained messages."""

import asyncio
import json
import random
import time
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.chaos_faults import Chaos, Fault
from devtools.chaos_verdict import NIGHT
from devtools.mqtt_consumer import ROOT
from devtools.processes import LOOPBACK

REQUEST: Final = f"{ROOT}/request"
FLOOD_PER_S: Final = 300
"""Requests of a second: those that delayed movements by 12 s while they waited among samples."""
SMALL: Final = ("max_packet_size 20000", "message_size_limit 12000")
"""Limits of the broker that are announced, and not announced; a page of events is longer."""
GARBAGE: Final = (
    b"",
    b"\xff\x00\xfe",
    b"[" * 20_000,
    b'{"v": 1e400}',
    b'{"v": 1, "id": "x", "reply_to": "limber/bedroom/status", "command": "pause"}',
    b'{"v": 1, "id": "\\ud800", "reply_to": 7}',
    b" " * 100_000,
)
QUESTIONS: Final = (
    {"command": "trials"},
    {"command": "start_trial", "factor": "water", "weeks": 2, "outcome": "movements"},
    {"command": "answer_trial", "done": True},
    {"command": "answer_trial", "done": False, "night": "0001-01-01"},
    {"command": "stop_trial"},
    {"command": "diary", "evening_symptoms": 4},
    {"command": "diary", "night": "9999-12-31", "cramp": True},
    {"command": "effects"},
    {"command": "trend", "after": "0001-01-01", "last": 365},
    {"command": "report", "from": "0001-01-01", "to": "9999-12-31", "kind": "csv"},
)
"""Requests about trials, the diary and reports, as valid ones and with impossible dates."""


def requests(rng: random.Random, number: int) -> bytes:
    """Return a request of a client that asks for too much, or logs too much."""
    fields: dict[str, object] = {
        "v": 1,
        "id": f"flood-{number}",
        "reply_to": f"{ROOT}/response/flood{rng.randrange(40)}",
        "sleeper": rng.choice(("anna", "anna", "nobody")),
    }
    kind = rng.random()
    if kind < 0.3:
        fields |= {"command": "events", "night": NIGHT.isoformat(), "after": rng.randrange(50)}
    elif kind < 0.5:
        fields |= {"command": "nights", "last": rng.randrange(1, 1000)}
    elif kind < 0.7:
        fields |= {"command": "log", "factor": "other", "note": "x" * rng.randrange(200)}
    elif kind < 0.9:
        fields |= rng.choice(QUESTIONS)
    else:
        return rng.choice(GARBAGE)
    return json.dumps(fields).encode()


def flood(port: int, rng: random.Random, seconds: float) -> None:
    """Flood the requests of a bridge, and leave retained garbage below its topics for a while."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(LOOPBACK, port)
    client.loop_start()
    topics = (REQUEST, f"{ROOT}/stranger/state", f"{ROOT}/ingest/1", f"{ROOT}/response/x")
    for topic in topics:
        client.publish(topic, rng.choice(GARBAGE[1:]), qos=1, retain=True)
    began = time.monotonic()
    number = 0
    while (elapsed := time.monotonic() - began) < seconds:
        while number < FLOOD_PER_S * elapsed:
            client.publish(REQUEST, requests(rng, number))
            number += 1
        time.sleep(0.01)
    for topic in topics:
        client.publish(topic, b"", qos=1, retain=True).wait_for_publish(5.0)
    client.disconnect()
    client.loop_stop()


async def flood_requests(chaos: Chaos) -> None:
    """Let a client of the broker flood the bridge, sometimes while it starts again."""
    # A generator of its own, as it runs in another thread.
    rng = random.Random(chaos.rng.random())  # noqa: S311 - harm that can be done again
    seconds = chaos.rng.uniform(2.0, 5.0)
    flooding = asyncio.to_thread(flood, chaos.stack.broker_port, rng, seconds)
    if chaos.rng.random() < 0.3:
        chaos.stack.running["bridge"].kill()
        chaos.stack.revive()
    await flooding


async def limit_messages(chaos: Chaos) -> None:
    """Start the broker with a limit on the size of messages, and later without it."""
    await restart_limited(chaos, chaos.rng.choice(SMALL))


async def retain_nothing(chaos: Chaos) -> None:
    """Start the broker without retained messages, and later with them."""
    await restart_limited(chaos, "retain_available false")


async def restart_limited(chaos: Chaos, line: str) -> None:
    """Start the broker with a line in its configuration for some seconds."""
    await asyncio.to_thread(chaos.stack.restart_broker, line)
    # Longer than a connection that the bridge suspects of having been taken over.
    await chaos.pause(6.0, 8.0)
    if chaos.rng.random() < 0.3:
        chaos.stack.running["bridge"].kill()
        chaos.stack.revive()
        await chaos.pause(1.0, 3.0)
    await asyncio.to_thread(chaos.stack.restart_broker)
    await chaos.pause(5.0, 6.0)


MQTT_FAULTS: Final = (
    Fault("hostile neighbour (MQTT)", flood_requests),
    Fault("small packets", limit_messages),
    Fault("no retained messages", retain_nothing),
)
"""Rows of `devtools.chaos.FAULTS`."""
