"""The table of a recording of several nights: a row for each night, their mean and their spread."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, Final

from limber_bridge.domain.counted import counted

COLUMNS: Final = (
    ("time_in_bed_h", "in bed h", 1),
    ("sleep_h", "asleep h", 1),
    ("movements", "movements", 0),
    ("candidates", "CLM", 0),
    ("plm", "PLM", 0),
    ("plm_index", "PLM /h", 1),
    ("plms_index", "PLMS /h", 1),
    ("periodicity_index", "periodicity", 2),
    ("cramps_possible", "possible cramps", 0),
)
"""Key of the measure, heading, and decimals of a night; means have one more for counts."""
UNKNOWN: Final = "-"
NIGHT_WIDTH: Final = 10


def format_nights(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of the nights of one recording, from their JSON objects."""
    first = documents[0]
    rows = [["night", *(heading for _, heading, _ in COLUMNS)]]
    rows += [night_row(document) for document in documents]
    rows += [
        ["mean", *(statistic(documents, key, decimals, 1) for key, _, decimals in COLUMNS)],
        ["SD", *(statistic(documents, key, decimals, 2) for key, _, decimals in COLUMNS)],
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"{first['recording']} ({first['rules']}, {counted(len(documents), 'night')})"]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([*lines, ""])


def night_row(document: Mapping[str, Any]) -> list[str]:
    """Return the cells of one night."""
    measures = document["measures"]
    values = [(measures[key], decimals) for key, _, decimals in COLUMNS]
    return [
        document["night"],
        *(UNKNOWN if value is None else f"{value:.{decimals}f}" for value, decimals in values),
    ]


def statistic(documents: Sequence[Mapping[str, Any]], key: str, decimals: int, least: int) -> str:
    """Return the mean, or with `least` 2 the standard deviation (n - 1), of a measure.

    Nights in which it is unknown are left out; unknown with fewer than `least` others.
    """
    values = [document["measures"][key] for document in documents]
    known = [value for value in values if value is not None]
    if len(known) < least:
        return UNKNOWN
    value = fmean(known) if least == 1 else stdev(known)
    return f"{value:.{max(decimals, 1)}f}"
