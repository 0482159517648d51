"""`source: lsl` with an outlet in another process, and `source: brainflow` with its own board."""

import asyncio
import platform
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import voluptuous as vol

from limber_bridge.detection.signal import Placement, Quantity, SampleBlock, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources import brainflow_board, lsl
from limber_bridge.sources.brainflow_board import PackageCounter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import (
    FrameError,
    Samples,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from limber_bridge.sources.stamped_stream import StampedStream
from limber_bridge.sources.units import unit_scale
from tests.bridge.conftest import Broker
from tests.bridge.examples import listens_elsewhere, settings
from tests.bridge.forked_limber import run_limber

pytestmark = pytest.mark.real_time

EMG = Sensor(1, Quantity.EMG, Placement.TIBIALIS, Side.LEFT)
RIGHT_EMG = Sensor(2, Quantity.EMG, Placement.TIBIALIS, Side.RIGHT)
ANKLE = Sensor(3, Quantity.ACCELERATION, Placement.ANKLE)
OUTLET = Path(__file__).parent / "lsl_outlet.py"
SYNTHETIC_BOARD = -1


def request(source: Source, *sensors: tuple[Sensor, dict[str, object]]) -> SourceRequest:
    host = HostClock()
    requests = tuple(
        SensorRequest(sensor, source.make_options(source.sensor_schema(keys), Path()))
        for sensor, keys in sensors
    )
    return SourceRequest(requests, None, Calendar(ZoneInfo("UTC")), host, host.now())


@contextmanager
def outlet(name: str, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """An outlet that sends until the context is left."""
    process = subprocess.Popen([sys.executable, OUTLET, name, kind], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def collect(source: Source, asked: SourceRequest, seconds: float) -> list[SourceEvent]:
    """Return the events of some seconds after the first; open the source until it is there."""
    found: list[SourceEvent] = []
    async with asyncio.timeout(40):
        while not found:
            try:
                found = await collect_once(source.run(asked), seconds)
            except SourceLostError as error:
                if "no stream with" not in str(error):
                    raise
    return found


async def collect_once(events: AsyncGenerator[SourceEvent], seconds: float) -> list[SourceEvent]:
    found: list[SourceEvent] = []
    async with aclosing(events):
        found.append(await anext(events))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    found.append(await anext(events))
    return found


def blocks_of(events: list[SourceEvent], sensor: int) -> list[SampleBlock]:
    return [one.block for one in events if isinstance(one, Samples) and one.sensor == sensor]


def joined(blocks: list[SampleBlock]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    assert all(after.first == before.end for before, after in pairwise(blocks))
    return np.concatenate([block.samples for block in blocks], axis=1)


@pytest.mark.parametrize(
    ("kind", "sensor", "level"),
    [("emg_v", EMG, 3.0), ("emg_uv", EMG, 3.0), ("accelerometer", ANKLE, 1.0)],
)
async def test_a_stream_is_read_in_the_unit_of_its_description(
    kind: str, sensor: Sensor, level: float
) -> None:
    asked = request(lsl.SOURCE, (sensor, {"name": f"limber_{kind}"}))
    with outlet(f"limber_{kind}", kind):
        events = await collect(lsl.SOURCE, asked, 3.0)
    assert not [event for event in events if isinstance(event, FrameError)]
    blocks = blocks_of(events, sensor.id)
    values = joined(blocks)
    rms = values.std() if sensor is EMG else np.linalg.norm(values.mean(axis=1))
    assert rms == pytest.approx(level, rel=0.1)
    last = blocks[-1]
    age = asked.host_clock.now() - last.clock.time_of(last.end - 1)
    assert 0 < age < 1_000_000


async def test_an_irregular_stream_needs_a_rate() -> None:
    with outlet("limber_irregular", "irregular"):
        asked = request(lsl.SOURCE, (ANKLE, {"name": "limber_irregular"}))
        with pytest.raises(SourceLostError, match="has no nominal rate; write its `rate`"):
            await collect(lsl.SOURCE, asked, 1.0)
        asked = request(lsl.SOURCE, (ANKLE, {"name": "limber_irregular", "rate": 50}))
        events = await collect(lsl.SOURCE, asked, 3.0)
    assert not [event for event in events if isinstance(event, FrameError)]
    blocks = blocks_of(events, ANKLE.id)
    assert joined(blocks).shape[1] >= 100
    assert blocks[-1].rate == 50


async def test_a_stream_without_a_unit_is_not_guessed() -> None:
    mislabeled: dict[str, object] = {"name": "limber_no_unit", "unit": "mV"}
    with outlet("limber_no_unit", "emg_no_unit"):
        asked = request(lsl.SOURCE, (EMG, {"name": "limber_no_unit"}))
        with pytest.raises(SourceLostError, match="describes no unit for emg; write uV, mV or V"):
            await collect(lsl.SOURCE, asked, 1.0)
        asked = request(lsl.SOURCE, (EMG, {**mislabeled, "channels": [2]}))
        events = await collect(lsl.SOURCE, asked, 1.0)
        assert joined(blocks_of(events, EMG.id)).std() == pytest.approx(3000, rel=0.2)
        asked = request(lsl.SOURCE, (EMG, {**mislabeled, "channels": [3]}))
        with pytest.raises(SourceLostError, match="has 2 channels, and emg needs 1"):
            await collect(lsl.SOURCE, asked, 1.0)


async def test_a_stream_of_texts_is_refused() -> None:
    keys: dict[str, object] = {"name": "limber_texts", "rate": 50, "unit": "uV"}
    refused = pytest.raises(SourceLostError, match="`limber_texts` sends texts, not numbers")
    with outlet("limber_texts", "texts"), refused:
        await collect(lsl.SOURCE, request(lsl.SOURCE, (EMG, keys)), 1.0)


async def test_every_error_of_the_library_loses_the_stream() -> None:
    pylsl = lsl.import_pylsl()

    def fail() -> None:
        pylsl.util.handle_error(-4)

    with pytest.raises(SourceLostError, match="Lab Streaming Layer failed"):
        await lsl.call(pylsl, fail)


async def test_a_stream_that_ends_is_lost_and_one_that_is_missing_is_named() -> None:
    asked = request(lsl.SOURCE, (EMG, {"name": "limber_ending"}))
    with pytest.raises(SourceLostError, match="no stream with name `limber_ending` on the network"):
        await anext(lsl.SOURCE.run(asked))
    with outlet("limber_ending", "emg_uv") as process:
        assert blocks_of(await collect(lsl.SOURCE, asked, 1.0), EMG.id)
        events = lsl.SOURCE.run(asked)
        await anext(events)
        process.kill()
        with pytest.raises(SourceLostError, match="the stream ended or does not answer"):
            await exhaust(events)


async def exhaust(events: AsyncGenerator[SourceEvent]) -> None:
    """Take events until there are no more."""
    async with asyncio.timeout(30), aclosing(events):
        async for _ in events:
            pass


def test_a_stream_needs_a_name_or_a_type() -> None:
    with pytest.raises(vol.Invalid, match="write the `name` or the `type` of the stream"):
        lsl.make_options({}, Path())


@pytest.mark.skipif(platform.machine() != "x86_64", reason="BrainFlow is for x86-64 only")
async def test_two_legs_and_acceleration_of_one_synthetic_board() -> None:
    asked = request(
        brainflow_board.SOURCE,
        (EMG, {"board": SYNTHETIC_BOARD, "channel": 1}),
        (RIGHT_EMG, {"board": SYNTHETIC_BOARD, "channel": 2}),
        (ANKLE, {"board": SYNTHETIC_BOARD}),
    )
    for _ in range(2):
        # A session that was closed can be opened again.
        events = await collect(brainflow_board.SOURCE, asked, 2.0)
        assert not [event for event in events if isinstance(event, FrameError)]
        for sensor in (EMG, RIGHT_EMG, ANKLE):
            blocks = blocks_of(events, sensor.id)
            values = joined(blocks)
            assert 350 <= values.shape[1] <= 650
            assert blocks[0].rate == 250
            age = asked.host_clock.now() - blocks[-1].clock.time_of(blocks[-1].end - 1)
            assert 0 < age < 1_500_000
            assert np.isfinite(values).all()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="BrainFlow is for x86-64 only")
async def test_a_board_that_is_not_there_is_named() -> None:
    missing: dict[str, object] = {"board": 0, "serial_port": "/dev/serial/by-id/missing"}
    unknown: dict[str, object] = {"board": SYNTHETIC_BOARD, "channel": 60}
    for keys, text in (
        (missing, "BrainFlow cannot read board 0"),
        (unknown, "has 16 EMG channels; correct `channel`"),
    ):
        asked = request(brainflow_board.SOURCE, (EMG, keys))
        with pytest.raises(SourceLostError, match=text):
            await anext(brainflow_board.SOURCE.run(asked))


def test_a_package_counter_counts_lost_samples_whatever_it_counts_to() -> None:
    counter = PackageCounter()
    assert counter.lost_before(np.array([5, 6, 7, 10, 10, 11])).tolist() == [0, 0, 0, 2, 0, 0]
    assert counter.lost_before(np.array([254, 255, 0, 1])).tolist() == [242, 0, 0, 0]
    assert counter.lost_before(np.array([2, 253, 2])).tolist() == [0, 250, 4]
    of_201 = PackageCounter()
    numbers = np.array([199, 200, 0, 198, 3])
    assert of_201.lost_before(numbers).tolist() == [0, 0, 0, 197, 5]


def test_stamps_with_a_pause_are_a_gap() -> None:
    stream = StampedStream(ANKLE, 50.0)
    stamps = np.array([0, 20_000, 40_000, 1_040_000, 1_060_000])
    first, second = stream.frames(np.zeros((3, 5)), stamps)
    assert (first.sequence, first.count) == (0, 3)
    assert (second.sequence, second.count) == (52, 2)
    (third,) = stream.frames(np.zeros((3, 1)), np.array([1_080_000]))
    assert third.sequence == 54


def test_units_are_known_or_refused() -> None:
    assert unit_scale(Quantity.EMG, " µV ") == 1.0
    assert unit_scale(Quantity.EMG, "mV") == 1000.0
    assert unit_scale(Quantity.ACCELERATION, "m/s^2") == pytest.approx(0.10197, rel=1e-4)
    assert unit_scale(Quantity.EMG, "g") is None


@pytest.mark.parametrize(("module", "extra"), [("pylsl", "lsl"), ("brainflow", "brainflow")])
def test_a_missing_library_is_named(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    load = {"lsl": lsl.import_pylsl, "brainflow": brainflow_board.import_brainflow}[extra]
    with pytest.raises(SourceLostError, match=f"script/setup bridge-{extra}"):
        load()


def test_check_and_scan_find_a_stream(tmp_path: Path, broker: Broker) -> None:
    keys = "id: 1, source: lsl, placement: tibialis, quantity: emg, name: limber_found, unit: mV"
    text = settings(f"{{{keys}}}", port=broker.port, more=listens_elsewhere())
    (tmp_path / "limber.yaml").write_text(text)
    with outlet("limber_found", "emg_no_unit"):
        runs = [
            run_limber(*words, cwd=tmp_path)
            for words in (("scan", "--seconds", "3"), ("check", "--seconds", "6"))
        ]
    assert "lsl: limber_found: EMG, 2 channels, 250 Hz, on " in runs[0].stdout
    assert "is in limber.yaml as sensor 1" in runs[0].stdout
    # The stream is in uV: a unit that a person wrote is checked as well.
    # The level of a random signal, in two digits: how much of it arrived depends on the machine.
    level = re.search(r"EMG at rest is (\S+) uV; relax the leg", runs[1].stdout)
    assert level, runs[1].stdout
    assert float(level[1]) == pytest.approx(3000, rel=0.5)
    assert runs[1].returncode == 1
