"""Assign frames to sensors: decode them, check their signatures, and place their samples in time.

Pure: bytes and their time of arrival in, samples and errors out.
"""

from collections.abc import Iterator
from dataclasses import replace

from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.frames import (
    Frame,
    InvalidFrameError,
    has_valid_signature,
    parse_frame,
)
from limber_bridge.sources.replay_guard import ReplayGuard, position_after
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SourceEvent,
    SourceRequest,
)


class FrameRouter:
    """Routes frames of several sensors to their clocks and replay guards."""

    def __init__(self, request: SourceRequest) -> None:
        """Start for the requested sensors; their options have a `key`."""
        self._clocks = {one.sensor.id: ClockSync(one.sensor) for one in request.sensors}
        self._keys: dict[int, bytes | None] = {
            one.sensor.id: one.options.key for one in request.sensors
        }
        self._guards = {
            sensor: ReplayGuard(request.read_positions.get(sensor, ()))
            for sensor, key in self._keys.items()
            if key is not None
        }

    def route_frame(
        self, data: bytes, arrived: int, utc_offset: int = 0, sender: str = ""
    ) -> Iterator[SourceEvent]:
        """Yield the samples of one frame, or why it is refused.

        `arrived` is in us on the host's steady clock; `arrived + utc_offset` is UTC. `sender` is
        the address the frame came from; errors mention it where the sensor is not known.

        Frames of a sensor without a key are accepted as they are; those of a sensor with a key must
        be signed, and each of them counts once.
        """
        try:
            frame = parse_frame(data)
        except InvalidFrameError as error:
            sensor = error.sensor if error.sensor in self._clocks else None
            origin = f" (from {sender})" if sensor is None and sender else ""
            yield FrameError(sensor, error.reason, f"{error}{origin}")
            return
        if frame.sensor not in self._clocks:
            detail = f"sensor {frame.sensor} is not in limber.yaml: add it under `sensors`"
            yield FrameError(None, Reason.UNKNOWN_SENSOR, detail)
        elif not has_valid_signature(data, frame, self._keys[frame.sensor]):
            yield FrameError(frame.sensor, Reason.WRONG_KEY, self._wrong_key_detail(frame.sensor))
        elif frame.sensor in self._guards and not self._guards[frame.sensor].is_new(frame):
            detail = (
                "a signed frame arrived twice, or too late; "
                "the sensor must choose another boot id each time it starts"
            )
            yield FrameError(frame.sensor, Reason.REPEATED, detail)
        else:
            events = self._clocks[frame.sensor].process_frame(frame, arrived, utc_offset)
            yield from self._with_read_position(frame, events)

    def _with_read_position(
        self, frame: Frame, events: Iterator[SourceEvent]
    ) -> Iterator[SourceEvent]:
        """Yield the events of a frame; if it is signed, samples say how far its boot was read."""
        guard = self._guards.get(frame.sensor)
        for event in events:
            if guard is not None and isinstance(event, Samples):
                position = position_after(frame)
                guard.add_position(position)
                yield replace(event, read_position=position)
            else:
                yield event

    def _wrong_key_detail(self, sensor: int) -> str:
        if self._keys[sensor] is None:
            return "the sensor signs its frames: add its `key` to limber.yaml"
        return (
            "the frames are not signed with the `key` in limber.yaml: set the same key in the "
            "sensor and in limber.yaml"
        )
