"""Recognise tables that say in their first lines, not in headers, what their columns are."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Final

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.text.content import Content
from limber_bridge.recordings.text.headers import ColumnUse
from limber_bridge.recordings.text.layout import Layout, is_value

MAX_RATE_HZ: Final = 1024.0
"""Fastest rate that a second row of Empatica may state (chosen)."""
RATE_TOLERANCE: Final = 0.1
"""Share by which the rate that a file states may differ from that of its times (chosen)."""


@dataclass(frozen=True, slots=True)
class LoggerFacts:
    """What the lines before a table say."""

    name: str = ""
    """Of the program, for notes."""
    skipped_rows: int = 0
    """Rows before the first one with samples."""
    uses: dict[int, ColumnUse] = field(default_factory=dict)
    """Of columns without headers."""
    unit: str | None = None
    """Of acceleration whose header names none."""
    unit_without_gravity: str | None = None
    """The same, where there is no gravity by which it could be recognised."""
    rate: float | None = None
    """Hz."""
    only_length: bool = False
    """Whether there is only the length of the acceleration, without a direction."""
    start: int | None = None
    """us since 1970."""
    start_text: bytes | None = None
    """Local time of the first row."""
    month_first: bool | None = None
    """Order of day and month."""
    zone: tzinfo | None = None
    """Of local times."""


def axes_from(first: int, unit: str | None) -> dict[int, ColumnUse]:
    """Return three columns from an index on as the axes of an accelerometer."""
    return {first + number: ColumnUse(axis, unit) for number, axis in enumerate("xyz")}


def actigraph_facts(path: Path, layout: Layout) -> LoggerFacts | None:
    """Return what ActiLife writes before a table of raw data."""
    text = "\n".join(layout.preamble)
    if "ActiGraph" not in text or "Data" not in text:
        return None
    epoch = re.search(r"Epoch Period \(hh:mm:ss\)\s*(\d+):(\d+):(\d+)", text)
    if epoch is not None and any(int(part) for part in epoch.groups()):
        raise UnreadableRecordingError(
            f"{path}: activity counts per epoch of {epoch[0].split()[-1]}, in which no movement "
            "can be seen; export the raw data from ActiLife"
        )
    rate = re.search(r"at (\d+(?:\.\d+)?) Hz", text)
    order = re.search(r"date format ([A-Za-z]+)", text)
    month_first = None if order is None else order[1].startswith("M")
    clock = re.search(r"Start Time\s+(\d+:\d+:\d+(?:\s*[AaPp]\.?[Mm]\.?)?)", text)
    date = re.search(r"Start Date\s+(\S+)", text)
    uses: dict[int, ColumnUse] = {}
    if not layout.names:
        has_time = not re.fullmatch(r"[-+\d.,]+", layout.rows[0][0])
        uses = axes_from(int(has_time), "g")
        if has_time:
            uses[0] = ColumnUse("time", None)
    return LoggerFacts(
        "ActiGraph",
        uses=uses,
        unit="g",
        rate=None if rate is None else float(rate[1]),
        start_text=None if clock is None or date is None else f"{date[1]} {clock[1]}".encode(),
        month_first=month_first,
    )


def geneactiv_facts(_path: Path, layout: Layout) -> LoggerFacts | None:
    """Return what the software of GENEActiv writes in the hundred lines before a table."""
    text = "\n".join(layout.preamble)
    if "GENEActiv" not in text or layout.width < 4:
        return None
    rate = re.search(r"Measurement Frequency[,;\t]\s*(\d+(?:\.\d+)?)", text)
    zone = re.search(r"Time Zone[,;\t]\s*GMT\s*([+-])(\d+):(\d+)", text)
    offset: tzinfo | None = None
    if zone is not None:
        minutes = int(zone[2]) * 60 + int(zone[3])
        offset = timezone(timedelta(minutes=-minutes if zone[1] == "-" else minutes))
    uses = {} if layout.names else axes_from(1, "g") | {0: ColumnUse("time", None)}
    return LoggerFacts(
        "GENEActiv",
        uses=uses,
        unit="g",
        rate=None if rate is None else float(rate[1]),
        zone=offset,
    )


def empatica_facts(_path: Path, layout: Layout) -> LoggerFacts | None:
    """Return what the first two rows of an Empatica E4 say: the start and the rate."""
    rows = layout.rows
    if layout.names or layout.width != 3 or len(rows) < 3:
        return None
    numbers = [[float(field) for field in row if is_value(field)] for row in rows[:2]]
    if any(len(set(row)) != 1 for row in numbers):
        return None
    start = numbers[0][0]
    rate = numbers[1][0]
    if not 1e9 < start < 4.2e9 or not 1 <= rate <= MAX_RATE_HZ:
        return None
    return LoggerFacts(
        "Empatica",
        skipped_rows=2,
        uses=axes_from(0, "1/64 g"),
        rate=rate,
        start=round(start * SECOND),
    )


def axivity_facts(_path: Path, layout: Layout) -> LoggerFacts | None:
    """Return the columns of a table that begins at once with a date and three numbers."""
    if layout.names or layout.width < 4 or not layout.rows:
        return None
    row = layout.rows[0]
    if not re.match(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:", row[0]) or not all(map(is_value, row[1:4])):
        return None
    return LoggerFacts("Axivity", uses=axes_from(1, None) | {0: ColumnUse("time", None)})


def sensor_logger_facts(_path: Path, layout: Layout) -> LoggerFacts | None:
    """Return what is known of a table of Sensor Logger, which writes two columns with times.

    Its acceleration without gravity is always in m/s2, that with gravity in m/s2 or g.
    """
    if not {"time", "seconds_elapsed"} <= {name.lower() for name in layout.names}:
        return None
    return LoggerFacts("Sensor Logger", unit_without_gravity="m/s2")


def length_facts(_path: Path, layout: Layout) -> LoggerFacts | None:
    """Return the columns of a table with the length of the acceleration alone."""
    names = [name.lower().partition("[")[0].strip() for name in layout.names]
    if names != ["time", "length"]:
        return None
    return LoggerFacts("OpenSeizureDetector", uses={1: ColumnUse("x", "mg")}, only_length=True)


LOGGERS: Final[Sequence[Callable[[Path, Layout], LoggerFacts | None]]] = (
    actigraph_facts,
    geneactiv_facts,
    empatica_facts,
    axivity_facts,
    sensor_logger_facts,
    length_facts,
)


SAMPLES_IN_ROW: Final = 125
"""Samples of a row of OpenSeizureDetector: 5 s at 25 Hz."""
LONG_ROW: Final = re.compile(rb"\d{2}-\d{2}-\d{4} \d{2}:\d{2}:\d{2}, ")


def long_rows(content: Content) -> Content:
    """Return the log of OpenSeizureDetector, with its many samples in a row, as a table.

    Any other text is returned as it is. Each row has the local time, some figures, and the lengths
    of the acceleration in mg; the samples of a row get its time.
    """
    first = content.data[: content.data.find(b"\n")]
    if not LONG_ROW.match(first) or first.count(b",") < SAMPLES_IN_ROW:
        return content
    lines = [b"time,length [mg]"]
    for row in content.data.split(b"\n"):
        fields = row.split(b",")
        if len(fields) == first.count(b",") + 1:
            lines += [fields[0] + b"," + one.strip() for one in fields[-SAMPLES_IN_ROW:]]
    return Content(b"\n".join(lines), content.notes)


def logger_facts(path: Path, layout: Layout) -> LoggerFacts:
    """Return what the lines before a table say; UnreadableRecordingError for counts per epoch."""
    found = (recognise(path, layout) for recognise in LOGGERS)
    return next((one for one in found if one is not None), LoggerFacts())


def check_stated_rate(path: Path, name: str, stated: float, measured: float) -> None:
    """Raise UnreadableRecordingError if a file states another rate than its times have."""
    if abs(measured / stated - 1) > RATE_TOLERANCE:
        remedy = "leave --rate out, or export it again" if name == "--rate" else "export it again"
        raise UnreadableRecordingError(
            f"{path}: {name} states {stated:g} Hz, but the times have {measured:.4g} Hz; one of "
            f"them is wrong; {remedy}"
        )
