"""Read what the journal holds of the nights that are compared: figures, cramps, what was logged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from limber_bridge.detection.cramp_thresholds import Label, Labels
from limber_bridge.detection.events import KINDS, Cramp, Event, Factor, event_id
from limber_bridge.detection.measures import Measures
from limber_bridge.domain.diary import Diary, DiaryEntry
from limber_bridge.domain.factor_effects import ComparedNight
from limber_bridge.domain.nights import Calendar, Night
from limber_bridge.protocol.encoding import CERTAINTY_REPORTED
from limber_bridge.storage.journal_reader import JournalReader


@dataclass(frozen=True, slots=True)
class ReportedCramp:
    """A cramp that the sleeper did not reject."""

    time: int
    """us; its onset."""
    certainty: str
    """`possible`, `probable` or `reported`."""
    confirmed: bool
    """Whether the sleeper confirmed it, or reported it."""


@dataclass(frozen=True, slots=True)
class ReportNight:
    """A date in the range."""

    date: date
    night: Night | None
    """None: the night was not recorded."""
    cramps: tuple[ReportedCramp, ...]
    had_cramp: bool | None
    """None: unknown, because no sensor sees cramps and the sleeper said nothing of them."""
    factors: tuple[Factor, ...]
    diary: DiaryEntry
    """What the sleeper said; empty: nothing."""

    @property
    def measures(self) -> Measures:
        """The measures of the night; all unknown if it was not recorded."""
        return Measures() if self.night is None else self.night.measures


def read_report_nights(
    record: JournalReader, sleeper: str, calendar: Calendar, dates: Sequence[date]
) -> list[ReportNight]:
    """Return what the journal holds of each date, which must be consecutive; JournalError."""
    after = dates[0] - timedelta(days=1)
    finished = {night.date: night for night in record.nights(sleeper, after, until=dates[-1])}
    cramps = record.events_of_kind(sleeper, KINDS[Cramp], after, dates[-1])
    factors = record.events_of_kind(sleeper, KINDS[Factor], after, dates[-1])
    diary = Diary(record.diary(sleeper, after, until=dates[-1]))
    labels = record.labels(sleeper)
    answers = Labels(labels).answers
    reported: dict[date, list[Label]] = {}
    for label in record.reported_cramps(sleeper, labels):
        reported.setdefault(calendar.night_of(label.time), []).append(label)
    nights = []
    for day in dates:
        found = (
            *_accepted_cramps(cramps.get(day, ()), answers),
            *(
                ReportedCramp(label.time, CERTAINTY_REPORTED, confirmed=True)
                for label in reported.get(day, ())
            ),
        )
        night = finished.get(day)
        dropped = record.events_dropped_at(sleeper, day) is not None
        said = diary.of(day)
        nights.append(
            ReportNight(
                day,
                night,
                tuple(sorted(found, key=lambda cramp: cramp.time)),
                _had_cramp(night, found=bool(found), said=said.cramp, dropped=dropped),
                tuple(cast("Factor", event) for event in factors.get(day, ())),
                said,
            )
        )
    return nights


def _accepted_cramps(
    events: Iterable[Event], answers: Mapping[str, bool]
) -> Iterator[ReportedCramp]:
    """Yield the detected cramps that the sleeper did not reject."""
    for event in events:
        answer = answers.get(event_id(event))
        if isinstance(event, Cramp) and answer is not False:
            yield ReportedCramp(event.onset, event.certainty.value, confirmed=bool(answer))


def _had_cramp(
    night: Night | None, *, found: bool, said: bool | None, dropped: bool
) -> bool | None:
    """Return whether there was a cramp in a night; None: unknown.

    `found`: whether there is one that the sleeper did not reject; `said`: what the diary says,
    which rejects none of them.
    """
    if found or said:
        return True
    measures = Measures() if night is None else night.measures
    counts = (measures.cramps_possible, measures.cramps_probable)
    if counts == (None, None):
        return said
    # Without the events it is unknown whether the sleeper rejected the cramps that were counted.
    return any(counts) if dropped else False


def compared_nights(nights: Iterable[ReportNight]) -> list[ComparedNight]:
    """Return the nights that can be compared: those that were recorded or are in the diary."""
    return [
        ComparedNight(one.date, one.measures, one.had_cramp, one.diary)
        for one in nights
        if one.night is not None or not one.diary.is_empty
    ]
