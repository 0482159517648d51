"""Passes on what a client relays of a sensor that it is connected to."""

from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.protocol.messages import DoneResponse, Refusal, RelayRequest, Response
from limber_bridge.sources.inbox import Delivery, Inbox, Position

SIGNAL_STRENGTH: Final = "signal_strength"
"""Channel of the strength of the link, whose payload is its digits in dBm."""


class RelayHandler:
    """Deliver relayed notifications to the source that reads the sensor.

    The source parses them. A notification is placed by its age, so that the clocks of the client
    and the bridge need not agree.
    """

    def __init__(self, config: Config, inbox: Inbox) -> None:
        """Start; only sensors of the configuration are relayed."""
        self._inbox = inbox
        self._sensors = {
            sleeper.id: {one.sensor.id for one in sleeper.sensors} for sleeper in config.sleepers
        }

    def answer(self, request: RelayRequest, arrived: int) -> Response:
        """Deliver notifications, received at `arrived` (us on the steady clock), in order.

        All are delivered; the first that is refused is the answer.
        """
        if request.sensor not in self._sensors.get(request.sleeper, ()):
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
