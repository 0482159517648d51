"""Somebody who wants every night and every event of a bridge, as the integration does.

Run as `python -m devtools.mqtt_consumer PORT FILE`. It keeps what it knows in a file, so that it
can be killed at any moment. Whatever it missed it asks for, after every state: it can only do so
because the journal can be asked.
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
"""s for an answer."""
APART: Final = 1.0
"""s between two times that it asks."""
TABLES: Final = """
CREATE TABLE IF NOT EXISTS night (night TEXT PRIMARY KEY, payload TEXT);
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, payload TEXT);
CREATE TABLE IF NOT EXISTS live (id TEXT PRIMARY KEY, heard INTEGER);
"""


def thing(key: str) -> str:
    """Return the id of what an event tells of: a series or a cramp is told of more than once."""
    for phase in ("-confirmed", "-ended", "-started"):
        key = key.removesuffix(phase)
    return key


class NoAnswerError(Exception):
    """Nobody answered in time, or with a refusal."""


class Consumer:
    """Follows one bridge, for ever."""

    def __init__(self, port: int, path: str) -> None:
        """Connect, and go on trying."""
        self._file = sqlite3.connect(path, autocommit=True)
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
        """Take in what comes, and ask for what is missing."""
        asked = 0.0
        while True:
            topic, payload = self._heard.get()
            tonight = self._take(topic, payload)
            if tonight is not None and time.monotonic() - asked >= APART:
                asked = time.monotonic()
                with suppress(NoAnswerError):
                    self._catch_up(tonight)

    def _take(self, topic: str, payload: bytes | None) -> str | None:
        """Note a live event; return tonight's date where it is time to ask."""
        if topic == f"{ROOT}/{SLEEPER}/event" and payload:
            key = json.loads(payload)["id"]
            self._file.execute(
                "INSERT INTO live VALUES (?, 1) ON CONFLICT DO UPDATE SET heard = heard + 1", (key,)
            )
        if topic == f"{ROOT}/{SLEEPER}/state" and payload:
            return str(json.loads(payload)["tonight"]["night"])
        return None

    def _catch_up(self, tonight: str) -> None:
        """Ask for nights that may be new or revised, and for the rest of their events."""
        nights = [
            night for (night,) in self._file.execute("SELECT night FROM night ORDER BY night")
        ]
        for night in self._pages("nights", after=nights[-3] if len(nights) >= 3 else None):
            self._file.execute(
                "INSERT OR REPLACE INTO night VALUES (?, ?)", (night["night"], json.dumps(night))
            )
        for night in {*nights[-2:], tonight}:
            for event in self._pages("events", night=night):
                self._file.execute(
                    "INSERT OR REPLACE INTO event VALUES (?, ?)",
                    (thing(event["id"]), json.dumps(event)),
                )

    def _pages(self, ask: str, **question: str | int | None) -> list[Any]:
        """Return everything that the answers to a question hold, page by page."""
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
