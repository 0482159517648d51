"""Turn the notifications of one sensor into samples and errors. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.bluetooth.notifications import (
    InvalidNotificationError,
    Notification,
    NotificationParser,
    SampleBatch,
    StreamRefused,
)
from limber_bridge.sources.bluetooth.options import BluetoothOptions
from limber_bridge.sources.bluetooth.profiles import (
    BATTERY_LEVEL,
    LimberFrames,
    StampedStream,
)
from limber_bridge.sources.bluetooth.stamped_samples import SampleNumbering
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.frame_check import FrameCheck
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.frames import Frame
from limber_bridge.sources.source_api import (
    FrameError,
    MissingLibraryError,
    Reason,
    Samples,
    SensorRequest,
    SourceEvent,
)


class StreamDecoder(Protocol):
    """Decodes the stream of a sensor, in the format of its profile."""

    def start_connection(self) -> None:
        """Forget what was known of the connection before."""

    def decode(self, notification: Notification, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of a notification, and what is wrong with it."""


class FrameDecoder:
    """Decodes Limber frames, one in each notification."""

    def __init__(self, router: FrameRouter, sender: str) -> None:
        """Start; the router may serve several sensors. `sender` is named in errors."""
        self._router = router
        self._sender = sender

    def start_connection(self) -> None:
        """Do nothing: frames say themselves which start of the device they belong to."""

    def decode(self, notification: Notification, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of a frame, or why it is refused."""
        return self._router.route_frame(
            notification.data, notification.arrived, utc_offset, self._sender
        )


class StampedDecoder:
    """Decodes a stream in the format of the maker."""

    def __init__(self, request: SensorRequest, stream: StampedStream) -> None:
        """Start without a connection. Raises ImportError where the parser's library is missing."""
        self._sensor = request.sensor.id
        self._stream = stream
        self._numbering = SampleNumbering(request.sensor.id, stream)
        self._clock = ClockSync(request.sensor)
        self._check = FrameCheck(request.sensor.quantity)
        self._parser: NotificationParser = stream.make_parser()
        self._reconnected = False

    def start_connection(self) -> None:
        """Parse what follows as a new connection."""
        self._parser = self._stream.make_parser()
        self._numbering.start_connection()
        self._reconnected = True

    def decode(self, notification: Notification, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of a notification, and what is wrong with it."""
        try:
            parsed = self._parser.parse(notification.characteristic, notification.data)
        except InvalidNotificationError as error:
            yield FrameError(self._sensor, Reason.MALFORMED, str(error))
            return
        match parsed:
            case SampleBatch():
                yield from self._number(parsed, notification.arrived, utc_offset)
            case StreamRefused(detail=detail):
                yield FrameError(self._sensor, Reason.LINK_FAILED, detail)
            case None:
                pass

    def _number(self, batch: SampleBatch, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        frame = self._numbering.number(batch, arrived)
        fault = self._check.process_frame(frame, rate_check_time(frame, batch, arrived))
        if fault is not None:
            yield fault
            return
        for event in self._clock.process_frame(frame, arrived, utc_offset):
            if (
                self._reconnected
                and isinstance(event, FrameError)
                and event.reason is Reason.RESTARTED
            ):
                # Only the numbers start again with each connection.
                continue
            yield event
        self._reconnected = False


def rate_check_time(frame: Frame, batch: SampleBatch, arrived: int) -> int:
    """Return the time in us by which the rate of a device is checked.

    Notifications arrive in bursts of different lengths. Where the device has a clock, that of the
    first sample says more about the rate than the arrival.
    """
    if batch.stamp is None:
        return arrived
    return batch.stamp - round((frame.count - 1) * SECOND / frame.rate)


class SensorDecoder:
    """Decodes everything that arrives from one sensor."""

    def __init__(self, request: SensorRequest, router: FrameRouter) -> None:
        """Start without a connection. Raises SourceLostError where a library is missing."""
        self.sensor = request.sensor.id
        self._battery: int | None = None
        self.signal_strength: int | None = None
        """dBm when the connection was made; None: unknown."""
        self._stream = make_stream_decoder(request, router)

    def start_connection(self) -> None:
        """Forget what was known of the connection before."""
        self._stream.start_connection()

    def decode(self, notification: Notification, utc_offset: int) -> list[SourceEvent]:
        """Return the samples of a notification, and what is wrong with it.

        `utc_offset` is UTC minus the host's steady clock in us.
        """
        if notification.characteristic == BATTERY_LEVEL:
            self._battery = parse_battery(notification.data)
            return []
        events = self._stream.decode(notification, utc_offset)
        return [self._with_link_state(event) for event in events]

    def _with_link_state(self, event: SourceEvent) -> SourceEvent:
        """Return an event; samples get the battery and the signal strength."""
        if not isinstance(event, Samples):
            return event
        battery = self._battery if event.battery is None else event.battery
        return replace(event, battery=battery, signal_strength=self.signal_strength)


def make_stream_decoder(request: SensorRequest, router: FrameRouter) -> StreamDecoder:
    """Return the decoder for the profile of a sensor; SourceLostError if a library is missing."""
    options: BluetoothOptions = request.options
    match options.profile.stream:
        case LimberFrames():
            return FrameDecoder(router, options.address or options.name or "Bluetooth")
        case StampedStream() as stream:
            try:
                return StampedDecoder(request, stream)
            except ImportError as error:
                raise MissingLibraryError("bluetooth") from error


def parse_battery(data: bytes) -> int | None:
    """Return the charge in percent of the battery service; None if it is not one."""
    return data[0] if len(data) == 1 and data[0] <= 100 else None
