"""Recognise the headers of tables: a table of rows for times, one for axes of acceleration."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.domain.recording import COLUMNS

TIME_NAMES: Final = (
    # Limber, Sensor Logger, Garmin, R, Axivity, Physics Toolbox.
    "time",
    # Polar Sensor Logger: the clock of the sensor is even, that of the phone only names the date.
    "sensor timestamp",
    # MetaBase.
    "epoc",
    "epoch",
    # ActiGraph, Movesense, Empatica, OpenSeizureDetector, GENEActiv.
    "timestamp",
    "time stamp",
    "header timestamp",
    "header time stamp",
    "unix timestamp",
    "unix time",
    "unixtime",
    "timestamp unix",
    "timestamp unix cal",
    "epoch time",
    "datetime",
    "date time",
    "phone timestamp",
    "logging time",
    "loggingtime",
    "local time",
    "utc time",
    "utc",
    "seconds elapsed",
    "elapsed time",
    "elapsed",
    "seconds",
    "millis",
    "t",
    # phyphox and spreadsheets in other languages.
    "zeit",
    "zeitstempel",
    "temps",
    "horodatage",
    "tiempo",
    "tempo",
    "tijd",
    "tijdstempel",
    "date",
    "datum",
)
"""Headers of a column with times, in the order of preference."""
DATE_NAMES: Final = frozenset(("date", "datum", "fecha", "data"))
START_NAMES: Final = {"sensor timestamp": "phone timestamp"}
"""Column that has the date of the first row, where the column with the times has none."""


@dataclass(frozen=True, slots=True)
class AxisName:
    """A way in which programs name one axis of an accelerometer."""

    pattern: re.Pattern[str]
    """Of a header in the form of `plain_name`; the group `axis` is x, y or z."""
    has_gravity: bool | None
    """None: only the values show it."""
    unit: str | None = None
    """The unit, where the name implies it."""
    rank: int = 0
    """Where a table has several of them, the lowest is used."""


ACCELERATION_WORDS: Final = (
    r"(?:a|acc|accel|accelero|accelerometer|acceleration|beschleunigung|aceleracion|accelerazione|"
    r"versnelling)"
)
LINEAR_WORDS: Final = r"(?:linear|lineare|lineaire|lin|lineal|user)"
OTHER_WORDS: Final = frozenset(
    ("gyro", "gyroscope", "mag", "magnetometer", "rotation", "quaternion", "angle", "absolute")
)
"""In headers of other quantities that have axes too."""
AXIS_NAMES: Final = (
    # "Linear Acceleration x (m/s^2)" and its translations: phyphox; "motionUserAccelerationX(G)":
    # SensorLog. These come first, as the patterns below fit them as well.
    AxisName(
        re.compile(rf"(?:\w+ )*?{LINEAR_WORDS} ?{ACCELERATION_WORDS} ?(?P<axis>[xyz])"),
        False,
        rank=3,
    ),
    AxisName(re.compile(rf"{ACCELERATION_WORDS} {LINEAR_WORDS} ?(?P<axis>[xyz])"), False, rank=3),
    AxisName(re.compile(rf"{LINEAR_WORDS} (?P<axis>[xyz])"), False, rank=3),
    # Garmin, Sensor Logger, Bangle.js, Movesense, R; "x-axis (g)": GENEActiv, MetaBase.
    AxisName(re.compile(r"(?P<axis>[xyz])(?: axis)?"), None),
    # "X_ACCELERATION_METERS_PER_SECOND_SQUARED": the mHealth format.
    AxisName(
        re.compile(r"(?P<axis>[xyz]) acceleration meters per second squared"), None, "m/s2", 1
    ),
    AxisName(re.compile(rf"(?P<axis>[xyz]) {ACCELERATION_WORDS}"), None, rank=1),
    # "gFx": Physics Toolbox.
    AxisName(re.compile(r"g ?f ?(?P<axis>[xyz])"), None, "g", 1),
    # "Accelerometer X": ActiGraph; "Accel-X (g)": Axivity; "accX", "a_x", "ax": boards and apps;
    # "Acceleration x (m/s^2)": phyphox; "Shimmer_B5_Accel_WR_X_CAL".
    AxisName(
        re.compile(
            rf"(?:\w+ )*?{ACCELERATION_WORDS}(?: (?:ln|wr|raw))? ?(?P<axis>[xyz])(?: axis| cal)?"
        ),
        None,
        rank=1,
    ),
)
"""The first pattern that fits counts."""
GRAVITY_NAME: Final = re.compile(r"(?:\w+ )*?gravity ?(?P<axis>[xyz])")
"""Gravity, which was taken out of the acceleration beside it: Sensor Logger and SensorLog."""
SIDE_WORDS: Final = {
    "left": "left",
    "right": "right",
    "l": "left",
    "r": "right",
    "links": "left",
    "rechts": "right",
}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What a column of a table is used for."""

    field: str
    """`time`, or a name in `domain.recording.COLUMNS`."""
    unit: str | None
    """As the header states it."""
    has_gravity: bool | None = None
    """None: only the values show it."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header, taken apart."""

    plain: str
    unit: str | None


def split_header(label: str, unit: str = "") -> Header:
    """Return the name and the unit of a column.

    `unit` is from a row of units. A unit is in brackets at the end of the header, or its last part:
    `X [mg]`, `Acceleration x (m/s^2)`, `time_ms`.
    """
    stated = unit.strip("()[] ") or None
    found = re.fullmatch(r"(.*?)\s*[\[(]([^\])]*)[\])]\s*(.*)", label)
    if found is not None and found[1]:
        label = f"{found[1]} {found[3]}"
        stated = found[2].strip() or stated
    plain = plain_name(label)
    words = plain.split()
    if (
        stated is None
        and len(words) > 1
        and (
            words[-1] in ("ms", "us", "ns")
            or (words[-1] in ("s", "sec") and words[0] in TIME_NAMES)
        )
    ):
        plain = " ".join(words[:-1])
        stated = words[-1]
    elif stated is None and len(words) > 1 and words[-1] in ("mg", "g", "ms2"):
        plain = " ".join(words[:-1])
        stated = "m/s2" if words[-1] == "ms2" else words[-1]
    return Header(plain, stated)


def plain_name(label: str) -> str:
    """Return a header in lower case, without accents, as words with single spaces."""
    letters = unicodedata.normalize("NFKD", label)
    letters = "".join(one for one in letters if not unicodedata.combining(one))
    letters = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", letters)
    return " ".join(re.findall(r"[a-z0-9]+", letters.lower()))


def recognise_columns(
    labels: Sequence[str], units: Sequence[str], taken: Sequence[int]
) -> dict[int, ColumnUse]:
    """Return what the columns of a table are, by index; columns that are not known are left out.

    `taken` are columns that an option assigned or left out.
    """
    headers = {
        index: split_header(label, units[index] if index < len(units) else "")
        for index, label in enumerate(labels)
        if index not in taken
    }
    found: dict[int, ColumnUse] = {}
    for index, header in headers.items():
        exact = header.plain.replace(" ", "_")
        if labels[index].strip().lower() in COLUMNS:
            found[index] = ColumnUse(labels[index].strip().lower(), header.unit)
        elif exact in COLUMNS and len(exact) > 1:
            found[index] = ColumnUse(exact, header.unit)
    if not any(len(use.field) > 1 for use in found.values()):
        found |= recognise_axes(headers)
        found |= recognise_gravity(headers)
    times = [
        (order, index)
        for index, header in headers.items()
        if (order := time_order(header.plain)) is not None
    ]
    if times:
        index = min(times)[1]
        found[index] = ColumnUse("time", headers[index].unit)
    return found


def time_order(plain: str) -> int | None:
    """Return how much a column with times is preferred, the least the most; None for another."""
    if plain in TIME_NAMES:
        return TIME_NAMES.index(plain)
    # Shimmer writes the name of the device before it.
    return len(TIME_NAMES) if re.search(r" timestamp( unix)? cal$", plain) else None


def recognise_axes(headers: dict[int, Header]) -> dict[int, ColumnUse]:
    """Return the columns of the accelerometer, or of one on each leg, in a table with others."""
    sensors: dict[tuple[int, str, str], dict[str, tuple[int, ColumnUse]]] = {}
    for index, header in headers.items():
        side, plain = split_side(header.plain)
        if not OTHER_WORDS.isdisjoint(plain.split()):
            continue
        for order, name in enumerate(AXIS_NAMES):
            matched = name.pattern.fullmatch(plain)
            if matched is None:
                continue
            axis = matched["axis"]
            stem = (name.rank * 100 + order, side, plain.replace(axis, "?"))
            field = f"{side}_acc_{axis}" if side else axis
            use = ColumnUse(field, header.unit or name.unit, name.has_gravity)
            sensors.setdefault(stem, {}).setdefault(axis, (index, use))
            break
    whole = {stem: axes for stem, axes in sensors.items() if len(axes) == 3}
    found: dict[int, ColumnUse] = {}
    for side in sorted({stem[1] for stem in whole}, reverse=True):
        if not side and found:
            continue
        best = min(stem for stem in whole if stem[1] == side)
        found |= dict(whole[best].values())
    if not found:
        # Axes that are not complete: the error names what is missing.
        found = {index: use for axes in sensors.values() for index, use in axes.values()}
    return found


def recognise_gravity(headers: dict[int, Header]) -> dict[int, ColumnUse]:
    """Return the columns with the gravity beside an acceleration without it."""
    matched = {index: GRAVITY_NAME.fullmatch(header.plain) for index, header in headers.items()}
    found = {
        index: ColumnUse(f"gravity_{one['axis']}", headers[index].unit)
        for index, one in matched.items()
        if one is not None
    }
    return found if len({use.field for use in found.values()}) == 3 else {}


def split_side(plain: str) -> tuple[str, str]:
    """Return the leg that a header names, "" without one, and the rest of the header."""
    words = plain.split()
    sides = [word for word in words if word in SIDE_WORDS]
    if len(sides) != 1 or len(words) == 1:
        return "", plain
    return SIDE_WORDS[sides[0]], " ".join(word for word in words if word != sides[0])
