"""The diary: what a sleeper says of a night that no sensor shows. Pure.

In the evening, how much the legs bother them; in the morning, how well they slept, and whether they
had a cramp. It counts in no measure of a night.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

RATING_MAX: Final = 10
"""Ratings are whole numbers from 0 to 10, as in numerical rating scales of pain."""
EVENING_FIELDS: Final = frozenset({"evening_symptoms"})
"""What is said in the evening, of the night that begins; everything else is said in the morning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryEntry:
    """What is known of one night; None: not said."""

    night: date
    evening_symptoms: int | None = None
    """How much the legs bother in the evening: 0 not at all, 10 unbearably."""
    sleep_quality: int | None = None
    """0: did not sleep, 10: could not be better."""
    cramp: bool | None = None
    """Whether there was a cramp in the leg or foot."""
    cramp_pain: int | None = None
    """Worst pain of a cramp: 0 none, 10 the worst imaginable; None without a cramp."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self == DiaryEntry(night=self.night)


def changed_entry(entry: DiaryEntry, values: Mapping[str, Any]) -> DiaryEntry:
    """Return an entry with other values, by name of the field; None deletes a value.

    A pain above 0 says that there was a cramp, and without a cramp there is no pain.
    """
    if values.get("cramp_pain"):
        values = {"cramp": True} | dict(values)
    changed = replace(entry, **values)
    is_deleted = "cramp" in values and changed.cramp is None
    no_cramp = changed.cramp is False or is_deleted
    return replace(changed, cramp_pain=None) if no_cramp else changed


def split_values(
    values: Mapping[str, Any], evening: date, morning: date
) -> dict[date, dict[str, Any]]:
    """Return values by the night that they are about, that of the morning last."""
    found: dict[date, dict[str, Any]] = {}
    for name, value in sorted(values.items(), key=lambda one: one[0] not in EVENING_FIELDS):
        night = evening if name in EVENING_FIELDS else morning
        found.setdefault(night, {})[name] = value
    return found


DIARY_COLUMNS: Final = ("evening_symptoms", "sleep_quality", "diary_cramp", "cramp_pain")
"""Columns of an entry in tables, which may count cramps in a column of their own."""


def diary_cells(entry: DiaryEntry) -> dict[str, int | bool | str]:
    """Return an entry by `DIARY_COLUMNS`; what is not said is an empty cell."""
    values = zip(DIARY_COLUMNS, diary_values(entry).values(), strict=True)
    return {name: "" if value is None else value for name, value in values}


class Diary:
    """All entries of one sleeper."""

    def __init__(self, entries: Iterable[DiaryEntry] = ()) -> None:
        """Start with some entries."""
        self._entries: dict[date, DiaryEntry] = {}
        for entry in entries:
            self.add(entry)

    def __iter__(self) -> Iterator[DiaryEntry]:
        return iter(self._entries.values())

    def of(self, night: date) -> DiaryEntry:
        """Return the entry of a night, an empty one if nothing is said."""
        return self._entries.get(night) or DiaryEntry(night=night)

    def add(self, entry: DiaryEntry) -> None:
        """Add the entry of a night, instead of the one before."""
        if entry.is_empty:
            self._entries.pop(entry.night, None)
        else:
            self._entries[entry.night] = entry


def diary_values(entry: DiaryEntry) -> dict[str, int | bool | None]:
    """Return what an entry says, by name, without its night."""
    values = asdict(entry)
    del values["night"]
    return values
