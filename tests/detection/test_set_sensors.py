"""Sensors are added and removed while others measure, which notice nothing of it."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import (
    BedTransition,
    Event,
    Gap,
    Movement,
    RhythmicTrain,
    SignalFault,
    Twitch,
)
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, Placement, Quantity, SampleBlock, Sensor, Side
from tests.detection.signals import LEFT, LOAD, RATE, RIGHT, ankle, block, cut, turned

LENGTH = 300
CALF = Sensor(7, Quantity.EMG, Placement.CALF, Side.LEFT)
OTHERS = (RIGHT, LOAD, CALF)
ANKLE = turned(
    ankle(
        (20.0, 2.0), (45.0, 1.5), (70.0, 3.0), (95.0, 2.0), (130.0, 0.3), (150.0, 2.0),
        (170.0, 1.0), (230.0, 12.0), *((260.0 + 0.66 * n, 0.35) for n in range(16)),
        length=float(LENGTH),
    ),
    180.0,
    40.0,
)  # fmt: skip
ANKLE[:, round(200 * RATE) : round(204 * RATE)] = float("nan")
OTHER_ANKLE = ankle((20.5, 2.0), (71.0, 1.0), (150.3, 4.0), length=float(LENGTH), seed=5)
CHANGES = st.lists(
    st.tuples(
        st.integers(1, LENGTH - 1),
        st.sets(st.sampled_from(OTHERS)).map(lambda chosen: [o for o in OTHERS if o in chosen]),
    ),
    max_size=6,
).map(dict)
"""By second: the sensors beside the left ankle from then on."""


def pieces(whole: SampleBlock) -> list[SampleBlock]:
    """Return a block for each second."""
    return cut(whole, [round(second * RATE) for second in range(1, LENGTH)])


def played(changes: dict[int, list[Sensor]], *, right: bool) -> list[Event]:
    """Return the events while sensors come and go; `right`: the other ankle sends, too."""
    pipeline = Pipeline([LEFT])
    has_right = False
    events: list[Event] = []
    others = pieces(block(OTHER_ANKLE))
    for second, piece in enumerate(pieces(block(ANKLE))):
        if second in changes:
            events += pipeline.set_sensors([LEFT, *changes[second]])
            has_right = RIGHT in changes[second]
        events += pipeline.process(LEFT.id, piece)
        if has_right and right:
            events += pipeline.process(RIGHT.id, others[second])
        events += pipeline.advance_to((second + 1) * SECOND)
    return events + pipeline.finish()


def ordered(events: Iterable[object]) -> list[str]:
    return sorted(map(repr, events))


def of_left(events: list[Event]) -> list[object]:
    """Return what the left ankle alone has shown."""
    found: list[object] = []
    for event in events:
        match event:
            case Movement():
                found += [part for part in event.parts if part.side is Side.LEFT]
            case Gap() | SignalFault() if event.sensor == LEFT.id:
                found.append(event)
            case Twitch() | RhythmicTrain() if event.side is Side.LEFT:
                found.append(event)
            case _:
                pass
    return found


ALONE = played({}, right=False)


def test_the_signal_shows_every_kind_of_event() -> None:
    kinds = {type(event) for event in ALONE}
    assert kinds >= {Movement, Gap, Twitch, RhythmicTrain, BedTransition}


@settings(max_examples=25, deadline=None)
@given(CHANGES)
def test_sensors_that_send_nothing_change_no_event(changes: dict[int, list[Sensor]]) -> None:
    assert ordered(played(changes, right=False)) == ordered(ALONE)


@settings(max_examples=25, deadline=None)
@given(CHANGES)
def test_a_sensor_that_comes_and_goes_changes_nothing_of_another(
    changes: dict[int, list[Sensor]],
) -> None:
    assert ordered(of_left(played(changes, right=True))) == ordered(of_left(ALONE))


def test_a_sensor_that_goes_leaves_the_movement_that_it_saw() -> None:
    changes = {10: [RIGHT], 22: list[Sensor]()}
    parts = [
        part
        for event in played(changes, right=True)
        if isinstance(event, Movement)
        for part in event.parts
        if part.side is Side.RIGHT
    ]
    assert [round(part.onset / SECOND, 1) for part in parts] == [20.5]


def test_movements_of_both_legs_are_combined_again_after_a_sensor_came_back() -> None:
    changes: dict[int, list[Sensor]] = {10: [RIGHT], 100: [], 101: [RIGHT]}
    both = [
        event
        for event in played(changes, right=True)
        if isinstance(event, Movement) and {part.side for part in event.parts} == set(Side)
    ]
    assert [round(event.onset / SECOND) for event in both] == [20, 70, 150]
