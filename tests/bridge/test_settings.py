"""Settings that survive every restart: a pause, a sensitivity, a calibration; and factors.

Signals are played to the monitor and the journal that the daemon uses.
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
from limber_bridge.daemon.changes import (
    Change,
    FiledEvent,
    NothingToCalibrateError,
    factor_change,
)
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
from tests.bridge.monitor_driver import CELLS, LISTEN, LIVE, PLAYED
from tests.detection.signals import ankle, turned

BLOCK = SECOND // 2
EVENING = local("2026-11-21T22:00")
TONIGHT = date(2026, 11, 22)


@dataclass
class Leg:
    """A bridge with its journal and one sleeper, with a time that the test sets."""

    config: Config
    journal: Journal
    now: int = EVENING
    number: int = 0
    live_events: list[FiledEvent] = field(default_factory=list)
    finished: list[Night] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the bridge with what the journal holds."""
        sleeper = self.config.sleepers[0]
        self.monitor = SleeperMonitor(
            sleeper,
            self.config,
            restore_sleeper(
                self.journal, sleeper.id, self.config.calendar, self.now, live=sleeper.live
            ),
            self.now,
        )

    def kill(self) -> None:
        """Kill the bridge just after it has written its progress, and start it again."""
        self.journal.write([journal_batch(self.monitor, Change())])
        self.start()

    def apply(self, change: Change) -> None:
        """Write a change to the journal."""
        if change:
            self.journal.write([journal_batch(self.monitor, change)])
        self.live_events += [filed for filed in change.events if filed.live]
        self.finished += change.finished

    def send(self, signal: Floats, rate: float = 50.0) -> None:
        """Deliver the same signal from every sensor, in blocks of half a second."""
        size = max(1, round(rate * BLOCK / SECOND))
        for begin in range(0, signal.shape[1], size):
            samples = signal[:, begin : begin + size]
            clock = SampleClock(self.number, self.now, rate)
            self.now += round(samples.shape[1] / rate * SECOND)
            for watched in self.config.sleepers[0].sensors:
                block = SampleBlock(self.number, samples, clock, rate)
                self.apply(
                    self.monitor.process_arrival(
                        watched.sensor.id, Samples(watched.sensor.id, block), self.now
                    )
                )
            self.number += samples.shape[1]
            self.apply(self.monitor.advance_to(self.now))

    def pause(self, *, paused: bool = True) -> None:
        self.apply(self.monitor.set_paused(self.now, paused=paused))

    def pass_time(self, minutes: int) -> None:
        """Let time pass without a sample."""
        for _ in range(minutes * 2):
            self.now += 30 * SECOND
            self.apply(self.monitor.advance_to(self.now))

    @property
    def state(self) -> State:
        return self.monitor.state(self.now)

    def events(self, *kinds: type[Event]) -> list[Event]:
        """Return what the journal holds of tonight."""
        return [
            event
            for event in self.journal.events("anna", TONIGHT)
            if isinstance(event, kinds or (object,))
        ]


@contextmanager
def start_leg(sensor: str = LIVE) -> Iterator[Leg]:
    with TemporaryDirectory() as folder, Journal(Path(folder) / "limber.db") as journal:
        yield Leg(config(Path(folder), sensor, more=LISTEN if "network" in sensor else ""), journal)


@pytest.fixture
def leg() -> Iterator[Leg]:
    with start_leg() as found:
        yield found


def kicking(seconds: float, *, seed: int = 0, size: float = 0.2, noise: float = 0.002) -> Floats:
    """A leg that kicks for 2 s every 12 s, first after 5 s."""
    kicks = [(5.0 + 12.0 * number, 2.0) for number in range(round(seconds / 12))]
    return ankle(*kicks, length=seconds, seed=seed, size=size, noise=noise)


def test_nothing_is_detected_during_a_pause(leg: Leg) -> None:
    leg.send(kicking(60))
    leg.pause()
    leg.send(kicking(60, seed=1))
    assert (leg.state.paused, leg.state.tonight.measures.movements) == (True, 5)
    assert len(leg.events(Movement)) == 5
    assert leg.events(Gap) == []
    started = leg.now - 60 * SECOND
    ended = leg.now
    leg.pause(paused=False)
    leg.send(kicking(60, seed=2))
    assert (leg.state.paused, leg.state.tonight.measures.movements) == (False, 10)
    (gap,) = leg.events(Gap)
    assert isinstance(gap, Gap)
    assert (gap.sensor, gap.onset, gap.end) == (1, started - 20_000, ended)
    assert gap in [filed.event for filed in leg.live_events]


def test_a_pause_is_a_gap_of_every_sensor() -> None:
    right = "{id: 3, source: network, placement: ankle, side: right, quantity: acceleration}"
    with start_leg(f"{LIVE}\n{right}") as legs:
        legs.send(kicking(30))
        legs.pause()
        legs.send(kicking(30))
        legs.pause(paused=False)
        legs.send(kicking(30))
        assert [event.sensor for event in legs.events(Gap) if isinstance(event, Gap)] == [1, 3]
        assert [
            event.bilateral for event in legs.events(Movement) if isinstance(event, Movement)
        ] == [True] * 4


def test_the_health_of_sensors_continues_during_a_pause(leg: Leg) -> None:
    leg.send(kicking(30))
    leg.pause()
    leg.send(kicking(30))
    health = leg.state.sensors["1"]
    assert (health.connected, health.quality, health.lost) == (True, 100, 0)
    assert health.last_sample == datetime.fromtimestamp((leg.now - 20_000) / 1e6, UTC)
    leg.pass_time(2)
    assert leg.state.sensors["1"].problem == "silent"


def test_a_pause_ends_the_movement_in_progress(leg: Leg) -> None:
    leg.send(ankle((20.0, 8.0), length=24.0))
    assert leg.events(Movement) == []
    leg.pause()
    (movement,) = leg.events(Movement)
    assert isinstance(movement, Movement)
    assert movement.duration / SECOND == pytest.approx(4.0, abs=0.1)


def in_bed() -> Floats:
    """Return the signal of a sleeper who walks to bed and lies down."""
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), length=700.0), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    return signal


def test_a_pause_makes_in_bed_and_asleep_unknown(leg: Leg) -> None:
    leg.send(in_bed())
    assert (leg.state.in_bed, leg.state.asleep) == (True, True)
    leg.pause()
    leg.send(turned(ankle(length=60.0), -1.0, 90.0))
    assert (leg.state.in_bed, leg.state.asleep) == (None, None)
    hours = leg.state.tonight.measures.time_in_bed_h
    leg.pause(paused=False)
    leg.send(turned(ankle(length=30.0), -1.0, 90.0))
    assert leg.state.in_bed is True
    assert leg.state.tonight.measures.time_in_bed_h == pytest.approx(
        (hours or 0) + 30 / 3600, abs=1 / 3600
    )


def test_a_pause_until_noon_leaves_what_was_measured_before(leg: Leg) -> None:
    leg.send(in_bed())
    leg.pause()
    leg.pass_time(15 * 60)
    (night,) = leg.finished
    assert (night.date, night.revision) == (TONIGHT, 1)
    assert night.measures.time_in_bed_h == pytest.approx(0.17, abs=0.03)
    leg.pause(paused=False)
    leg.number += 15 * 3600 * 50
    leg.send(kicking(30))
    assert [one.revision for one in leg.finished] == [1]


def run_pause(
    killed: Sequence[int] = (), asked: Sequence[int] = ()
) -> tuple[list[Event], Tonight, PipelineState]:
    """Return the result of a minute with kicks, one of pause and one with kicks.

    At these half seconds of the pause the bridge is killed, or the pause is requested again.
    """
    with start_leg() as leg:
        leg.send(kicking(60))
        leg.pause()
        passed = kicking(60, seed=1)
        for half in range(120):
            for _ in range(killed.count(half)):
                leg.kill()
                assert (leg.state.paused, leg.state.in_bed) == (True, None)
            for _ in range(asked.count(half)):
                leg.pause()
            leg.send(passed[:, 25 * half : 25 * half + 25])
        leg.pause(paused=False)
        leg.send(kicking(60, seed=2))
        return leg.events(), leg.state.tonight, leg.monitor.pipeline_state


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 119), max_size=5), st.lists(st.integers(0, 119), max_size=3))
def test_restarts_and_repeated_requests_during_a_pause_change_nothing(
    killed: Sequence[int], asked: Sequence[int]
) -> None:
    assert run_pause(killed, asked) == UNDISTURBED


UNDISTURBED = run_pause()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 79), max_size=4), st.integers(0, 39))
def test_the_sensitivity_survives_restarts_at_any_time(
    restarts: Sequence[int], chosen: int
) -> None:
    """Weak kicks that only a sensitivity of 2 detects count from the time at which it is set."""
    quiet = [half for half in range(80) if not 8 <= half % 24 <= 17]
    at = quiet[chosen % len(quiet)]
    signal = kicking(40, size=0.0035, noise=0.0003)
    with start_leg() as leg:
        for half in range(80):
            if half == at:
                leg.apply(leg.monitor.set_sensitivity(2.0))
            for _ in [one for one in restarts if one == half and half in quiet]:
                leg.kill()
            leg.send(signal[:, 25 * half : 25 * half + 25])
        leg.send(ankle(length=5, noise=0.0003))
        assert leg.state.sensitivity == 2.0
        assert len(leg.events(Movement)) == sum(5.0 + 12 * number > at / 2 for number in range(3))


def test_setting_the_same_value_again_is_no_change(leg: Leg) -> None:
    assert not leg.monitor.set_paused(leg.now, paused=False)
    assert not leg.monitor.set_sensitivity(1.0)
    assert leg.monitor.set_sensitivity(1.5)
    assert not leg.monitor.set_sensitivity(1.5)


def test_a_night_has_the_sensitivity_that_was_set_at_its_end(leg: Leg) -> None:
    leg.send(in_bed())
    leg.apply(leg.monitor.set_sensitivity(1.5))
    leg.apply(leg.monitor.end_night())
    leg.apply(leg.monitor.set_sensitivity(0.5))
    leg.kill()
    leg.pass_time(15 * 60)
    leg.kill()
    leg.pass_time(1)
    assert [(one.revision, one.sensitivity) for one in leg.finished] == [(1, 1.5)]
    assert leg.state.last_night is not None
    assert (leg.state.last_night.sensitivity, leg.state.sensitivity) == (1.5, 0.5)


def test_a_calibration_lasts_a_minute_even_with_a_restart(leg: Leg) -> None:
    leg.send(kicking(60))
    leg.apply(leg.monitor.calibrate(leg.now))
    states = [leg.state.calibrating]
    leg.send(ankle(length=40))
    leg.kill()
    states.append(leg.state.calibrating)
    leg.send(ankle(length=21))
    assert [*states, leg.state.calibrating] == [True, True, False]


def test_a_calibration_needs_a_connected_sensor_and_no_pause(leg: Leg) -> None:
    with pytest.raises(
        NothingToCalibrateError, match="no sensor of anna delivers samples; put it on"
    ):
        leg.monitor.calibrate(leg.now)
    leg.send(kicking(30))
    leg.pause()
    with pytest.raises(NothingToCalibrateError, match="end the pause, then calibrate"):
        leg.monitor.calibrate(leg.now)
    leg.pause(paused=False)
    leg.pass_time(1)
    with pytest.raises(NothingToCalibrateError):
        leg.monitor.calibrate(leg.now)
    assert not leg.state.calibrating


def test_a_calibration_tares_load_cells() -> None:
    with start_leg(CELLS) as bed:
        bed.send(np.full((1, 60), 45.0), rate=1.0)
        states = [bed.state.in_bed]
        bed.apply(bed.monitor.calibrate(bed.now))
        bed.kill()
        for kilograms in (45.0, 115.0):
            bed.send(np.full((1, 60), kilograms), rate=1.0)
            states.append(bed.state.in_bed)
        assert states == [None, False, True]
        assert [
            event.in_bed for event in bed.events(BedTransition) if isinstance(event, BedTransition)
        ] == [
            False,
            True,
        ]


def add_factor(
    leg: Leg, at: int, kind: FactorKind = FactorKind.MAGNESIUM, note: str | None = None
) -> None:
    leg.apply(factor_change(leg.monitor.calendar, Factor(at, kind, note), leg.now))


def test_a_factor_belongs_to_the_night_of_its_time(leg: Leg) -> None:
    for text in ("2026-11-21T11:59", "2026-11-21T12:00", "2026-11-22T00:30", "2026-11-22T11:59"):
        add_factor(leg, local(text))
    assert len(leg.journal.events("anna", date(2026, 11, 21))) == 1
    assert len(leg.events(Factor)) == 3
    assert [filed.known_at for filed in leg.live_events] == [leg.now] * 4


def test_the_same_factor_at_the_same_time_counts_once(leg: Leg) -> None:
    add_factor(leg, leg.now)
    add_factor(leg, leg.now, note="300 mg")
    add_factor(leg, leg.now, FactorKind.STRETCHING)
    assert leg.events() == [
        Factor(leg.now, FactorKind.MAGNESIUM, "300 mg"),
        Factor(leg.now, FactorKind.STRETCHING, None),
    ]


def spend_night(leg: Leg) -> None:
    """Spend a night with two restarts."""
    leg.send(in_bed())
    leg.send(turned(kicking(60), -1.0, 90.0))
    leg.kill()
    leg.pass_time(15 * 60)
    leg.kill()
    leg.pass_time(1)


def test_a_factor_changes_no_figure_and_makes_no_night() -> None:
    """Its time may be before, in and after the night, or on a day without one."""
    moments = [
        "2026-11-21T21:00",
        "2026-11-21T22:05",
        "2026-11-22T09:00",
        "2026-11-23T20:00",
        "2025-01-01T20:00",
    ]
    nights = []
    for said in ([], moments):
        with start_leg() as leg:
            for moment in said:
                add_factor(leg, local(moment))
            spend_night(leg)
            for moment in said:
                add_factor(leg, local(moment) + SECOND)
            leg.kill()
            leg.pass_time(24 * 60)
            nights.append(
                (leg.finished, leg.state.tonight.measures, leg.monitor.clock.measured_until)
            )
            assert len(leg.events(Factor)) == (6 if said else 0)
    assert nights[0] == nights[1]
    assert [night.revision for night in nights[0][0]] == [1]


def test_a_new_time_zone_moves_a_factor_to_its_night(leg: Leg) -> None:
    """Half past eleven in Berlin is half past eleven at night in Auckland."""
    add_factor(leg, local("2026-11-21T11:30"))
    assert len(leg.journal.events("anna", date(2026, 11, 21))) == 1
    leg.config = replace(leg.config, calendar=Calendar(ZoneInfo("Pacific/Auckland")))
    leg.kill()
    assert leg.journal.events("anna", date(2026, 11, 21)) == []
    assert len(leg.events(Factor)) == 1
    assert leg.state.tonight.measures.movements in (0, None)


def test_playing_a_recording_again_keeps_factors_and_settings() -> None:
    """A recording is measured again with every start; what a person said of it stays."""
    with start_leg(PLAYED) as played:
        signal = kicking(60)
        played.send(signal)
        add_factor(played, played.monitor.clock.time)
        played.apply(played.monitor.set_sensitivity(0.5))
        played.pause()
        played.send(signal)
        assert played.monitor.clock.time == played.now - 20_000
        assert (played.state.paused, played.state.tonight.measures.movements) == (True, 5)
        played.pause(paused=False)
        played.now = EVENING
        played.number = 0
        played.kill()
        assert (played.state.sensitivity, played.state.calibrating) == (0.5, False)
        played.send(signal)
        played.apply(played.monitor.process_arrival(1, Ended(1), played.now))
        assert len(played.events(Factor)) == 1
        assert len(played.events(Movement)) == 5
        assert [night.revision for night in played.finished] == [1]


def test_a_pause_ends_the_cramp_in_progress(leg: Leg) -> None:
    leg.send(ankle(length=30))
    lasting = Cramp(leg.now - 20 * SECOND, None, Certainty.PROBABLE, "the calf was tense", 1.2)
    leg.journal.append("anna", [(TONIGHT, lasting)], leg.monitor.pipeline_state)
    leg.start()
    states = [leg.state.cramp is not None]
    leg.pause()
    assert [*states, leg.state.cramp is not None] == [True, False]
    (over,) = leg.events(Cramp)
    assert over == replace(lasting, end=leg.now - 20_000)
