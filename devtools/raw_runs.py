"""Short runs of the raw signal, during which its disk may fail or the power may be cut.

What a call of `flush` has written must be there once. What waits for the next one, at most ten
seconds of signal, may be lost.
"""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from limber_bridge.detection.signal import (
    SECOND,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
)
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.storage.raw_format import read_raw_file
from limber_bridge.storage.raw_recorder import RawRecorder, RawStore

SLEEPER: Final = "anna"
NIGHT: Final = date(2026, 11, 22)
CALENDAR: Final = Calendar(ZoneInfo("Europe/Berlin"))
ANKLE: Final = Sensor(2, Quantity.ACCELERATION, Placement.ANKLE)
BEGIN: Final = 1_795_300_000 * SECOND
"""us since 1970; the first sample."""
RATE: Final = 50.0
BLOCK_SAMPLES: Final = 50
BLOCKS: Final = 5
LAST_BLOCK: Final = 99
"""Number of the block that is written after all faults."""
ATTEMPTS: Final = 8
"""How often a block is tried, as the running bridge does. chosen: more than faults follow."""


@dataclass(slots=True)
class RawResult:
    """What a run wrote, and what went wrong."""

    acknowledged: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def prepare_nothing(folder: Path) -> int:
    """Begin without a file; return how many blocks there are."""
    folder.mkdir()
    return 0


def prepare_some(folder: Path) -> int:
    """Begin with a file of a bridge that was killed; return how many blocks it holds."""
    written = folder.with_name(f"{folder.name} written")

    async def write() -> None:
        recorder = open_recorder(written, 0)
        for number in range(2):
            recorder.add_block(SLEEPER, ANKLE, block(number))
            await recorder.flush()
        shutil.copytree(written, folder)
        await recorder.close()

    asyncio.run(write())
    shutil.rmtree(written)
    return 2


RAW_RUNS: Final[dict[str, Callable[[Path], int]]] = {
    "first block of a night": prepare_nothing,
    "restart in a night": prepare_some,
}


def open_recorder(folder: Path, number: int) -> RawRecorder:
    """Return a recorder of a bridge that started before a block."""
    return RawRecorder(RawStore(folder, 7, 1000), CALENDAR, BEGIN + number * SECOND)


def block(number: int) -> SampleBlock:
    """Return a block, recognized by its samples, which a run numbers as it does."""
    samples = np.full((3, BLOCK_SAMPLES), number / 100.0)
    first = number * BLOCK_SAMPLES
    return SampleBlock(first, samples, SampleClock(first, BEGIN + number * SECOND, RATE), RATE)


def play_raw(folder: Path, first: int, mark: Callable[[int], None]) -> RawResult:
    """Record blocks from a number on as a bridge does; `mark` receives how many are written."""
    result = RawResult()
    try:
        asyncio.run(record(open_recorder(folder, first), first, mark, result))
    except Exception as error:  # noqa: BLE001 - any error is what this looks for
        result.problems.append(f"uncaught {type(error).__name__}: {error}")
    return result


async def record(
    recorder: RawRecorder, first: int, mark: Callable[[int], None], result: RawResult
) -> None:
    """Record blocks, each tried again while the disk fails."""
    for number in range(first, first + BLOCKS):
        recorder.add_block(SLEEPER, ANKLE, block(number))
        for _ in range(ATTEMPTS):
            await recorder.flush()
            if recorder.fault is None:
                result.acknowledged.append(number)
                mark(number + 1)
                break
    await recorder.close()


def examine_raw(folder: Path, expected: int, result: RawResult) -> list[str]:
    """Record once more after all faults; return what is lost, doubled or set aside for nothing.

    `expected`: how many blocks from the first one on must be there.
    """
    problems = list(result.problems)

    async def write() -> None:
        recorder = open_recorder(folder, LAST_BLOCK)
        recorder.add_block(SLEEPER, ANKLE, block(LAST_BLOCK))
        await recorder.flush()
        if recorder.fault is not None:
            problems.append(f"not recorded afterwards: {recorder.fault}")
        await recorder.close()

    asyncio.run(write())
    problems += [f"set aside: {file.name}" for file in folder.glob("*.damaged-*")]
    try:
        recording = read_raw_file(folder / f"{SLEEPER}-{NIGHT}.db")
    except (UnreadableRecordingError, OSError) as error:
        return [*problems, f"cannot be read afterwards: {error}"]
    found = np.concatenate([one.samples[0] for one in recording.signals[0].blocks])
    numbers, counts = np.unique(np.rint(found * 100).astype(int), return_counts=True)
    if lost := {*range(expected), LAST_BLOCK} - {*numbers.tolist()}:
        problems.append(f"blocks {sorted(lost)} lost")
    if doubled := numbers[counts > BLOCK_SAMPLES].tolist():
        problems.append(f"blocks {doubled} doubled")
    if torn := numbers[counts < BLOCK_SAMPLES].tolist():
        problems.append(f"blocks {torn} torn")
    return problems + list(recording.notes)
