"""What a live page receives: the one detection's view of a sensor, while a page is open."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import FiledEvent
from limber_bridge.daemon.live_readers import QUEUED_MAX, LiveReader
from limber_bridge.daemon.live_view import READERS_MAX, WAITING_MAX, LiveView, TooManyReadersError
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.channel import SensorChannel
from limber_bridge.detection.events import PlacementCheck, PlacementVerdict, UnilateralMovement
from limber_bridge.detection.signal import SECOND, Floats, Quantity, SampleBlock
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.restore import RestoredState
from tests.bridge.examples import config
from tests.bridge.feet import CUES_S, Foot, accelerations, blocks_of
from tests.detection.signals import LEFT, RATE, ankle, block

ANKLE: Final = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
EMG: Final = "{id: 2, source: network, placement: tibialis, side: left, quantity: emg}"
LISTEN: Final = "network: {address: 127.0.0.1, port: 1}\n"
FOOT: Final = Foot()


@dataclass
class Watch:
    """A monitor, its live view, and what a reader received."""

    config: Config
    now: int = FOOT.start
    events: list[FiledEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        sleeper = self.config.sleepers[0]
        self.monitor = SleeperMonitor(sleeper, self.config, RestoredState(), self.now)
        self.live = LiveView({sleeper.id: self.monitor}, lambda: self.now)

    def send(self, blocks: Iterable[SampleBlock], reader: LiveReader | None = None) -> list[Any]:
        """Deliver blocks as soon as they are full; return what a reader receives meanwhile."""
        received: list[Any] = []
        for one in blocks:
            samples = Samples(1, one, battery=80)
            self.now = one.clock.time_of(one.end)
            self.events += self.monitor.process_arrival(1, samples, self.now).events
            if self.live.is_watched(1):
                self.live.note_samples(samples, self.now)
            self.events += self.monitor.advance_to(self.now).events
            self.update()
            received += [] if reader is None else taken(reader)
        return received

    def update(self) -> None:
        """Do what the task of the view does every tenth of a second, and what a tick does."""
        asyncio.run(self.live.send_all())
        for _, change in self.live.take_results():
            self.events += change.events


def taken(reader: LiveReader) -> list[Any]:
    """Return the messages that wait for a reader."""
    messages = []
    while reader.waiting:
        messages.append(msgspec.json.decode(reader.take()))
    return messages


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(config(tmp_path, f"{ANKLE}\n{EMG}", more=LISTEN))


def signal_of(*kicks: tuple[float, float], length: float) -> list[SampleBlock]:
    """Return an ankle in blocks of a fifth of a second."""
    samples = ankle(*kicks, length=length)
    return cut(samples)


def cut(samples: Floats) -> list[SampleBlock]:
    whole = block(samples, start=FOOT.start)
    return [
        SampleBlock(begin, samples[:, begin : begin + 10], whole.clock, RATE)
        for begin in range(0, samples.shape[1], 10)
    ]


def test_the_page_sees_what_the_detection_sees(watch: Watch) -> None:
    """Level, threshold, movement, gravity, resting position, link and battery."""
    reader = watch.live.open(1)
    signal = signal_of((20.0, 2.0), length=30.0)
    received = watch.send(signal, reader)
    times = [time for one in received for time in one["times"]]
    levels = [level for one in received for level in one["levels"]]
    assert len(times) == len(levels)
    assert times == sorted(times)
    assert times[0] == FOOT.start // 1000
    (found,) = [found for one in received for found in one["found"]]
    channel = SensorChannel(LEFT)
    (moved,) = [one for sent in signal for one in channel.process(sent).found]
    assert isinstance(moved, UnilateralMovement)
    assert (found["kind"], found["begin"], found["end"]) == (
        "movement",
        moved.onset // 1000,
        moved.end // 1000,
    )
    assert found["peak"] == pytest.approx(moved.peak, abs=1e-5)
    last = received[-1]
    assert max(levels) > last["threshold"] > np.median(levels)
    assert last["gravity"] == pytest.approx([0.0, 1.0, 0.0], abs=0.01)
    assert last["rest"] == pytest.approx([0.0, 1.0, 0.0], abs=0.01)
    assert last["link"] == {
        "connected": True,
        "paused": False,
        "rate": 50.0,
        "quality": 100,
        "lost": 0,
        "battery": 80,
        "problem": None,
    }


def test_an_open_movement_is_shown_while_it_lasts(watch: Watch) -> None:
    reader = watch.live.open(1)
    received = watch.send(signal_of((20.0, 2.0), length=30.0), reader)
    (began,) = {one["open"] for one in received if one["open"] is not None and one["open"] > 0} & {
        found["begin"] for one in received for found in one["found"]
    }
    assert began == pytest.approx(FOOT.start / 1000 + 20_000, abs=300)
    assert received[-1]["open"] is None


def test_blocks_that_arrive_together_are_one_message(watch: Watch) -> None:
    """However often the sensor sends, the task of the view sends ten a second."""
    reader = watch.live.open(1)
    for one in signal_of(length=2.0):
        samples = Samples(1, one)
        watch.monitor.process_arrival(1, samples, one.clock.time_of(one.end))
        watch.live.note_samples(samples, one.clock.time_of(one.end))
    watch.update()
    (message,) = taken(reader)
    assert len(message["times"]) == 2 * 25


def test_what_waits_for_a_busy_bridge_is_bounded(watch: Watch) -> None:
    watch.live.open(1)
    samples = Samples(1, signal_of(length=1.0)[0])
    for _ in range(WAITING_MAX + 10):
        watch.live.note_samples(samples, watch.now)
    assert len(watch.live._watched[1].waiting) == WAITING_MAX


def test_nothing_is_done_for_a_sensor_without_readers(watch: Watch) -> None:
    watch.send(signal_of(length=5.0))
    assert traced(watch) == []
    reader = watch.live.open(1)
    later = signal_of(length=10.0)[25:]
    watch.send(later[:5], reader)
    assert traced(watch) == [1]
    watch.live.close_reader(reader)
    watch.send(later[5:])
    assert traced(watch) == []
    assert watch.monitor.take_output(1) == (None, None)


def traced(watch: Watch) -> list[int]:
    """Return the sensors whose envelope the detection keeps."""
    channels = watch.monitor._detection.pipeline._channels
    return [number for number, channel in channels.items() if channel.with_trace]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 145), st.booleans()), max_size=8))
def test_watching_changes_no_event(changes: list[tuple[int, bool]]) -> None:
    """A page is opened and closed at any time."""
    signal = signal_of((8.0, 2.0), (20.0, 0.3), length=30.0)
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - hypothesis and tmp_path do not mix

    with TemporaryDirectory() as folder:
        settings_of = config(Path(folder), ANKLE, more=LISTEN)
    plain = Watch(settings_of)
    plain.send(signal)
    watched = Watch(settings_of)
    readers: list[LiveReader] = []
    position = 0
    for at, opens in sorted(changes):
        watched.send(signal[position:at])
        position = at
        if opens:
            readers.append(watched.live.open(1))
        elif readers:
            watched.live.close_reader(readers.pop())
    watched.send(signal[position:])
    assert watched.events == plain.events
    assert watched.monitor.pipeline_state == plain.monitor.pipeline_state


def test_a_slow_reader_is_dropped_and_the_others_are_not(watch: Watch) -> None:
    slow = watch.live.open(1)
    quick = watch.live.open(1)
    received = watch.send(signal_of(length=10.0), quick)
    assert slow.dropped.is_set()
    assert not quick.dropped.is_set()
    assert len(received) > QUEUED_MAX
    # Nothing is kept for it.
    assert taken(slow) == []


def test_the_number_of_readers_is_limited(watch: Watch) -> None:
    readers = [watch.live.open(1 + number % 2) for number in range(READERS_MAX)]
    with pytest.raises(TooManyReadersError):
        watch.live.open(1)
    watch.live.close_reader(readers[0])
    watch.live.open(1)


def test_an_unknown_sensor(watch: Watch) -> None:
    with pytest.raises(KeyError):
        watch.live.open(3)


def test_a_silent_sensor_is_shown_as_such(watch: Watch) -> None:
    """Without samples, a message comes with each tick."""
    reader = watch.live.open(1)
    for _ in range(2):
        watch.now += SECOND
        watch.update()
    first, second = taken(reader)
    assert first == second
    assert (first["times"], first["threshold"], first["gravity"]) == ([], None, None)
    assert first["link"]["connected"] is False


def test_a_check_is_filed_with_the_night(watch: Watch) -> None:
    """The page follows its steps; the result is an event of the night, and not a live one."""
    reader = watch.live.open(1)
    watch.live.start_check(1)
    received = watch.send(blocks_of(FOOT, Quantity.ACCELERATION, range(0, 5000, 10)), reader)
    steps = list(dict.fromkeys(one["check"]["step"] for one in received))
    assert steps == ["settle", "still", "pull", "turn"]
    assert received[-1]["check"]["verdict"] == "good"
    assert len(received[-1]["check"]["pulls"]) == len(CUES_S)
    (filed,) = [one for one in watch.events if isinstance(one.event, PlacementCheck)]
    assert isinstance(filed.event, PlacementCheck)
    assert filed.event.verdict is PlacementVerdict.GOOD
    assert filed.night == watch.monitor.calendar.night_of(filed.event.onset)
    assert not filed.live


def test_a_result_is_filed_also_if_its_page_is_closed_at_once(watch: Watch) -> None:
    reader = watch.live.open(1)
    watch.live.start_check(1)
    for one in blocks_of(FOOT, Quantity.ACCELERATION, range(0, 5000, 10)):
        samples = Samples(1, one)
        watch.now = one.clock.time_of(one.end)
        watch.monitor.process_arrival(1, samples, watch.now)
        watch.live.note_samples(samples, watch.now)
    asyncio.run(watch.live.send_all())
    watch.live.close_reader(reader)
    ((_, change),) = watch.live.take_results()
    assert isinstance(change.events[0].event, PlacementCheck)
    assert list(watch.live.take_results()) == []


def test_a_check_ends_with_its_last_reader(watch: Watch) -> None:
    reader = watch.live.open(1)
    watch.live.start_check(1)
    blocks = blocks_of(FOOT, Quantity.ACCELERATION, range(0, 5000, 10))
    watch.send(blocks[:50], reader)
    watch.live.close_reader(reader)
    watch.send(blocks[50:])
    assert not any(isinstance(one.event, PlacementCheck) for one in watch.events)


def test_a_check_can_be_stopped_and_begun_again(watch: Watch) -> None:
    reader = watch.live.open(1)
    watch.live.start_check(1)
    blocks = blocks_of(FOOT, Quantity.ACCELERATION, range(0, 5000, 10))
    assert watch.send(blocks[:50], reader)[-1]["check"]["step"] == "still"
    watch.live.stop_check(1)
    assert watch.send(blocks[50:60], reader)[-1]["check"] is None
    watch.live.start_check(1)
    assert watch.send(blocks[60:70], reader)[-1]["check"]["step"] == "settle"


def test_a_check_of_a_sensor_that_falls_silent_is_given_up(watch: Watch) -> None:
    reader = watch.live.open(1)
    watch.live.start_check(1)
    blocks = blocks_of(FOOT, Quantity.ACCELERATION, range(0, 5000, 10))
    watch.send(blocks[:50], reader)
    for _ in range(11):
        watch.now += SECOND
        watch.update()
    (filed,) = [one for one in watch.events if isinstance(one.event, PlacementCheck)]
    assert isinstance(filed.event, PlacementCheck)
    assert filed.event.verdict is PlacementVerdict.LOSES_SAMPLES
    assert taken(reader)[-1]["check"]["verdict"] == "loses_samples"


def test_a_pause_is_shown(watch: Watch) -> None:
    """Nothing is detected then, so nothing is drawn; the check still sees the signal."""
    reader = watch.live.open(1)
    blocks = cut(accelerations(FOOT))
    watch.send(blocks[:50], reader)
    watch.monitor.set_paused(watch.now, paused=True)
    watch.live.start_check(1)
    received = watch.send(blocks[50:100], reader)
    assert received[-1]["link"]["paused"] is True
    assert received[-1]["times"] == []
    assert received[-1]["check"]["step"] == "still"


async def test_a_reader_that_is_dropped_ends(watch: Watch) -> None:
    reader = watch.live.open(1)
    reader.offer(b"one")
    messages = reader.messages()
    assert await anext(messages) == b"one"
    watch.live.close()
    assert [one async for one in messages] == []
    assert not watch.live.is_watched(1)
