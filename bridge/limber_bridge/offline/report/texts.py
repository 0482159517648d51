"""The texts of a report in the languages that there are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

from limber_bridge.detection.events import FactorKind

LANGUAGES: Final = ("en", "de", "fr", "es", "nl", "it")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language."""

    language: str
    """ISO 639-1."""
    words: Mapping[str, str]
    months: Sequence[str]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with values filled in."""
        return self.words[key].format(**values)

    def factor(self, name: str) -> str:
        """Return the word for a kind of factor; a name that a person gave stays as it is."""
        return self.words[name] if name in set(FactorKind) else name

    def full_date(self, day: date) -> str:
        """Return a date with its year."""
        return self("date", day=day.day, month=self.months[day.month - 1], year=day.year)

    def short_date(self, day: date) -> str:
        """Return a date without the year."""
        return self("short_date", day=day.day, month=self.months[day.month - 1])

    def number(self, value: float, decimals: int) -> str:
        """Return a number with the decimal sign of the language."""
        return f"{value:.{decimals}f}".replace(".", self.words["decimal"])


def load_texts(language: str) -> Texts:
    """Return the texts of one of `LANGUAGES`."""
    raw = json.loads((files(__package__) / "texts" / f"{language}.json").read_text("utf-8"))
    months = raw.pop("months")
    return Texts(language, raw, months)
