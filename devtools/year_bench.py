"""Measure how long it takes to score the raw signal of a year of nights again, on two cores."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from devtools.network_sensor import leg
from devtools.processes import need, with_bytecode
from limber_bridge.detection.signal import (
    SECOND,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.storage.raw_format import RawFile, RawFileInfo

NIGHTS: Final = 10
"""Nights that are scored; the figure is that of a year of them."""
FEW_NIGHTS: Final = 2
"""Nights that are scored apart, so that the start of the program counts once in a year."""
NIGHTS_OF_YEAR: Final = 365
HOURS: Final = 8
RATE: Final = 50.0
FRAME: Final = 25
"""Samples of a frame of a network sensor."""
START: Final = 1_795_298_400_000_000
"""us; 2026-11-21 at 23:00 in Berlin."""
BATCH: Final = 20
"""Frames that the bridge writes at once."""
ANKLE: Final = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)


def year_s(folder: Path) -> float:
    """Return the s for 365 nights of 8 h at 50 Hz, each as the bridge stored it."""
    first = folder / "night-0.db"
    write_raw_night(first)
    paths = [first, *(folder / f"night-{number}.db" for number in range(1, NIGHTS))]
    for path in paths[1:]:
        shutil.copy(first, path)
    # Once for the bytecode and the caches of the system.
    score_s(folder, paths[:1])
    few = score_s(folder, paths[:FEW_NIGHTS])
    many = score_s(folder, paths)
    return many + (NIGHTS_OF_YEAR - NIGHTS) * (many - few) / (NIGHTS - FEW_NIGHTS)


def score_s(folder: Path, paths: Sequence[Path]) -> float:
    """Return the s that it takes to score some nights."""
    out = folder / "out"
    command = [str(need("limber")), "score", "--quiet", "--jobs", "2", "--out", str(out)]
    began = time.perf_counter()
    subprocess.run(
        [*command, *map(str, paths)], check=True, capture_output=True, env=with_bytecode()
    )
    duration = time.perf_counter() - began
    shutil.rmtree(out)
    return duration


def write_raw_night(path: Path) -> None:
    """Write the raw signal of a night, in frames with a clock each, as they arrive live."""
    kicks = [(300.0 + 25 * number, 2.0) for number in range(HOURS * 3600 // 25 - 24)]
    signal = leg(0, HOURS * 3600, kicks)
    rng = np.random.default_rng(1)
    info = RawFileInfo("anna", date(2026, 11, 22).isoformat(), "bench")
    file = RawFile(path, info, START)
    blocks = []
    for begin in range(0, signal.shape[1], FRAME):
        jitter = int(rng.integers(-500, 500))
        clock = SampleClock(begin, START + round(begin * SECOND / RATE) + jitter, RATE)
        samples = np.round(signal[:, begin : begin + FRAME], 3)
        blocks.append(SampleBlock(begin, samples, clock, RATE))
    for begin in range(0, len(blocks), BATCH):
        file.write([(ANKLE, blocks[begin : begin + BATCH])])
    file.close()
