"""Find tables in which each row names its sensor, and which hold the rows of several sensors."""

from pathlib import Path
from typing import Final

from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.read_options import label_key
from limber_bridge.recordings.text.columns import Plan
from limber_bridge.recordings.text.layout import MISSING, split_line

LABEL_WORDS: Final = frozenset(
    (
        *("sensor", "device", "type", "name", "source", "side", "leg", "limb", "foot", "placement"),
        *("location", "channel", "signal", "measurement", "metric", "mac", "address", "serial"),
        *("uuid", "node", "topic", "entity", "field", "_measurement", "_field", "subject"),
        *("participant", "patient", "person", "user", "id", "sensortype", "devicename", "deviceid"),
        *("sensorid", "sensorname", "devicetag", "kind", "stream"),
    )
)
"""Words of headers, in lower case, of columns that say which sensor or person a row belongs to."""
COMPARED_ROWS: Final = 400
"""Rows that are compared at each place (chosen: sensors take turns within a second)."""
PLACES: Final = 5
"""Places of the table, evenly spread, where rows are compared."""
MAX_LABELS: Final = 20
"""With more different values in a column, it counts rows instead of naming sensors (chosen)."""


def check_single_sensor(path: Path, data: bytes, plan: Plan) -> None:
    """Raise UnreadableRecordingError for a table in which rows of several sensors alternate."""
    names = plan.layout.names
    labels = [
        index for index, name in enumerate(names) if index not in plan.uses and is_label_name(name)
    ]
    if not labels:
        return
    rows = some_rows(data, plan)
    for index in labels:
        found = {row[index] for row in rows} - MISSING
        if 1 < len(found) <= MAX_LABELS:
            shown = ", ".join(f"`{printable(one, 20)}`" for one in sorted(found)[:4])
            raise UnreadableRecordingError(
                f"{path}: column `{printable(names[index], 40)}` names several sensors ({shown}): "
                "write one file for each sensor"
            )


def is_label_name(name: str) -> bool:
    """Return whether a header is that of a column that names sensors."""
    words = label_key(name).replace("_", " ").replace("-", " ").split()
    return label_key(name) in LABEL_WORDS or bool(words and words[-1] in LABEL_WORDS)


def some_rows(data: bytes, plan: Plan) -> list[tuple[str, ...]]:
    """Return some rows of a table, from several places."""
    layout = plan.layout
    begin = layout.first_byte
    size = max(1, (len(data) - begin) // PLACES)
    rows: list[tuple[str, ...]] = []
    for place in range(PLACES):
        at = begin + place * size
        part = data[at : at + COMPARED_ROWS * 40 * layout.width].split(b"\n")
        # The first and the last line of a part may be torn.
        lines = part[1 : COMPARED_ROWS + 1][:-1]
        split = (split_line(line.decode("utf-8", "replace"), layout.separator) for line in lines)
        rows += [row for row in split if len(row) == layout.width]
    return rows
