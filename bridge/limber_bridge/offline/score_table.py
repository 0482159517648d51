"""The table of a scored night for a reader: the most important measures with their units."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.domain.foreign_text import printable

LABEL_WIDTH: Final = 38


def format_hours(hours: float) -> str:
    """Return hours as `7 h 55 min`, less than an hour as `55 min`."""
    whole_hours, minutes = divmod(round(hours * 60), 60)
    return f"{whole_hours} h {minutes} min" if whole_hours else f"{minutes} min"


def format_count(value: float) -> str:
    """Return a whole number."""
    return f"{value:.0f}"


def format_index(value: float) -> str:
    """Return an index as `25.0 /h`."""
    return f"{value:.1f} /h"


def format_ratio(value: float) -> str:
    """Return a ratio with two decimals."""
    return f"{value:.2f}"


def format_seconds(value: float) -> str:
    """Return seconds as `24.5 s`."""
    return f"{value:.1f} s"


ROWS: Final[tuple[tuple[str, str, Callable[[float], str]], ...]] = (
    ("time_in_bed_h", "In bed", format_hours),
    ("sleep_h", "Asleep", format_hours),
    ("movements", "Leg movements", format_count),
    ("candidates", "Candidate leg movements (CLM)", format_count),
    ("plm", "Periodic leg movements (PLM)", format_count),
    ("plm_index", "PLM index", format_index),
    ("plms_index", "PLM index asleep (PLMS)", format_index),
    ("plmw_index", "PLM index awake in bed (PLMW)", format_index),
    ("periodicity_index", "Periodicity index (PLM / CLM)", format_ratio),
    ("plm_nr", "PLM without respiratory events", format_count),
    ("plms_nr_index", "PLMS index without respiratory events", format_index),
    ("series_count", "Periodic series", format_count),
    ("imi_median", "Median interval between movements", format_seconds),
    ("twitches", "Twitches (shorter than 0.5 s)", format_count),
    ("cramps_probable", "Probable cramps", format_count),
    ("cramps_possible", "Possible cramps", format_count),
)
"""Key of the measure, label, and format of its value."""
ESTIMATED_SLEEP_LABEL: Final = "Asleep (estimated)"


def format_table(document: Mapping[str, Any]) -> str:
    """Return the table of a scored night, from its JSON object; unknown measures are left out."""
    measures = document["measures"]
    title = (
        f"{printable(document['recording'], None)} ({document['rules']}, "
        f"{format_hours(document['duration'] / 3600)} recorded)"
    )
    labels = {key: label for key, label, _ in ROWS}
    if document["methods"]["asleep"] == ASLEEP_METHOD:
        labels["sleep_h"] = ESTIMATED_SLEEP_LABEL
    lines = [
        f"  {labels[key]:<{LABEL_WIDTH}} {format_value(measures[key])}"
        for key, _, format_value in ROWS
        if measures[key] is not None
    ]
    return "\n".join([title, *lines, ""])
