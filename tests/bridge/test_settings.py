"""What a person sets: a pause, a sensitivity, "all is quiet". Whatever restarts the bridge, it is
as it was left.

Played to the watch and the journal that the daemon has.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import Change, FiledEvent, NothingToCalibrateError
from limber_bridge.daemon.journal_batches import journal_batch
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Factor,
    FactorKind,
    Gap,
    Movement,
)
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock
from limber_bridge.domain.nights import Calendar, Night
from limber_bridge.protocol.messages import State, Tonight
from limber_bridge.sources.source_api import Ended, Samples
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.restore import restore_sleeper
from tests.bridge.examples import config, local
from tests.bridge.test_sleeper_monitor import CELLS, LISTEN, LIVE, PLAYED
from tests.detection.signals import ankle, turned

BLOCK = SECOND // 2
EVENING = local("2026-11-21T22:00")
TONIGHT = date(2026, 11, 22)


@dataclass
class Leg:
    """A bridge with its journal and a sleeper, whose time we make."""

    config: Config
    journal: Journal
    now: int = EVENING
    number: int = 0
    told: list[FiledEvent] = field(default_factory=list)
    finished: list[Night] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the bridge with what was kept."""
        sleeper = self.config.sleepers[0]
        self.watch = SleeperMonitor(
            sleeper,
            self.config,
            restore_sleeper(
                self.journal, sleeper.id, self.config.calendar, self.now, live=sleeper.live
            ),
            self.now,
        )

    def kill(self) -> None:
        """Kill the bridge just after it has kept how far the sensors were read, and start it anew."""
        self.journal.write([journal_batch(self.watch, Change())])
        self.start()

    def take(self, change: Change) -> None:
        """Keep a change."""
        if change:
            self.journal.write([journal_batch(self.watch, change)])
        self.told += [filed for filed in change.events if filed.live]
        self.finished += change.finished

    def lie(self, signal: Floats, rate: float = 50.0) -> None:
        """Let every sensor deliver the same, half a second at a time."""
        size = max(1, round(rate * BLOCK / SECOND))
        for begin in range(0, signal.shape[1], size):
            samples = signal[:, begin : begin + size]
            clock = SampleClock(self.number, self.now, rate)
            self.now += round(samples.shape[1] / rate * SECOND)
            for watched in self.config.sleepers[0].sensors:
                block = SampleBlock(self.number, samples, clock, rate)
                self.take(
                    self.watch.process_arrival(
                        watched.sensor.id, Samples(watched.sensor.id, block), self.now
                    )
                )
            self.number += samples.shape[1]
            self.take(self.watch.advance_to(self.now))

    def pause(self, *, paused: bool = True) -> None:
        self.take(self.watch.set_paused(self.now, paused=paused))

    def wait(self, minutes: int) -> None:
        """Let time pass without a sample."""
        for _ in range(minutes * 2):
            self.now += 30 * SECOND
            self.take(self.watch.advance_to(self.now))

    @property
    def state(self) -> State:
        return self.watch.state(self.now)

    def events(self, *kinds: type[Event]) -> list[Event]:
        """What the journal holds of tonight."""
        return [
            event
            for event in self.journal.events("anna", TONIGHT)
            if isinstance(event, kinds or (object,))
        ]


@contextmanager
def watching(sensor: str = LIVE) -> Iterator[Leg]:
    with TemporaryDirectory() as folder, Journal(Path(folder) / "limber.db") as journal:
        yield Leg(config(Path(folder), sensor, more=LISTEN if "network" in sensor else ""), journal)


@pytest.fixture
def leg() -> Iterator[Leg]:
    with watching() as found:
        yield found


def kicking(seconds: float, *, seed: int = 0, size: float = 0.2, noise: float = 0.002) -> Floats:
    """A leg that kicks for 2 s every 12 s, first after 5 s."""
    kicks = [(5.0 + 12.0 * number, 2.0) for number in range(round(seconds / 12))]
    return ankle(*kicks, length=seconds, seed=seed, size=size, noise=noise)


def test_nothing_is_detected_while_it_is_paused(leg: Leg) -> None:
    leg.lie(kicking(60))
    leg.pause()
    leg.lie(kicking(60, seed=1))
    assert (leg.state.paused, leg.state.tonight.measures.movements) == (True, 5)
    assert len(leg.events(Movement)) == 5
    assert leg.events(Gap) == []
    begun = leg.now - 60 * SECOND
    ended = leg.now
    leg.pause(paused=False)
    leg.lie(kicking(60, seed=2))
    assert (leg.state.paused, leg.state.tonight.measures.movements) == (False, 10)
    (gap,) = leg.events(Gap)
    assert isinstance(gap, Gap)
    assert (gap.sensor, gap.onset, gap.end) == (1, begun - 20_000, ended)
    assert gap in [filed.event for filed in leg.told]


def test_every_sensor_has_its_gap() -> None:
    right = "{id: 3, source: network, placement: ankle, side: right, quantity: acceleration}"
    with watching(f"{LIVE}\n{right}") as legs:
        legs.lie(kicking(30))
        legs.pause()
        legs.lie(kicking(30))
        legs.pause(paused=False)
        legs.lie(kicking(30))
        assert [event.sensor for event in legs.events(Gap) if isinstance(event, Gap)] == [1, 3]
        assert [
            event.bilateral for event in legs.events(Movement) if isinstance(event, Movement)
        ] == [True] * 4


def test_the_sensors_are_watched_on(leg: Leg) -> None:
    leg.lie(kicking(30))
    leg.pause()
    leg.lie(kicking(30))
    health = leg.state.sensors["1"]
    assert (health.connected, health.quality, health.lost) == (True, 100, 0)
    assert health.last_sample == datetime.fromtimestamp((leg.now - 20_000) / 1e6, UTC)
    leg.wait(2)
    assert leg.state.sensors["1"].problem == "silent"


def test_a_movement_that_is_open_is_kept_as_far_as_it_was_seen(leg: Leg) -> None:
    leg.lie(ankle((20.0, 8.0), length=24.0))
    assert leg.events(Movement) == []
    leg.pause()
    (movement,) = leg.events(Movement)
    assert isinstance(movement, Movement)
    assert movement.duration / SECOND == pytest.approx(4.0, abs=0.1)


def in_bed() -> Floats:
    """Somebody walks to bed and lies in it."""
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), length=700.0), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    return signal


def test_nobody_knows_whether_a_sleeper_is_in_bed_or_asleep(leg: Leg) -> None:
    leg.lie(in_bed())
    assert (leg.state.in_bed, leg.state.asleep) == (True, True)
    leg.pause()
    leg.lie(turned(ankle(length=60.0), -1.0, 90.0))
    assert (leg.state.in_bed, leg.state.asleep) == (None, None)
    hours = leg.state.tonight.measures.time_in_bed_h
    leg.pause(paused=False)
    leg.lie(turned(ankle(length=30.0), -1.0, 90.0))
    assert leg.state.in_bed is True
    assert leg.state.tonight.measures.time_in_bed_h == pytest.approx(
        (hours or 0) + 30 / 3600, abs=1 / 3600
    )


def test_a_pause_of_all_night_leaves_what_was_before(leg: Leg) -> None:
    leg.lie(in_bed())
    leg.pause()
    leg.wait(15 * 60)
    (night,) = leg.finished
    assert (night.date, night.revision) == (TONIGHT, 1)
    assert night.measures.time_in_bed_h == pytest.approx(0.17, abs=0.03)
    leg.pause(paused=False)
    leg.number += 15 * 3600 * 50
    leg.lie(kicking(30))
    assert [one.revision for one in leg.finished] == [1]


def interrupted(
    killed: Sequence[int] = (), asked: Sequence[int] = ()
) -> tuple[list[Event], Tonight, PipelineState]:
    """What comes of a minute with kicks, one of pause and one with kicks.

    In these halves of seconds of the pause the bridge is killed, or asked for the pause once more.
    """
    with watching() as leg:
        leg.lie(kicking(60))
        leg.pause()
        passed = kicking(60, seed=1)
        for half in range(120):
            for _ in range(killed.count(half)):
                leg.kill()
                assert (leg.state.paused, leg.state.in_bed) == (True, None)
            for _ in range(asked.count(half)):
                leg.pause()
            leg.lie(passed[:, 25 * half : 25 * half + 25])
        leg.pause(paused=False)
        leg.lie(kicking(60, seed=2))
        return leg.events(), leg.state.tonight, leg.watch.pipeline_state


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 119), max_size=5), st.lists(st.integers(0, 119), max_size=3))
def test_any_restart_and_any_second_pause_change_nothing(
    killed: Sequence[int], asked: Sequence[int]
) -> None:
    assert interrupted(killed, asked) == UNDISTURBED


UNDISTURBED = interrupted()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 79), max_size=4), st.integers(0, 39))
def test_any_restart_keeps_the_sensitivity(restarts: Sequence[int], chosen: int) -> None:
    """Kicks that only a sensitivity of 2 finds: as many as come after it was chosen, wherever the
    bridge is killed."""
    quiet = [half for half in range(80) if not 8 <= half % 24 <= 17]
    at = quiet[chosen % len(quiet)]
    signal = kicking(40, size=0.0035, noise=0.0003)
    with watching() as leg:
        for half in range(80):
            if half == at:
                leg.take(leg.watch.set_sensitivity(2.0))
            for _ in [one for one in restarts if one == half and half in quiet]:
                leg.kill()
            leg.lie(signal[:, 25 * half : 25 * half + 25])
        leg.lie(ankle(length=5, noise=0.0003))
        assert leg.state.sensitivity == 2.0
        assert len(leg.events(Movement)) == sum(5.0 + 12 * number > at / 2 for number in range(3))


def test_what_is_so_already_is_no_change(leg: Leg) -> None:
    assert not leg.watch.set_paused(leg.now, paused=False)
    assert not leg.watch.set_sensitivity(1.0)
    assert leg.watch.set_sensitivity(1.5)
    assert not leg.watch.set_sensitivity(1.5)


def test_a_night_carries_the_sensitivity_at_its_end_and_keeps_it(leg: Leg) -> None:
    leg.lie(in_bed())
    leg.take(leg.watch.set_sensitivity(1.5))
    leg.take(leg.watch.end_night())
    leg.take(leg.watch.set_sensitivity(0.5))
    leg.kill()
    leg.wait(15 * 60)
    leg.kill()
    leg.wait(1)
    assert [(one.revision, one.sensitivity) for one in leg.finished] == [(1, 1.5)]
    assert leg.state.last_night is not None
    assert (leg.state.last_night.sensitivity, leg.state.sensitivity) == (1.5, 0.5)


def test_calibrating_lasts_for_a_minute_also_over_a_restart(leg: Leg) -> None:
    leg.lie(kicking(60))
    leg.take(leg.watch.calibrate(leg.now))
    told = [leg.state.calibrating]
    leg.lie(ankle(length=40))
    leg.kill()
    told.append(leg.state.calibrating)
    leg.lie(ankle(length=21))
    assert [*told, leg.state.calibrating] == [True, True, False]


def test_there_is_nothing_to_calibrate_without_a_sensor_or_in_a_pause(leg: Leg) -> None:
    with pytest.raises(
        NothingToCalibrateError, match="no sensor of anna delivers samples; put it on"
    ):
        leg.watch.calibrate(leg.now)
    leg.lie(kicking(30))
    leg.pause()
    with pytest.raises(NothingToCalibrateError, match="end the pause, then calibrate"):
        leg.watch.calibrate(leg.now)
    leg.pause(paused=False)
    leg.wait(1)
    with pytest.raises(NothingToCalibrateError):
        leg.watch.calibrate(leg.now)
    assert not leg.state.calibrating


def test_cells_are_tared() -> None:
    with watching(CELLS) as bed:
        bed.lie(np.full((1, 60), 45.0), rate=1.0)
        told = [bed.state.in_bed]
        bed.take(bed.watch.calibrate(bed.now))
        bed.kill()
        for kilograms in (45.0, 115.0):
            bed.lie(np.full((1, 60), kilograms), rate=1.0)
            told.append(bed.state.in_bed)
        assert told == [None, False, True]
        assert [
            event.in_bed for event in bed.events(BedTransition) if isinstance(event, BedTransition)
        ] == [
            False,
            True,
        ]


def logged(
    leg: Leg, at: int, kind: FactorKind = FactorKind.MAGNESIUM, note: str | None = None
) -> None:
    leg.take(leg.watch.add_factor(Factor(at, kind, note), leg.now))


def test_a_factor_belongs_to_the_night_that_follows(leg: Leg) -> None:
    for text in ("2026-11-21T11:59", "2026-11-21T12:00", "2026-11-22T00:30", "2026-11-22T11:59"):
        logged(leg, local(text))
    assert len(leg.journal.events("anna", date(2026, 11, 21))) == 1
    assert len(leg.events(Factor)) == 3
    assert [filed.known_at for filed in leg.told] == [leg.now] * 4


def test_the_same_factor_at_the_same_time_counts_once(leg: Leg) -> None:
    logged(leg, leg.now)
    logged(leg, leg.now, note="300 mg")
    logged(leg, leg.now, FactorKind.STRETCHING)
    assert leg.events() == [
        Factor(leg.now, FactorKind.MAGNESIUM, "300 mg"),
        Factor(leg.now, FactorKind.STRETCHING, None),
    ]


def spent(leg: Leg) -> None:
    """A night, and what is left of it after two restarts."""
    leg.lie(in_bed())
    leg.lie(turned(kicking(60), -1.0, 90.0))
    leg.kill()
    leg.wait(15 * 60)
    leg.kill()
    leg.wait(1)


def test_a_factor_changes_no_figure_and_makes_no_night() -> None:
    """Whenever it is said to have been: before, in and after the night, and on days without one."""
    moments = [
        "2026-11-21T21:00",
        "2026-11-21T22:05",
        "2026-11-22T09:00",
        "2026-11-23T20:00",
        "2025-01-01T20:00",
    ]
    nights = []
    for said in ([], moments):
        with watching() as leg:
            for moment in said:
                logged(leg, local(moment))
            spent(leg)
            for moment in said:
                logged(leg, local(moment) + SECOND)
            leg.kill()
            leg.wait(24 * 60)
            nights.append(
                (leg.finished, leg.state.tonight.measures, leg.watch.clock.measured_until)
            )
            assert len(leg.events(Factor)) == (6 if said else 0)
    assert nights[0] == nights[1]
    assert [night.revision for night in nights[0][0]] == [1]


def test_a_factor_is_filed_anew_where_the_time_zone_changes(leg: Leg) -> None:
    """Half past eleven in Berlin is half past eleven at night in Auckland."""
    logged(leg, local("2026-11-21T11:30"))
    assert len(leg.journal.events("anna", date(2026, 11, 21))) == 1
    leg.config = replace(leg.config, calendar=Calendar(ZoneInfo("Pacific/Auckland")))
    leg.kill()
    assert leg.journal.events("anna", date(2026, 11, 21)) == []
    assert len(leg.events(Factor)) == 1
    assert leg.state.tonight.measures.movements in (0, None)


def test_who_is_played_anew_keeps_what_was_said_and_set() -> None:
    """Nights are measured anew with every start; what a person said of them is not."""
    with watching(PLAYED) as played:
        signal = kicking(60)
        played.lie(signal)
        logged(played, played.watch.clock.time)
        played.take(played.watch.set_sensitivity(0.5))
        played.pause()
        played.lie(signal)
        assert played.watch.clock.time == played.now - 20_000
        assert (played.state.paused, played.state.tonight.measures.movements) == (True, 5)
        played.pause(paused=False)
        played.now = EVENING
        played.number = 0
        played.kill()
        assert (played.state.sensitivity, played.state.calibrating) == (0.5, False)
        played.lie(signal)
        played.take(played.watch.process_arrival(1, Ended(1), played.now))
        assert len(played.events(Factor)) == 1
        assert len(played.events(Movement)) == 5
        assert [night.revision for night in played.finished] == [1]


def test_a_cramp_that_lasts_is_over_as_far_as_anybody_knows(leg: Leg) -> None:
    leg.lie(ankle(length=30))
    lasting = Cramp(leg.now - 20 * SECOND, None, Certainty.PROBABLE, "the calf was tense", 1.2)
    leg.journal.append("anna", [(TONIGHT, lasting)], leg.watch.pipeline_state)
    leg.start()
    told = [leg.state.cramp is not None]
    leg.pause()
    assert [*told, leg.state.cramp is not None] == [True, False]
    (over,) = leg.events(Cramp)
    assert over == replace(lasting, end=leg.now - 20_000)
