"""Turn the messages of one phone into samples; pure.

The text of a refusal is shown to the person by the app, once in a recording.
"""

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.inbox import Refusal
from limber_bridge.sources.phone.calibration import MIN_RATE_HZ, Calibration, Setup, slow_fault
from limber_bridge.sources.phone.gravity import UnitFault
from limber_bridge.sources.phone.message_order import MessageOrder, Verdict
from limber_bridge.sources.phone.messages import (
    InvalidMessageError,
    PhoneMessage,
    parse_message,
)
from limber_bridge.sources.phone.numbering import Numbering
from limber_bridge.sources.phone.phone_clock import PhoneClock
from limber_bridge.sources.phone.readings import Points, Stream, StreamReader
from limber_bridge.sources.source_api import FrameError, Reason, Samples, SourceEvent

SENDER_TIMEOUT_US: Final = 60 * SECOND
"""Time without a message after which another phone may send. Chosen: two phones that send at the
same time are noticed, and a phone that was exchanged is accepted within a minute."""
MAX_WAITING_BLOCKS: Final = 4000
"""Blocks that wait until it is known whether the phone's clock is right. Chosen: an hour, with one
message a second."""
WRONG_CLOCK_US: Final = 60 * SECOND
"""Smallest error of the phone's clock that is reported. Chosen: smaller ones are corrected
without any effect."""
MAX_ENDED_RECORDINGS: Final = 100
"""Ids of ended recordings that are remembered. Chosen: more than a phone starts in a night."""
LATE_TEXT: Final = "a message from the phone arrived after newer ones had been read; discarded"


@dataclass(frozen=True, slots=True)
class WaitingBlock:
    """Samples with continuous times, for which the offset of the clock is not known yet."""

    block: SampleBlock
    battery: int | None
    read_position: ReadPosition | None


class PhoneTimeline:
    """Places the samples of one phone in UTC and numbers them, across its recordings."""

    def __init__(self, sensor: int, first: int = 0, *, has_utc: bool = True) -> None:
        """Start with the number of the first sample; `has_utc`: the phone's times are UTC."""
        self._sensor = sensor
        self._first = first
        self._has_utc = has_utc
        self._clock = PhoneClock(has_utc=has_utc)
        self._numbering: Numbering | None = None
        self._waiting: list[WaitingBlock] = []

    @property
    def rate(self) -> float:
        """The measured rate in Hz; 0 before the first recording."""
        return 0.0 if self._numbering is None else self._numbering.rate

    def for_another_phone(self) -> PhoneTimeline:
        """Return a timeline with further numbers and without knowledge of the clock."""
        following = self._first if self._numbering is None else self._numbering.next_number
        return PhoneTimeline(self._sensor, following, has_utc=self._has_utc)

    def start_recording(self, rate: float) -> None:
        """Continue with a recording, whose rate in Hz may be another."""
        if self._numbering is None:
            self._numbering = Numbering(rate, self._first)
        else:
            self._numbering.change_rate(rate)

    def process_points(
        self, points: Points, message: PhoneMessage, utc_offset: int
    ) -> Iterator[FrameError]:
        """Take the samples of a message, in g; yield what is wrong with the clock of the phone.

        `utc_offset` is UTC minus the steady clock, us.
        """
        assert self._numbering is not None  # noqa: S101 - `start_recording` comes first
        interval = round(SECOND / self._numbering.rate)
        times, step = self._clock.correct(points.times, message.arrived, interval)
        if step:
            yield self._clock_error(
                Reason.CLOCK_JUMPED, f"the phone's clock was set by {span(step)}"
            )
        blocks = list(self._numbering.process_points(times, points.values))
        # Only with its last block a message has been read.
        positions = [None] * (len(blocks) - 1) + [self._read_position(message)]
        for block, position in zip(blocks, positions, strict=False):
            self._waiting.append(WaitingBlock(block, message.battery, position))
        wrong = self._clock.note_arrival(message.arrived, utc_offset)
        if wrong is not None and abs(wrong) >= WRONG_CLOCK_US:
            direction = "ahead" if wrong > 0 else "behind"
            yield self._clock_error(
                Reason.WRONG_CLOCK, f"the clock of the phone is {span(wrong)} {direction}"
            )
        if len(self._waiting) > MAX_WAITING_BLOCKS:
            self._clock.give_up_waiting(utc_offset)

    def due_at(self) -> int | None:
        """Return when samples are due that wait (us, steady); None if none wait."""
        return self._clock.settled_by()

    def take_samples(self, now: int, utc_offset: int) -> Iterator[Samples]:
        """Yield the samples whose time is known at `now` (us, steady)."""
        due_at = self.due_at()
        if due_at is not None and now >= due_at:
            self._clock.give_up_waiting(utc_offset)
        offset = self._clock.offset
        if offset is None:
            return
        waiting = self._waiting
        self._waiting = []
        for one in waiting:
            clock = one.block.clock
            placed = SampleClock(clock.index, clock.time + offset + utc_offset, clock.rate)
            block = SampleBlock(one.block.first, one.block.samples, placed, one.block.rate)
            yield Samples(self._sensor, block, one.battery, one.read_position)

    def _read_position(self, message: PhoneMessage) -> ReadPosition | None:
        """Return how far a recording has been read after this message."""
        if not self._has_utc:
            return None
        return ReadPosition(boot_of(message.session), message.number + 1)

    def _clock_error(self, reason: Reason, what: str) -> FrameError:
        remedy = "switch on automatic date and time; its samples are placed by the bridge's clock"
        return FrameError(self._sensor, reason, f"{what}: {remedy}")


def span(time: int) -> str:
    """Return the size of a time in us for a person."""
    seconds = abs(time) / SECOND
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def boot_of(session: str) -> int:
    """Return the number under which the read position of a recording is stored."""
    return zlib.crc32(session.encode())


class RecordingReader:
    """Reads the messages of one recording, once they are in order."""

    def __init__(self, sensor: int, wanted: Stream | None, timeline: PhoneTimeline) -> None:
        """Start; `wanted` is the stream that limber.yaml names, if any."""
        self._sensor = sensor
        self._timeline = timeline
        self._calibration = Calibration(wanted)
        self._setup: Setup | None = None
        self._stream = StreamReader(Stream.TOTAL_ACCELERATION)
        self.refusal: Refusal | None = None
        """Why the recording cannot be used at present."""

    def process_message(self, message: PhoneMessage, utc_offset: int) -> Iterator[FrameError]:
        """Take the next message; yield what is wrong with it."""
        if self._setup is None:
            yield from self._calibrate(message, utc_offset)
            return
        yield from self._read(message, self._setup, utc_offset)
        if 0 < self._timeline.rate < MIN_RATE_HZ:
            self._setup = None
            yield self._refuse(slow_fault(self._timeline.rate))

    def _calibrate(self, message: PhoneMessage, utc_offset: int) -> Iterator[FrameError]:
        """Hold a message until it is known how to read the recording."""
        match self._calibration.add(message):
            case Setup(stream=stream, rate=rate) as setup:
                self._setup = setup
                self._stream = StreamReader(stream)
                self.refusal = None
                self._timeline.start_recording(rate)
                for held in self._calibration.take_messages():
                    yield from self._read(held, setup, utc_offset)
            case UnitFault() as fault:
                yield self._refuse(fault)
            case None:
                pass

    def _read(self, message: PhoneMessage, setup: Setup, utc_offset: int) -> Iterator[FrameError]:
        if setup.stream is Stream.WRIST_MOTION:
            # The battery in the message is that of the phone, not of the watch.
            message = replace(message, battery=None)
        points = self._stream.process_message(message)
        if len(points):
            in_g = Points(points.times, points.values * setup.factor)
            yield from self._timeline.process_points(in_g, message, utc_offset)

    def _refuse(self, fault: UnitFault) -> FrameError:
        self.refusal = Refusal(fault.text)
        return FrameError(self._sensor, fault.reason, fault.text)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of the app."""

    device: str
    session: str
    order: MessageOrder
    reader: RecordingReader


class PhoneReader:
    """Takes the messages for one sensor, and gives its samples."""

    def __init__(
        self,
        sensor: int,
        wanted: Stream | None = None,
        positions: Sequence[ReadPosition] = (),
        *,
        has_utc: bool = True,
    ) -> None:
        """Start; `positions` say how far recordings were read before a restart of the bridge.

        `has_utc`: the phone's times are UTC, and not from another origin.
        """
        self._sensor = sensor
        self._wanted = wanted
        self._read = {position.boot: position.end for position in positions}
        self._recording: Recording | None = None
        self._timeline = PhoneTimeline(sensor, has_utc=has_utc)
        self._last_message = 0
        """When the last message came; us on the host's steady clock."""
        self._ended: deque[str] = deque(maxlen=MAX_ENDED_RECORDINGS)
        """Ids of the recordings of this phone that were followed by another."""

    def process_body(
        self, body: bytes, arrived: int, utc_offset: int
    ) -> tuple[list[SourceEvent], Refusal | None]:
        """Do the same as `process_message` with a message of Sensor Logger as it was received."""
        try:
            message = parse_message(body, arrived)
        except InvalidMessageError as error:
            return [self._error(Reason.MALFORMED, str(error))], Refusal(str(error))
        return self.process_message(message, utc_offset)

    def process_message(
        self, message: PhoneMessage, utc_offset: int
    ) -> tuple[list[SourceEvent], Refusal | None]:
        """Return the samples that are ready now, and why the message was refused, if it was.

        `message.arrived + utc_offset` is UTC in us.
        """
        arrived = message.arrived
        recording = self._recording
        if recording is not None and recording.device != message.device:
            if arrived - self._last_message < SENDER_TIMEOUT_US:
                refusal = other_phone_refusal(self._sensor)
                return [self._error(Reason.REPEATED, refusal.text)], refusal
            # Its clock and its numbers have nothing to do with those of the phone before.
            self._timeline = self._timeline.for_another_phone()
            self._ended.clear()
        self._last_message = arrived
        if message.session in self._ended:
            return [self._error(Reason.REPEATED, LATE_TEXT)], None
        recording = self._recording_of(message)
        events: list[SourceEvent] = []
        if recording.order.add(message) is Verdict.TOO_LATE:
            events.append(self._error(Reason.REPEATED, LATE_TEXT))
        events += self.process_due(arrived, utc_offset)
        return events, recording.reader.refusal

    def process_due(self, now: int, utc_offset: int) -> list[SourceEvent]:
        """Return the samples of messages that were held, if they are due (us, steady) by now."""
        recording = self._recording
        if recording is None:
            return []
        events: list[SourceEvent] = []
        for message in recording.order.take_ready(now):
            events += recording.reader.process_message(message, utc_offset)
        events += self._timeline.take_samples(now, utc_offset)
        return events

    def due_at(self) -> int | None:
        """Return when `process_due` has something to do (us, steady); None: after a message."""
        order = None if self._recording is None else self._recording.order.due_at()
        times = (order, self._timeline.due_at())
        return min((time for time in times if time is not None), default=None)

    def _error(self, reason: Reason, text: str) -> FrameError:
        return FrameError(self._sensor, reason, text)

    def _recording_of(self, message: PhoneMessage) -> Recording:
        """Return the recording to which a message belongs: the present one, or a new one."""
        recording = self._recording
        if recording is None or recording.session != message.session:
            next_number = self._read.get(boot_of(message.session), 0)
        elif recording.order.verdict(message) is Verdict.RESTARTED:
            next_number = 0
        else:
            return recording
        if recording is not None and recording.session != message.session:
            self._ended.append(recording.session)
        reader = RecordingReader(self._sensor, self._wanted, self._timeline)
        self._recording = Recording(
            message.device, message.session, MessageOrder(next_number), reader
        )
        return self._recording


def other_phone_refusal(sensor: int) -> Refusal:
    """Return the refusal of a second phone that sends as the same sensor."""
    return Refusal(
        f"Another phone already sends as sensor {sensor}: give each phone a sensor of its own in "
        "limber.yaml, or stop the recording on the other one."
    )
