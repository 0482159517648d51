"""A client that wants every night and every event of a bridge, like the integration.

Run as `python -m devtools.mqtt_consumer PORT FILE`. It stores its data in a file, so it can be
killed at any moment. After every state it requests what it missed.
"""

import json
import queue
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.processes import LOOPBACK

ROOT: Final = "limber/bedroom"
SLEEPER: Final = "anna"
REPLY: Final = f"{ROOT}/response/consumer"
PATIENCE: Final = 3.0
"""s to wait for a response."""
APART: Final = 1.0
"""s between two rounds of requests."""
NOT_PUBLISHED: Final = ("sleep", "position_change")
"""Kinds that only a response has. The stretches of sleep are estimated again with each request, so
that earlier ones are no events of the journal."""
LOCK_TIMEOUT_S: Final = 60
"""s for which a program waits for the other to finish with the file. chosen: a machine at its
limits, whose disk takes seconds to write."""
TABLES: Final = """
CREATE TABLE IF NOT EXISTS night (night TEXT PRIMARY KEY, payload TEXT);
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, payload TEXT);
CREATE TABLE IF NOT EXISTS live (id TEXT PRIMARY KEY, heard INTEGER);
"""


def thing(key: str) -> str:
    """Return the id of the series or cramp of an event; each is published several times."""
    for phase in ("-confirmed", "-ended", "-started"):
        key = key.removesuffix(phase)
    return key


class NoAnswerError(Exception):
    """No response in time, or an error response."""


class Consumer:
    """Follows one bridge until it is killed."""

    def __init__(self, port: int, path: str) -> None:
        """Connect, and keep trying."""
        self._file = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, autocommit=True)
        # The results are compared while this writes.
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.executescript(TABLES)
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._asked = 0
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, "consumer", protocol=paho.MQTTv5
        )
        client.reconnect_delay_set(1, 2)
        client.on_connect = lambda client, *_: client.subscribe(
            [(f"{ROOT}/{topic}", 1) for topic in ("status", "+/state", "+/event")] + [(REPLY, 1)]
        )
        client.on_subscribe = lambda *_: self._heard.put(("connected", None))
        client.on_message = lambda _client, _data, message: self._heard.put(
            (message.topic, message.payload)
        )
        client.connect_async(LOOPBACK, port, 10)
        client.loop_start()

    def run(self) -> None:
        """Process messages and request what is missing."""
        asked = 0.0
        while True:
            topic, payload = self._heard.get()
            tonight = self._take(topic, payload)
            if tonight is not None and time.monotonic() - asked >= APART:
                asked = time.monotonic()
                with suppress(NoAnswerError):
                    self._catch_up(tonight)

    def _take(self, topic: str, payload: bytes | None) -> str | None:
        """Store a live event; return tonight's date if it is time for a request."""
        if topic == f"{ROOT}/{SLEEPER}/event" and payload:
            key = json.loads(payload)["id"]
            self._file.execute(
                "INSERT INTO live VALUES (?, 1) ON CONFLICT DO UPDATE SET heard = heard + 1", (key,)
            )
        if topic == f"{ROOT}/{SLEEPER}/state" and payload:
            return str(json.loads(payload)["tonight"]["night"])
        return None

    def _catch_up(self, tonight: str) -> None:
        """Request new and revised nights, and their remaining events."""
        nights = [
            night for (night,) in self._file.execute("SELECT night FROM night ORDER BY night")
        ]
        for night in self._pages("nights", after=nights[-3] if len(nights) >= 3 else None):
            self._file.execute(
                "INSERT OR REPLACE INTO night VALUES (?, ?)", (night["night"], json.dumps(night))
            )
        for night in {*nights[-2:], tonight}:
            for event in self._pages("events", night=night):
                if event["kind"] in NOT_PUBLISHED:
                    continue
                self._file.execute(
                    "INSERT OR REPLACE INTO event VALUES (?, ?)",
                    (thing(event["id"]), json.dumps(event)),
                )

    def _pages(self, ask: str, **question: str | int | None) -> list[Any]:
        """Return all items of the responses to a request, page by page."""
        found: list[Any] = []
        while True:
            answer = self._ask(ask, question)
            found += answer[ask]
            if answer["next"] is None:
                return found
            question["after"] = answer["next"]

    def _ask(self, ask: str, question: Mapping[str, str | int | None]) -> Any:  # noqa: ANN401 - an answer, as JSON
        self._asked += 1
        key = f"{time.time_ns()}-{self._asked}"
        rest = {name: value for name, value in question.items() if value is not None}
        asked = {"v": 1, "id": key, "reply_to": REPLY, "command": ask, "sleeper": SLEEPER} | rest
        self._client.publish(f"{ROOT}/request", json.dumps(asked), qos=1)
        until = time.monotonic() + PATIENCE
        while (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                topic, payload = self._heard.get(timeout=left)
                if topic != REPLY:
                    self._take(topic, payload)
                elif (answer := json.loads(payload))["id"] == key and answer["ok"]:
                    return answer
        raise NoAnswerError


if __name__ == "__main__":
    Consumer(int(sys.argv[1]), sys.argv[2]).run()
