"""The timeline of a night, as numbers that a template draws.

Horizontal places are percent of the width, so that the drawing fits any screen and its texts keep
their size; vertical places are pixels.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from limber_bridge.detection.events import (
    Cramp,
    Movement,
    PositionChange,
    event_id,
)
from limber_bridge.detection.signal import HOUR, Side
from limber_bridge.detection.spans import Span
from limber_bridge.domain.nights import to_local, to_us
from limber_bridge.offline.stored_night import StoredNight

MARGIN_SHARE: Final = 0.01
"""Empty share of the width at each end; chosen: a cramp at the very start stays visible."""
SHORTEST_US: Final = HOUR
"""Shortest night that is drawn over the whole width."""
LANE_HEIGHT: Final = 60
LABEL_HEIGHT: Final = 16
"""Part of a lane that only its name uses."""
BAND_HEIGHT: Final = 18
GAP_HEIGHT: Final = 6
AXIS_HEIGHT: Final = 22
CRAMP_HEIGHT: Final = 22
MIN_HEIGHT: Final = 5
"""Height of the weakest movement; chosen: it can be seen."""
MIN_WIDTH: Final = 0.12
"""Width of the shortest movement, percent; chosen: about a pixel of a large screen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of time on the drawing."""

    x: float
    width: float
    """Percent of the width."""


@dataclass(frozen=True, slots=True)
class MovementBar:
    """A movement of one leg."""

    x: float
    width: float
    y: float
    height: float
    side: str
    """`left`, `right`, `both` or `any`: of the whole movement."""
    periodic: bool
    """Whether it belongs to a periodic series."""


@dataclass(frozen=True, slots=True)
class MovementPart:
    """The movement of one leg, before it is drawn."""

    span: Span
    peak: float
    side: str
    """`left`, `right`, `both` or `any`: of the whole movement."""
    periodic: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """The movements of one leg, or of the bed."""

    side: str
    """`left`, `right` or `any`."""
    top: int
    bottom: int
    movements: tuple[MovementBar, ...]


@dataclass(frozen=True, slots=True)
class CrampMark:
    """A cramp on the drawing."""

    x: float
    width: float
    denied: bool
    """Whether the sleeper denied that it was a cramp."""


@dataclass(frozen=True, slots=True)
class Hour:
    """A full hour on the axis."""

    x: float
    text: str
    minor: bool
    """Whether small screens leave its text out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything that is drawn."""

    height: int
    band_top: int
    band_height: int
    axis_top: int
    in_bed: tuple[Bar, ...]
    asleep: tuple[Bar, ...]
    series: tuple[Bar, ...]
    gaps: tuple[Bar, ...]
    lanes: tuple[Lane, ...]
    cramps: tuple[CrampMark, ...]
    position_changes: tuple[float, ...]
    """Percent of the width."""
    hours: tuple[Hour, ...]

    @property
    def legend(self) -> tuple[str, ...]:
        """Return the kinds of marks that the drawing has, in the order of the legend."""
        sides = {bar.side for lane in self.lanes for bar in lane.movements}
        shown = {
            "in_bed": self.in_bed,
            "asleep": self.asleep,
            "series": self.series,
            "both": sides & {"both"},
            "gap": self.gaps,
            "cramp": self.cramps,
            "position": self.position_changes,
        }
        return tuple(kind for kind, marks in shown.items() if marks)


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a moment is on the drawing."""

    begin: int
    end: int
    """us."""

    def x(self, moment: int) -> float:
        """Return the place of a moment in percent of the width."""
        clamped = min(max(moment, self.begin), self.end)
        share = (clamped - self.begin) / (self.end - self.begin)
        return round(100 * (MARGIN_SHARE + share * (1 - 2 * MARGIN_SHARE)), 3)

    def bar(self, span: Span) -> Bar:
        """Return a span of time."""
        begin = self.x(span[0])
        return Bar(begin, round(self.x(span[1]) - begin, 3))

    def bars(self, spans: Iterable[Span] | None) -> tuple[Bar, ...]:
        """Return those spans that are on the drawing."""
        found = spans or ()
        return tuple(self.bar(one) for one in found if one[1] > self.begin and one[0] < self.end)


def make_timeline(stored: StoredNight, zone: ZoneInfo) -> Timeline:
    """Return the drawing of a night, with the hours of a time zone."""
    scale = Scale(*shown_span(stored))
    band_top = CRAMP_HEIGHT
    lanes_top = band_top + BAND_HEIGHT + GAP_HEIGHT
    lanes = tuple(make_lanes(stored, scale, lanes_top))
    axis_top = lanes[-1].bottom if lanes else lanes_top
    series = [(one.onset, one.end) for one in stored.score.scoring.series]
    return Timeline(
        height=axis_top + AXIS_HEIGHT,
        band_top=band_top,
        band_height=BAND_HEIGHT,
        axis_top=axis_top,
        in_bed=scale.bars(stored.score.in_bed),
        asleep=scale.bars(stored.score.asleep),
        series=scale.bars(series),
        gaps=scale.bars(stored.score.gaps),
        lanes=lanes,
        cramps=tuple(cramp_marks(stored, scale)),
        position_changes=tuple(
            scale.x(event.onset) for event in stored.events if isinstance(event, PositionChange)
        ),
        hours=tuple(full_hours(scale, zone)),
    )


def shown_span(stored: StoredNight) -> Span:
    """Return the time (us) that is drawn: from the first to the last of what is known."""
    begin, end = stored.extent
    for spans in (stored.score.in_bed, stored.score.asleep):
        for one in spans or ():
            begin = min(begin, one[0])
            end = max(end, one[1])
    missing = max(0, SHORTEST_US - (end - begin))
    return begin - missing // 2, end + missing - missing // 2


def make_lanes(stored: StoredNight, scale: Scale, top: int) -> Iterator[Lane]:
    """Yield a lane for each leg that a sensor observes, or that moved."""
    by_side: dict[str, list[MovementPart]] = {}
    for watched in stored.sleeper.sensors:
        by_side.setdefault(watched.sensor.side or "any", [])
    scoring = stored.score.scoring
    in_series = {
        event_id(one): number is not None
        for one, number in zip(scoring.movements, scoring.membership, strict=True)
    }
    for event in stored.events:
        if isinstance(event, Movement):
            legs = {part.side or "any" for part in event.parts}
            whole = "both" if len(legs) > 1 else next(iter(legs), "any")
            periodic = in_series.get(event_id(event), False)
            for part in event.parts:
                entry = MovementPart((part.onset, part.end), part.peak, whole, periodic)
                by_side.setdefault(part.side or "any", []).append(entry)
    for side in (Side.LEFT, Side.RIGHT, "any"):
        if side in by_side:
            yield make_lane(side, by_side[side], scale, top)
            top += LANE_HEIGHT + GAP_HEIGHT


def make_lane(side: str, movements: Sequence[MovementPart], scale: Scale, top: int) -> Lane:
    """Return a lane: the strongest movement has its whole height."""
    strongest = max((one.peak for one in movements), default=0.0)
    bottom = top + LANE_HEIGHT
    bars = []
    for one in movements:
        share = one.peak / strongest if strongest > 0 else 0.0
        height = round(MIN_HEIGHT + share * (LANE_HEIGHT - LABEL_HEIGHT - MIN_HEIGHT), 1)
        bar = scale.bar(one.span)
        width = max(bar.width, MIN_WIDTH)
        y = round(bottom - height, 1)
        bars.append(MovementBar(bar.x, width, y, height, one.side, one.periodic))
    return Lane(side, top, bottom, tuple(bars))


def cramp_marks(stored: StoredNight, scale: Scale) -> Iterator[CrampMark]:
    """Yield the cramps that were recognized or reported."""
    for event in stored.events:
        if isinstance(event, Cramp):
            bar = scale.bar((event.onset, event.end or event.onset))
            denied = stored.confirmed.get(event_id(event)) is False
            yield CrampMark(bar.x, max(bar.width, MIN_WIDTH), denied)
    for label in stored.reported:
        yield CrampMark(scale.x(label.time), MIN_WIDTH, denied=False)


def full_hours(scale: Scale, zone: ZoneInfo) -> Iterator[Hour]:
    """Yield the full hours of a local clock; an hour that a clock repeats comes twice."""
    local = to_local(scale.begin, zone)
    moment = to_us(local.replace(minute=0, second=0, microsecond=0, fold=local.fold)) + HOUR
    while moment <= scale.end:
        shown = to_local(moment, zone)
        yield Hour(scale.x(moment), f"{shown:%H:%M}", minor=shown.hour % 2 == 1)
        moment += HOUR
