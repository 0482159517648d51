"""What a person said to the bridge of `script/chaos`, compared with its journal."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devtools.chaos_verdict import NIGHT
from devtools.journal_events import events_of
from limber_bridge.detection.events import Factor
from limber_bridge.storage.journal_reader import open_journal_reader

NOTE: Final = "answer-"
"""Beginning of the notes, which tell these factors from those of other clients."""


@dataclass(slots=True)
class PersonAnswers:
    """What a person said, and what was confirmed."""

    ratings: list[int] = field(default_factory=list)
    """How well they slept in the night of the run, in order."""
    confirmed_ratings: int = 0
    """How many ratings were sent up to the last confirmed one."""
    notes: list[str] = field(default_factory=list)
    confirmed_notes: set[str] = field(default_factory=set)

    @property
    def confirmed(self) -> int:
        """How many ratings and factors the bridge must have."""
        return self.confirmed_ratings + len(self.confirmed_notes)

    def unkept(self, journal: Path) -> Iterator[str]:
        """Yield what was confirmed and is not in a journal."""
        logged = logged_notes(journal)
        yield from (f"lost: the factor {one}" for one in sorted(self.confirmed_notes - set(logged)))
        if not self.confirmed_ratings:
            return
        # A later one without a response may have been taken.
        possible = self.ratings[self.confirmed_ratings - 1 :]
        found = rating_of(journal)
        if found not in possible:
            yield f"lost: the diary has the rating {found} instead of one of {possible}"

    def doubled(self, journal: Path) -> Iterator[str]:
        """Yield what is in a journal twice."""
        yield from (
            f"doubled: the factor {note}"
            for note, count in sorted(logged_notes(journal).items())
            if count > 1
        )


def logged_notes(journal: Path) -> Counter[str]:
    """Return how often each note of a person is in a journal."""
    return Counter(
        event.note
        for _, event in events_of(journal)
        if isinstance(event, Factor) and event.note is not None and event.note.startswith(NOTE)
    )


def rating_of(journal: Path) -> int | None:
    """Return the rating of the night of the run."""
    with open_journal_reader(journal) as record:
        return next(
            (entry.sleep_quality for entry in record.diary("anna") if entry.night == NIGHT), None
        )
