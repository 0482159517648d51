"""Assign frames to sensors: decode them, check their signatures, and place their samples in time.

Pure: bytes and their time of arrival in, samples and errors out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.clock_sync import RESTART_STEP_BACK_S, ClockSync
from limber_bridge.sources.frame_check import FrameCheck
from limber_bridge.sources.frames import (
    AnyFrame,
    ClockFrame,
    Frame,
    InvalidFrameError,
    has_valid_signature,
    parse_frame,
)
from limber_bridge.sources.replay_guard import ReplayGuard, position_after
from limber_bridge.sources.reread_guard import RereadGuard
from limber_bridge.sources.sensor_changes import SensorAdded, SensorChange, SensorRemoved
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Resent,
    Samples,
    SensorRequest,
    SourceEvent,
    SourceRequest,
)
from limber_bridge.sources.standing import Claim, judge_frame


class FrameRouter:
    """Routes frames of several sensors to their clocks and replay guards."""

    def __init__(self, request: SourceRequest) -> None:
        """Start for the requested sensors; their options have a `key`."""
        self._clocks: dict[int, ClockSync] = {}
        self._checks: dict[int, FrameCheck] = {}
        self._keys: dict[int, bytes | None] = {}
        self._guards: dict[int, ReplayGuard] = {}
        self._reread_guards: dict[int, RereadGuard] = {}
        self._resending: dict[int, int] = {}
        """By sensor: the boot of a device that has sent again what its memory holds."""
        for one in request.sensors:
            self._add(one, request.read_positions.get(one.sensor.id, ()))

    @property
    def sensors(self) -> int:
        """Return the number of sensors."""
        return len(self._keys)

    def change(self, changes: Iterable[SensorChange]) -> None:
        """Add and remove sensors; the others go on as if nothing had happened."""
        for change in changes:
            match change:
                case SensorAdded(request=request, read_positions=positions):
                    self._add(request, positions)
                case SensorRemoved(sensor=sensor):
                    self._remove(sensor)

    def _add(self, request: SensorRequest, positions: Iterable[ReadPosition]) -> None:
        sensor = request.sensor.id
        known = tuple(positions)
        self._clocks[sensor] = ClockSync(request.sensor)
        self._checks[sensor] = FrameCheck(request.sensor.quantity)
        self._keys[sensor] = request.options.key
        self._guards[sensor] = ReplayGuard(known)
        self._reread_guards[sensor] = RereadGuard(known)

    def _remove(self, sensor: int) -> None:
        for known in (self._clocks, self._checks, self._keys, self._guards, self._reread_guards):
            known.pop(sensor, None)
        self._resending.pop(sensor, None)

    def judge(self, data: bytes) -> Claim:
        """Return what the sender of a frame proves with it, before the frame is routed."""
        return judge_frame(data, self._keys, self._guards)

    def route_frame(
        self, data: bytes, arrived: int, utc_offset: int = 0, sender: str = ""
    ) -> Iterator[SourceEvent]:
        """Yield the samples of one frame, or why it is refused.

        `arrived` is in us on the host's steady clock; `arrived + utc_offset` is UTC. `sender` is
        the address the frame came from; errors mention it where the sensor is not known.

        Frames of a sensor with a key must be signed, and each of them counts once. Frames of a
        sensor without a key are accepted from any sender. Samples that a device sends again after
        a clock frame are skipped.
        """
        try:
            frame = parse_frame(data)
        except InvalidFrameError as error:
            sensor = error.sensor if error.sensor in self._clocks else None
            origin = f" (from {sender})" if sensor is None and sender else ""
            yield FrameError(sensor, error.reason, f"{error}{origin}", unproven=True)
            return
        if frame.sensor not in self._clocks:
            detail = f"sensor {frame.sensor} is not in limber.yaml: add it under `sensors`"
            yield FrameError(None, Reason.UNKNOWN_SENSOR, detail)
        elif not has_valid_signature(data, frame, self._keys[frame.sensor]):
            detail = self._wrong_key_detail(frame.sensor)
            yield FrameError(frame.sensor, Reason.WRONG_KEY, detail, unproven=True)
        elif isinstance(frame, ClockFrame):
            yield from self._route_clock_frame(frame, arrived)
        else:
            yield from self._route_samples(frame, arrived, utc_offset)

    def _route_clock_frame(self, frame: ClockFrame, arrived: int) -> Iterator[SourceEvent]:
        """Note what the clock of a device shows, unless the frame is a repeated one.

        Where a device without a key starts again with the same boot id, its numbers start again.
        """
        clock = self._clocks[frame.sensor]
        guard = self._guards[frame.sensor]
        if guard.samples_behind(frame) > RESTART_STEP_BACK_S * frame.rate:
            if self._keys[frame.sensor] is not None:
                yield repeated(frame)
                return
            guard.forget_boot(frame.boot)
            clock.forget_boot(frame.boot)
        clock.process_clock_frame(frame, arrived)

    def _route_samples(self, frame: Frame, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        clock = self._clocks[frame.sensor]
        fault = None
        # Before the numbers are used: they may be what is wrong.
        if clock.is_for(frame.quantity):
            fault = self._checks[frame.sensor].process_frame(frame, arrived)
        if fault is not None:
            yield fault
            return
        if clock.was_resent(frame):
            self._resending[frame.sensor] = frame.boot
        yield from self._place_samples(frame, arrived, utc_offset)

    def _place_samples(self, frame: Frame, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of a frame that fits the sensor, unless they were read before."""
        clock = self._clocks[frame.sensor]
        if self._guards[frame.sensor].is_new(frame):
            events = clock.process_frame(frame, arrived, utc_offset)
            yield from self._with_read_position(frame, events)
        elif clock.has_clock_frame(frame.boot):
            expected = self._reread_guards[frame.sensor].is_expected(frame)
            if expected and not clock.is_behind(frame):
                yield from self._read_again(frame, arrived, utc_offset)
            else:
                yield Resent(frame.sensor, frame.count)
        elif self._keys[frame.sensor] is not None:
            yield repeated(frame)
        else:
            # Without a clock frame, a device that resends looks like one that has restarted.
            events = clock.process_frame(frame, arrived, utc_offset)
            yield from self._with_read_position(frame, events)

    def _read_again(self, frame: Frame, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of a frame that the previous run has read, if they lie where they lay.

        So a frame that was recorded and is sent again after a restart counts nothing twice.
        """
        guard = self._reread_guards[frame.sensor]
        for event in self._clocks[frame.sensor].process_frame(frame, arrived, utc_offset):
            if isinstance(event, Samples):
                in_place = guard.is_in_place(frame, event.block)
                yield replace(event, read_before=True) if in_place else repeated(frame)
            else:
                yield event

    def _with_read_position(
        self, frame: Frame, events: Iterator[SourceEvent]
    ) -> Iterator[SourceEvent]:
        """Yield the events of a frame; samples say how far its boot was read."""
        for event in events:
            if isinstance(event, Samples):
                position = position_after(frame, event.block)
                self._guards[frame.sensor].add_position(position)
                resends = self._resending.get(frame.sensor) == frame.boot
                yield Samples(
                    event.sensor,
                    event.block,
                    event.battery,
                    position,
                    event.signal_strength,
                    event.read_before,
                    resends,
                )
            else:
                yield event

    def _wrong_key_detail(self, sensor: int) -> str:
        if self._keys[sensor] is None:
            return "the sensor signs its frames: add its `key` to limber.yaml"
        return (
            "the frames are not signed with the `key` in limber.yaml: set the same key in the "
            "sensor and in limber.yaml"
        )


def repeated(frame: AnyFrame) -> FrameError:
    """Return the error of a signed frame that was read before."""
    detail = (
        "a signed frame arrived twice, or too late; "
        "the sensor must choose another boot id each time it starts"
    )
    return FrameError(frame.sensor, Reason.REPEATED, detail, unproven=True)
