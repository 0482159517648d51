"""Sudden awakenings: what is one, when it is known, and that it does not depend on the split."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Awakening, Event, event_id
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    SampleBlock,
    SampleClock,
)
from tests.detection.signals import LEFT, RATE, ankle, block, cut, turned

LENGTH = 1000.0
AT = 800.0
"""s; the awakening."""


def night(*kicks: tuple[float, float]) -> Floats:
    """Return an ankle that walks to bed, lies down, and shakes for each (onset, duration) in s."""
    signal = ankle((0.0, 60.0), (90.0, 1.0), (100.0, 1.0), *kicks, length=LENGTH, size=0.4)
    signal[:, : round(60 * RATE)] += ankle((0.0, 60.0), length=60.0, size=0.8)
    return turned(signal, 61.0, 90.0)


def awakenings(events: list[Event]) -> list[float]:
    """Return the onsets in s."""
    return [event.onset / SECOND for event in events if isinstance(event, Awakening)]


def found(signal: Floats) -> list[float]:
    """Return the onsets of the awakenings in a signal, in s."""
    pipeline = Pipeline([LEFT])
    return awakenings(pipeline.process(1, block(signal)) + pipeline.finish())


def test_vigorous_movement_after_quiet_sleep_is_an_awakening() -> None:
    assert found(night((AT, 20.0))) == [pytest.approx(AT, abs=0.6)]


@pytest.mark.parametrize(
    "signal",
    [
        night((AT, 5.0)),
        night(*[(AT - 260 + 20 * number, 2.5) for number in range(13)], (AT, 20.0)),
        night((AT - 120, 25.0), (AT, 20.0)),
        night((200.0, 20.0)),
        ankle((AT, 20.0), length=LENGTH, size=0.4),
        night(),
    ],
    ids=[
        "a short movement",
        "after a periodic series",
        "two minutes after another one",
        "soon after going to bed",
        "not known to be in bed",
        "asleep",
    ],
)
def test_other_movement_is_not_an_awakening(signal: Floats) -> None:
    # The first of two movements is one itself.
    assert [onset for onset in found(signal) if onset > AT - 60 or onset < AT - 300] == []


def test_an_awakening_is_known_within_ten_seconds() -> None:
    """Fed in blocks of half a second, as a sensor sends them."""
    pipeline = Pipeline([LEFT])
    known = None
    signal = block(night((AT, 30.0)))
    for piece in cut(signal, range(0, signal.end, 25)):
        until = piece.clock.time_of(piece.end)
        events = pipeline.process(1, piece) + pipeline.advance_to(until)
        if awakenings(events):
            known = until / SECOND
    assert known is not None
    assert AT < known < AT + 10.0


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, round(LENGTH * RATE) - 1), max_size=20))
def test_any_split_finds_the_same_awakening(cuts: list[int]) -> None:
    signal = night((400.0, 20.0), (500.0, 2.0), (AT + 100, 20.0))
    signal[:, round(450 * RATE) : round(520 * RATE)] = float("nan")
    pipeline = Pipeline([LEFT])
    events = [event for piece in cut(block(signal), cuts) for event in pipeline.process(1, piece)]
    whole = found(signal)
    assert len(whole) == 2
    assert awakenings(events + pipeline.finish()) == whole


@pytest.mark.parametrize(("stop", "gap"), [(AT - 100, 1.0), (AT - 30, 20.0)])
def test_a_restart_continues_quiet_sleep(stop: float, gap: float) -> None:
    signal = night((500.0, 2.0), (AT, 20.0))
    assert awakenings(resumed(signal, stop, gap)) == found(signal)


def test_a_gap_hides_whether_sleep_was_quiet() -> None:
    assert awakenings(resumed(night((AT, 20.0)), AT - 100, 70.0)) == []


def test_movement_before_a_restart_counts() -> None:
    signal = night((AT - 120, 25.0), (AT, 20.0))
    assert [at for at in awakenings(resumed(signal, AT - 60, 1.0)) if at > AT - 60] == []


def test_a_gap_before_a_restart_counts() -> None:
    """Nothing was measured in it, so quiet was not seen."""
    signal = night((AT, 20.0))
    signal[:, round((AT - 250) * RATE) : round((AT - 150) * RATE)] = float("nan")
    assert found(signal) == []
    assert awakenings(resumed(signal, AT - 100, 1.0)) == []


def test_a_mild_series_before_a_restart_is_still_quiet_sleep() -> None:
    signal = night((AT, 20.0))
    kicks = [(AT - 280 + 20 * number, 3.0) for number in range(12)]
    signal += ankle(*kicks, length=LENGTH, size=0.04) - ankle(length=LENGTH)
    assert found(signal) == [pytest.approx(AT, abs=0.6)]
    assert awakenings(resumed(signal, AT - 30, 1.0)) == found(signal)


def resumed(signal: Floats, stop: float, gap: float) -> list[Event]:
    """Return what is found if the bridge restarts at a time and misses some seconds."""
    before = Pipeline([LEFT])
    events = before.process(1, block(signal[:, : round(stop * RATE)]))
    after = Pipeline([LEFT], state=before.state, events=events)
    start = stop + gap
    clock = SampleClock(0, round(start * SECOND), RATE)
    late = SampleBlock(0, signal[:, round(start * RATE) :], clock, RATE)
    return events + after.process(1, late) + after.finish()


def test_the_id_of_an_awakening_is_that_of_its_onset() -> None:
    assert event_id(Awakening(5)) == "awakening-5"
