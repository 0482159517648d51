"""The raw signal: what is recorded, and that a night can be scored from it again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from compression.zstd import ZstdError
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Event, Gap, Movement, event_id
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.offline.detect import detect_recording
from limber_bridge.recordings import read_recording
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.storage import raw_recorder as module
from limber_bridge.storage.disk_faults import DiskFault
from limber_bridge.storage.raw_format import RawFile, RawFileInfo, pack, read_raw_file, unpack
from limber_bridge.storage.raw_recorder import RawRecorder, RawStore
from tests.bridge.examples import BERLIN, local
from tests.bridge.test_journal_writer import full_disk, until

ANKLE = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
EMG = Sensor(2, Quantity.EMG, Placement.TIBIALIS, Side.LEFT)
NIGHT = date(2026, 11, 22)
AT = local("2026-11-21T23:00")
CALENDAR = Calendar(BERLIN)
INFO = RawFileInfo("anna", "2026-11-22", "0.1.0")


def same(one: SampleBlock, other: SampleBlock) -> bool:
    return (
        (one.first, one.clock, one.rate) == (other.first, other.clock, other.rate)
        and one.samples.shape == other.samples.shape
        and np.array_equal(one.samples, other.samples, equal_nan=True)
    )


def as_sent(signal: Floats, step: float) -> Floats:
    """Return a signal in whole steps, as a network sensor sends it."""
    counts: Floats = np.rint(signal / step)
    return counts * step


counts = st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=20)


@given(
    counts,
    st.sampled_from([1e-3, 1e-4, 0.1, np.pi]),
    st.integers(0, 2**40),
    st.sets(st.integers(0, 19)),
)
def test_blocks_are_unpacked_bit_for_bit(
    values: list[int], step: float, first: int, lost: set[int]
) -> None:
    samples = np.array([values, values[::-1]], dtype=np.float64) * step
    samples[:, [index for index in lost if index < len(values)]] = np.nan
    block = SampleBlock(first, samples, SampleClock(first - 3, AT, 49.87), 50.0)
    head, tail = block.split(len(values) // 2)
    kept = [one for one in (head, tail) if one.samples.shape[1]]
    assert all(same(*pair) for pair in zip(kept, unpack(pack(kept)), strict=True))


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, ZstdError)):
        list(unpack(data))


def test_a_clock_without_a_rate_is_refused() -> None:
    samples = np.zeros((3, 4))
    block = SampleBlock(0, samples, SampleClock(0, AT, 50.0), 50.0)
    for broken in (replace(block, clock=SampleClock(0, AT, 0.0)), replace(block, rate=0.0)):
        with pytest.raises(ValueError, match="a rate is not above 0"):
            list(unpack(pack([broken])))


def simulated(sensor: Sensor, hours: float, rate: float, step: float) -> list[SampleBlock]:
    """Return a night in blocks of half a second, as a sensor sends it."""
    cut: list[SampleBlock] = []
    for block in signal_blocks(
        plan_night(3, NightSpec(hours=hours, plm_index=60, cramps=0)), sensor, rate, AT
    ):
        sent = replace(block, samples=as_sent(block.samples, step))
        while sent.samples.shape[1] > rate / 2:
            piece, sent = sent.split(round(rate / 2))
            cut.append(piece)
        cut.append(sent)
    return cut


def found(events: Sequence[Event]) -> dict[str, Event]:
    return {event_id(event): event for event in events}


def test_a_recorded_night_scores_as_it_did_live(tmp_path: Path) -> None:
    """Every event is the same, bit for bit; an hour takes less than 1 MB."""
    signal = simulated(ANKLE, 1.0, 50.0, 1e-3)
    file = RawFile(tmp_path / "anna-2026-11-22.db", INFO, AT)
    detector = Pipeline([ANKLE])
    live: list[Event] = []
    for begin in range(0, len(signal), 10):
        file.write([(ANKLE, signal[begin : begin + 10])])
        for block in signal[begin : begin + 10]:
            live += detector.process(ANKLE.id, block)
    file.close()
    live += detector.finish()
    again = detect_recording(read_recording(tmp_path / "anna-2026-11-22.db"), WASM_2016)
    assert found(again.events) == found(live)
    assert sum(isinstance(event, Movement) for event in live) > 30
    assert [path.name for path in tmp_path.iterdir()] == ["anna-2026-11-22.db"]
    assert (tmp_path / "anna-2026-11-22.db").stat().st_size < 1_000_000


def test_a_damaged_block_becomes_a_gap_and_is_named(tmp_path: Path) -> None:
    signal = simulated(ANKLE, 0.5, 50.0, 1e-3)
    path = tmp_path / "anna-2026-11-22.db"
    file = RawFile(path, INFO, AT)
    for begin in range(0, len(signal), 10):
        file.write([(ANKLE, signal[begin : begin + 10])])
    file._database.execute("UPDATE block SET data = zeroblob(50) WHERE number = 20")
    file.close()
    recording = read_raw_file(path)
    assert len(recording.notes) == 1
    assert "cannot be read (its checksum is wrong); left out" in recording.notes[0]
    (gap,) = [
        event for event in detect_recording(recording, WASM_2016).events if isinstance(event, Gap)
    ]
    assert (gap.end - gap.onset) / SECOND == pytest.approx(5.0, abs=0.05)


def test_sample_numbers_go_on_over_a_restart_of_the_bridge(tmp_path: Path) -> None:
    """The time in between is a gap."""
    path = tmp_path / "anna-2026-11-22.db"
    still = np.tile([[0.0], [1.0], [0.0]], 500)
    for numbered_since, begin in ((AT, AT), (AT + 60 * SECOND, AT + 70 * SECOND)):
        file = RawFile(path, INFO, numbered_since)
        file.write([(ANKLE, [SampleBlock(0, still, SampleClock(0, begin, 50.0), 50.0)])])
        file.close()
    recording = read_raw_file(path)
    (signal,) = recording.signals
    assert [block.first for block in signal.blocks] == [0, 3500]
    assert [block.clock.time_of(block.first) for block in signal.blocks] == [AT, AT + 70 * SECOND]
    (gap,) = [
        event for event in detect_recording(recording, WASM_2016).events if isinstance(event, Gap)
    ]
    assert (gap.onset, gap.end) == (AT + round(9.98 * SECOND), AT + 70 * SECOND)


def test_a_file_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "anna-2026-11-22.db"
    file = RawFile(path, INFO, AT)
    with pytest.raises(UnreadableRecordingError, match="no signal in it yet"):
        read_raw_file(path)
    file.write([(ANKLE, simulated(ANKLE, 0.5, 50.0, 1e-3)[:20])])
    assert read_raw_file(path).duration == pytest.approx(9.98)
    file.close()


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"SQLite format 3\0 and nothing more"], ids=str
)
def test_a_file_of_another_format_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(UnreadableRecordingError, match="not a raw signal file"):
        read_raw_file(tmp_path / "x.db")


def still(begin: int, seconds: float = 0.5) -> SampleBlock:
    return SampleBlock(
        0, np.tile([[0.0], [1.0], [0.0]], round(50 * seconds)), SampleClock(0, begin, 50.0), 50.0
    )


async def flushed(raw: RawRecorder, met: Callable[[], bool] = lambda: True) -> None:
    await raw.flush()
    await until(met)


async def test_each_night_has_a_file_and_the_oldest_are_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    raw = RawRecorder(RawStore(tmp_path / "raw", 3, 1000), CALENDAR, AT)
    for day in range(18, 24):
        raw.add_block("anna", ANKLE, still(local(f"2026-11-{day}T01:00")))
        raw.add_block(
            "anna",
            EMG,
            SampleBlock(
                0, np.zeros((1, 100)), SampleClock(0, local(f"2026-11-{day}T01:00"), 250.0), 250.0
            ),
        )
        await flushed(raw)
    await raw.delete_old_files(["anna"], date(2026, 11, 23))
    await raw.close()
    names = [f"anna-2026-11-{day}.db" for day in range(21, 24)]
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == names
    assert caplog.text.count("deleted: beyond the limits under `retention`") == 3
    assert len(read_raw_file(tmp_path / "raw" / names[0]).signals) == 2


async def test_the_oldest_files_are_deleted_beyond_the_size_limit(tmp_path: Path) -> None:
    store = RawStore(tmp_path / "raw", 9, 0)
    raw = RawRecorder(store, CALENDAR, AT)
    for day in range(18, 24):
        raw.add_block("anna", ANKLE, still(local(f"2026-11-{day}T01:00")))
    await flushed(raw)
    await raw.delete_old_files(["anna"], date(2026, 11, 23))
    await raw.close()
    assert [path.name for path in store.files("anna")] == ["anna-2026-11-23.db"]


async def test_a_full_disk_leaves_a_gap_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = RawRecorder(RawStore(tmp_path / "raw", 7, 1000), CALENDAR, AT)
    raw.add_block("anna", ANKLE, still(AT))
    await flushed(raw)
    with full_disk():
        for second in range(1, 400):
            raw.add_block("anna", ANKLE, still(AT + second * SECOND, 1.0))
            if second % 100 == 0:
                await raw.flush()
        assert raw.fault is DiskFault.DISK_ERROR
    await flushed(raw, lambda: raw.fault is None)
    await raw.close()
    times = [
        block.clock.time_of(block.first)
        for block in read_raw_file(tmp_path / "raw/anna-2026-11-22.db").signals[0].blocks
    ]
    assert times[0] == AT
    assert (times[1] - AT) / SECOND == pytest.approx(400 - 120, abs=2)
    assert caplog.text.count("RAW SIGNAL NOT RECORDED") == 1
    assert caplog.text.count("recording the raw signal again") == 1


async def test_the_last_of_the_disk_is_reserved_for_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESERVED_BYTES", 10**18)
    raw = RawRecorder(RawStore(tmp_path / "raw", 7, 1000), CALENDAR, AT)
    raw.add_block("anna", ANKLE, still(AT))
    await raw.flush()
    assert raw.fault is DiskFault.DISK_FULL
    await raw.close()


async def test_a_sample_is_on_the_disk_within_ten_seconds(tmp_path: Path) -> None:
    raw = RawRecorder(RawStore(tmp_path / "raw", 7, 1000), CALENDAR, AT)
    writing = asyncio.create_task(raw.run())
    raw.add_block("anna", ANKLE, still(AT))
    began = time.monotonic()
    path = tmp_path / "raw/anna-2026-11-22.db"
    await until(lambda: path.exists() and bool(count_signals(path)))
    assert time.monotonic() - began < 10
    writing.cancel()
    await raw.close()


def count_signals(path: Path) -> int:
    try:
        return len(read_raw_file(path).signals)
    except UnreadableRecordingError:
        return 0


async def test_a_file_that_a_crash_left_open_is_completed(tmp_path: Path) -> None:
    store = RawStore(tmp_path / "raw", 7, 1000)
    raw = RawRecorder(store, CALENDAR, AT)
    raw.add_block("anna", ANKLE, still(AT))
    await flushed(raw)
    path = store.path("anna", NIGHT)
    left = {tail: path.with_name(path.name + tail).read_bytes() for tail in ("", "-wal")}
    await raw.close()
    for tail, data in left.items():
        path.with_name(path.name + tail).write_bytes(data)
    again = RawRecorder(store, CALENDAR, AT + SECOND)
    await again.delete_old_files(["anna"], date(2026, 11, 23))
    await again.close()
    assert [one.name for one in (tmp_path / "raw").iterdir()] == [path.name]
    assert len(read_raw_file(path).signals) == 1


async def test_the_log_of_a_damaged_file_is_not_applied_to_the_next_one(tmp_path: Path) -> None:
    """A bridge that was killed has left it; SQLite would take it for the log of the new file."""
    store = RawStore(tmp_path / "raw", 7, 1000)
    path = store.path("anna", NIGHT)
    raw = RawRecorder(store, CALENDAR, AT)
    raw.add_block("anna", ANKLE, still(AT))
    await raw.flush()
    log = path.with_name(f"{path.name}-wal").read_bytes()
    await raw.close()
    path.write_bytes(b"\0" * 8192)
    path.with_name(f"{path.name}-wal").write_bytes(log)
    again = RawRecorder(store, CALENDAR, AT + SECOND)
    again.add_block("anna", ANKLE, still(AT + 60 * SECOND))
    await again.flush()
    await again.close()
    (signal,) = read_raw_file(path).signals
    assert len(list(signal.blocks)) == 1
    assert len(list(store.folder.glob("*.damaged-*-wal"))) == 1


async def test_a_damaged_file_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = RawStore(tmp_path / "raw", 7, 1000)
    store.folder.mkdir()
    store.path("anna", NIGHT).write_bytes(b"\0" * 8192)
    raw = RawRecorder(store, CALENDAR, AT)
    raw.add_block("anna", ANKLE, still(AT))
    await flushed(raw)
    await raw.close()
    assert len(read_raw_file(store.path("anna", NIGHT)).signals) == 1
    (aside,) = store.folder.glob("anna-2026-11-22.db.damaged-*")
    assert aside.stat().st_size == 8192
    assert "it is kept as" in caplog.text
