"""An MQTT client of `script/chaos` that is connected within a context."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.processes import LOOPBACK


class ChaosClient(ABC):
    """Connects to the broker itself, past the disturbed link, and hears some topics."""

    def __init__(self, port: int, topics: Sequence[str]) -> None:
        """Prepare; nothing is connected before the context is entered."""
        self._port = port
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(topic, 1) for topic in topics]
        )
        self.client.on_message = lambda _client, _data, message: self.take(message)

    def __enter__(self) -> Self:
        self.client.connect(LOOPBACK, self._port)
        self.client.loop_start()
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    @abstractmethod
    def take(self, message: paho.MQTTMessage) -> None:
        """Take in a message; called in the thread of the client."""
