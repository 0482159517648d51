"""What a broker announces that it does not accept, and the size of messages that it takes; pure.

MQTT 5, section 3.2.2.3: a broker announces in CONNACK whether it retains messages, the highest QoS
and the largest packet. A limit that it does not announce, such as `message_size_limit` of
mosquitto, shows only when it refuses a message.
"""

from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.mqtt_events import (
    Action,
    BrokerLimits,
    ClearProblem,
    LogWarning,
    RaiseProblem,
)
from limber_bridge.protocol.encoding import PAGE_MAX_BYTES

PACKET_OVERHEAD: Final = 32
"""Bytes of a PUBLISH packet besides its topic and payload, at most: fixed header, lengths, packet
identifier and the expiry of a message (MQTT 5, 3.3)."""
RESPONSE_OVERHEAD: Final = 600
"""Bytes of a response besides its nights or events. Chosen: room for the topic and the id."""
SUSPECT_BYTES: Final = 4096
"""A smaller message is not suspected of having ended the connection. Chosen: brokers accept it."""
SUSPECT_AGE_S: Final = 2.0
"""Time after a message in which a broker closes the connection because of it. Chosen."""
SUSPECT_GROWTH: Final = 1.25
"""A message is suspected only if it is larger, by this factor, than one that the broker accepted on
the same connection: else any restart of the broker just after a state would be blamed on its size,
and no state would be sent any more. If the broker really refuses it now, the next connection ends
as well, and then nothing was accepted. Chosen: a state grows by a few bytes at a time."""
REASONS_OF_SIZE: Final = (0x00, 0x80, 0x95)
"""Reason codes (MQTT 5, 2.4) of a connection that may have ended because of a message: none, as
paho 2.1 also reports a reason that comes without properties; unspecified; packet too large. A
broker that says another one, such as that it is shutting down, does not mean the size."""

NO_LIMITS: Final = BrokerLimits()


def packet_size(topic: str, payload: bytes) -> int:
    """Return the greatest size of the packet that publishes a message, in bytes."""
    return len(topic.encode()) + len(payload) + PACKET_OVERHEAD


def limit_reports(limits: BrokerLimits) -> tuple[Action, ...]:
    """Return what reports the limits of a broker that accepted the connection."""
    size = limits.packet_bytes
    smaller = size is not None and size < PAGE_MAX_BYTES + RESPONSE_OVERHEAD
    text = problems.smaller_responses(PAGE_MAX_BYTES, size)
    return (
        *((LogWarning(text, once=True),) if smaller else ()),
        ClearProblem(problems.NO_RETAIN, problems.RETAIN_RETURNED)
        if limits.retain
        else RaiseProblem(problems.NO_RETAIN, problems.NOT_RETAINED),
        ClearProblem(problems.NO_QOS, problems.QOS_RETURNED)
        if limits.qos
        else RaiseProblem(problems.NO_QOS, problems.ONLY_QOS_0),
    )


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """Learn which sizes of packets a broker accepts, in bytes."""

    announced: int | None = None
    accepted: int = 0
    """The largest one accepted."""
    refused: int | None = None
    """The smallest one refused."""
    fatal: int | None = None
    """The smallest one after which the broker closed the connection."""

    def accept(self, size: int) -> SizeLimit:
        """Return what is known after a packet was accepted; the broker may have been changed."""
        known = [None if limit is None or size >= limit else limit for limit in self._refusals]
        refused, fatal = known
        return replace(self, accepted=max(self.accepted, size), refused=refused, fatal=fatal)

    def refuse(self, size: int) -> SizeLimit:
        """Return what is known after a packet was refused."""
        smallest = size if self.refused is None else min(size, self.refused)
        return replace(self, refused=smallest, accepted=min(self.accepted, size - 1))

    def break_off(self, size: int) -> SizeLimit:
        """Return what is known after the connection broke because of a packet."""
        smallest = size if self.fatal is None else min(size, self.fatal)
        return replace(self.refuse(size), fatal=smallest)

    @property
    def _refusals(self) -> tuple[int | None, int | None]:
        return self.refused, self.fatal

    @property
    def maximum(self) -> int | None:
        """The largest size to send at all; None if there is no limit that is known."""
        known = [self.announced, None if self.fatal is None else self.fatal - 1]
        return min((size for size in known if size is not None), default=None)

    @property
    def page_bytes(self) -> int:
        """Bytes of nights or events in a response that the broker probably accepts."""
        likely = [PAGE_MAX_BYTES]
        if self.maximum is not None:
            likely.append(self.maximum - RESPONSE_OVERHEAD)
        if self.refused is not None:
            likely.append(max(self.refused // 2, self.accepted) - RESPONSE_OVERHEAD)
        return max(1, min(likely))
