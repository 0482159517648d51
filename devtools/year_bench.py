"""Measure how long it takes to score the raw signal of a year of nights again, on two cores."""

import shutil
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from devtools.network_sensor import leg
from devtools.processes import need
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

NIGHTS: Final = 8
"""Nights that are scored; the figure is that of a year of them."""
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
    out = str(folder / "out")
    command = [str(need("limber")), "score", "--quiet", "--jobs", "2", "--out", out]
    # Once for the bytecode and the caches of the system.
    subprocess.run([*command, str(paths[0])], check=True, capture_output=True)
    shutil.rmtree(folder / "out")
    began = time.perf_counter()
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True)
    return (time.perf_counter() - began) * NIGHTS_OF_YEAR / NIGHTS


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
