"""`limber import`: detect the nights of recordings, and import them into the journal."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.cramp_thresholds import Labels
from limber_bridge.detection.events import BedTransition, Event, Gap, SignalFault
from limber_bridge.detection.signal import Sensor
from limber_bridge.domain.movement_hours import movement_hours
from limber_bridge.domain.nights import Import, Night, left_bed_at, to_us
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.offline.detect import DetectedRecording, Tuning, detect_nights
from limber_bridge.offline.score import was_in_bed
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.storage.import_orders import (
    ANSWER_SUFFIX,
    ORDER_SUFFIX,
    Answer,
    ImportOrder,
    Outcome,
    carry_out,
    encode_order,
    order_folder,
    write_whole,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError, JournalInUseError
from limber_bridge.storage.journal_imports import NightToImport
from limber_bridge.storage.journal_reader import open_journal_reader

ANSWER_TIMEOUT_S: Final = 60.0
"""s to wait for the answer of a running bridge. Chosen: a slow memory card needs some seconds."""
POLL_EVERY_S: Final = 0.1
NIGHTS_IN_AN_ORDER: Final = 5
"""Nights that a running bridge imports at a time.

Chosen: its sensors wait meanwhile, and a slow memory card takes some tenths of a second a night.
"""
FOREIGN_SENSOR: Final = 2**32 - 1
"""Sensor id in events if the sleeper has no such sensor."""


class ImportFailedError(Exception):
    """Nothing was imported; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class RecordedNights:
    """The nights of one recording."""

    nights: tuple[NightToImport, ...]
    notes: tuple[str, ...]
    """What was left out, as text for the user."""


def new_batch() -> str:
    """Return the id of an import."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def sleeper_tuning(config: Config, sleeper: Sleeper) -> Tuning:
    """Return the settings of a sleeper and what was learned from their labels; JournalError."""
    if not config.journal.exists():
        return Tuning()
    with open_journal_reader(config.journal) as journal:
        settings = journal.settings(sleeper.id)
        thresholds = Labels(journal.labels(sleeper.id)).thresholds
    return Tuning(sensitivity=settings.sensitivity, thresholds=thresholds)


def detect_recorded_nights(
    path: Path, config: Config, sleeper: Sleeper, options: ReadOptions, batch: str
) -> RecordedNights:
    """Return the nights of a recording, ready to be imported.

    Raises UnreadableRecordingError, also where the start is unknown, and JournalError.
    """
    recording = read_recording(path, options)
    if recording.start is None and options.zone is None:
        # A device that stores local time is assumed to be in the time zone of the bridge, unless an
        # option states another.
        recording = read_recording(path, replace(options, zone=config.calendar.zone))
    if recording.start is None:
        said = "; ".join(recording.notes)
        raise UnreadableRecordingError(
            f"{path}: its start is unknown, so it belongs to no night; use a recording with the "
            "date: a table with dates or Unix time, an EDF with the start date in its header"
            + (f" ({said})" if said else "")
        )
    tuning = sleeper_tuning(config, sleeper)
    found = detect_nights(recording, config.rules, config.calendar, tuning)
    sensors = matching_sensors(recording, sleeper)
    imported = Import(recording=path.name, batch=batch, time=to_us(datetime.now(UTC)))
    nights = tuple(
        night_to_import(one, sleeper, sensors, tuning, imported, config.calendar.zone)
        for one in found
        if was_in_bed(one)
    )
    left_out = [
        f"{path}: night {one.date}: never measured in bed; left out"
        for one in found
        if not was_in_bed(one)
    ]
    return RecordedNights(nights, (*recording.notes, *left_out))


def night_to_import(
    detected: DetectedRecording,
    sleeper: Sleeper,
    sensors: Mapping[int, int],
    tuning: Tuning,
    imported: Import,
    zone: ZoneInfo,
) -> NightToImport:
    """Return a detected night, ready to be imported; `sensors` are the ids that its sensors get."""
    events = tuple(with_sensor(event, sensors) for event in detected.events)
    in_bed = detected.night.in_bed
    beds = [event for event in events if isinstance(event, BedTransition)]
    assert detected.date is not None  # noqa: S101 - for the type
    night = Night(
        sleeper=sleeper.id,
        date=detected.date,
        revision=0,
        start=in_bed[0][0] if in_bed else None,
        end=left_bed_at(events),
        rules=detected.rules.name,
        in_bed_method=max(beds, key=lambda bed: bed.onset).method if beds else None,
        measures=detected.night.measures,
        sensitivity=tuning.sensitivity,
        imported=imported,
        hours=movement_hours(detected.night, zone),
    )
    return NightToImport(night, events)


def with_sensor(event: Event, sensors: Mapping[int, int]) -> Event:
    """Return an event with the id that its sensor has in the bridge."""
    if isinstance(event, Gap | SignalFault):
        return replace(event, sensor=sensors.get(event.sensor, FOREIGN_SENSOR))
    return event


def matching_sensors(recording: Recording, sleeper: Sleeper) -> dict[int, int]:
    """Return the id of the sleeper's sensor for each sensor of a recording, numbered from 1."""

    def kind(sensor: Sensor) -> tuple[object, ...]:
        return sensor.quantity, sensor.placement, sensor.side

    own = {kind(one.sensor): one.sensor.id for one in sleeper.sensors}
    found = {}
    for number, signal in enumerate(recording.signals, 1):
        key = (signal.quantity, signal.placement, signal.side)
        found[number] = own.get(key, FOREIGN_SENSOR - number)
    return found


def check_distinct(nights: Sequence[NightToImport]) -> None:
    """Raise ImportFailedError where two recordings hold the same night."""
    seen: dict[object, NightToImport] = {}
    for one in nights:
        other = seen.setdefault(one.night.date, one)
        if other is not one:
            names = [
                each.night.imported.recording
                for each in (other, one)
                if each.night.imported is not None
            ]
            raise ImportFailedError(
                f"night {one.night.date} is in {' and in '.join(names)}; import one of them"
            )


# --- Filing ---


def send_order(config: Config, order: ImportOrder) -> Answer:
    """Have the running bridge carry out an order, or carry it out here; ImportFailedError."""
    try:
        journal = Journal(config.journal)
    except JournalInUseError:
        return ask_bridge(order_folder(config.journal), order)
    except JournalError as error:
        raise ImportFailedError(str(error)) from error
    with journal:
        try:
            now = to_us(datetime.now(UTC))
            answer, _ = carry_out(journal, order, config.calendar, now)
        except JournalError as error:
            raise ImportFailedError(str(error)) from error
    return answer


def ask_bridge(folder: Path, order: ImportOrder) -> Answer:
    """Have the running bridge carry out an order, some nights at a time; ImportFailedError.

    The answer has an error where a later part failed: what was imported before stays.
    """
    outcomes: list[Outcome] = []
    for number, part in enumerate(parts_of(order)):
        try:
            answer = ask_for_part(folder / f"{order.batch}-{number:04}{ORDER_SUFFIX}", part)
        except ImportFailedError as error:
            if not outcomes:
                raise
            return Answer(outcomes, error=str(error))
        outcomes += answer.outcomes
        if answer.error is not None:
            return Answer(outcomes, error=answer.error)
    return Answer(outcomes)


def parts_of(order: ImportOrder) -> Iterator[ImportOrder]:
    """Yield an order in parts, between which the bridge processes its sensors."""
    if order.undo is not None:
        yield order
    for part in batched(order.nights, NIGHTS_IN_AN_ORDER, strict=False):
        yield replace(order, nights=part)


def ask_for_part(path: Path, order: ImportOrder) -> Answer:
    """Write an order for the running bridge and wait for its answer; ImportFailedError."""
    folder = path.parent
    answer_path = path.with_suffix(ANSWER_SUFFIX)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, encode_order(order))
        answer = wait_for_answer(path, answer_path)
    except OSError as error:
        raise ImportFailedError(
            f"{folder}: {error.strerror or error}; run `limber import` as the user of the bridge"
        ) from error
    if answer is None:
        raise ImportFailedError(
            f"the bridge did not answer within {ANSWER_TIMEOUT_S:g} s; it may still file the "
            "nights: see its log and `limber nights`, and update it if this command is newer"
        )
    return answer


def wait_for_answer(order: Path, answer: Path) -> Answer | None:
    """Return the answer to an order; OSError.

    None after withdrawing the order, which the bridge may have read already.
    """
    for _ in waits(ANSWER_TIMEOUT_S):
        if answer.exists():
            return take_answer(answer)
    with suppress(FileNotFoundError):
        order.unlink()
        return None
    # The bridge is already processing it.
    for _ in waits(ANSWER_TIMEOUT_S):
        if answer.exists():
            return take_answer(answer)
    return None


def waits(seconds: float) -> Iterator[None]:
    """Yield repeatedly until some time has passed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(POLL_EVERY_S)


def take_answer(path: Path) -> Answer:
    """Read an answer and delete its file; OSError."""
    answer = msgspec.json.decode(path.read_bytes(), type=Answer)
    path.unlink(missing_ok=True)
    return answer
