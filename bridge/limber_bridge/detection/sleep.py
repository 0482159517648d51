"""In bed and asleep, as far as each sensor can tell.

Law: no data is "unknown", never "out of bed"; and whatever is said names the method it rests on.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

import numpy as np

from limber_bridge.detection.bed_presence import MINUTE, Presence, PresenceDetector
from limber_bridge.detection.binning import Cut, Pieces
from limber_bridge.detection.burst import angle
from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.events import BedTransition, Event, Method, Movement, PositionChange
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor

EPOCH: Final = 10 * SECOND
"""us; epochs begin at whole multiples of it on the clock of the samples."""

type Span = tuple[int, int]
"""From, until; us."""


METHODS: Final[Mapping[tuple[Quantity, Placement], Method]] = {
    (Quantity.LOAD, Placement.BED): Method.LOAD,
    (Quantity.ACCELERATION, Placement.ANKLE): Method.ANKLE,
    (Quantity.ACCELERATION, Placement.BED): Method.BED_MOVEMENT,
    (Quantity.EMG, Placement.TIBIALIS): Method.RECORDED,
    (Quantity.EMG, Placement.CALF): Method.RECORDED,
}
"""What each sensor can say, the most reliable first."""

ASLEEP_METHOD: Final = "sustained_inactivity"
"""No change of posture and no movement but candidate ones for 5 min, after van Hees 2015."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Ten seconds of one sensor."""

    start: int
    """us, a multiple of `EPOCH`."""
    mean: tuple[float, ...]
    """Mean of each axis: acceleration or load."""
    strong: float
    """Share of the frames with a level as in walking; 0 where the signal is too slow for a level.
    """
    onsets: int
    """How often something began to move."""
    sensor: int = 0
    """Its id."""
    highest: float = 0.0
    """Highest level, in the unit of the sensor."""
    life: Presence | None = None
    """Whether somebody is felt to lie there; None: no sensor for that, or too slow a one."""
    vigorous: float = 0.0
    """Share of the frames with a level that no leg keeps up in bed."""


WALKING: Final = {Quantity.ACCELERATION: 0.12, Quantity.EMG: 20.0, Quantity.LOAD: math.inf}
"""Level (g, uV) of a walking leg and above [D]. In a real recording of walking it was above 0.5 g
for 99 % of the time at the foot; on a resting leg, kicks reach it for a second or two, and a turn
for some seconds."""
VIGOROUS: Final = 0.35
"""g. A leg that is rubbed or stretched is shaken less, a kick does not last; see `WALKING` [D]."""
STRIDING: Final = 0.9
"""Share of an epoch with that from which on it counts as `STRIDES` half epochs of shaking, not two
[D]."""
STRIDES: Final = 6


class Epochs:
    """Cuts the frames of one sensor into epochs."""

    __slots__ = ("_cut", "_fast", "_onsets", "_sensor", "_vital")

    def __init__(self, sensor: Sensor) -> None:
        """Begin with nothing."""
        self._sensor = sensor
        self._cut = Cut(EPOCH)
        self._onsets: deque[int] = deque()
        felt = sensor.quantity is Quantity.ACCELERATION and sensor.placement is Placement.BED
        self._vital = PresenceDetector(EPOCH) if felt else None
        self._fast = True

    def feed(self, frames: Frames, onsets: Sequence[int]) -> list[Epoch]:
        """Return the epochs that the frames complete, with the onsets (us) found in them."""
        self._onsets += onsets
        # Where the signal is too slow for a level, nothing walks.
        level = np.zeros(len(frames.times)) if frames.level is None else frames.level
        self._fast = frames.level is not None
        rows = [frames.mean, level[None]]
        if self._vital is not None and len(frames.times):
            self._vital.pace(frames.rate, int(frames.times[0]))
            rows.insert(1, frames.times[None].astype(np.float64))
        return self._epochs(self._cut.feed(frames.times, np.concatenate(rows)))

    def finish(self) -> list[Epoch]:
        """Return the epoch that had begun."""
        return self._epochs(self._cut.finish())

    def _epochs(self, pieces: Pieces | None) -> list[Epoch]:
        if pieces is None:
            return []
        begun = [self._begun(start + EPOCH) if self._onsets else 0 for start in pieces.starts]
        highest = pieces.highest(-1)
        life: Sequence[Presence | None] = [None] * len(begun)
        if self._vital is not None and self._fast:
            life = self._vital.feed(pieces)
        walking = WALKING[self._sensor.quantity]
        strong = pieces.shares(highest, walking)
        vigorous = pieces.shares(highest, VIGOROUS) if walking < VIGOROUS else strong
        axes = len(pieces.rows) - (1 if self._vital is None else 2)
        rows = zip(
            pieces.starts, pieces.mean(), strong, begun, highest, life, vigorous, strict=True
        )
        return [
            Epoch(start, tuple(mean[:axes]), walked, onsets, self._sensor.id, peak, felt, strode)
            for start, mean, walked, onsets, peak, felt, strode in rows
        ]

    def _begun(self, until: int) -> int:
        """Return how often something began before a time (us), each counted once."""
        count = 0
        while self._onsets and self._onsets[0] < until:
            self._onsets.popleft()
            count += 1
        return count


@dataclass(frozen=True, slots=True)
class BedState:
    """What is known of a sleeper's being in bed: all that must outlive a restart."""

    in_bed: bool | None = None
    method: Method | None = None
    leaning: bool | None = None
    """What the signs have been saying lately, where that is not `in_bed`."""
    since: int = 0
    """us; since when they have."""
    seen: int = 0
    """us; end of the last epoch that did."""
    onsets: int = 0
    """Movements in those epochs."""
    epoch: int | None = None
    """us; start of the last epoch."""
    earliest: int = 0
    """us; nobody is said to have come or gone before: somebody did then, or it is the first epoch
    after a hole."""
    standing: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    """Direction of gravity at each ankle while walking: that of a standing leg; by sensor id."""
    resting: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    """Direction of gravity at each ankle as it lay still last."""
    turned: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    """The same before it was turned to where it lies now."""
    lately: tuple[float, ...] | None = None
    """Direction in which the leg has been still lately."""
    still: int = 0
    """us; since when it has."""
    restless: int = 0
    """Half epochs in which the leg was shaken as in walking, in a direction that is not that of a
    standing one, less a half for each since in which it was not."""
    shaken: int | None = None
    """us; start of the first of them."""
    way: tuple[float, ...] | None = None
    """That direction."""
    walked: int | None = None
    """us; end of the last epoch with walking."""
    stood: int | None = None
    """us; since when the leg has pointed as when standing, without walking."""
    began: int | None = None
    """us; when what the last epoch says has begun, if before it."""
    certain: bool = False
    """Whether what the last epoch says is so without waiting for more."""
    moves: tuple[tuple[int, int, float], ...] = ()
    """Start and end (us) of the epochs in which something moved at the bed lately, while it was not
    clear whether somebody lies there, and their highest level."""
    felt: int = 0
    """How sure it is that a sensor at the bed feels who lies in it: epochs in bed in which it did,
    less `MISSED` for each in which it did not though somebody was there, as it turned out; up to
    `MOST_FELT`."""
    missed: int = 0
    """Epochs in bed without somebody felt since somebody was felt last."""
    life: int = 0
    """Epochs in a row, but for those that are covered by movement, in which somebody was felt;
    negative: nobody was."""
    empty: float | None = None
    """kg on the cells with nobody in the bed; None until somebody came or went."""
    loads: tuple[float, float] | None = None
    """kg: the least and the most seen while `empty` is not known."""
    tare: int | None = None
    """us; the bed is empty in the first epoch from then on, if that comes within a minute."""


FIELDS: Final = {name: getattr(BedState, name).__set__ for name in BedState.__slots__}
VALUES: Final = attrgetter(*FIELDS)


def changed(state: BedState, **fields: object) -> BedState:
    """Return a state with some fields changed: as `dataclasses.replace`, in less than half the
    time.

    2 us instead of 5, some 3,000 times a night: about a twentieth of what a night of one ankle
    takes to score, so a tenth of a filter pass in `script/bench`. Live, with a few calls every ten
    seconds, it makes no difference.
    """
    new = object.__new__(BedState)
    for put, value in zip(FIELDS.values(), VALUES(state), strict=True):
        put(new, value)
    for name, value in fields.items():
        FIELDS[name](new, value)
    return new


@dataclass(frozen=True, slots=True, kw_only=True)
class BedRule:
    """How long signs must last before they are believed; us."""

    in_after: int
    out_after: int
    onsets: int
    """Movements without which nobody is believed to have come: a sensor on a table lies still as
    well."""


BED_RULES: Final = {
    # [D] throughout, except 5 min of inactivity: van Hees 2015.
    Method.LOAD: BedRule(in_after=0, out_after=20 * SECOND, onsets=0),
    Method.ANKLE: BedRule(in_after=5 * MINUTE, out_after=20 * SECOND, onsets=2),
    Method.BED_MOVEMENT: BedRule(in_after=0, out_after=30 * MINUTE, onsets=0),
    Method.RECORDED: BedRule(in_after=30 * SECOND, out_after=MINUTE, onsets=0),
}
UPRIGHT: Final = 35.0
"""Degrees between gravity now and while walking up to which a leg stands [D]."""
SAME: Final = 1.0
"""Degrees up to which a leg lies as it lay [D]."""
WALKED: Final = 10
"""Half epochs of shaking in a direction in which the leg may stand that are walking, where none was
seen before: large movements last up to 45 s (science reference 1.6) [D]."""
PACED: Final = 36
"""The same in any other direction: three minutes, as legs are rubbed, stretched and moved in bed
for a while [D]."""
ACROSS: Final = 45.0
"""Degrees: a standing leg points so far, at least, from how it lay, and so far, at most, from what
is across to both directions in which it lay [D]."""
LAIN: Final = MINUTE
"""us for which a leg is still until it has lain there: who sits on the edge of the bed gets up
sooner [D]."""
STOOD: Final = 5 * MINUTE
"""us. Nobody stands for so long without a step, and from a chair one walks to bed: whose leg comes
to lie elsewhere only after that lay from the last step on [D]."""
SAT: Final = 20 * MINUTE
"""us without a step after which a leg that points as when standing is that of somebody who sleeps
so, or whose sensor shows no difference [D]."""
STEPPING: Final = (0.3, 0.95)
"""Share of an epoch in which the muscles of a walking leg work, at least and at the most: hum never
rests [D]."""
STIRRED: Final = 41 * MINUTE
"""us for which movements at the bed are remembered while it is not clear whether somebody lies
there [D]."""
PAUSED: Final = 10 * MINUTE
"""us without movement after which it is not one stay any more [D]."""
UNFELT: Final = 20 * MINUTE
"""us of movement after which somebody is in a bed whose sensor feels no breath; twice that if it is
known to feel it: others walk about in the room [D]."""
FELT: Final = 6
"""Epochs in a row in which somebody is felt that make it sure: each of them looks at the last
minute [D]."""
ABSENT: Final = (12, 18)
"""The same for nobody, if the sensor has felt who lay there all the time before, and if not [D]."""
AGAIN: Final = 2
"""So many of those each in which somebody is felt takes back: shaking of the floor may look like
life for once [D]."""
MOST_FELT: Final = 80
FEELS: Final = 40
MISSED: Final = 4
"""A sensor is known to feel who lies there after 40 epochs in which it does; each in which it does
not takes four back, of 80 at most [D]."""
PERSON: Final = 20.0
"""kg; a step of the load by so much is somebody coming or going [D]."""
FORGOTTEN: Final = MINUTE
"""us without an epoch after which signs begin anew."""
UNKNOWN: Final = 60 * MINUTE
"""us without an epoch after which nothing is known any more: who was in bed then may be anywhere
now [D]."""


def step(state: BedState, method: Method, epoch: Epoch) -> tuple[BedState, BedTransition | None]:
    """Return what is known after one more epoch, and the event if somebody went to bed or left it."""
    rule = BED_RULES[method]
    if state.epoch is None or epoch.start - state.epoch > FORGOTTEN + EPOCH:
        state = resumed(state, epoch.start)
    state, sign = SIGNS[method](
        changed(state, epoch=epoch.start, method=method, certain=False), epoch
    )
    if sign is None:
        return state, None
    if sign is state.in_bed:
        return (state if state.leaning is None else changed(state, leaning=None)), None
    if sign is not state.leaning:
        since = epoch.start if state.began is None else state.began
        state = changed(state, leaning=sign, since=max(state.earliest, since), onsets=0)
    state = changed(state, seen=epoch.start + EPOCH, onsets=state.onsets + epoch.onsets)
    if not believed(state, rule):
        return state, None
    state = changed(state, in_bed=sign, earliest=state.since, leaning=None, restless=0, way=None)
    return state, BedTransition(state.since, sign, method)


def anew(state: BedState) -> BedState:
    """Return what is known without what goes by time: signs begin anew, on whatever clock."""
    return changed(
        state,
        epoch=None,
        leaning=None,
        lately=None,
        still=0,
        restless=0,
        shaken=None,
        way=None,
        walked=None,
        stood=None,
        began=None,
        moves=(),
        missed=0,
        life=0,
    )


def resumed(state: BedState, start: int) -> BedState:
    """Return what is known when epochs begin, or begin again at a time (us) after a hole."""
    lost = state.epoch is not None and start - state.epoch > UNKNOWN
    return changed(anew(state), in_bed=None if lost else state.in_bed, earliest=start)


def believed(state: BedState, rule: BedRule) -> bool:
    """Return whether what the signs say has lasted long enough."""
    lasting = state.seen - state.since
    if state.certain:
        return True
    if not state.leaning:
        return lasting >= rule.out_after
    return lasting >= rule.in_after and state.onsets >= rule.onsets


type Sign = tuple[BedState, bool | None]
"""True: in bed; False: out of it; None: the epoch says nothing."""


def load_sign(state: BedState, epoch: Epoch) -> Sign:
    """Tell by the weight, once somebody has come or gone and shown what the empty bed weighs
    (reference 6.3).
    """
    (load,) = epoch.mean
    if state.tare is not None and epoch.start >= state.tare:
        # Cells that come back later than that may have somebody on them.
        state = changed(
            tared(state, load) if epoch.start < state.tare + MINUTE else state, tare=None
        )
    if state.empty is None:
        least, most = state.loads or (load, load)
        least = min(least, load)
        most = max(most, load)
        if most - least < PERSON:
            return changed(state, loads=(least, most)), None
        state = changed(state, empty=least, loads=None)
    empty = state.empty if state.empty is not None else load
    # Half a person is the border, both ways; the empty level follows drift of the cells while
    # nobody is there.
    if load - empty > PERSON / 2:
        return state, True
    return changed(state, empty=empty + 0.05 * (load - empty)), False


def tared(state: BedState, load: float) -> BedState:
    """Return what is known once somebody has said that nobody is in the bed while so many kg are on
    the cells.
    """
    return changed(state, empty=load, loads=None)


def ankle_sign(state: BedState, epoch: Epoch) -> Sign:
    """Tell a leg that walks from any other; walking shows which way gravity lies in a standing one.

    A bed is left on foot: a leg that only points that way may hang from its edge. One that is
    shaken in another direction, for less than three minutes, is rubbed or stretched in bed, as
    after a cramp; for longer, the sensor is worn another way round.
    """
    upright = state.standing.get(epoch.sensor)
    stands = upright is not None and angle(upright, epoch.mean) <= UPRIGHT
    if epoch.strong < 0.5:
        return still_sign(state, epoch, stands=stands)
    resting = state.resting.get(epoch.sensor)
    lay = resting is not None and angle(resting, epoch.mean) <= UPRIGHT
    lies = lay and (state.in_bed is True or (state.in_bed is False and state.leaning is True))
    # A kick of a leg that points so is no step: in bed, or a while after the last one, two epochs
    # make walking.
    again = state.walked is not None and epoch.start - state.walked <= LAIN
    known = stands and not lies and (again or state.restless > 0)
    if state.way is None or angle(state.way, epoch.mean) > UPRIGHT:
        state = changed(state, restless=0, shaken=epoch.start, way=epoch.mean)
    may_stand = upright is None and not lies and across(state, epoch)
    restless = state.restless + (STRIDES if epoch.vigorous >= STRIDING else 2)
    if not known and restless < (WALKED if may_stand else PACED):
        return changed(state, restless=restless, began=None), None if stands and not lies else True
    standing = {**state.standing, epoch.sensor: epoch.mean}
    walked = epoch.start + EPOCH
    began = None if known else state.shaken
    return changed(
        state, standing=standing, restless=0, way=None, walked=walked, stood=None, began=began
    ), False


def across(state: BedState, epoch: Epoch) -> bool:
    """Return whether gravity lies across to where it lay while the leg did, so along a leg that
    stands.
    """
    one = state.resting.get(epoch.sensor)
    other = state.turned.get(epoch.sensor)
    if one is None or not any(one):
        return True
    if other is None:
        return ACROSS <= angle(one, epoch.mean) <= 180 - ACROSS
    along = angle((*np.cross(one, other),), epoch.mean)
    return min(along, 180 - along) <= ACROSS


def still_sign(state: BedState, epoch: Epoch, *, stands: bool) -> Sign:
    """Tell by a leg that does not walk: it lies, or stands for a while if it has walked."""
    restless = max(0, state.restless - 1)
    stood = None if not stands else epoch.start if state.stood is None else state.stood
    far = state.in_bed is False and state.walked is not None and epoch.start - state.walked > STOOD
    began = state.walked if far else None
    way = state.way if restless else None
    changes = lain(state, epoch, STOOD if stands else LAIN)
    if changes or (restless, stood, began) != (state.restless, state.stood, state.began):
        state = changed(state, restless=restless, way=way, stood=stood, began=began, **changes)
    if stood is None:
        return state, True
    if state.in_bed and state.leaning is not False:
        return state, None
    if epoch.start - stood < SAT:
        return state, False
    others = {sensor: way for sensor, way in state.standing.items() if sensor != epoch.sensor}
    return changed(state, standing=others, stood=None), True


def lain(state: BedState, epoch: Epoch, least: int) -> dict[str, object]:
    """Return what changes in what is known of how the leg lies, if it has been still for so long
    (us).
    """
    if epoch.onsets:
        return {}
    if state.lately is None or angle(state.lately, epoch.mean) > UPRIGHT:
        return {"lately": epoch.mean, "still": epoch.start}
    if epoch.start - state.still < least:
        return {}
    before = state.resting.get(epoch.sensor)
    turn = 180.0 if before is None else angle(before, epoch.mean)
    if turn <= SAME:
        return {}
    resting = {**state.resting, epoch.sensor: epoch.mean}
    if before is not None and UPRIGHT < turn < 180 - UPRIGHT:
        return {"resting": resting, "turned": {**state.turned, epoch.sensor: before}}
    return {"resting": resting}


def bed_movement_sign(state: BedState, epoch: Epoch) -> Sign:
    """Tell by breath and heart beat, once the sensor is known to feel them, and else by whether
    anything moves.

    A sensor too slow for movements sees neither.
    """
    if epoch.life is None:
        return state, None
    return (left_sign if state.in_bed else come_sign)(stirred(state, epoch), epoch)


def stirred(state: BedState, epoch: Epoch) -> BedState:
    """Return what is known of the movements and the life in a bed after one more epoch."""
    moves = tuple(move for move in state.moves if epoch.start - move[0] <= STIRRED)
    if epoch.onsets:
        moves = (*moves, (epoch.start, epoch.start + EPOCH, epoch.highest))
    elif moves and moves[-1][1] == epoch.start and epoch.highest > moves[-1][2] / 4:
        # It goes on.
        moves = (*moves[:-1], (moves[-1][0], epoch.start + EPOCH, max(moves[-1][2], epoch.highest)))
    state = changed(state, moves=moves)
    match epoch.life:
        case Presence.FELT if state.in_bed:
            return felt_again(state)
        case Presence.FELT:
            return changed(state, life=max(0, state.life) + 1)
        case Presence.ABSENT:
            return changed(
                state, life=min(0, state.life) - 1, missed=state.missed + 1 if state.in_bed else 0
            )
        case _:
            return state


def felt_again(state: BedState) -> BedState:
    """Return what is known once somebody who is in bed is felt: for the first time after a while,
    or on and on.
    """
    if state.life >= 0:
        return changed(state, life=state.life + 1, missed=0, felt=min(MOST_FELT, state.felt + 1))
    if state.life < -AGAIN:
        return changed(state, life=state.life + AGAIN)
    # Somebody was there and not felt.
    return changed(state, life=1, missed=0, felt=max(0, state.felt - MISSED * state.missed))


def come_sign(state: BedState, epoch: Epoch) -> Sign:
    """Tell somebody who has come by being felt, or, where that is not known to be possible, by
    moving for long.
    """
    if state.life >= FELT:
        began = epoch.start - state.life * EPOCH - LAIN + EPOCH
        return changed(
            state, certain=True, began=borders(state.moves)[0] if state.moves else began, moves=()
        ), True
    moves = state.moves
    if (state.felt >= FEELS and state.life <= -ABSENT[0]) or (
        moves and epoch.start - moves[-1][1] > PAUSED
    ):
        moves = ()
    patience = UNFELT * (2 if state.felt >= FEELS else 1)
    if len(moves) > 1 and epoch.start - moves[0][0] >= patience:
        return changed(state, certain=True, began=borders(moves)[0], moves=(), life=0), True
    # Nothing is said as long as it may be somebody who has come.
    leaning = None if moves else state.leaning
    return changed(state, moves=moves, began=None, leaning=leaning), None if moves else False


def left_sign(state: BedState, epoch: Epoch) -> Sign:
    """Tell somebody who has left by nobody being felt any more, or, where that is not possible, by
    long stillness.
    """
    if epoch.life is Presence.FELT and state.life > 0:
        # What the minute in which somebody was felt ends with may have been the getting up.
        moves = tuple(move for move in state.moves if epoch.start - move[1] < MINUTE)
        return changed(state, moves=moves, began=None), True
    if state.felt >= FEELS and state.life <= -ABSENT[state.felt < MOST_FELT]:
        began = epoch.start + state.life * EPOCH - LAIN + EPOCH
        return changed(
            state, certain=True, began=borders(state.moves)[1] if state.moves else began, moves=()
        ), False
    return changed(
        state, began=None
    ), epoch.onsets > 0 if state.felt < FEELS else True if epoch.onsets else None


def borders(moves: Sequence[tuple[int, int, float]]) -> Span:
    """Return the start of the first and the end of the last large movement: with those a bed is
    entered and left.

    Steps in the room shake it as well, but less.
    """
    least = max(level for *_, level in moves) / 4
    large = [(start, end) for start, end, level in moves if level >= least]
    return large[0][0], large[-1][1]


def recorded_sign(state: BedState, epoch: Epoch) -> Sign:
    """Take a signal for a person in bed, unless the leg works for as long as in walking only."""
    least, most = STEPPING
    return state, not least <= epoch.strong <= most


SIGNS: Final[Mapping[Method, Callable[[BedState, Epoch], Sign]]] = {
    Method.LOAD: load_sign,
    Method.ANKLE: ankle_sign,
    Method.BED_MOVEMENT: bed_movement_sign,
    Method.RECORDED: recorded_sign,
}

STILL: Final = 5 * MINUTE
"""us without disturbance that count as sleep (van Hees 2015; validated at the wrist, carried over
to ankle and bed)."""
LONGEST_BRIDGED: Final = 10 * MINUTE
MOST_MOVED: Final = 30 * SECOND
"""us between two stretches of sleep, and of movement in it, up to which it was sleep too: turning
over is no waking, as with the gaps that sleep windows bridge (HDCZA, science reference 6.1) [D]."""
MOST_TURNS: Final = 2
"""Turns between two stretches of sleep: who turns for the third time, without 5 min of stillness,
is awake and restless; asleep one turns once or twice an hour [D]."""
BETWEEN_TURNS: Final = 2 * MINUTE
"""us without disturbance that are sleep where a single turn, of up to `MOST_MOVED`, parts them from
it: who is awake and restless is not still for so long [D]."""
LONGEST_MASKED: Final = 10 * SECOND
"""us; movements up to here are leg movements and no sign of wake (science reference 6.2: mask the
CLM first)."""


def in_bed_spans(events: Iterable[Event], until: int) -> list[Span]:
    """Return the stretches in bed, in order; one that lasts still ends at `until`."""
    spans: list[Span] = []
    since: int | None = None
    for bed in sorted(
        (event for event in events if isinstance(event, BedTransition)), key=lambda bed: bed.onset
    ):
        if bed.in_bed and since is None:
            since = bed.onset
        elif not bed.in_bed and since is not None:
            spans.append((since, bed.onset))
            since = None
    if since is not None and until > since:
        spans.append((since, until))
    return spans


def asleep_spans(events: Sequence[Event], until: int, gaps: Iterable[Span] = ()) -> list[Span]:
    """Return the stretches of estimated sleep: in bed, and at least `STILL` without anything but
    leg movements.

    `gaps` are times (us) in which nothing was measured: long ones are no stillness. A sleeper who
    turns over now and then sleeps on. Lying awake and still counts as sleep, as with every method
    that rests on movement (reference 6.2).
    """
    disturbed = merged(
        (event.onset, event.end)
        for event in events
        if isinstance(event, PositionChange)
        or (isinstance(event, Movement) and event.duration > LONGEST_MASKED)
    )
    unseen = merged([*disturbed, *(gap for gap in gaps if gap[1] - gap[0] >= MINUTE)])
    slept: list[Span] = []
    for span in in_bed_spans(events, until):
        pieces = [piece for piece in without(span, unseen) if piece[1] - piece[0] >= BETWEEN_TURNS]
        later = reaching(pieces)
        earlier = [
            (-end, -begin)
            for begin, end in reaching([(-end, -begin) for begin, end in reversed(pieces)])
        ]
        slept += bridged(merged([*later, *earlier]), disturbed)
    return slept


def reaching(pieces: Iterable[Span]) -> list[Span]:
    """Return the stretches of stillness, each with the shorter piece that follows it after a single
    turn.
    """
    reached: list[Span] = []
    asleep = False
    for begin, end in pieces:
        still = end - begin >= STILL
        if still or (asleep and begin - reached[-1][1] <= MOST_MOVED):
            reached.append((begin, end))
        asleep = still
    return reached


def bridged(still: Sequence[Span], disturbed: Sequence[Span]) -> list[Span]:
    """Return stretches of stillness, those joined between which the sleeper moved but little."""
    joined: list[Span] = []
    for begin, end in still:
        between = (joined[-1][1], begin) if joined else (begin, begin)
        turns = overlaps([between], disturbed)
        moved = sum(stop - onset for onset, stop in turns)
        short = (
            between[1] - between[0] <= LONGEST_BRIDGED
            and moved <= MOST_MOVED
            and len(turns) <= MOST_TURNS
        )
        if joined and short:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined


def without(span: Span, others: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of a span when others, in order of their onset, are cut out of it."""
    begin, end = span
    for onset, stop in others:
        if onset >= end:
            break
        if onset > begin:
            yield begin, onset
        begin = max(begin, stop)
    if begin < end:
        yield begin, end


def overlaps(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return the times that lie in a span of each list; in both, spans are in order and apart."""
    found: list[Span] = []
    here = iter(some)
    there = iter(others)
    one = next(here, None)
    other = next(there, None)
    while one is not None and other is not None:
        begin = max(one[0], other[0])
        end = min(one[1], other[1])
        if begin < end:
            found.append((begin, end))
        if one[1] < other[1]:
            one = next(here, None)
        else:
            other = next(there, None)
    return found


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap as one."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
