"""Sensors that Home Assistant connects to: what it must do, and what it sends back. Pure.

The integration knows no device. It gets the profile as data, does what the data says, and passes
every notification on unparsed (docs/protocol.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from limber_bridge.sources.bluetooth.decoder import SensorDecoder
from limber_bridge.sources.bluetooth.notifications import Notification
from limber_bridge.sources.bluetooth.options import BluetoothOptions
from limber_bridge.sources.bluetooth.profiles import BATTERY_LEVEL, Command
from limber_bridge.sources.inbox import Delivery, Position, Refusal
from limber_bridge.sources.source_api import FrameError, Reason, SourceEvent

CONNECTED: Final = "connected"
DISCONNECTED: Final = "disconnected"
SIGNAL_STRENGTH: Final = "signal_strength"
"""Channels that are not characteristics."""
REPLY_TIMEOUT_S: Final = 5.0
SILENCE_TIMEOUT_S: Final = 10.0
"""Time without a notification after which Home Assistant connects again."""


def relay_profile(options: BluetoothOptions) -> Mapping[str, Any] | None:
    """Return what Home Assistant must do to relay a sensor, as JSON values.

    None: the bridge connects to the sensor itself.
    """
    if not options.relayed:
        return None
    profile = options.profile
    return {
        "device": options.device,
        "title": profile.title,
        "address": options.address,
        "name": options.name,
        "name_prefixes": list(profile.name_prefixes),
        "service_uuids": list(profile.service_uuids),
        "instruction": profile.instruction,
        "subscribe": list(profile.subscribe),
        "start": describe_commands(profile.start),
        "stop": describe_commands(profile.stop),
        "read": [BATTERY_LEVEL],
        "silence": SILENCE_TIMEOUT_S,
        "connection_parameters": (
            None if profile.connection is None else asdict(profile.connection)
        ),
    }


def describe_commands(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Return commands as JSON values; bytes in hexadecimal."""
    return [
        {
            "characteristic": command.characteristic,
            "data": command.data.hex(),
            "response": command.with_response,
            "reply": (
                None
                if command.reply is None
                else {
                    "characteristic": command.reply.characteristic,
                    "prefix": command.reply.prefix.hex(),
                }
            ),
            "timeout": REPLY_TIMEOUT_S,
        }
        for command in commands
    ]


class RelayReceiver:
    """Takes what Home Assistant relays for one sensor."""

    def __init__(
        self,
        decoder: SensorDecoder,
        utc_offset: Callable[[], int],
        deliver: Callable[[SourceEvent], bool],
    ) -> None:
        """Start without a connection.

        `utc_offset` returns UTC minus the host's steady clock in us. `deliver` returns False where
        an event was discarded, because too many wait.
        """
        self._decoder = decoder
        self._utc_offset = utc_offset
        self._deliver = deliver
        self._last: Position | None = None
        """Of the last notification. Kept beside the decoder, which must get what it does not know
        yet from a client that was connected before."""

    def __call__(self, delivery: Delivery) -> Refusal | None:
        """Take one notification; return why it was refused.

        One that was taken before is skipped: a client whose response was lost sends it again.
        """
        if self._was_taken(delivery.position):
            return None
        self._last = delivery.position or self._last
        match delivery.channel:
            case "connected":
                self._decoder.start_connection()
            case "disconnected":
                self._decoder.signal_strength = None
            case "signal_strength":
                self._decoder.signal_strength = parse_signal_strength(delivery.payload)
            case _:
                return self._decode(delivery)
        return None

    def _was_taken(self, position: Position | None) -> bool:
        """Return whether a notification, or one after it, was taken before."""
        if position is None or self._last is None:
            return False
        return position.run == self._last.run and position.number <= self._last.number

    def _decode(self, delivery: Delivery) -> Refusal | None:
        notification = Notification(delivery.channel.lower(), delivery.payload, delivery.arrived)
        refusal = None
        for event in self._decoder.decode(notification, self._utc_offset()):
            if isinstance(event, FrameError) and refuses(event) and refusal is None:
                refusal = Refusal(event.detail)
            if not self._deliver(event):
                return Refusal("the sensor sends more than the bridge can process")
        return refusal


def refuses(error: FrameError) -> bool:
    """Return whether an error means that the person must do something about the sensor."""
    return error.reason.discards_frame or error.reason is Reason.LINK_FAILED


def parse_signal_strength(payload: bytes) -> int | None:
    """Return a signal strength in dBm from its digits; None if it is not one."""
    try:
        strength = int(payload.decode("ascii"))
    except ValueError:
        return None
    return strength if -127 < strength <= 20 else None
