"""Draw the charts of a report as SVG. Pure: numbers in, text out.

Black and grey only, because reports are printed and copied.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

import numpy as np

from limber_bridge.detection.measures import PERIODIC_INTERVAL_MAX, PERIODIC_INTERVAL_MIN
from limber_bridge.detection.signal import SECOND, Floats

WIDTH: Final = 520.0
LEFT: Final = 34.0
RIGHT: Final = 6.0
TOP: Final = 12.0
BOTTOM: Final = 26.0
"""Margins around the bars, in points."""
TEXT_SIZE: Final = 8.0
FONT: Final = "Libertinus Serif"
INK: Final = "#222222"
BAR: Final = "#555555"
FAINT: Final = "#d9d9d9"
MAX_TICKS: Final = 5
MAX_DATE_LABELS: Final = 6
MARK_SIZE: Final = 3.2
"""Half the width of the mark of a cramp."""
INTERVAL_MIN_S: Final = 2.0
INTERVAL_MAX_S: Final = 300.0
INTERVAL_BINS: Final = 40
"""Histogram from 2 to 300 s in equal steps of the logarithm: intervals are distributed about
log-normally (docs/science.md#intervals)."""
INTERVAL_LABELS_S: Final = (2, 5, 10, 20, 50, 90, 200)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A date in the trend."""

    label: str
    value: float | None
    """None: unknown."""
    recorded: bool
    cramp: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The area of a chart inside its axes."""

    height: float
    """Of the whole chart, in points."""
    highest: float
    """Value at the upper end of the y axis."""

    @property
    def bottom(self) -> float:
        """Y coordinate of the x axis."""
        return self.height - BOTTOM

    @property
    def inner_width(self) -> float:
        """Width between the margins."""
        return WIDTH - LEFT - RIGHT

    def y(self, value: float) -> float:
        """Return the coordinate of a value."""
        return self.bottom - (self.bottom - TOP) * value / self.highest

    def axes(self) -> Iterator[str]:
        """Yield the axes with the ticks of the values."""
        for tick in ticks(self.highest):
            y = self.y(tick)
            yield line(LEFT, y, WIDTH - RIGHT, y, FAINT)
            yield text(LEFT - 4, y + TEXT_SIZE / 3, f"{tick:g}", "end")
        yield line(LEFT, self.bottom, WIDTH - RIGHT, self.bottom, INK)


def trend_chart(points: Sequence[TrendPoint], height: float = 190.0) -> str:
    """Return a bar for each night, their mean as a dashed line, and marks for cramps.

    Nights that were not recorded are hatched.
    """
    values = [point.value for point in points if point.value is not None]
    frame = Frame(height, upper_end(max(values, default=0.0)))
    step = frame.inner_width / len(points)
    parts = [*frame.axes()]
    for number, point in enumerate(points):
        left = LEFT + number * step
        parts += _trend_bar(frame, point, left, step)
        if point.cramp:
            parts.append(mark(left + step / 2, TOP - MARK_SIZE - 1))
    if values:
        mean = frame.y(sum(values) / len(values))
        parts.append(line(LEFT, mean, WIDTH - RIGHT, mean, INK, dashed=True))
    for number in labelled(len(points), MAX_DATE_LABELS):
        parts.append(
            text(LEFT + (number + 0.5) * step, frame.bottom + 11, points[number].label, "middle")
        )
    return document(parts, height)


def _trend_bar(frame: Frame, point: TrendPoint, left: float, step: float) -> Iterator[str]:
    if not point.recorded:
        yield bar(left, TOP, step, frame.bottom - TOP, "url(#hatch)")
    elif point.value is not None:
        top = frame.y(point.value)
        yield bar(left + step * 0.15, top, step * 0.7, frame.bottom - top, BAR)


def hour_chart(means: Sequence[float], axis: str, height: float = 120.0) -> str:
    """Return a bar for each hour since going to bed; `axis` names the x axis."""
    frame = Frame(height, upper_end(max(means, default=0.0)))
    step = frame.inner_width / max(len(means), 1)
    parts = [*frame.axes()]
    for number, value in enumerate(means):
        left = LEFT + number * step
        top = frame.y(value)
        parts.append(bar(left + step * 0.15, top, step * 0.7, frame.bottom - top, BAR))
        parts.append(text(left + step / 2, frame.bottom + 9, str(number + 1), "middle"))
    parts.append(text(WIDTH - RIGHT, frame.bottom + 20, axis, "end"))
    return document(parts, height)


def interval_chart(intervals: Floats, axis: str, height: float = 120.0) -> str:
    """Return the histogram of intervals (s), with the periodic ones shaded."""
    edges = np.geomspace(INTERVAL_MIN_S, INTERVAL_MAX_S, INTERVAL_BINS + 1)
    counts, _ = np.histogram(intervals, edges)
    frame = Frame(height, upper_end(float(counts.max(initial=0))))
    shaded = [
        interval_x(limit / SECOND) for limit in (PERIODIC_INTERVAL_MIN, PERIODIC_INTERVAL_MAX)
    ]
    parts = [bar(shaded[0], TOP, shaded[1] - shaded[0], frame.bottom - TOP, "#eeeeee")]
    parts += frame.axes()
    for count, begin, end in zip(counts, edges[:-1], edges[1:], strict=True):
        top = frame.y(float(count))
        left = interval_x(float(begin))
        width = interval_x(float(end)) - left
        parts.append(bar(left + 0.5, top, width - 1, frame.bottom - top, BAR))
    parts += [
        text(interval_x(label), frame.bottom + 9, str(label), "middle")
        for label in INTERVAL_LABELS_S
    ]
    parts.append(text(WIDTH - RIGHT, frame.bottom + 20, axis, "end"))
    return document(parts, height)


def interval_x(seconds: float) -> float:
    """Return the x coordinate of an interval on the logarithmic axis."""
    share = math.log(seconds / INTERVAL_MIN_S) / math.log(INTERVAL_MAX_S / INTERVAL_MIN_S)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def upper_end(highest: float) -> float:
    """Return a round value, not below the highest one, for the end of an axis."""
    return ticks(max(highest, 1.0))[-1]


def ticks(highest: float) -> list[float]:
    """Return round values from 0 to `highest` or a little more."""
    rough = highest / (MAX_TICKS - 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(one * magnitude for one in (1, 2, 5, 10) if one * magnitude >= rough * 0.999)
    return [number * step for number in range(math.ceil(highest / step - 1e-9) + 1)]


def labelled(count: int, most: int) -> list[int]:
    """Return which of a number of bars get a label: the first, the last and some in between."""
    if count <= most:
        return [*range(count)]
    return sorted({round(part * (count - 1) / (most - 1)) for part in range(most)})


def document(parts: Sequence[str], height: float) -> str:
    """Return a whole SVG."""
    hatch = (
        '<pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)">'
        f'<rect width="4" height="4" fill="white"/><rect width="1" height="4" fill="{BAR}"/>'
        "</pattern>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{height:g}"'
        f' viewBox="0 0 {WIDTH:g} {height:g}"><defs>{hatch}</defs>{"".join(parts)}</svg>'
    )


def line(x1: float, y1: float, x2: float, y2: float, color: str, *, dashed: bool = False) -> str:
    """Return a thin line."""
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{color}"'
        f' stroke-width="0.7"{dashes}/>'
    )


def bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Return a rectangle."""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0.1):.2f}"'
        f' height="{max(height, 0):.2f}" fill="{fill}"/>'
    )


def mark(x: float, y: float) -> str:
    """Return a triangle that points down, whose upper edge is at `y`."""
    points = f"{x - MARK_SIZE:.2f},{y:.2f} {x + MARK_SIZE:.2f},{y:.2f} {x:.2f},{y + 5:.2f}"
    return f'<polygon points="{points}" fill="{INK}"/>'


def text(x: float, y: float, words: str, anchor: str) -> str:
    """Return a text; `anchor` is `start`, `middle` or `end`."""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-family="{FONT}" font-size="{TEXT_SIZE:g}"'
        f' text-anchor="{anchor}" fill="{INK}">{escape(words)}</text>'
    )
