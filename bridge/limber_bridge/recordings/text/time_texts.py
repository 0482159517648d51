"""Parse times that are written as dates and clock times."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from limber_bridge.detection.signal import HOUR, MINUTE, SECOND, Flags, Times

type Texts = npt.NDArray[np.bytes_]

UNKNOWN: Final = np.iinfo(np.int64).min
"""In place of a time that could not be parsed."""
CLOCK: Final = (
    r"(?P<h>\d{1,2}):(?P<m>\d{2})(:(?P<s>\d{2})([.,:](?P<f>\d{1,9}))?)?"
    r"\s*(?P<p>[AaPp])?([Mm]|\.m\.)?"
)
ZONE: Final = r"\s*(Z|UTC|GMT)?\s*((?P<zs>[+-])(?P<zh>\d{2})(:?(?P<zm>\d{2}))?)?\s*(\[.*\])?"
PATTERNS: Final = (
    # ISO 8601; Axivity; GENEActiv, which writes ":" before the milliseconds.
    re.compile(r"(?P<Y>\d{4})[-/.](?P<M>\d{1,2})[-/.](?P<D>\d{1,2})[T ,_]+" + CLOCK + ZONE),
    re.compile(
        r"(?P<Y>\d{4})(?P<M>\d{2})(?P<D>\d{2})[T ](?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})"
        r"([.,](?P<f>\d{1,9}))?" + ZONE
    ),
    # ActiGraph and spreadsheets: the order of day and month depends on the locale.
    re.compile(r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<Y>\d{4}|\d{2})[T ,]+" + CLOCK + ZONE),
    re.compile(CLOCK),
)
MAX_TEMPLATES: Final = 200
"""Ways of writing a time in one file; rows written in yet another way have no time. chosen: months,
days and hours of one and of two digits are eight ways, and the signs of two zones sixteen."""
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, eq=False)
class ParsedTimes:
    """Times of rows."""

    stamps: Times
    """us, since 1970 if the date is known; `UNKNOWN` where there is none."""
    has_date: bool
    """False for clock times alone, and where day and month cannot be distinguished."""
    has_zone: bool
    """Whether the times are UTC."""
    note: str | None = None


def parse_time_texts(texts: Texts, month_first: bool | None = None) -> ParsedTimes:
    """Return the times in texts; `month_first` says in which order the file writes dates."""
    width = texts.dtype.itemsize
    characters = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), width)
    parts = {name: np.full(len(texts), -1, np.int64) for name in "YMDabhmsfp"}
    parts["z"] = np.full(len(texts), UNKNOWN, np.int64)
    parsed = np.zeros(len(texts), bool)
    for rows, found in match_templates(texts, characters):
        parsed[rows] = True
        for name, values in found.items():
            parts[name][rows] = values
    is_date = (parts["Y"] >= 0) & parsed
    if not is_date.any():
        return ParsedTimes(
            unwrap_midnights(np.where(parsed, clock_of(parts), UNKNOWN)),
            has_date=False,
            has_zone=False,
        )
    note = None
    if (parts["a"] >= 0).any():
        note = order_day_and_month(parts, texts, month_first)
    stamps = np.where(is_date, days_of(parts) * DAY + clock_of(parts), UNKNOWN)
    has_zone = bool((parts["z"][is_date] != UNKNOWN).all())
    if has_zone:
        stamps = np.where(is_date, stamps - np.where(is_date, parts["z"], 0), UNKNOWN)
    return ParsedTimes(stamps, has_date=note is None, has_zone=has_zone, note=note)


def match_templates(
    texts: Texts, characters: npt.NDArray[np.uint8]
) -> Iterator[tuple[Times, dict[str, Times]]]:
    """Yield rows that are written in the same way, and the numbers of their parts."""
    left = np.arange(len(texts))
    for _ in range(MAX_TEMPLATES):
        if not len(left):
            return
        text = texts[left[0]].decode("latin-1")
        matched = next((found for one in PATTERNS if (found := one.fullmatch(text))), None)
        if matched is None:
            left = left[texts[left] != texts[left[0]]]
            continue
        own = characters[left]
        fits = fits_template(own, matched)
        rows = left[fits]
        yield rows, read_parts(own[fits], matched)
        left = left[~fits]


def fits_template(characters: npt.NDArray[np.uint8], matched: re.Match[str]) -> Flags:
    """Return which rows (n, width) have digits and other characters where a template has them."""
    template = np.zeros(characters.shape[1], np.uint8)
    encoded = matched.string.encode("latin-1")
    template[: len(encoded)] = np.frombuffer(encoded, np.uint8)
    is_digit = (template >= ord("0")) & (template <= ord("9"))
    # What names a zone or half of the day may change; each value is a template of its own.
    digits = characters[:, is_digit]
    has_digits = ((digits >= ord("0")) & (digits <= ord("9"))).all(axis=1)
    has_others = (characters[:, ~is_digit] == template[~is_digit]).all(axis=1)
    return np.asarray(has_digits & has_others)


def read_parts(characters: npt.NDArray[np.uint8], matched: re.Match[str]) -> dict[str, Times]:
    """Return the numbers of the parts of times (n, width) that are written as a template is."""

    def number(name: str) -> Times:
        begin, end = matched.span(name)
        value = np.zeros(len(characters), np.int64)
        for column in range(begin, end):
            value = value * 10 + (characters[:, column].astype(np.int64) - ord("0"))
        return value

    groups = matched.groupdict()
    found = {name: number(name) for name in "YMDabhms" if groups.get(name)}
    if groups.get("Y") and len(groups["Y"]) == 2:
        found["Y"] += 2000
    if groups.get("f"):
        found["f"] = number("f") * SECOND // 10 ** len(groups["f"])
    if groups.get("p"):
        found["p"] = np.full(len(characters), 1 if groups["p"] in "pP" else 0)
    if groups.get("zs"):
        sign = -1 if groups["zs"] == "-" else 1
        minutes = number("zm") * MINUTE if groups.get("zm") else 0
        found["z"] = sign * (number("zh") * HOUR + minutes)
    elif re.search(r"(Z|UTC|GMT)", matched.string):
        found["z"] = np.zeros(len(characters), np.int64)
    return found


def clock_of(parts: dict[str, Times]) -> Times:
    """Return the time of day in us."""
    hours = parts["h"]
    is_half = parts["p"] >= 0
    hours = np.where(is_half, hours % 12 + 12 * (parts["p"] == 1), hours)
    seconds = np.maximum(parts["s"], 0)
    fraction = np.maximum(parts["f"], 0)
    clock: Times = hours * HOUR + parts["m"] * MINUTE + seconds * SECOND + fraction
    return clock


def days_of(parts: dict[str, Times]) -> Times:
    """Return the date as days since 1970."""
    months = (parts["Y"] - 1970) * 12 + parts["M"] - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days: Times = first + parts["D"] - 1
    return days


def order_day_and_month(
    parts: dict[str, Times], texts: Texts, month_first: bool | None
) -> str | None:
    """Set the day and the month of dates such as 3/4/2026; return a note if that is impossible."""
    rows = parts["a"] >= 0
    first = parts["a"][rows]
    second = parts["b"][rows]
    if month_first is None and b"/" in texts[np.argmax(rows)][:6]:
        if first.max() > 12:
            month_first = False
        elif second.max() > 12:
            month_first = True
        elif len(np.unique(first)) != len(np.unique(second)):
            # Over a night the day changes, and the month mostly does not.
            month_first = len(np.unique(first)) < len(np.unique(second))
    parts["M"][rows] = first if month_first else second
    parts["D"][rows] = second if month_first else first
    ambiguous = month_first is None and b"/" in texts[np.argmax(rows)][:6]
    if ambiguous and int(first[0]) != int(second[0]):
        return "day and month of its dates cannot be distinguished, so the start is unknown"
    return None


def unwrap_midnights(clock: Times) -> Times:
    """Return clock times as times that go on after midnight."""
    known = clock != UNKNOWN
    times = clock[known]
    wraps = np.cumsum(np.diff(times, prepend=times[:1]) < -DAY // 2)
    clock = clock.copy()
    clock[known] = times + wraps * DAY
    return clock


def local_to_utc(stamps: Times, zone: tzinfo) -> Times:
    """Return local times (us) as UTC; the hour that comes twice in autumn is read in its order."""
    hours = stamps // HOUR
    # The hour that comes twice begins again at 02:00 after 02:59, in the same hour of the clock.
    is_change = np.diff(hours, prepend=hours[:1] - 1) != 0
    is_change |= np.diff(stamps, prepend=stamps[:1]) < -MINUTE
    changes = np.flatnonzero(is_change)
    utc = np.empty_like(stamps)
    latest = UNKNOWN
    for begin, end in pairwise([*changes.tolist(), len(stamps)]):
        local = datetime.fromtimestamp(int(stamps[begin]) / SECOND, UTC).replace(tzinfo=zone)
        offsets = [
            round(local.replace(fold=fold).utcoffset().total_seconds()) * SECOND  # type: ignore[union-attr]
            for fold in (0, 1)
        ]
        chosen = offsets[0]
        # The second pass through the hour: with the first offset, time would go back.
        if offsets[0] != offsets[1] and stamps[begin] - offsets[0] < latest - MINUTE:
            chosen = offsets[1]
        utc[begin:end] = stamps[begin:end] - chosen
        latest = max(latest, int(utc[end - 1]))
    return utc
