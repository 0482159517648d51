"""Level -> movements of one sensor: two thresholds on its own noise floor, hold, morphology,
posture.

Law: what is decided at a frame rests on that frame and those before it, never on where a block
happened to end.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from limber_bridge.detection.averaging import moving_mean
from limber_bridge.detection.burst import (
    APART,
    Burst,
    Segment,
    apart,
    joined,
    movements,
    turns,
)
from limber_bridge.detection.envelope import ENVELOPE_RULES, Frames, end_delay, window_frames
from limber_bridge.detection.events import Grade, RhythmicTrain, Twitch, UnilateralMovement
from limber_bridge.detection.geometry import angle_degrees, distances_to
from limber_bridge.detection.noise_floor import (
    TICK,
    Noise,
    NoiseFloor,
    Thresholds,
    noise_of,
    noises_of,
)
from limber_bridge.detection.resting_position import SETTLING_S
from limber_bridge.detection.rhythm import LONG, SHORTEST_TRAIN, Train, swings
from limber_bridge.detection.signal import SECOND, Floats, Quantity, Side, Times


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRule:
    """When the level of one quantity is a movement."""

    thresholds: Thresholds
    held: bool
    """Whether the signal shows where the limb is, so that one that is held away from its rest still
    moves."""
    turn: float | None
    """Degrees: a limb that rests in another direction afterwards has changed its posture. None: it
    cannot be seen."""
    near: float | None
    """So far from its rest, in the unit of the quantity, a limb is back at the most. None: within
    its noise only."""
    moderate: float
    strong: float
    """Peaks from here on are graded so, milder ones are `mild`; in the unit of the quantity."""
    yields: bool
    """Whether the threshold gives way to the sensitivity that a person wants; those of EMG are the
    rules' own."""

    def grade(self, peak: float) -> Grade:
        """Return how strong a movement with such a peak is."""
        if peak >= self.strong:
            return Grade.STRONG
        return Grade.MODERATE if peak >= self.moderate else Grade.MILD


RULES: Final = {
    # Science reference 4.2 asks for 5 to 10 mg and 2 to 5 mg above the floor at the least, of a
    # filtered signal. An RMS of 3 mg is a swing of 4 to 5 mg, and more than a partner or the pulse
    # does to an ankle [D]. Turn: 4.3, van Hees 2015. Grades [D], nothing is published: 50 mg moves
    # a blanket, 250 mg wakes a partner.
    Quantity.ACCELERATION: MovementRule(
        thresholds=Thresholds(on=0.003, off=0.0015, on_spreads=4.0, off_spreads=2.0, noisiest=0.05),
        held=True,
        turn=5.0,
        # A degree [D]: no limb comes back to within the noise.
        near=0.0175,
        moderate=0.05,
        strong=0.25,
        yields=True,
    ),
    # Science reference 1.1: onset 8 uV, end 2 uV above resting, whatever the noise. Grades [D],
    # after the levels of reference 3.1: co-activation in another task about 31 uV, voluntary
    # contraction 72 uV and more.
    Quantity.EMG: MovementRule(
        thresholds=Thresholds(on=8.0, off=2.0, on_spreads=0.0, off_spreads=0.0, noisiest=50.0),
        held=False,
        turn=None,
        near=None,
        moderate=25.0,
        strong=75.0,
        yields=False,
    ),
    # [D]: no source gives thresholds for load cells. A foot weighs about a kilogram.
    Quantity.LOAD: MovementRule(
        thresholds=Thresholds(on=0.2, off=0.1, on_spreads=4.0, off_spreads=2.0, noisiest=1.0),
        held=True,
        turn=None,
        near=None,
        moderate=2.0,
        strong=10.0,
        yields=True,
    ),
}

HOLD: Final = 0.5
"""s of quiet that end a movement (WASM 2016 and AASM alike)."""
THERE_AND_BACK: Final = 10 * SECOND
"""us; a limb that turned and is back within this time made one movement and was held in between. 10
s is the longest candidate movement of one leg (WASM 2016)."""
SHORTEST: Final = SECOND // 2
"""us; what is shorter is a twitch and no leg movement (WASM 2016 and AASM alike)."""
SLID: Final = 1.3
"""A limb that never was further away than so many times the way to where it then rests only went
there: a strap slid, a foot sank in. A kick comes back from further (science reference 4.3) [D]."""
SMOOTH: Final = 0.2
"""A limb has slid only if it never shook by more than such a share of the way within a level's
window: it took 0.45 to 0.7 s at the least. One that went faster is a twitch, and a kick that ends a
little off shakes more [D]."""
ONWARD: Final = 1.1
"""Several jerks of less than `SHORTEST` that lead nowhere further than so many times the way only
went on in one direction: it slid by jerks [D]."""
ENOUGH: Final = 2.0
"""s of quiet within a tick that tell the noise."""
SKIPPED: Final = 8
"""Ticks that are looked at together: a minute or so, as something begins again soon."""
FOLLOWED: Final = 64
"""Frames of a burst that are read at once: two or three seconds."""


type Found = UnilateralMovement | Twitch | RhythmicTrain


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Frames that have gone by."""

    times: Times
    shaking: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RestPosition:
    """Where a limb has come to rest, for as long as the frames do not know it yet."""

    where: Floats
    until: int
    """us."""


class MovementDetector:
    """Finds the movements of one sensor."""

    def __init__(self, quantity: Quantity, side: Side | None, noise: Sequence[Noise] = ()) -> None:
        """Begin; `noise` is what an earlier life knew of the sensor's noise."""
        self._quantity = quantity
        self._side = side
        self._rule = RULES[quantity]
        self._floor = NoiseFloor(self._rule.thresholds, noise)
        self._burst: Burst | None = None
        self._place: RestPosition | None = None
        self._centre: Floats | None = None
        self._walked: Floats | None = None
        self._rising: int | None = None
        self._train = Train()
        self._seen_until = 0
        self._rate = 0.0
        self.onsets: list[int] = []
        """Times (us) at which something of any length began, known at once. Whoever reads them
        clears them."""

    @property
    def noise(self) -> tuple[Noise, ...]:
        """What the noise floor rests on."""
        return self._floor.known

    @property
    def threshold(self) -> float:
        """Level from which on something moves; infinite until the noise is known."""
        return self._floor.on

    @property
    def open_onset(self) -> int | None:
        """Onset of what is not told yet, or may become a movement: nothing earlier is to come from
        this sensor.
        """
        return self._rising if self._burst is None else self._burst.onset

    def sense(self, sensitivity: float) -> None:
        """Divide by this the threshold from which on something moves, where the rule lets a person."""
        if self._rule.yields:
            self._floor.sense(sensitivity)

    def calibrate(self) -> list[Found]:
        """Forget the noise and learn it anew from the next frame on; return what was open, as far
        as it was seen.
        """
        found = self.finish()
        self._floor.forget()
        self._begin_tick()
        return found

    def feed(self, frames: Frames) -> list[Found]:
        """Return the movements whose end the frames make known, changes of posture among them, in
        order of onset.
        """
        if frames.envelope is None:
            return []
        found: list[Found] = []
        if frames.fresh:
            found = self.finish()
            self._begin(frames.rate)
        if not len(frames.times):
            return found
        found += self._told(frames, frames.envelope)
        self._seen_until = int(frames.times[-1]) + self._frame
        self._centre = frames.center[:, -1].copy()
        self._walked = (
            frames.rest[:, -1].copy()
            if self._rule.held and frames.unknown_rest < len(frames.times)
            else None
        )
        self._past = self._before(frames, len(frames.times))
        rise = self._rise(self._past)
        self._rising = int(self._past.times[-rise]) if rise else None
        return found

    def finish(self) -> list[Found]:
        """Return what was still open, with the duration that was seen: here the signal ends or
        breaks off.
        """
        burst = self._burst
        self._burst = None
        self._place = None
        self._rising = None
        self._train = Train()
        if burst is None or burst.noise:
            return []
        if burst.segments[-1].end is None:
            burst.segments[-1].end = (
                burst.still_since - self._lengthening if burst.still else self._seen_until
            )
        held = burst.still and not burst.quiet
        if held and self._centre is not None:
            return list(self._moved(burst, self._centre))
        if self._walked is not None and self._seen_until - burst.onset > THERE_AND_BACK:
            # Still moving after so long, about another place: somebody has got up.
            return list(self._moved(burst, self._walked))
        return [
            found for segment in burst.parted(self._lengthening) for found in self._named(segment)
        ]

    def _begin(self, rate: float) -> None:
        self._rate = rate
        self._frame = round(SECOND / rate)
        self._hold = int(np.ceil(HOLD * rate))
        level = ENVELOPE_RULES[self._quantity]
        self._lengthening = end_delay(level, rate)
        # A low level says that it was quiet for the whole window: so much of the hold is over when
        # it is first seen.
        self._awaited = max(1, self._hold - window_frames(level, rate) + 1)
        # Slow returns go on for a while within reach of the rest.
        self._settled = self._awaited + round(APART / SECOND * rate)
        self._past = History(np.empty(0, np.int64), np.empty(0))
        self._begin_tick()

    def _begin_tick(self) -> None:
        self._tick = self._missing = round(self._floor.tick * self._rate)
        self._levels: list[Floats] = []
        self._quiet: list[Floats] = []

    def _told(self, frames: Frames, levels: Floats) -> Iterator[Found]:
        """Yield what the frames make known, and look at the noise once a tick."""
        position = 0
        while (position := self._skip(levels, position)) < len(levels):
            stop = min(len(levels), position + self._missing)
            yield from self._scan(frames, levels, position, stop)
            # A copy: a view would keep the whole night in memory.
            self._levels.append(levels[position:stop].copy())
            self._missing -= stop - position
            position = stop
            if not self._missing:
                self._learn()
                self._begin_tick()

    def _skip(self, levels: Floats, position: int) -> int:
        """Learn from whole ticks in which nothing begins, and return where they end: stored nights
        are mostly that.
        """
        length = self._tick
        count = (len(levels) - position) // length
        if (
            self._burst is not None
            or self._place is not None
            or self._missing < length
            or not count
        ):
            return position
        count = min(count, SKIPPED) if self._floor.tick == TICK else 1
        noises, tops = noises_of(
            levels[position : position + count * length].reshape(count, length)
        )
        for noise, top in zip(noises, tops, strict=True):
            if top >= self._floor.on:
                break
            self._floor.learn(noise)
            position += length
        self._begin_tick()
        return position

    def _learn(self) -> None:
        """Have the floor learn from what was quiet in a tick; where nothing was, see whether the
        noise has grown.
        """
        quiet = sum(map(len, self._quiet))
        if quiet >= min(self._tick, ENOUGH * self._rate):
            self._floor.learn(
                noise_of(self._quiet[0] if len(self._quiet) == 1 else np.concatenate(self._quiet))
            )
        elif (
            not quiet
            and self._floor.stirred(np.concatenate(self._levels))
            and self._burst is not None
        ):
            self._burst.noise = True

    def _scan(self, frames: Frames, levels: Floats, position: int, stop: int) -> Iterator[Found]:
        while position < stop:
            if self._burst is None:
                position = self._wait(frames, levels, position, stop)
                continue
            # A burst is mostly over long before the tick is.
            position, settled = self._follow(
                frames, self._burst, position, min(stop, position + FOLLOWED)
            )
            if settled:
                yield from self._close(frames, self._burst, position - 1)

    def _wait(self, frames: Frames, levels: Floats, position: int, stop: int) -> int:
        """Open a burst at the first frame that reaches the threshold and return where it lies; else
        return `stop`.
        """
        place = self._place
        if place is not None:
            known = position + int(np.searchsorted(frames.times[position:stop], place.until))
            apart = distances_to(place.where, frames.center[:, position:known])
            here = np.sqrt(np.square(frames.shaking[position:known]) + np.square(apart))
            first = reached(here, self._floor.on)
            if first is not None:
                return self._open(frames, position + first, place.where)
            position = known
            self._place = place if known == stop else None
        first = reached(levels[position:stop], self._floor.on)
        self._quiet.append(levels[position : stop if first is None else position + first].copy())
        if first is None:
            return stop
        position += first
        return self._open(
            frames,
            position,
            None if position < frames.unknown_rest else frames.rest[:, position].copy(),
        )

    def _open(self, frames: Frames, position: int, rest: Floats | None) -> int:
        past = self._before(frames, position)
        rise = self._rise(past)
        onset = int(past.times[-rise] if rise else frames.times[position])
        held = rest if self._rule.held else None
        begun = [Segment(onset, int(frames.times[position]))]
        self._burst = Burst(held, self._floor.off, self._floor.reach, self._rule.near or 0.0, begun)
        self._place = None
        # Not where it rose: that may lie in an epoch that has been told.
        self.onsets.append(int(frames.times[position]))
        return position

    def _before(self, frames: Frames, position: int) -> History:
        """Return the frames before one, as far back as a movement may have begun to rise."""
        begin = max(0, position - self._hold)
        times = frames.times[begin:position]
        shaking = frames.shaking[begin:position]
        if begin or not len(self._past.times):
            return History(times.copy(), shaking.copy())
        kept = slice(max(0, len(self._past.times) + position - self._hold), None)
        return History(
            np.concatenate([self._past.times[kept], times]),
            np.concatenate([self._past.shaking[kept], shaking]),
        )

    def _rise(self, past: History) -> int:
        """Return how many frames, the last ones of the past, shake above the quiet level: there it
        began to rise.
        """
        rise = 0
        for shaken in reversed(past.shaking.tolist()):
            if shaken <= self._floor.off:
                break
            rise += 1
        return rise

    def _follow(self, frames: Frames, burst: Burst, position: int, stop: int) -> tuple[int, bool]:
        """Follow a burst frame by frame; return the frame after the last one read, and whether the
        burst is over.
        """
        shaking = frames.shaking[position:stop]
        apart, levels = away_from(burst.rest, frames.center[:, position:stop], shaking)
        means = frames.mean[:, position:stop]
        off = max(burst.off, self._floor.off)
        late = burst.onset + THERE_AND_BACK + self._lengthening
        segment = burst.segments[-1]
        begun = 0
        rows = zip(
            frames.times[position:stop].tolist(),
            shaking.tolist(),
            apart.tolist(),
            levels.tolist(),
            strict=True,
        )
        for index, (now, shaken, away, level) in enumerate(rows):
            if shaken > off:
                burst.highest = max(burst.highest, level)
                if segment.end is not None:
                    segment.take(levels[begun:index], shaking[begun:index], means[:, begun:index])
                    segment = burst.follow(now)
                    begun = index
                burst.still = burst.quiet = burst.near = 0
                continue
            burst.rested(now, away)
            if burst.still < self._awaited:
                continue
            if segment.end is None:
                segment.end = max(burst.still_since - self._lengthening, segment.onset)
                segment.place = frames.center[:, position + index].copy()
            if burst.near == self._awaited:
                segment.back_since = burst.near_since
            if burst.quiet == self._awaited or burst.near == self._settled or now > late:
                done = slice(begun, index + 1)
                segment.take(levels[done], shaking[done], means[:, done])
                return position + index + 1, True
        segment.take(levels[begun:], shaking[begun:], means[:, begun:])
        return stop, False

    def _close(self, frames: Frames, burst: Burst, position: int) -> Iterator[Found]:
        """Tell a burst that is over; the limb rests where it rested, or somewhere else."""
        self._burst = None
        returned = burst.quiet == self._awaited or burst.near == self._settled
        where = frames.center[:, position].copy()
        if (
            returned
            and burst.rest is not None
            and math.dist(where.tolist(), burst.rest.tolist()) <= burst.reach / 2
        ):
            # It is known better where it rested.
            where = burst.rest
        self._place = (
            RestPosition(where, int(frames.times[position]) + round(SETTLING_S * SECOND))
            if self._rule.held
            else None
        )
        if burst.noise:
            return
        for segment in burst.segments:
            segment.share = self._share(segment)
        if returned:
            for segment in burst.parted(self._lengthening):
                yield from self._named(segment)
        else:
            yield from self._moved(burst, where)

    def _moved(self, burst: Burst, where: Floats) -> Iterator[Found]:
        """Yield a burst after which the limb rests elsewhere: as a change of posture if it turned,
        else what it did.
        """
        segments = burst.segments
        rest = burst.rest
        if rest is None:
            # Where it rested before is not known: the signal has just begun.
            for segment in segments:
                yield from self._named(segment)
            return
        begin, end = (
            self._turning(segments, rest, where) if self._turned(burst, rest, where) else (0, 0)
        )
        for movement in (
            movements(segments[:begin], rest, segments[begin - 1].place, burst.nearby)
            if begin
            else ()
        ):
            yield from self._named(movement)
        if begin < end:
            whole = joined(segments[begin:end], segments[end - 1].end or burst.still_since)
            yield replace(self._part(whole), turned=True)
            rest = segments[end - 1].place
        later = movements(segments[end:], rest, where, burst.nearby)
        for movement in later:
            if movement is later[-1]:
                self._arrive(movement, where, burst.nearby)
            yield from self._named(movement)

    def _arrive(self, movement: Segment, where: Floats, near: float) -> None:
        """Have a movement last until the limb is near the place where it then rests: it may go
        there smoothly.
        """
        window = window_frames(ENVELOPE_RULES[self._quantity], self._rate)
        means = (
            np.concatenate(movement.means, axis=1) if movement.means else np.empty((len(where), 0))
        )
        if movement.end is None or means.shape[1] < window:
            return
        begin = max(0, (movement.end + self._lengthening - movement.since) // self._frame - window)
        there = distances_to(where, moving_mean(means, window))[begin:] <= near
        if len(there) < self._hold:
            return
        stays = moving_mean(there[None].astype(np.float64), self._awaited)[0] == 1.0
        first = int(stays.argmax())
        if first and stays[first]:
            arrived = (
                movement.since + (begin + first + window - 1) * self._frame - self._lengthening
            )
            movement.end = max(movement.end, arrived)

    def _turning(self, segments: Sequence[Segment], rest: Floats, where: Floats) -> tuple[int, int]:
        """Return from which segment up to which a limb turned.

        What it did a while before it left the old direction or after it came to the new one are
        movements of their own.
        """
        turn = self._rule.turn or 0.0
        count = len(segments)
        begin = next((at for at in range(count) if turns(segments[at].place, rest) > turn), 0)
        begin = begin if begin and apart(segments, begin) else 0
        end = next(
            (at for at in range(begin + 1, count) if turns(segments[at - 1].place, where) <= turn),
            count,
        )
        return begin, end if end < count and apart(segments, end) else count

    def _turned(self, burst: Burst, rest: Floats, where: Floats) -> bool:
        """Return whether a limb that rests elsewhere has turned, or slid there and done nothing
        else.
        """
        if self._rule.turn is None:
            return False
        way = math.sqrt(math.sumprod((where - rest).tolist(), (where - rest).tolist()))
        # The level is that of the noise as well.
        highest = math.sqrt(
            max(0.0, max(segment.peak for segment in burst.segments) ** 2 - self._quietest**2)
        )
        shaken = max(
            (float(piece.max()) for segment in burst.segments for piece in segment.shaking),
            default=0.0,
        )
        jerks = len(burst.segments) > 1 and all(
            segment.shorter(SHORTEST) for segment in burst.segments
        )
        smooth = highest <= SLID * way and shaken <= max(SMOOTH * way, burst.off)
        slid = smooth or (jerks and highest <= ONWARD * way)
        return angle_degrees(rest.tolist(), where.tolist()) > self._rule.turn or slid

    def _share(self, segment: Segment) -> float:
        """Return what of a movement's energy is as quiet as rest: it is late to be seen, and early
        to be lost.
        """
        floor = self._quietest
        above = segment.peak**2 - floor**2
        return min(0.5, (self._floor.off**2 - floor**2) / above) if above > 0 else 0.0

    @property
    def _quietest(self) -> float:
        """The noise floor itself."""
        return self._floor.on - self._floor.reach

    def _part(self, segment: Segment) -> UnilateralMovement:
        # The whole window was taken off the end, but of a weak movement's ends it never showed so
        # much.
        late = round(2 * segment.share * self._lengthening)
        end = segment.onset if segment.end is None else segment.end + late
        return UnilateralMovement(
            self._side, segment.onset, end, segment.peak, self._rule.grade(segment.peak)
        )

    def _named(self, segment: Segment) -> Iterator[Found]:
        """Yield what moved as what it is, a twitch, a rhythm or a leg movement, and the train that
        it makes.
        """
        part = self._part(segment)
        beats = self._swings(segment, part.duration)
        if beats:
            yield self._train.swing(RhythmicTrain(part.side, part.onset, part.end, beats))
            return
        if part.duration >= SHORTEST and not self._sustained(segment):
            return
        found = (
            Twitch(part.side, part.onset, part.end, part.peak) if part.duration < SHORTEST else part
        )
        yield found
        train = self._train.take(found, segment.shaking, self._rate)
        if train is not None:
            yield train

    def _swings(self, segment: Segment, duration: int) -> int:
        """Return how many beats a burst has that is a train by itself; 0: it is none."""
        if duration < SHORTEST_TRAIN:
            return 0
        shaking = np.concatenate(segment.shaking)
        means = np.concatenate(segment.means, axis=1)
        # How large each frame is by itself: its distance from the middle; EMG's are energies.
        sizes = (
            distances_to(np.median(means, axis=1), means) if self._rule.held else np.sqrt(means[0])
        )
        return swings(shaking.tolist(), sizes, self._rate, long=duration >= LONG)

    def _sustained(self, segment: Segment) -> bool:
        """Return whether some 0.5 s of it have a median above the quiet level (WASM 2016, computer
        detection).
        """
        if segment.count < self._hold:
            return False
        pieces = segment.levels
        moves = (pieces[0] if len(pieces) == 1 else np.concatenate(pieces)) >= self._floor.off
        above: Times = np.cumsum(moves, dtype=np.int64)
        # A median lies above where more than half of the frames do.
        counts = above[self._hold - 1 :].copy()
        counts[1:] -= above[: -self._hold]
        return bool(2 * int(counts.max()) > self._hold)


def away_from(rest: Floats | None, centre: Floats, shaking: Floats) -> tuple[Floats, Floats]:
    """Return how far a limb is from its rest, and the level: both together. A muscle has no place
    to rest at.
    """
    if rest is None:
        return np.zeros(len(shaking)), shaking
    away = distances_to(rest, centre)
    return away, np.sqrt(np.square(shaking) + np.square(away))


def reached(levels: Floats, threshold: float) -> int | None:
    """Return the first index at which a level reaches a threshold; None where it never does."""
    if not len(levels):
        return None
    above = levels >= threshold
    first = int(above.argmax())
    return first if above[first] else None
