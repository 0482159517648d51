"""Texts in the language of the reader, with numbers, dates, times and durations in words. Pure.

The texts are those of `selector.words` in the translations.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, override

type Texts = Mapping[str, str]

MARK: Final = "\ue000"
MARK_END: Final = "\ue001"
"""Around the number of a value. Private to this module: `quote` of summary_text removes them from
what people and bridges have written."""
MARKED: Final = re.compile(f"{MARK}([0-9]+){MARK_END}")
UNMARK: Final = str.maketrans(dict.fromkeys(MARK + MARK_END))
"""Removes the marks from a text."""
COUNT_FORMS: Final = {0: "zero", 1: "one"}
"""Numbers whose noun has a form of its own: French has "0 minute". Hours are never 0."""


@dataclass(frozen=True, slots=True)
class Words:
    """Texts to be read or spoken: dates and durations are written out."""

    texts: Texts
    zone: tzinfo
    """Time zone of the times of day."""

    def __getitem__(self, key: str) -> str:
        """Return a text."""
        return self.texts[key]

    def get(self, key: str) -> str | None:
        """Return a text; None if there is none, as for what only a newer bridge knows."""
        return self.texts.get(key)

    def number(self, value: float) -> str:
        """Return a number; a float has one decimal."""
        text = str(value) if isinstance(value, int) else f"{value:.1f}"
        return text.replace(".", self.texts["decimal"])

    def date(self, day: date) -> str:
        """Return a date, for example "November 21, 2026"."""
        return self.texts["date"].format(
            year=day.year,
            month=self.texts[f"month_{day.month}"],
            day=self.texts["first"] if day.day == 1 else day.day,
        )

    def time(self, moment: datetime) -> str:
        """Return a time of day."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def duration(self, duration: timedelta) -> str:
        """Return a duration in hours and minutes, for example "7 hours and 54 minutes".

        Half a minute is rounded up, as in the cards.
        """
        hours, minutes = divmod((duration + timedelta(seconds=30)) // timedelta(minutes=1), 60)
        if hours == 0:
            return self._count("minute", minutes)
        if minutes == 0:
            return self._count("hour", hours)
        return self.texts["hours_and_minutes"].format(
            hours=self._count("hour", hours), minutes=self._count("minute", minutes)
        )

    def _count(self, unit: str, count: int) -> str:
        return self.texts[f"{unit}_{COUNT_FORMS.get(count, 'other')}"].format(count=count)


@dataclass(frozen=True, slots=True)
class CardWords(Words):
    """Texts for a card, which formats the values as the reader has chosen in Home Assistant.

    Each value is replaced by a mark; `split` puts the values back.
    """

    values: list[dict[str, Any]]

    @override
    def number(self, value: float) -> str:
        digits = 0 if isinstance(value, int) else 1
        return self._mark({"number": value, "digits": digits})

    @override
    def date(self, day: date) -> str:
        return self._mark({"date": day.isoformat()})

    @override
    def time(self, moment: datetime) -> str:
        return self._mark({"time": moment.timestamp()})

    @override
    def duration(self, duration: timedelta) -> str:
        return self._mark({"duration": duration.total_seconds()})

    def split(self, text: str) -> list[str | dict[str, Any]]:
        """Return a text as its parts: texts, and the values between them.

        `{"number": 24.1, "digits": 1}`, `{"date": "2026-11-21"}`, `{"time": 1763773200.0}` (Unix
        seconds) or `{"duration": 28440.0}` (s).
        """
        # With one group, every second part is the number of a value.
        parts = MARKED.split(text)
        return [
            self.values[int(part)] if index % 2 else part
            for index, part in enumerate(parts)
            if part
        ]

    def _mark(self, value: dict[str, Any]) -> str:
        self.values.append(value)
        return f"{MARK}{len(self.values) - 1}{MARK_END}"
