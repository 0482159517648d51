"""One burst of shaking: what the limb did in it, in how many movements, and whether it came back.

Law: pure; what is told of a burst rests on its own frames alone, however they came.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.signal import SECOND, Floats

APART: Final = 2 * SECOND
"""us of stillness that part a movement from a turn before or after it: who turns adjusts himself at
once [D]."""
LONGEST_HELD: Final = 3 * SECOND
"""us for which a limb is held that then does not quite come back; longer, and it rests there [D].
"""
BRIEF: Final = SECOND
"""us in which a limb is lifted, put down or drawn up; what lasts longer is a movement by itself
[D]."""
BACK: Final = 0.2
"""A limb that is still within such a share of the furthest it went, and within `MovementRule.near`,
is back: what begins after `HOLD` there is another movement, and after `APART` nothing of this one
is to come [D]."""
JUDGED: Final = 1200
"""Frames; the morphology of a movement is judged on so many of it, a minute or so."""


@dataclass(slots=True)
class Segment:
    """A part of a burst in which the limb shakes, or moves from one place to another."""

    onset: int
    since: int
    """us; start of its first frame: what rose before that counts to it."""
    end: int | None = None
    """us; None while it lasts."""
    peak: float = 0.0
    levels: list[Floats] = field(default_factory=list)
    shaking: list[Floats] = field(default_factory=list)
    means: list[Floats] = field(default_factory=list)
    """Piece by piece: the first `JUDGED` frames, which are enough for its morphology."""
    count: int = 0
    place: Floats | None = None
    """Where the limb was still after it."""
    back_since: int | None = None
    """us; since when it rested after it for as long as ends a movement, `nearby`."""
    share: float = 0.0
    """Energy of the level at which it is quiet, as a share of that of its peak, both above the
    noise."""

    def shorter(self, than: int) -> bool:
        """Return whether it is over within such a time (us)."""
        return self.end is not None and self.end - self.onset < than

    def take(self, levels: Floats, shaking: Floats, means: Floats) -> None:
        """Take in frames."""
        if not len(levels):
            return
        self.peak = max(self.peak, float(levels.max()))
        room = max(0, JUDGED - self.count)
        self.count += min(room, len(levels))
        if room:
            # Copies: views would keep a stored night in memory.
            self.levels.append(levels[:room].copy())
            self.shaking.append(shaking[:room].copy())
            self.means.append(means[:, :room].copy())


@dataclass(slots=True)
class Burst:
    """A movement that still lasts: until the limb is quiet where it rested before, or stays
    somewhere else.
    """

    rest: Floats | None
    """Where the limb rested; None for a quantity that shows no place."""
    off: float
    """Shaking up to which it is quiet, as it was at the onset."""
    reach: float
    """Distance from the rest from which on a limb that is quiet is held."""
    near_most: float
    """Such a distance within which it may be back all the same."""
    segments: list[Segment]
    highest: float = 0.0
    """Highest level so far of a frame with shaking."""
    noise: bool = False
    """It was the noise that grew, and no movement."""
    still: int = 0
    """Frames in a row, up to now, without shaking."""
    still_since: int = 0
    """us; start of the first of them."""
    quiet: int = 0
    """Likewise, and not held."""
    near: int = 0
    """Likewise, and held hardly further from the rest than it went before."""
    near_since: int = 0

    @property
    def onset(self) -> int:
        """Us."""
        return self.segments[0].onset

    @property
    def nearby(self) -> float:
        """Distance from the rest up to which the limb is back, after how far it went so far."""
        return max(self.reach, min(BACK * self.highest, self.near_most))

    def follow(self, now: int) -> Segment:
        """Begin the next segment."""
        self.segments.append(Segment(now, now))
        return self.segments[-1]

    def rested(self, now: int, apart: float) -> None:
        """Take in a frame without shaking, `apart` from the rest."""
        if not self.still:
            self.still_since = now
        self.still += 1
        if apart > self.nearby:
            self.quiet = self.near = 0
            return
        if not self.near:
            self.near_since = now
        self.near += 1
        if apart > self.reach:
            self.quiet = 0
            return
        self.quiet += 1

    def parted(self, late: int) -> Iterator[Segment]:
        """Yield its movements, one from each time it was back to the next; `late` (us) is when an
        end is seen.
        """
        begin = 0
        for index, segment in enumerate(self.segments):
            if segment.back_since is not None:
                yield joined(
                    self.segments[begin : index + 1], max(segment.back_since - late, segment.onset)
                )
                begin = index + 1
        if begin < len(self.segments):
            yield joined(self.segments[begin:], self.segments[-1].end)


def turns(place: Floats | None, other: Floats) -> float:
    """Return by how many degrees one place is turned against another; of one that is not known, by
    any number.
    """
    return math.inf if place is None else angle_degrees(place.tolist(), other.tolist())


def apart(segments: Sequence[Segment], at: int) -> bool:
    """Return whether the limb was still for a while before a segment."""
    end = segments[at - 1].end
    return end is not None and segments[at].onset - end >= APART


def movements(
    segments: Sequence[Segment], rest: Floats | None, where: Floats | None, nearby: float
) -> list[Segment]:
    """Return what a limb did that rested at one place and rests at another, though it did not turn.

    Segments are one movement where it was held in between: it was lifted and put down again in
    brief moves, or was away for a short time and then came closer again to where it had been
    before. So are brief ones with a short pause, away from where it was before. Else it has found
    another rest.
    """
    if rest is None or where is None:
        return list(segments)
    places = [where if segment.place is None else segment.place for segment in segments[:-1]] + [
        where
    ]
    before = [rest, *places]
    found: list[Segment] = []
    begin = 0
    while begin < len(segments):
        last = begin
        for end in range(begin + 1, len(places)):
            brief = [segment.shorter(BRIEF) for segment in segments[end - 1 : end + 1]]
            still = segments[end].onset - (segments[end - 1].end or segments[end].onset)
            away = (
                last == end - 1
                and math.dist(places[last].tolist(), before[begin].tolist()) > nearby
            )
            if (
                away
                and all(brief)
                and returns(before[end - 1], places[end - 1], places[end], nearby)
            ):
                last = end
            elif still > LONGEST_HELD:
                break
            elif (away and still < APART and any(brief)) or holds(
                before[begin], places[begin:end], places[end], nearby
            ):
                last = end
        found.append(joined(segments[begin : last + 1], segments[last].end))
        begin = last + 1
    return found


def returns(before: Floats, held: Floats, after: Floats, nearby: float) -> bool:
    """Return whether a limb that went from one place to another then went a part of the way back."""
    back = after - held
    return (
        math.sumprod((held - before).tolist(), back.tolist()) < 0
        and math.hypot(*back.tolist()) > nearby
    )


def holds(rest: Floats, places: Sequence[Floats], back: Floats, nearby: float) -> bool:
    """Return whether a limb went from its rest to one place after the other and then came back,
    about.

    Each place is further from both, where it was before and where it is then, than those two are
    from each other.
    """
    least = max(nearby, math.dist(rest.tolist(), back.tolist()))
    return bool(places) and all(
        min(math.dist(place.tolist(), rest.tolist()), math.dist(place.tolist(), back.tolist()))
        > least
        for place in places
    )


def joined(segments: Sequence[Segment], end: int | None) -> Segment:
    """Return segments as one."""
    whole = Segment(segments[0].onset, segments[0].since, end, share=segments[-1].share)
    whole.peak = max(segment.peak for segment in segments)
    for segment in segments:
        whole.levels += segment.levels
        whole.shaking += segment.shaking
        whole.means += segment.means
        whole.count += segment.count
    return whole
