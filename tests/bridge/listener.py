"""An MQTT client that collects what a broker delivers, and waits for messages."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.processes import LOOPBACK

PATIENCE_S: Final = 150.0
"""How long to wait for a message: the state comes once a minute, and the machine may be busy."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the broker delivered."""

    topic: str
    payload: bytes
    retained: bool

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Listener:
    """Collect the messages of a broker: of all topics, or of those given."""

    def __init__(
        self, port: int, *topics: str, user: str | None = None, password: str | None = None
    ) -> None:
        self.heard: list[Message] = []
        self._changed = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._receive
        self._client.username_pw_set(user, password)
        subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(topic, 1) for topic in topics or ("#",)]
        )
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect(LOOPBACK, port)
        # Else a message may wait 40 ms for the delayed acknowledgement of the one before.
        opened = self._client.socket()
        assert isinstance(opened, socket.socket)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.loop_start()
        assert subscribed.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _receive(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.heard.append(Message(message.topic, message.payload, message.retain))
            self._changed.notify_all()

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish a message and wait until the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def wait(
        self, enough: Callable[[Message], bool], *, since: int = 0, patience: float = PATIENCE_S
    ) -> Message:
        """Return the first message, from number `since`, that is `enough`; fail without one."""
        end = time.monotonic() + patience
        checked = since
        with self._changed:
            while True:
                for message in self.heard[checked:]:
                    if enough(message):
                        return message
                checked = max(since, len(self.heard))
                left = end - time.monotonic()
                assert left > 0, f"no such message; the last ones: {self.heard[-3:]}"
                self._changed.wait(left)

    def on(self, topic: str, *, since: int = 0, patience: float = PATIENCE_S) -> Message:
        """Return the first message on a topic."""
        return self.wait(lambda message: message.topic == topic, since=since, patience=patience)

    def fresh_state(self) -> Any:
        """Let the bridge `bedroom` publish its states, as when Home Assistant starts; return one.

        By itself it may publish the next one after a minute.
        """
        since = len(self.heard)
        self.publish("homeassistant/status", "online")
        return self.on("limber/bedroom/anna/state", since=since).json

    def request(self, **fields: object) -> Any:
        """Send a request to the bridge `bedroom` and return its response."""
        reply_to = "limber/bedroom/response/test"
        since = len(self.heard)
        defaults = {"v": 1, "id": f"q{since}", "reply_to": reply_to, "sleeper": "anna"}
        self.publish("limber/bedroom/request", json.dumps(defaults | fields))
        return self.on(reply_to, since=since).json
