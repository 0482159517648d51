"""Compare what a disturbed bridge and its client have with the journal of an undisturbed bridge."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, override

import msgspec

from devtools.clock_steps import ClockSteps
from devtools.journal_events import describe, events_of, parts_of
from devtools.mqtt_consumer import LOCK_TIMEOUT_S, thing
from limber_bridge.detection.events import ClockStep, Event, Gap, Movement, UnilateralMovement
from limber_bridge.detection.signal import SECOND
from limber_bridge.protocol.encoding import encode_event, encode_night
from limber_bridge.storage.journal_reader import open_journal_reader

SIDES: Final = {1: "left", 2: "right"}
"""By sensor id."""
SETTLED: Final = 2.0
"""s of night time around a gap in which a movement may be cut or detected differently."""
NIGHT: Final = date(2026, 11, 22)
"""The night of the run."""
ALIKE: Final = 0.6
"""s of tolerance: both bridges place a frame by its arrival, and 20 ms of real time are 0.2 s of
night time."""


@dataclass(frozen=True, slots=True)
class ChaosResult:
    """The result of a run."""

    faults: Counter[str]
    movements: int
    """Movements that the undisturbed bridge detected."""
    compared: int
    """Those that lie outside gaps."""
    events: int
    """Published events in the journal of the disturbed bridge."""
    gaps: int
    answers: int
    """Answers of a person that the bridge confirmed, or that a later confirmed one replaced."""
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    problems: tuple[str, ...] = ()
    """What the faults themselves found to be wrong."""

    @property
    def well(self) -> bool:
        """Whether nothing was lost or doubled, and something could have been lost."""
        return not self.lost and not self.doubled and not self.problems and self.compared > 0

    @override
    def __str__(self) -> str:
        faults = "\n".join(f"  {count:5d}  {name}" for name, count in sorted(self.faults.items()))
        wrong = "".join(f"\n  {text}" for text in (*self.lost, *self.doubled, *self.problems))
        return (
            f"faults injected: {self.faults.total()}\n{faults}\n"
            f"events in the journal: {self.events}, {self.gaps} of them gaps\n"
            f"answers of a person that were confirmed: {self.answers}\n"
            f"movements of the undisturbed run: {self.movements}, "
            f"{self.compared} of them outside gaps\n"
            f"lost: {len(self.lost)}\ndoubled: {len(self.doubled)}\n"
            f"other problems: {len(self.problems)}{wrong}"
        )


def told(path: Path) -> dict[str, Any]:
    """Return the published events of a journal by id."""
    return messages_of(events_of(path))


def requested(path: Path) -> dict[str, Any]:
    """Return the events of a journal that a client requests, by id."""
    return messages_of((day, event) for day, event in events_of(path) if is_offered(day))


def is_offered(day: date) -> bool:
    """Return whether a client gets a night once the clock is right.

    A bridge leaves out nights of a clock that was years off. One of them may even be finished, if
    the clock then was further ahead, but a client only sees it for as long as that lasts.
    """
    return abs(day - NIGHT).days <= 1


def messages_of(events: Iterable[tuple[date, Event]]) -> dict[str, Any]:
    """Return the messages of the published ones of some events, by id."""
    messages = [encode_event(event, night) for night, event in events]
    return {
        thing(one.id): json.loads(msgspec.json.encode(one)) for one in messages if one is not None
    }


def apart(path: Path, calm: Path, shifts: ClockSteps) -> tuple[int, int, list[str], list[str]]:
    """Compare the movements of two journals outside gaps; return count, compared, lost, surplus.

    The clock of the first bridge was wrong, so each of its times may stand for several true times;
    any of them may match.
    """
    ours, theirs = ([event for _, event in events_of(one)] for one in (path, calm))
    holes = [(begin, end) for _, begin, end in holes_of(ours, shifts)]
    gaps = [
        *holes,
        *((one.onset, one.end) for one in theirs if isinstance(one, Gap)),
        *shifts.moments,
    ]
    margin = round(SETTLED * SECOND)

    def clear(one: UnilateralMovement) -> bool:
        return not any(begin - margin < one.end and one.onset < end + margin for begin, end in gaps)

    # Compare each leg by itself: bilateral movements are combined live and again for the night.
    mine = [shifts.parts(part) for part in parts_of(ours)]
    wanted = parts_of(theirs)
    left = list(mine)
    # Cut by a gap or beside it, a movement may look otherwise; but it is seen, or the gap of its
    # sensor says why not.
    spoken = [*spans_of(ours, shifts), *((None, *span) for span in shifts.moments)]
    lost = [
        f"lost silently: {describe(one)}"
        for one in wanted
        if not clear(one) and is_silent(one, spoken)
    ]
    compared = [one for one in wanted if clear(one)]
    # All of them find their like: one that lies on the edge of a margin is no surplus for being
    # clear of it by a hair.
    for one in wanted:
        alike = [each for each in left if any(is_alike(one, part) for part in each)]
        if alike:
            left.remove(
                min(alike, key=lambda each: min(abs(part.onset - one.onset) for part in each))
            )
        elif clear(one):
            lost.append(f"lost: {describe(one)}")
    surplus = [each[0] for each in left if each and all(clear(part) for part in each)]
    return len(wanted), len(compared), lost, [f"surplus: {describe(one)}" for one in surplus]


def spans_of(ours: Sequence[Event], shifts: ClockSteps) -> Iterator[tuple[str | None, int, int]]:
    """Yield side, onset and end (true us) of every movement and gap in the disturbed journal."""
    for part in parts_of(ours):
        yield from ((part.side, one.onset, one.end) for one in shifts.parts(part))
    yield from holes_of(ours, shifts)


def holes_of(ours: Iterable[Event], shifts: ClockSteps) -> Iterator[tuple[str | None, int, int]]:
    """Yield leg (None: both), onset and end (true us) of what the journal declares unknown."""
    for event in ours:
        match event:
            case Gap():
                yield from (
                    (SIDES[event.sensor], *span) for span in shifts.spans(event.onset, event.end)
                )
            case ClockStep():
                # Set back while no bridge ran: all that is known is what it showed before and
                # afterwards.
                yield from (
                    (None, *span) for span in shifts.spans(event.onset - event.by, event.onset)
                )
            case _:
                pass


def is_alike(one: UnilateralMovement, other: UnilateralMovement) -> bool:
    """Return whether two bridges mean the same movement."""
    near = round(ALIKE * SECOND)
    return (
        one.side == other.side
        and abs(one.onset - other.onset) <= near
        and abs(one.end - other.end) <= near
    )


def is_silent(one: UnilateralMovement, spoken: Iterable[tuple[str | None, int, int]]) -> bool:
    """Return whether the journal has neither that movement of that leg nor a gap at its time."""
    near = round(ALIKE * SECOND)
    return not any(
        side in (None, one.side) and begin - near <= one.end and one.onset <= end + near
        for side, begin, end in spoken
    )


def known(consumer: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the client's events by id and its nights by date."""
    with closing(sqlite3.connect(consumer, timeout=LOCK_TIMEOUT_S)) as database:
        events = {
            key: json.loads(text) for key, text in database.execute("SELECT id, payload FROM event")
        }
        return events, {
            key: json.loads(text)
            for key, text in database.execute("SELECT night, payload FROM night")
        }


def differences(journal: Path, consumer: Path) -> Iterator[str]:
    """Yield what the client lacks or has differently from the journal."""
    events, nights = known(consumer)
    for key, message in requested(journal).items():
        if events.get(key) != message:
            yield f"lost: the consumer has no {key}, or another"
    with open_journal_reader(journal) as record:
        finished = [night for night in record.nights("anna") if is_offered(night.date)]
    for night in finished:
        if nights.get(str(night.date)) != json.loads(msgspec.json.encode(encode_night(night))):
            yield f"lost: the consumer has another night of {night.date}"
    # A night with nothing but gaps does not count.
    if not finished and any(isinstance(event, Movement) for _, event in events_of(journal)):
        yield "lost: no night was finished"


def surplus(journal: Path, consumer: Path) -> Iterator[str]:
    """Yield what the client has but the journal lacks."""
    yield from (
        f"surplus: the journal has no {key}"
        for key in known(consumer)[0].keys() - told(journal).keys()
    )


def set_aside(folder: Path) -> Iterator[str]:
    """Yield which files of the journal were set aside, although all of them were intact."""
    for path in sorted(folder.glob("limber.db.*-*")):
        yield f"set aside: {path.name}"
