"""A bed sensor that feels breath notices short trips out of bed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import BedTransition, Event
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, Floats
from tests.detection.signals import BED, RATE, block, cut

MINUTE = 60.0
CAME = 2 * MINUTE
AWAY = 22 * MINUTE
LENGTH = 28 * MINUTE


def night(*, away: float, noise: float = 0.0005, partner: float = 0.0) -> Floats:
    """Return a night at the bed with a trip of `away` seconds, and the breath (g) of a partner.

    At the beginning and at the end of the trip the bed is shaken; 0 s is a turn.
    """
    rng = np.random.default_rng(0)
    times = np.arange(round(LENGTH * RATE)) / RATE
    signal = rng.normal(0.0, noise, (3, len(times)))
    signal[2] += 1.0
    lies = (times >= CAME) & ~((times >= AWAY) & (times < AWAY + away))
    signal[0] += lies * 0.001 * np.sin(2 * np.pi * 0.25 * times)
    signal[1] += partner * np.sin(2 * np.pi * 0.21 * times)
    for onset in (CAME, AWAY - 5, AWAY + away):
        moving = (times >= onset) & (times < onset + 5)
        signal[:, moving] += rng.normal(0.0, 0.15, (3, int(moving.sum())))
    return signal


def changes(events: list[Event]) -> list[tuple[float, bool]]:
    """Return going to bed and getting up after the first minutes."""
    return [
        (event.onset / SECOND, event.in_bed)
        for event in events
        if isinstance(event, BedTransition) and event.onset > (CAME + 60) * SECOND
    ]


def found(signal: Floats, cuts: list[int]) -> list[Event]:
    """Return the events of a signal in blocks."""
    detector = Pipeline([BED])
    events = [
        event for piece in cut(block(signal), cuts) for event in detector.process(BED.id, piece)
    ]
    return events + detector.finish()


@pytest.mark.parametrize("away", [45.0, 60.0, 90.0, 120.0])
def test_a_short_trip_is_out_of_bed(away: float) -> None:
    (left, is_in), (back, is_back) = changes(found(night(away=away), []))
    assert (is_in, is_back) == (False, True)
    assert left == pytest.approx(AWAY, abs=15)
    assert back == pytest.approx(AWAY + away, abs=15)


@pytest.mark.parametrize(
    "stays", [{"away": 0.0}, {"away": 60.0, "noise": 0.006}, {"away": 60.0, "partner": 0.001}]
)
def test_what_is_not_known_is_not_out_of_bed(stays: dict[str, float]) -> None:
    """A turn, a sensor too noisy for breath, a partner."""
    assert changes(found(night(**stays), [])) == []


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, round(LENGTH * RATE) - 1), max_size=5, unique=True).map(sorted))
def test_any_split_gives_the_same_trip(cuts: list[int]) -> None:
    signal = night(away=60.0)
    assert changes(found(signal, cuts)) == changes(found(signal, []))
