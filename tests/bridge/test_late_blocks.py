"""What the monitor of a sleeper does with blocks that arrive late."""

from collections.abc import Callable
from pathlib import Path

import pytest

from limber_bridge.daemon.changes import Change, FiledEvent
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import ClockStep, Event, Gap, Movement, event_id
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.restore import RestoredState
from tests.bridge.examples import config, local
from tests.detection.signals import ankle

START = local("2026-11-21T23:00")
RATE = 50
SENSOR = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"
LENGTH_S = 300
KICKS_S = range(20, LENGTH_S - 10, 30)
SIGNAL = ankle(*((float(kick), 2.0) for kick in KICKS_S), length=LENGTH_S, seed=1)


class Night:
    """A night of one ankle that sends a block each second, and whose link is away for a while."""

    def __init__(self, folder: Path, blocks_each_second: int) -> None:
        settings = config(folder, SENSOR, more=LISTEN)
        self.monitor = SleeperMonitor(settings.sleepers[0], settings, RestoredState(), START)
        self.now = START
        self.stored: dict[str, Event] = {}
        self.filed: list[FiledEvent] = []
        self._blocks_each_second = blocks_each_second

    def play(
        self,
        away: tuple[int, int],
        interruption: Callable[[], Change] | None = None,
        *,
        pause: tuple[int, int] = (LENGTH_S, LENGTH_S),
    ) -> None:
        """Play the night; `interruption` happens 2 s after the link is back."""
        waiting: list[int] = []
        for second in range(1, LENGTH_S):
            self.now = START + second * SECOND
            waiting.append(second - 1)
            if second in pause:
                self.apply(self.monitor.set_paused(self.now, paused=second == pause[0]))
            if not away[0] <= second < away[1]:
                for number in waiting[: self._blocks_each_second]:
                    self.apply(self.monitor.process_arrival(1, self.block(number), self.now))
                waiting = waiting[self._blocks_each_second :]
            if interruption is not None and second == away[1] + 2:
                self.apply(interruption())
            self.apply(self.monitor.advance_to(self.now))

    def apply(self, change: Change) -> None:
        for id_ in change.withdrawn:
            self.stored.pop(id_, None)
        for filed in change.events:
            self.stored[event_id(filed.event)] = filed.event
            self.filed.append(filed)

    def onsets(self, until: int = LENGTH_S) -> list[int]:
        """Return the onsets (s) of the movements before a time, in order."""
        found = [event.onset for event in self.stored.values() if isinstance(event, Movement)]
        return sorted(
            round((onset - START) / SECOND) for onset in found if onset < START + until * SECOND
        )

    def gaps(self) -> list[Gap]:
        return [event for event in self.stored.values() if isinstance(event, Gap)]

    def block(self, number: int) -> Samples:
        samples = SIGNAL[:, number * RATE : (number + 1) * RATE]
        clock = SampleClock(number * RATE, START + number * SECOND, float(RATE))
        return Samples(1, SampleBlock(number * RATE, samples, clock, float(RATE)))


CHANGES: dict[str, Callable[[Night], Change]] = {
    "sensitivity": lambda night: night.monitor.set_sensitivity(1.1),
    "clock step": lambda night: night.monitor.apply_clock_step(night.now, SECOND // 4),
    "calibration": lambda night: night.monitor.calibrate(night.now),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_two_halves_of_a_backlog_loses_no_sample(
    tmp_path: Path, change: str
) -> None:
    night = Night(tmp_path, blocks_each_second=10)
    night.play((150, 205), lambda: CHANGES[change](night))
    assert night.gaps() == []
    # A calibration takes what comes after it to be at rest for a minute.
    until = 170 if change == "calibration" else LENGTH_S
    assert night.onsets(until) == [kick for kick in KICKS_S if kick < until]
    steps = [event for event in night.stored.values() if isinstance(event, ClockStep)]
    assert len(steps) == (change == "clock step")


def test_an_outage_becomes_too_long_between_two_halves_of_a_backlog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limber_bridge.daemon.late_data.OUTAGE_MAX_US", 57 * SECOND)
    night = Night(tmp_path, blocks_each_second=10)
    night.play((150, 205))
    assert night.gaps() == []
    assert night.onsets() == list(KICKS_S)


@pytest.mark.parametrize(("away_s", "triggers"), [(7, True), (25, False)])
def test_what_is_late_by_more_than_ten_seconds_triggers_nothing(
    tmp_path: Path, away_s: int, *, triggers: bool
) -> None:
    """A kick of 140 to 142 s becomes known when the link is back."""
    night = Night(tmp_path, blocks_each_second=100)
    night.play((139, 139 + away_s))
    assert night.onsets() == list(KICKS_S)
    (kick,) = (
        filed
        for filed in night.filed
        if isinstance(filed.event, Movement)
        and abs(filed.event.onset - START - 140 * SECOND) < SECOND
    )
    assert kick.live is triggers
    assert kick.known_at == START + (139 + away_s) * SECOND


def test_what_a_backlog_shows_at_the_start_triggers_nothing(tmp_path: Path) -> None:
    """The blocks arrive before the first second of the bridge is over."""
    night = Night(tmp_path, blocks_each_second=100)
    night.play((0, 50))
    assert night.onsets() == list(KICKS_S)
    first = min(
        (filed for filed in night.filed if isinstance(filed.event, Movement)),
        key=lambda filed: filed.event.onset,
    )
    assert not first.live


def test_late_samples_of_a_time_that_was_paused_count_nothing(tmp_path: Path) -> None:
    """A kick of 170 s was taken in the pause, and arrives after it."""
    night = Night(tmp_path, blocks_each_second=100)
    night.play((150, 205), pause=(160, 190))
    assert night.onsets() == [kick for kick in KICKS_S if kick != 170]
    (gap,) = night.gaps()
    assert (gap.onset - START) / SECOND == pytest.approx(160, abs=1)
    assert (gap.end - START) / SECOND == pytest.approx(190, abs=1)


def test_a_pause_is_forgotten_when_the_clock_is_set(tmp_path: Path) -> None:
    """Otherwise its time would come again, and what is measured then would be dropped."""
    night = Night(tmp_path, blocks_each_second=100)
    night.play((LENGTH_S, LENGTH_S), pause=(100, 110))
    night.apply(night.monitor.apply_clock_step(START + 90 * SECOND, -210 * SECOND))
    assert not night.monitor.pauses.covers(night.block(105).block)
