"""The events of the nights that may still change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.events import Event, event_id
from limber_bridge.domain.nights import Calendar

NIGHTS_IN_MEMORY: Final = 4
"""Unchanged nights whose events stay in memory, the last ones that received an event. Chosen: a
clock that was wrong for a while touches a few other nights before it comes back to tonight."""
END_OF_TIME: Final = 2**63 - 1
"""us; later than any event."""


@dataclass(frozen=True, slots=True)
class AddedEvent:
    """Where an event was added."""

    night: date
    first: bool
    """Whether it is the first event in memory for its night."""


class OpenNights:
    """Hold the events of recent nights, and know which nights changed since they were finished."""

    def __init__(
        self,
        calendar: Calendar,
        nights: Mapping[date, Iterable[Event]],
        *,
        changed: Iterable[date],
        dropped: Iterable[date],
        imported: Iterable[date] = (),
    ) -> None:
        """Start with the events in the journal.

        `changed`: nights to finish when they are over. `dropped`: finished nights whose events are
        not in memory. `imported`: those of them that come from recordings.
        """
        self._calendar = calendar
        # In the order in which nights last received an event; events by id.
        self._nights = {
            night: {event_id(event): event for event in events} for night, events in nights.items()
        }
        self._changed = set(changed)
        self._dropped = set(dropped)
        self._imported = set(imported)

    def __contains__(self, night: date) -> bool:
        return night in self._nights

    def events_of(self, night: date) -> list[Event]:
        """Return the events of one night; empty where none is in memory."""
        return list(self._nights.get(night, {}).values())

    def events_by_night(self) -> list[tuple[date, Event]]:
        """Return all events in memory, each with its night."""
        return [
            (night, event) for night, events in self._nights.items() for event in events.values()
        ]

    def ordered_events(self) -> list[Event]:
        """Return all events in memory by onset."""
        return sorted((event for _, event in self.events_by_night()), key=onset_of)

    def holds(self, night: date, event: Event) -> bool:
        """Return whether an event with the same id is in memory for a night."""
        return event_id(event) in self._nights.get(night, {})

    def add(self, event: Event, now: int) -> AddedEvent:
        """Add an event to its night; one with the same id replaces the earlier one.

        An event for a night before last night whose events have been dropped changes nothing: the
        figures of that night are final. (A sensor that was away for days reports its gap then.) An
        event for an imported night changes nothing either.
        """
        night = self._calendar.night_of(event.onset)
        if self._is_final(night, now):
            return AddedEvent(night, first=False)
        events = self._nights.pop(night, None)
        first = events is None
        # Inserted again, so that the night that received an event last comes last.
        self._nights[night] = events = {} if events is None else events
        events[event_id(event)] = event
        self._dropped.discard(night)
        self._changed.add(night)
        return AddedEvent(night, first)

    def remove(self, event: Event) -> None:
        """Remove an event from its night, if it is in memory; the night has changed then."""
        night = self._calendar.night_of(event.onset)
        events = self._nights.get(night, {})
        if events.pop(event_id(event), None) is not None:
            self._changed.add(night)

    def replace_night(self, night: date, *, imported: bool) -> None:
        """Forget the events of a night, because the journal now has different ones."""
        self._nights.pop(night, None)
        self._changed.discard(night)
        self._dropped.add(night)
        if imported:
            self._imported.add(night)
        else:
            self._imported.discard(night)

    def take_over(self, now: int) -> list[date]:
        """Return the changed nights that are over at `now` (us), oldest first, and unmark them."""
        # This runs for every block of samples, so it examines the events only towards morning.
        over = [
            night
            for night in sorted(self._changed)
            if self._calendar.may_be_over(night, now)
            and self._calendar.is_over(night, self.events_of(night), now)
        ]
        self._changed.difference_update(over)
        return over

    def take_changed(self) -> list[date]:
        """Return all changed nights, oldest first, and unmark them."""
        changed = sorted(self._changed)
        self._changed.clear()
        return changed

    def drop_unchanged(self) -> None:
        """Drop the events of unchanged nights, but for the last few."""
        unchanged = [night for night in self._nights if night not in self._changed]
        for night in unchanged[:-NIGHTS_IN_MEMORY]:
            del self._nights[night]
            self._dropped.add(night)

    def _is_final(self, night: date, now: int) -> bool:
        if night in self._imported:
            return True
        last_night = self._calendar.night_of(now) - timedelta(days=1)
        return night in self._dropped and night < last_night


def onset_of(event: Event) -> int:
    """Return the onset (us) by which events are ordered."""
    return event.onset


def restored_nights(
    calendar: Calendar,
    nights: Mapping[date, Sequence[Event]],
    finished: Iterable[date],
    *,
    measured_since: int | None,
    tonight: date | None,
    imported: Iterable[date] = (),
) -> OpenNights:
    """Return the nights in the journal when the bridge starts.

    `measured_since`: time (us) since when it is known what the sensors measured; None where other
    sensors measured the nights. `tonight`: None where recordings are played, whose events all come
    again. `imported`: nights from recordings, whose events are not among them.
    """
    done = set(finished)

    def can_be_scored(night: date) -> bool:
        """Return whether the coverage of a finished night is known."""
        if measured_since is None:
            return False
        if tonight is None or night >= tonight:
            return True
        return all(event.onset >= measured_since for event in nights[night])

    return OpenNights(
        calendar,
        nights,
        # Other sensors know nothing of the coverage of a finished night, so its figures stay.
        changed={night for night in nights if night not in done or can_be_scored(night)},
        dropped=() if tonight is None else done - set(nights),
        imported=imported,
    )


def known_since(sensors: Iterable[int], memory: Mapping[int, SensorState]) -> int | None:
    """Return the time (us) since when it is known what all sensors measured.

    None where the sensors in memory are others. A sensor that has measured nothing yet does not
    count for the past: the result is then the end of time.
    """
    if set(memory) != set(sensors):
        return None
    firsts = [one.first_sample for one in memory.values()]
    return max((END_OF_TIME if first is None else first for first in firsts), default=0)
