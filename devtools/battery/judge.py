"""Run the detection over a night and compare what it found with what was there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, override

import numpy as np

from devtools.battery.truth import Item, Kind, Night, Stretch, clock_text
from devtools.evaluation import matched
from limber_bridge.detection.events import Certainty, Cramp, Event, Movement, event_id
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND

SMALLEST: Final = 3.0
"""Times the noise of one axis above which a movement must be found. Chosen: at three times, the
vector of all axes is twice what it is at rest. Fainter movements may be found or missed."""
SMALLEST_G: Final = 0.008
"""g; a movement must also reach the lower end of published thresholds, 5 to 10 mg."""
NEAR: Final = 2.0
"""s around an item in which something false is explained by it."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something missed, false or wrong."""

    night: str
    what: str
    """`missed`, `false`, `side`."""
    at: float
    """s."""
    text: str

    @override
    def __str__(self) -> str:
        return f"{self.night}: {self.what} at {clock_text(self.at)}: {self.text}"


@dataclass(slots=True)
class Tally:
    """Counts of one part."""

    found: int = 0
    missed: int = 0
    false: int = 0
    hours: float = 0.0
    nights: int = 0
    sided: int = 0
    """Movements whose side can be judged."""
    right_side: int = 0
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision."""
        return 2 * self.found / max(1, 2 * self.found + self.missed + self.false)

    @property
    def sensitivity(self) -> float:
        """Share of what was there that was found."""
        return self.found / max(1, self.found + self.missed)


def detect(night: Night) -> tuple[list[Event], NightScore]:
    """Return the events of a night and its score."""
    detector = Pipeline([one.sensor for one in night.recorded])
    events = [
        event
        for one in night.recorded
        for block in one.blocks()
        for event in detector.process(one.sensor.id, block)
    ]
    unique = list({event_id(event): event for event in events + detector.finish()}.values())
    return unique, score_night(unique, WASM_2016, detector.coverage(0, night.duration_us))


def must_be_found(item: Item, smallest: float = SMALLEST_G) -> bool:
    """Return whether a movement is large enough that a miss is a fault."""
    return item.times_noise >= SMALLEST and item.size >= smallest


def seconds(movement: Movement) -> tuple[float, float]:
    """Return onset and duration in s."""
    return movement.onset / SECOND, movement.duration / SECOND


def near(items: Iterable[Item], begin: float, end: float) -> str:
    """Return what was there at a time, as text."""
    there = [
        f"{item.kind}{' ' + item.side if item.side else ''}"
        f"{' (' + item.note + ')' if item.note else ''}"
        for item in items
        if item.onset < end + NEAR and item.end > begin - NEAR
    ]
    return "; ".join(there) or "nothing"


def judge_movements(
    night: Night, score: NightScore, tally: Tally, smallest: float = SMALLEST_G
) -> None:
    """Compare candidate movements with the leg movements that were there."""
    kicks = night.kinds(Kind.KICK)
    candidates = score.scoring.candidates
    known = [(item.onset, item.duration) for item in kicks]
    found = [seconds(movement) for movement in candidates]
    pairs = dict(matched(known, found))
    for index, item in enumerate(kicks):
        if index in pairs:
            tally.found += 1
            judge_side(night, item, candidates[pairs[index]], tally)
        elif must_be_found(item, smallest):
            tally.missed += 1
            text = f"{describe(item)}; there: {near(night.items, item.onset, item.end)}"
            tally.mistakes.append(Mistake(night.name, "missed", item.onset, text))
    used = set(pairs.values())
    # The leg that is measured may settle for some seconds after a kick of the other one.
    optional = [(item.onset, item.end) for item in night.kinds(Kind.OTHER_LEG)]
    for index, (onset, duration) in enumerate(found):
        if index in used or any(a < onset + duration + 1 and b > onset - 4 for a, b in optional):
            continue
        tally.false += 1
        there = near(night.items, onset, onset + duration)
        movement = candidates[index]
        text = f"{duration:.1f} s, peak {movement.peak:.3g}, {movement.side}; there: {there}"
        tally.mistakes.append(Mistake(night.name, "false", onset, text))
    tally.nights += 1
    tally.hours += night.duration / 3600


def judge_side(night: Night, item: Item, movement: Movement, tally: Tally) -> None:
    """Compare the side of a movement, where two legs were measured."""
    if len(night.recorded) < 2 or item.side is None or not must_be_found(item):
        return
    tally.sided += 1
    if movement.side == item.side:
        tally.right_side += 1
        return
    text = f"{describe(item)} found as {movement.side}"
    tally.mistakes.append(Mistake(night.name, "side", item.onset, text))


def describe(item: Item) -> str:
    """Return a movement as text."""
    return (
        f"{item.kind} {item.side or ''} {item.duration:.1f} s, {item.size:.3g} "
        f"({item.times_noise:.0f} times noise)"
    )


def judge_cramps(night: Night, events: Sequence[Event], certainty: Certainty, tally: Tally) -> None:
    """Compare cramps of one certainty with the cramps that were there."""
    true = night.kinds(Kind.CRAMP)
    found = sorted(
        (event for event in events if isinstance(event, Cramp) and event.certainty is certainty),
        key=lambda event: event.onset,
    )
    spans = [(event.onset / SECOND, (event.end or night.duration_us) / SECOND) for event in found]
    used: set[int] = set()
    for item in true:
        # The response to a cramp may be all that shows it, and may outlast it.
        hits = {
            index
            for index, (onset, end) in enumerate(spans)
            if onset < item.end + 60 and end > item.onset - 30
        }
        used |= hits
        tally.found += bool(hits)
        tally.missed += not hits
        if not hits:
            text = f"{item.note}, {item.duration:.0f} s"
            tally.mistakes.append(Mistake(night.name, "missed", item.onset, text))
    for index, (onset, end) in enumerate(spans):
        if index not in used:
            tally.false += 1
            text = f"there: {near(night.items, onset, end)}; {found[index].reason}"
            tally.mistakes.append(Mistake(night.name, "false", onset, text))
    tally.nights += 1
    tally.hours += night.duration / 3600


def judge_trips(night: Night, in_bed: Sequence[Stretch], tally: Tally) -> None:
    """Compare the times out of bed with the trips that were there."""
    found = complement(in_bed, night.duration)
    for item in night.kinds(Kind.TRIP):
        covered = sum(max(0.0, min(end, item.end) - max(begin, item.onset)) for begin, end in found)
        if covered >= 0.5 * item.duration:
            tally.found += 1
            continue
        tally.missed += 1
        text = f"{item.note}, {item.duration:.0f} s, {covered:.0f} s of it found"
        tally.mistakes.append(Mistake(night.name, "missed", item.onset, text))
    for begin, end in found:
        true = sum(
            max(0.0, min(end, until) - max(begin, since)) for since, until in night.out_of_bed
        )
        if true < 0.5 * (end - begin) and end - begin > 10:
            tally.false += 1
            text = f"{end - begin:.0f} s out of bed; there: {near(night.items, begin, end)}"
            tally.mistakes.append(Mistake(night.name, "false", begin, text))
    tally.nights += 1
    tally.hours += night.duration / 3600


def complement(stretches: Sequence[Stretch], duration: float) -> list[Stretch]:
    """Return the rest of a night without some stretches, in order."""
    rest = []
    now = 0.0
    for begin, end in sorted(stretches):
        if begin > now:
            rest.append((now, begin))
        now = max(now, end)
    if now < duration:
        rest.append((now, duration))
    return rest


def total(stretches: Sequence[Stretch]) -> float:
    """Return the length of some stretches together, in s."""
    return sum(end - begin for begin, end in stretches)


def difference_min(one: Sequence[Stretch], other: Sequence[Stretch], duration: float) -> float:
    """Return for how many minutes two lists of stretches differ (s, on a grid of 1 s)."""
    count = round(duration)
    states = np.zeros((2, count), dtype=np.bool_)
    for state, stretches in zip(states, (one, other), strict=True):
        for begin, end in stretches:
            state[max(0, round(begin)) : max(0, round(end))] = True
    return int(np.count_nonzero(states[0] != states[1])) / 60
