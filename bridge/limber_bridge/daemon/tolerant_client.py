"""A client of paho that ends for no reason but its own: it accepts every reason code.

paho 2.1 raises where a packet has a reason code that MQTT 5 allows only in other packets, and its
thread ends: mosquitto answers a message beyond its `message_size_limit` with a PUBACK "Packet too
large" (0x95). paho 2.2 disconnects instead, and sends the message again for ever.
"""

from collections.abc import Callable
from typing import override

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode


class TolerantReasonCode(ReasonCode):
    """A reason code of any packet, also where MQTT 5 does not allow it there."""

    @override
    def unpack(self, buffer: bytes) -> int:
        """Read the code from the first byte; return how many bytes were read."""
        value = buffer[0]
        named = self.names.setdefault(value, {f"Reason {value:#04x}": []})
        if not any(self.packetType in packets for packets in named.values()):
            next(iter(named.values())).append(self.packetType)
        return int(super().unpack(buffer))  # type: ignore[no-untyped-call]


# Where paho makes the codes that it reads. The parsers of the packets are not public.
paho.ReasonCode = TolerantReasonCode  # type: ignore[attr-defined]


class TolerantClient(paho.Client):
    """A client that says when its thread ends by an error, instead of only falling silent."""

    on_end: Callable[[paho.Client, Exception], None] | None = None
    """Called in the thread that ends."""

    @override
    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """Run until the client is closed, or an error ends it."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:
            # paho documents no errors here, and each of them ends the thread silently.
            if self.on_end is None:
                raise
            self.on_end(self, error)
            return MQTTErrorCode.MQTT_ERR_UNKNOWN
