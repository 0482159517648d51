"""Detect the events of a recording, and score it as one night or night by night."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from heapq import merge
from types import MappingProxyType
from typing import Final

from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Event,
    Gap,
    event_id,
)
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import HOUR, SECOND, Quantity, SampleBlock, Sensor
from limber_bridge.domain.joined_blocks import join_blocks
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.recording import LazyBlocks, Recording, Signal

SEVERAL_NIGHTS_US: Final = 30 * HOUR
"""A recording longer than this holds several nights. Chosen: a night of 24 h, and some hours in
which a device is handed out or brought back."""


@dataclass(frozen=True, slots=True)
class DetectedRecording:
    """A recording, or one night of it, and what was detected in it."""

    recording: Recording
    sensors: tuple[Sensor, ...]
    events: tuple[Event, ...]
    rules: RuleSet
    night: NightScore
    date: date | None = None
    """Date of the night; None: the recording was not split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Settings of a sleeper; the defaults are those of the rules."""

    sensitivity: float = 1.0
    thresholds: Mapping[Certainty, float] = MappingProxyType({})
    """Strength from which cramps are reported."""


AS_RULES: Final = Tuning()


def detect_recording(
    recording: Recording, rules: RuleSet, tuning: Tuning = AS_RULES
) -> DetectedRecording:
    """Detect the events in all signals of a recording, and score it as one night."""
    sensors, detector, events = run_pipeline(recording, rules, tuning)
    begin = recording.start or 0
    until = begin + round(recording.duration * SECOND)
    night = score_night(events, rules, detector.coverage(begin, until))
    return DetectedRecording(recording, sensors, tuple(events), rules, night)


def detect_nights(
    recording: Recording, rules: RuleSet, calendar: Calendar, tuning: Tuning = AS_RULES
) -> list[DetectedRecording]:
    """Detect the events of a recording with a known start, and score each of its nights.

    Detection continues across the boundaries of nights, as it does live.
    """
    sensors, detector, events = run_pipeline(recording, rules, tuning)
    first = recording.start or 0
    end = first + round(recording.duration * SECOND)
    nights = []
    day = calendar.night_of(first)
    while calendar.begin(day) < end:
        part = recording_between(recording, calendar.begin(day), calendar.end(day))
        begin = part.start or 0
        until = begin + round(part.duration * SECOND)
        of_night = events_between(events, begin, calendar.end(day), calendar.begin(day))
        night = score_night(of_night, rules, detector.coverage(begin, until))
        nights.append(DetectedRecording(part, sensors, tuple(of_night), rules, night, day))
        day += timedelta(days=1)
    return nights


def holds_several_nights(recording: Recording) -> bool:
    """Return whether a recording is split into nights."""
    return recording.start is not None and lasts_several_nights(recording)


def lasts_several_nights(recording: Recording) -> bool:
    """Return whether a recording is longer than a night and the day before it."""
    return recording.duration * SECOND > SEVERAL_NIGHTS_US


def run_pipeline(
    recording: Recording, rules: RuleSet, tuning: Tuning
) -> tuple[tuple[Sensor, ...], Pipeline, list[Event]]:
    """Return the sensors of a recording, their pipeline after the last sample, and the events."""
    sensors = tuple(
        Sensor(number, signal.quantity, signal.placement, signal.side, signal.has_gravity)
        for number, signal in enumerate(recording.signals, 1)
    )
    detector = Pipeline(sensors, rules, thresholds=tuning.thresholds)
    detector.set_sensitivity(tuning.sensitivity)
    events: list[Event] = []
    for sensor, block in blocks_in_order(recording):
        events += detector.process(sensor, block)
    events += detector.finish()
    # An event that is reported at its start and at its end has one id: keep the last report.
    return sensors, detector, list({event_id(event): event for event in events}.values())


def blocks_in_order(recording: Recording) -> Iterator[tuple[int, SampleBlock]]:
    """Yield the blocks of all signals by their time, each with the number of its sensor, from 1.

    No sensor gets far ahead of the others, because its blocks would have to stay in memory.
    """

    def timed(number: int, signal: Signal) -> Iterator[tuple[int, int, SampleBlock]]:
        # The filter of EMG looks at the clock of a block beyond its samples.
        is_emg = signal.quantity is Quantity.EMG
        for block in signal.blocks if is_emg else join_blocks(signal.blocks):
            yield block.clock.time_of(block.first), number, block

    streams = [timed(number, signal) for number, signal in enumerate(recording.signals, 1)]
    for _, number, block in merge(*streams, key=lambda one: one[:2]):
        yield number, block


# --- Nights ---


def recording_between(recording: Recording, begin: int, end: int) -> Recording:
    """Return the part of a recording from a time (us) up to another."""
    first = recording.start or 0
    last = first + round(recording.duration * SECOND)
    start = max(begin, first)
    signals = tuple(
        replace(signal, blocks=LazyBlocks(PartOfSignal(signal, begin, end).decode))
        for signal in recording.signals
    )
    duration = (min(end, last) - start) / SECOND
    return replace(recording, start=start, duration=duration, signals=signals)


@dataclass(frozen=True, slots=True)
class PartOfSignal:
    """The samples of a signal from a time up to another."""

    signal: Signal
    begin: int
    end: int

    def decode(self, begin: int, end: int) -> Iterator[SampleBlock]:
        """Yield its blocks that have samples from a time (us) up to another."""
        begin = max(begin, self.begin)
        end = min(end, self.end)
        blocks = self.signal.blocks
        for block in blocks.decode(begin, end) if isinstance(blocks, LazyBlocks) else blocks:
            if (
                block.clock.time_of(block.end - 1) < begin
                or block.clock.time_of(block.first) >= end
            ):
                continue
            part = block_between(block, self.begin, self.end)
            if part.samples.shape[1]:
                yield part


def block_between(block: SampleBlock, begin: int, end: int) -> SampleBlock:
    """Return the samples of a block from a time (us) up to another."""
    count = block.samples.shape[1]
    from_first = (begin - block.clock.time_of(block.first)) * block.clock.rate / SECOND
    to_first = (end - block.clock.time_of(block.first)) * block.clock.rate / SECOND
    last = min(max(0, -int(-to_first // 1)), count)
    first = min(max(0, -int(-from_first // 1)), last)
    return block.split(last)[0].split(first)[1]


def events_between(events: Sequence[Event], begin: int, end: int, night_begin: int) -> list[Event]:
    """Return the events of a night, whose samples are from a time (us) up to another.

    A gap over its boundary is cut there. Whether the night begins in bed depends on where the
    sleeper was at that time.
    """
    found: list[Event] = []
    before: BedTransition | None = None
    for event in events:
        if isinstance(event, Gap):
            if event.onset < end and event.end > begin:
                found.append(replace(event, onset=max(event.onset, begin), end=min(event.end, end)))
            continue
        if night_begin <= event.onset < end:
            found.append(event)
        elif isinstance(event, BedTransition) and event.onset < night_begin:
            before = event if before is None or event.onset >= before.onset else before
    if before is not None:
        found.insert(0, replace(before, onset=night_begin))
    return found
