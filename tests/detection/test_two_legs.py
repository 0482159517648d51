"""Two legs on one mattress: a kick of one shakes or displaces the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Event, Movement, PositionChange
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import AASM, RULE_SETS, WASM_2016
from limber_bridge.detection.signal import SECOND, Floats
from tests.detection.limbs import bending, bent, shaken
from tests.detection.signals import (
    LEFT,
    RATE,
    RIGHT,
    ankle,
    block,
    detect,
    movements,
    slipped,
    turned,
)

LENGTH = 38.0
KICK_AT = 25.0
DURATION = 2.0


@dataclass(frozen=True)
class Coupling:
    """What a kick does to the other leg."""

    shaking: float = 0.0
    """Share of the kick's acceleration that arrives; it does not tilt the leg."""
    delay: float = 0.0
    settles: float = 0.0
    """Degrees by which the other leg rests elsewhere afterwards."""
    lasts: float = 1.0
    """s in which it settles."""


def coupled(signal: Floats, degrees: float, coupling: Coupling) -> Floats:
    """Return an ankle beside one that kicks by `degrees` at KICK_AT."""
    _, acceleration = bending(LENGTH, KICK_AT + coupling.delay, DURATION, degrees)
    # Another direction: the sensor sits in another way on this leg.
    result = signal + coupling.shaking * np.outer([0.0, 0.6, 0.8], acceleration)
    if coupling.settles:
        at = KICK_AT + coupling.delay + 0.3
        result = slipped(result, at, coupling.settles, lasts=coupling.lasts)
    return result


def two_legs(left: Floats, right: Floats, rules: str = WASM_2016.name) -> list[Event]:
    return detect((LEFT, block(left)), (RIGHT, block(right)), rules=RULE_SETS[rules])


def position_changes(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, PositionChange)]


def assert_one_kick(events: Sequence[Event], side: str) -> None:
    (found,) = movements(events)
    assert found.side == side
    assert found.onset / SECOND == pytest.approx(KICK_AT, abs=0.3)
    assert found.duration / SECOND == pytest.approx(DURATION, abs=0.4)
    assert not position_changes(events)


@pytest.mark.parametrize("settles", [-9.0, -5.0, 0.4, 1.4, 7.0])
@pytest.mark.parametrize(("delay", "lasts"), [(0.0, 1.0), (0.3, 0.8), (0.1, 2.5)])
def test_a_kick_counts_while_the_other_leg_settles(
    settles: float, delay: float, lasts: float
) -> None:
    """It neither moved by itself nor did the body turn."""
    kicking = bent(ankle(length=LENGTH), KICK_AT, DURATION, 7.0)
    beside = Coupling(delay=delay, settles=settles, lasts=lasts)
    resting = coupled(ankle(length=LENGTH, seed=1), 7.0, beside)
    assert_one_kick(two_legs(kicking, resting), "left")
    assert_one_kick(two_legs(resting, kicking, AASM.name), "right")


@settings(max_examples=40, deadline=None)
@given(
    st.floats(3.0, 12.0),
    st.builds(
        Coupling,
        shaking=st.floats(0.0, 0.45),
        delay=st.floats(0.0, 0.3),
        settles=st.one_of(st.just(0.0), st.floats(-5.0, 5.0)),
        lasts=st.floats(0.5, 1.5),
    ),
    st.floats(0.001, 0.004),
    st.integers(0, 1000),
)
def test_a_kick_is_one_sided_however_it_shakes_the_other_leg(
    degrees: float, coupling: Coupling, noise: float, seed: int
) -> None:
    kicking = bent(ankle(length=LENGTH, noise=noise, seed=seed), KICK_AT, DURATION, degrees)
    resting = coupled(ankle(length=LENGTH, noise=noise, seed=seed + 1), degrees, coupling)
    (found,) = movements(two_legs(kicking, resting))
    assert found.side == "left"
    assert found.onset / SECOND == pytest.approx(KICK_AT, abs=0.4)


@pytest.mark.parametrize("degrees", [(8.0, 8.0), (8.0, 4.0), (3.0, 10.0)])
@pytest.mark.parametrize("later", [0.0, 0.2, 1.0])
def test_both_legs_tilt_and_return_in_a_bilateral_movement(
    degrees: tuple[float, float], later: float
) -> None:
    left = bent(ankle(length=LENGTH), KICK_AT, DURATION, degrees[0])
    right = bent(ankle(length=LENGTH, seed=1), KICK_AT + later, 1.7, degrees[1])
    (found,) = movements(two_legs(left, right))
    assert found.side == "both"


@pytest.mark.parametrize("turns", [(30.0, 30.0), (40.0, -8.0), (7.0, 6.0)], ids=str)
def test_two_legs_that_turn_together_are_a_position_change(turns: tuple[float, float]) -> None:
    left = turned(ankle((KICK_AT, 2.0), length=LENGTH, size=0.05), KICK_AT, turns[0])
    right = turned(ankle((KICK_AT, 2.0), length=LENGTH, size=0.05, seed=1), KICK_AT + 0.3, turns[1])
    events = two_legs(left, right)
    assert not movements(events)
    assert len(position_changes(events)) == 1


def test_a_leg_that_turns_by_a_lot_makes_the_kick_of_the_other_part_of_the_turn() -> None:
    left = turned(ankle((KICK_AT, 2.0), length=LENGTH, size=0.1), KICK_AT, 25.0)
    right = bent(ankle(length=LENGTH, seed=1), KICK_AT + 0.2, 1.5, 6.0)
    events = two_legs(left, right)
    assert not movements(events)
    assert len(position_changes(events)) == 1


def test_a_leg_shaken_by_one_that_changes_its_position_has_not_kicked() -> None:
    left = turned(ankle((KICK_AT, 2.0), length=LENGTH, size=0.2), KICK_AT, 8.0)
    right = ankle((KICK_AT, 2.0), length=LENGTH, size=0.04, seed=1)
    events = two_legs(left, right)
    assert not movements(events)
    assert len(position_changes(events)) == 1


def test_two_kicks_on_both_sides_of_a_settling_leg_stay_two() -> None:
    """The other leg still slides in the pause between them."""
    kicking = bent(ankle(length=LENGTH), KICK_AT, DURATION, 7.0)
    kicking = bent(kicking, KICK_AT + DURATION + 1.0, DURATION, 7.0)
    settling = slipped(ankle(length=LENGTH, seed=1), KICK_AT + 1.5, 2.0, lasts=2.0)
    assert [one.side for one in movements(two_legs(kicking, settling))] == ["left", "left"]


def test_a_settling_leg_takes_no_part_in_a_bilateral_movement_under_aasm() -> None:
    """Each leg takes part once: its later kick still belongs to the group."""
    left = bent(ankle(length=LENGTH), KICK_AT, 1.0, 7.0)
    right = slipped(ankle(length=LENGTH, seed=1), KICK_AT + 0.2, 2.0, lasts=0.8)
    right = bent(right, KICK_AT + 4.0, 1.0, 7.0)
    (found,) = movements(two_legs(left, right, AASM.name))
    assert found.side == "both"


def test_what_settled_is_not_stored_with_the_movement() -> None:
    """A night that is scored again, under any rules, gives the same sides."""
    kicking = bent(ankle(length=LENGTH), KICK_AT, DURATION, 7.0)
    resting = coupled(ankle(length=LENGTH, seed=1), 7.0, Coupling(shaking=0.2, settles=1.4))
    events = two_legs(kicking, resting)
    assert [
        part.motion for event in events if isinstance(event, Movement) for part in event.parts
    ] == [None]


def test_without_gravity_no_tilt_is_asked_of_the_other_leg() -> None:
    """Phones can remove gravity; the weaker leg of a movement of both still counts."""
    times = np.arange(round(LENGTH * RATE)) / RATE - KICK_AT
    fade = np.sin(np.pi * np.clip(times / DURATION, 0, 1)) ** 2
    noise = np.random.default_rng(3).normal(0.0, 0.0015, (2, 3, len(times)))
    left = noise[0] + np.outer([1.0, 0.5, 0.3], 0.2 * fade * np.sin(4 * np.pi * times))
    right = noise[1] + np.outer([1.0, 0.5, 0.3], 0.1 * fade * np.sin(8 * np.pi * times))
    legs = [replace(sensor, has_gravity=False) for sensor in (LEFT, RIGHT)]
    (found,) = movements(detect((legs[0], block(left)), (legs[1], block(right))))
    assert found.side == "both"


@pytest.mark.parametrize("degrees", [2.0, 4.0])
def test_both_legs_may_come_to_rest_elsewhere_after_a_kick(degrees: float) -> None:
    left = bent(ankle(length=LENGTH), KICK_AT, DURATION, 8.0)
    right = bent(ankle(length=LENGTH, seed=1), KICK_AT + 0.1, DURATION, 8.0)
    right = slipped(right, KICK_AT + 1.0, degrees, lasts=0.8)
    (found,) = movements(two_legs(left, right))
    assert found.side == "both"


def test_a_kick_that_ends_a_little_further_than_it_began_is_a_movement() -> None:
    """The leg came back from much further, as it does not from a change of position."""
    kick = bent(ankle(length=LENGTH), KICK_AT, DURATION, 16.0)
    events = detect((LEFT, block(slipped(kick, KICK_AT + 1.0, 6.5, lasts=0.8))))
    assert [event.side for event in movements(events)] == ["left"]
    assert not position_changes(events)


def night_of_one_leg(strong_degrees: float) -> Floats:
    """Return an ankle with eight strong movements, then three weak ones without a tilt."""
    signal = ankle(length=320.0, noise=0.001)
    for number in range(8):
        onset = 20.0 + 25 * number
        if strong_degrees:
            signal = bent(signal, onset, 2.0, strong_degrees)
        else:
            signal = shaken(signal, onset, 2.0, 0.15)
    for number in range(3):
        signal = shaken(signal, 230.0 + 25 * number, 2.0, 0.02)
    return signal


@pytest.mark.parametrize(("strong_degrees", "found"), [(7.0, 8), (0.0, 11)], ids=["tilts", "level"])
def test_a_leg_that_tilts_in_its_movements_is_not_moved_by_a_partner(
    strong_degrees: float, found: int
) -> None:
    """Where the strong movements do not tilt either, nothing can be said of the weak ones."""
    events = detect((LEFT, block(night_of_one_leg(strong_degrees))))
    assert len(movements(events)) == found


def test_a_weak_movement_with_a_tilt_counts() -> None:
    signal = bent(night_of_one_leg(7.0), 305.0, 2.0, 1.2)
    assert len(movements(detect((LEFT, block(signal))))) == 9


def test_the_tilts_are_known_after_a_restart() -> None:
    signal = night_of_one_leg(7.0)
    cut_at = round(222 * RATE)
    whole = block(signal)
    before, after = whole.split(cut_at)
    first = Pipeline([LEFT])
    events = first.process(LEFT.id, before)
    resumed = Pipeline([LEFT], state=first.state, events=events)
    later = resumed.process(LEFT.id, after) + resumed.finish()
    assert not movements(later)


def test_a_partner_who_shakes_both_legs_moves_neither() -> None:
    left = night_of_one_leg(7.0)
    right = night_of_one_leg(8.0)
    assert {one.onset < 225 * SECOND for one in movements(two_legs(left, right))} == {True}
