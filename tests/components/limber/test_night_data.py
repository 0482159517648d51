"""A night becomes numbers from which a card can draw it, whatever a bridge sends."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from custom_components.limber.night_data import (
    NightContents,
    describe_contents,
    describe_diary,
    merge,
)
from custom_components.limber.wire_diary import Diary
from custom_components.limber.wire_events import (
    AwakeningEvent,
    BedEvent,
    CrampEvent,
    Event,
    FactorEvent,
    GapEvent,
    MovementEvent,
    PositionChangeEvent,
    SeriesEvent,
    SleepEvent,
)
from custom_components.limber.wire_nights import Measures

NIGHT = date(2026, 11, 22)
BEDTIME = datetime(2026, 11, 21, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 22, 6, tzinfo=UTC)


def at(hours: float) -> datetime:
    """A time after bedtime."""
    return BEDTIME + timedelta(hours=hours)


def movement(start: datetime, duration: float = 2.1, side: str | None = "left") -> MovementEvent:
    return MovementEvent(
        id=f"movement-{start.timestamp()}",
        night=NIGHT,
        start=start,
        end=start + timedelta(seconds=duration),
        duration=duration,
        side=side,
        peak=0.1,
        grade="moderate",
        candidate=True,
    )


def gap(start: datetime, end: datetime) -> GapEvent:
    return GapEvent(id="gap", night=NIGHT, start=start, end=end, sensor=1)


def sleep(start: datetime, end: datetime) -> SleepEvent:
    return SleepEvent(id="sleep", night=NIGHT, start=start, end=end)


def bed(start: datetime, *, in_bed: bool) -> BedEvent:
    return BedEvent(id="bed", night=NIGHT, start=start, in_bed=in_bed)


def cramp(
    start: datetime, end: datetime | None, name: str, label: bool | None = None
) -> CrampEvent:
    return CrampEvent(
        id=name, night=NIGHT, start=start, end=end, certainty="probable", reason="", label=label
    )


def describe(*events: Event, **changes: Any) -> dict[str, Any]:
    """The description of a night in bed from 22 to 6."""
    values: dict[str, Any] = {
        "night": NIGHT,
        "revision": 2,
        "start": BEDTIME,
        "end": MORNING,
        "rules": "wasm-2016",
        "measures": Measures(sleep_h=6.5, plm_index=24.0506),
        "events": events,
    }
    return describe_contents(NightContents(**(values | changes)))


HOUR = 36_000
"""ds."""


def test_a_quiet_night_is_its_time_in_bed() -> None:
    described = describe()
    assert (described["start"], described["end"]) == (BEDTIME.timestamp(), MORNING.timestamp())
    assert described["in_bed"] == [[0, 8 * HOUR]]
    assert described["movements"] == []
    assert (described["live"], described["revision"]) == (False, 2)
    assert described["measures"]["plm_index"] == 24.0506
    assert described["measures"]["plms_index"] is None


def test_movements_are_numbers_in_order_of_their_onset() -> None:
    described = describe(movement(at(2), 1.26, "both"), movement(at(1)), movement(at(3), side=None))
    assert described["movements"] == [
        [HOUR, 21, 1, 2, 1],
        [2 * HOUR, 13, 3, 2, 1],
        [3 * HOUR, 21, 0, 2, 1],
    ]


def test_the_timeline_reaches_from_the_first_to_the_last_of_what_was_measured() -> None:
    """In tenths of seconds after a whole second."""
    early = BEDTIME - timedelta(seconds=10.4)
    described = describe(movement(early), movement(MORNING + timedelta(seconds=1)))
    assert described["start"] == BEDTIME.timestamp() - 11
    assert described["end"] == MORNING.timestamp() + 4
    assert described["movements"][0][0] == 6


def test_bed_events_say_when_the_sleeper_was_out_of_bed() -> None:
    described = describe(
        bed(at(0), in_bed=True),
        bed(at(3), in_bed=False),
        bed(at(3.5), in_bed=True),
        bed(at(8), in_bed=False),
    )
    assert described["in_bed"] == [[0, 3 * HOUR], [round(3.5 * HOUR), 8 * HOUR]]


def test_bed_events_may_miss_at_both_ends() -> None:
    described = describe(bed(at(3), in_bed=False), bed(at(4), in_bed=True))
    assert described["in_bed"] == [[0, 3 * HOUR], [4 * HOUR, 8 * HOUR]]


def test_without_bed_events_and_times_it_is_unknown_when_in_bed() -> None:
    described = describe(movement(at(1)), movement(at(2)), start=None, end=None)
    assert described["in_bed"] == []


def test_sleep_is_unknown_if_a_bridge_does_not_send_it() -> None:
    """Not asleep at all is something else."""
    assert describe()["asleep"] is None
    assert describe(measures=Measures(sleep_h=None))["asleep"] is None
    assert describe(measures=Measures(sleep_h=0.0))["asleep"] == []
    assert describe(sleep(at(1), at(2)), sleep(at(2), at(3)))["asleep"] == [[HOUR, 3 * HOUR]]


def test_a_sensor_that_was_off_all_day_does_not_stretch_the_night() -> None:
    """The gap of two sensors is drawn once."""
    described = describe(gap(at(-10), at(0.5)), gap(at(0.2), at(1)), gap(at(8.5), at(9)))
    assert described["start"] == BEDTIME.timestamp()
    assert described["gaps"] == [[0, HOUR]]


def test_a_cramp_is_reported_twice_and_drawn_once() -> None:
    described = describe(
        cramp(at(1), None, "cramp-1-started"),
        cramp(at(1), at(1.1), "cramp-1-ended", label=True),
        cramp(at(2), None, "moment-2", label=True),
    )
    first, second = described["cramps"]
    assert first == {
        "id": "cramp-1-ended",
        "start_ds": HOUR,
        "end_ds": round(1.1 * HOUR),
        "certainty": "probable",
        "label": True,
    }
    assert (second["id"], second["end_ds"]) == ("moment-2", None)


def test_a_series_is_drawn_as_it_was_reported_last() -> None:
    def series(end: datetime, movements: int, *, ended: bool) -> SeriesEvent:
        return SeriesEvent(
            id=f"series-{ended}",
            night=NIGHT,
            start=at(1),
            end=end,
            movements=movements,
            ended=ended,
        )

    described = describe(series(at(1.1), 4, ended=False), series(at(1.5), 30, ended=True))
    assert described["series"] == [[HOUR, round(1.5 * HOUR), 30]]


def test_what_was_logged_may_be_before_the_timeline() -> None:
    """A note cannot become a link, an image or a tag."""
    note = FactorEvent(id="f", night=NIGHT, start=at(-1), factor="other", note="<img> [a](b)")
    (factor,) = describe(note)["factors"]
    assert factor["time_ds"] == -HOUR
    assert not set("<>[]") & set(factor["note"])


def test_turns_and_awakenings_have_their_places() -> None:
    described = describe(
        PositionChangeEvent(id="p", night=NIGHT, start=at(1), end=at(1.001)),
        AwakeningEvent(id="a", night=NIGHT, start=at(2)),
    )
    assert described["position_changes"] == [[HOUR, HOUR + 36]]
    assert described["awakenings"] == [2 * HOUR]


def test_what_a_wrong_clock_sent_is_left_out() -> None:
    """A card would draw the hours of thousands of years."""
    far = datetime(5000, 1, 1, tzinfo=UTC)
    backwards = cramp(at(2), at(1), "cramp")
    described = describe(movement(far), gap(BEDTIME, far), backwards, end=far)
    assert described["movements"] == described["gaps"] == described["cramps"] == []
    assert described["end"] - described["start"] < 86_400


def test_nothing_at_all_is_described() -> None:
    described = describe(start=None, end=None, revision=None)
    assert described["start"] == described["end"]
    assert described["live"]


def test_a_diary_without_answers_is_none() -> None:
    assert describe_diary(None) is None
    assert describe_diary(Diary(night=NIGHT)) is None
    answered = describe_diary(Diary(night=NIGHT, cramp=False))
    assert answered is not None
    assert (answered["night"], answered["cramp"]) == ("2026-11-22", False)


moments = st.floats(-48, 48).map(at)
periods = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(periods))
def test_merged_periods_are_apart_and_cover_the_same(found: list[Any]) -> None:
    merged = merge(found)
    assert all(one[1] < other[0] for one, other in pairwise(merged))
    for begin, end in found:
        assert any(one[0] <= begin and end <= one[1] for one in merged)
    assert {moment for one in merged for moment in one} <= {m for one in found for m in one}


any_event = st.one_of(
    moments.map(movement),
    periods.map(lambda period: gap(*period)),
    periods.map(lambda period: sleep(*period)),
    st.tuples(moments, st.booleans()).map(lambda pair: bed(pair[0], in_bed=pair[1])),
)


@given(st.lists(any_event))
def test_everything_drawn_is_inside_the_timeline(events: list[Event]) -> None:
    described = describe(*events)
    length = (described["end"] - described["start"]) * 10
    spans = described["in_bed"] + described["gaps"] + (described["asleep"] or [])
    assert all(0 <= begin <= end <= length for begin, end in spans)
    onsets = [one[0] for one in described["movements"]]
    assert onsets == sorted(onsets)
    assert all(0 <= onset <= length for onset in onsets)
