"""Which nights are scored again after a restart."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from limber_bridge.daemon.open_nights import known_since, restored_nights
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.events import BedTransition, Event, Method
from limber_bridge.domain.nights import Calendar

CALENDAR = Calendar(ZoneInfo("UTC"))
LAST = date(2026, 11, 28)
TONIGHT = date(2026, 11, 29)
WENT_TO_BED = CALENDAR.begin(LAST) + 10 * 3_600_000_000


@pytest.mark.parametrize(
    ("tonight", "since", "again"),
    [
        pytest.param(TONIGHT, WENT_TO_BED - 1, True, id="measured the whole night"),
        pytest.param(TONIGHT, WENT_TO_BED + 1, False, id="began later"),
        pytest.param(TONIGHT, None, False, id="other sensors"),
        pytest.param(LAST, WENT_TO_BED + 1, True, id="the night goes on"),
        pytest.param(None, WENT_TO_BED + 1, True, id="a recording that is played again"),
    ],
)
def test_a_finished_night_is_scored_again_if_its_coverage_is_known(
    tonight: date | None, since: int | None, again: bool
) -> None:
    events: list[Event] = [BedTransition(WENT_TO_BED, in_bed=True, method=Method.ANKLE)]
    nights = restored_nights(
        CALENDAR, {LAST: events}, [LAST], measured_since=since, tonight=tonight
    )
    assert nights.take_changed() == ([LAST] if again else [])


def test_a_night_that_is_not_finished_is_scored_whatever_measured_it() -> None:
    nights = restored_nights(CALENDAR, {LAST: []}, [], measured_since=None, tonight=TONIGHT)
    assert nights.take_changed() == [LAST]


def test_sensors_are_known_since_the_last_of_them_began() -> None:
    memory = {1: SensorState(first_sample=5), 2: SensorState(first_sample=9)}
    assert known_since([1, 2], memory) == 9
    assert known_since([1], memory) is None
    silent = known_since([1, 2], memory | {2: SensorState()})
    assert silent is not None
    assert silent > WENT_TO_BED
