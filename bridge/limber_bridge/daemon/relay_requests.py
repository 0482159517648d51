"""Passes on what a client relays of a sensor that it is connected to."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.protocol.messages import DoneResponse, Refusal, Response
from limber_bridge.protocol.request_messages import RelayRequest
from limber_bridge.sources.inbox import Delivery, Inbox, Position

SIGNAL_STRENGTH: Final = "signal_strength"
"""Channel of the strength of the link, whose payload is its digits in dBm."""


def sensors_of(monitors: Mapping[str, SleeperMonitor], sleeper: str) -> Collection[int]:
    """Return the ids of the sensors of a sleeper; none for another name."""
    monitor = monitors.get(sleeper)
    return () if monitor is None else monitor.sensor_ids


class RelayHandler:
    """Deliver relayed notifications to the source that reads the sensor.

    The source parses them. A notification is placed by its age, so that the clocks of the client
    and the bridge need not agree.
    """

    def __init__(self, sensors: Callable[[str], Collection[int]], inbox: Inbox) -> None:
        """Start; `sensors` returns the ids of a sleeper's sensors; none for another name."""
        self._inbox = inbox
        self._sensors = sensors

    def answer(self, request: RelayRequest, arrived: int) -> Response:
        """Deliver notifications, received at `arrived` (us on the steady clock), in order.

        All are delivered; the first that is refused is the answer.
        """
        if request.sensor not in self._sensors(request.sleeper):
            text = f"sleeper `{request.sleeper}` has no sensor {request.sensor} in limber.yaml"
            return Refusal(id=request.id, error="unknown_sensor", message=text)
        deliveries = [
            Delivery(
                payload,
                arrived - 1000 * age_ms,
                channel=channel,
                position=Position(request.run, number),
            )
            for number, age_ms, channel, payload in request.notifications
        ]
        if request.signal_strength is not None:
            strength = str(request.signal_strength).encode("ascii")
            deliveries.append(Delivery(strength, arrived, channel=SIGNAL_STRENGTH))
        refusals = [self._inbox.deliver(request.sensor, one) for one in deliveries]
        for refusal in refusals:
            if refusal is not None:
                error = "unknown_sensor" if refusal.unauthorized else "refused"
                return Refusal(id=request.id, error=error, message=refusal.text)
        return DoneResponse(id=request.id)
