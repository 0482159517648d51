"""Measure how long a night in CSV takes, from the command to the measures.

It is compared with the fastest reader of the same file, polars, in the same minute: as absolute
times differ between machines, only the ratio is a figure.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from devtools.processes import need, with_bytecode
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.recordings.csv import write_csv
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks

ANKLE: Final = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
RATE_HZ: Final = 50.0
ROUNDS: Final = 5
WITHOUT_POLARS: Final = (
    "import sys; sys.modules['polars'] = None; from limber_bridge.cli import main; sys.exit(main())"
)
"""`limber` as it runs without the extra `limber-bridge[fast]`."""


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes, in s."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def write_night(path: Path) -> None:
    """Write eight hours of an ankle sensor."""
    names = [f"left_acc_{axis}" for axis in "xyz"]
    blocks = signal_blocks(plan_night(1, NightSpec(cramps=0)), ANKLE, RATE_HZ)
    write_csv(path, Quantity.ACCELERATION, names, blocks)


def csv_figures() -> dict[str, float]:
    """Return the median ratios of two durations, each pair measured directly after each other."""
    import polars  # noqa: PLC0415 - measured in the environment that has it

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "night.csv"
        write_night(path)
        commands = {
            "csv_night_s": [sys.executable, "-c", WITHOUT_POLARS],
            "csv_night_fast_s": [need("limber")],
        }

        def read() -> object:
            return polars.read_csv(path)

        read()
        found: dict[str, float] = {}
        for name, command in commands.items():
            whole = [*command, "score", "--json", str(path)]
            score = partial(
                subprocess.run,
                whole,
                stdout=subprocess.DEVNULL,
                check=True,
                env=with_bytecode(),
            )
            score()
            found[name] = statistics.median(seconds(score) / seconds(read) for _ in range(ROUNDS))
        return found


if __name__ == "__main__":
    print(json.dumps(csv_figures()))
