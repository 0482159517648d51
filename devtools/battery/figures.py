"""A figure of the battery, and what a part returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from devtools.battery.judge import Mistake, Tally


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    name: str
    value: float
    goal: str
    text: str = ""
    """What the value is made of."""
    digits: int = 3

    def row(self) -> str:
        """Return a row of a Markdown table."""
        return f"| {self.name} | {self.value:.{self.digits}f} | {self.goal} | {self.text} |"


@dataclass(slots=True)
class Result:
    """The figures of a part, and every mistake in it."""

    figures: list[Figure] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


HEAD: Final = "| figure | value | goal | |\n|---|---|---|---|"


def counted(tally: Tally) -> str:
    """Return the counts as text."""
    return f"{tally.found} found, {tally.missed} missed, {tally.false} false in {tally.hours:.0f} h"


def false_causes(mistakes: Sequence[Mistake]) -> str:
    """Return how many false alarms each kind of item explains, as text."""
    counts: dict[str, int] = {}
    for mistake in mistakes:
        if mistake.what == "false":
            # The first item that was there, without side and note.
            cause = mistake.text.split("there: ")[-1].split(";")[0].split(" (")[0]
            for side in (" left", " right", " both"):
                cause = cause.removesuffix(side)
            counts[cause] = counts.get(cause, 0) + 1
    order = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{cause} {count}" for cause, count in order)
