"""The figures of a night, in the words of the entities of Home Assistant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.measures import Measures
from limber_bridge.web.formats import UNKNOWN, format_duration, format_number


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure."""

    measure: str
    """Field of `Measures`."""
    text: str
    """Key of its name."""
    write: Callable[[str, float | None], str]
    """Writes its value in a language."""


def with_decimals(decimals: int, unit: str = "") -> Callable[[str, float | None], str]:
    """Return a function that writes a value with decimals and a unit."""

    def write(language: str, value: float | None) -> str:
        number = format_number(language, value, decimals)
        return number if number == UNKNOWN else f"{number}{unit}"

    return write


FIGURES: Final = (
    Figure("movements", "figures.movements", with_decimals(0)),
    Figure("candidates", "figures.candidates", with_decimals(0)),
    Figure("plm", "figures.plm", with_decimals(0)),
    Figure("plm_left", "figures.plm_left", with_decimals(0)),
    Figure("plm_right", "figures.plm_right", with_decimals(0)),
    Figure("plm_both", "figures.plm_both", with_decimals(0)),
    Figure("plm_index", "figures.plm_index", with_decimals(1, "/h")),
    Figure("plms_index", "figures.plms_index", with_decimals(1, "/h")),
    Figure("periodicity_index", "figures.periodicity_index", with_decimals(2)),
    Figure("series_count", "figures.series_count", with_decimals(0)),
    Figure("imi_mean", "figures.mean_interval", with_decimals(0, " s")),
    Figure("longest_quiet_h", "figures.longest_quiet", format_duration),
    Figure("cramps_possible", "figures.cramps_possible", with_decimals(0)),
    Figure("cramps_probable", "figures.cramps_probable", with_decimals(0)),
    Figure("time_in_bed_h", "figures.time_in_bed", format_duration),
    Figure("sleep_h", "figures.sleep", format_duration),
)
"""In the order of the entities; each text is the name of an entity without its period.

Only the movements of both legs have no entity: here, left, right and both add up to all of them."""


def written_figures(measures: Measures, language: str) -> list[tuple[str, str]]:
    """Return the key of the name and the value of each figure."""
    return [
        (figure.text, figure.write(language, getattr(measures, figure.measure)))
        for figure in FIGURES
    ]
