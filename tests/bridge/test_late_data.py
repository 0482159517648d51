"""An outage changes no event, as long as the rings of the devices hold."""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import BedTransition, Event, Gap, Method, Movement, Series
from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.source_api import FrameError
from tests.bridge.late_nights import START, NightPlayer, Outage, Schedule, comparable, offset_of

ONSET_TOLERANCE_US = SECOND // 20
"""A restarted bridge averages other samples into a frame of 40 ms, and knows the noise a little
less well, so an onset may move by one frame."""
END_TOLERANCE_US = SECOND // 5
"""An end depends on both thresholds, and may move by a few frames."""
LIVE_MAX_AGE_US = 60 * SECOND
MARGIN_S = 10.0


def play(
    schedule: Schedule, bed_reports: Mapping[float, bool] | None = None
) -> tuple[NightPlayer, list[Event]]:
    with tempfile.TemporaryDirectory() as folder:
        player = NightPlayer(Path(folder), schedule, bed_reports)
        return player, player.play()


@cache
def undisturbed() -> list[Event]:
    return play(Schedule())[1]


def outages(longest: float, kills: st.SearchStrategy[bool]) -> st.SearchStrategy[list[Outage]]:
    one = st.builds(
        lambda begin, duration, killed: Outage(begin / 2, begin / 2 + duration / 2, killed),
        st.integers(20, 340),
        st.integers(1, round(2 * longest)),
        kills,
    )
    return st.lists(one, max_size=2)


NIGHTS = settings(
    max_examples=8,
    deadline=None,
    # The same nights in every run: one takes a second.
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    # What fails is short enough as it is.
    phases=(Phase.explicit, Phase.generate),
)
LINKS = st.fixed_dictionaries({1: outages(50.0, st.just(True)), 2: outages(50.0, st.just(True))})
BRIDGE = outages(20.0, st.booleans())


CATCHING_UP_S = 5.0
"""Time after an outage of a link in which its late samples may not be in the journal yet."""


def uncorrected_times(
    bridge: list[Outage], links: dict[int, list[Outage]]
) -> list[tuple[float, float]]:
    """Return the times (s) whose events are not corrected.

    The bridge goes away while a link is away, and what it found without the sensor stays
    (docs/protocol.md#late-samples).
    """
    return [
        (link.begin, max(link.end, one.end))
        for one in bridge
        for link in (*links[1], *links[2])
        if link.begin <= one.begin <= link.end + CATCHING_UP_S
    ]


def movements_outside(
    times: list[tuple[float, float]], events: list[Event]
) -> list[tuple[str, object]]:
    """Return the movements that lie apart from some times."""
    return describe(
        [
            event
            for event in events
            if isinstance(event, Movement)
            and all(
                (event.end - START) / SECOND < begin - MARGIN_S or offset_of(event) > end + MARGIN_S
                for begin, end in times
            )
        ]
    )


def assert_nothing_old_is_live(player: NightPlayer) -> None:
    for filed in player.filed:
        latest = getattr(filed.event, "end", None) or filed.event.onset
        assert not filed.live or filed.known_at - latest < LIVE_MAX_AGE_US + SECOND


def assert_no_errors(player: NightPlayer) -> None:
    assert not [event for event in player.errors if isinstance(event, FrameError)]


def describe(events: list[Event]) -> list[tuple[str, object]]:
    """Return the kind and the side of each event, in order of onset."""
    ordered = sorted(events, key=lambda event: (type(event).__name__, event.onset))
    return [
        (type(event).__name__, getattr(event, "side", None) or getattr(event, "movements", None))
        for event in ordered
    ]


def assert_same_within_tolerance(found: list[Event]) -> None:
    """Check that there are the same events, at the same times but for a frame or two."""
    expected = undisturbed()
    assert describe(found) == describe(expected)
    for one, other in zip(
        sorted(found, key=lambda event: (type(event).__name__, event.onset)),
        sorted(expected, key=lambda event: (type(event).__name__, event.onset)),
        strict=True,
    ):
        assert abs(one.onset - other.onset) <= ONSET_TOLERANCE_US, offset_of(other)
        end = getattr(one, "end", None) or one.onset
        expected_end = getattr(other, "end", None) or other.onset
        assert abs(end - expected_end) <= END_TOLERANCE_US, offset_of(other)


def test_the_night_has_movements_of_one_leg_and_of_both_and_series() -> None:
    """Otherwise the properties below would say little."""
    found = undisturbed()
    sides = {event.side for event in found if isinstance(event, Movement)}
    assert sides == {"left", "right", "both"}
    assert [event.movements for event in found if isinstance(event, Series)] == [5, 4]
    assert not [event for event in found if isinstance(event, Gap)]


@NIGHTS
@example({1: [Outage(40, 70)], 2: [Outage(55, 100)]})
@example({1: [], 2: [Outage(80, 180)]})
@example({1: [], 2: [Outage(142.5, 174.5)]})
@example({1: [Outage(169.5, 214.5)], 2: [Outage(141.5, 171)]})
@given(LINKS)
def test_outages_of_links_change_no_event(links: dict[int, list[Outage]]) -> None:
    player, found = play(Schedule(links))
    assert comparable(found) == comparable(undisturbed())
    assert_no_errors(player)
    assert_nothing_old_is_live(player)


@NIGHTS
@example([Outage(63, 71)], {1: [], 2: []})
@example([Outage(71.5, 80)], {1: [], 2: []})
@example([Outage(71.5, 80, killed=False)], {1: [], 2: []})
@example([Outage(134, 150)], {1: [], 2: []})
@example([Outage(96, 100)], {1: [], 2: [Outage(90, 120)]})
@example([Outage(67.5, 72)], {1: [Outage(31, 74)], 2: []})
@example([Outage(109, 117, killed=False)], {1: [Outage(104.5, 127)], 2: []})
@given(BRIDGE, LINKS)
def test_outages_of_bridge_and_links_change_no_event(
    bridge: list[Outage], links: dict[int, list[Outage]]
) -> None:
    player, found = play(Schedule(links, bridge))
    uncorrected = uncorrected_times(bridge, links)
    if uncorrected:
        expected = movements_outside(uncorrected, undisturbed())
        assert movements_outside(uncorrected, found) == expected
    else:
        assert_same_within_tolerance(found)
    assert_no_errors(player)
    assert_nothing_old_is_live(player)


def test_a_report_on_being_in_bed_during_an_outage_is_not_lost() -> None:
    """A client reports every minute, and the sleeper gets up while a link is away."""
    reports = {10.0: True, 70.0: True, 90.0: False, 130.0: False, 190.0: False}
    _, expected = play(Schedule(), reports)
    changes = [event for event in expected if isinstance(event, BedTransition)]
    assert [(change.in_bed, change.method) for change in changes] == [
        (True, Method.EXTERNAL),
        (False, Method.EXTERNAL),
    ]
    _, found = play(Schedule({2: [Outage(75, 125)]}), reports)
    assert comparable(found) == comparable(expected)


@pytest.mark.parametrize("over_udp", [1, 2])
def test_a_stop_ends_the_movement_of_a_sensor_that_does_not_resend(
    tmp_path: Path, over_udp: int
) -> None:
    """The bridge stops 1 s into a movement of both legs, of which one sensor sends over UDP."""
    schedule = Schedule(bridge=[Outage(96.5, 103, killed=False)])
    found = NightPlayer(tmp_path, schedule, over_udp=[over_udp]).play()
    ends = {1: 97.0, 2: 98.2}
    legs = {1: "left", 2: "right"}
    moved = {
        event.side: event
        for event in found
        if isinstance(event, Movement) and 94 < offset_of(event) < 97
    }
    assert set(moved) == {"left", "right"}
    seen = {sensor: (moved[side].end - START) / SECOND for sensor, side in legs.items()}
    other = 3 - over_udp
    assert seen[over_udp] == pytest.approx(96.0, abs=0.7)
    assert seen[other] == pytest.approx(ends[other], abs=0.7)
    gaps = [event for event in found if isinstance(event, Gap)]
    assert {gap.sensor for gap in gaps} == {over_udp}
    # Only what was not read is missing.
    assert all(offset_of(gap) == pytest.approx(96.0, abs=0.7) for gap in gaps)


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped"])
def test_an_outage_longer_than_the_ring_is_a_gap(killed: bool) -> None:
    _, found = play(Schedule(bridge=[Outage(40, 175, killed)]))
    gaps = [event for event in found if isinstance(event, Gap)]
    assert {gap.sensor for gap in gaps} == {1, 2}
    assert all(gap.end - gap.onset >= 14 * SECOND for gap in gaps)
