"""Run `limber` with fast clocks: `python -m devtools.fast_clock CLOCK run ...`.

A night is over in minutes. Everything else is real: the process, the frames, the journal, the
broker. CLOCK is SPEED,REAL,BEGIN: the speed factor, the moment on the monotonic clock of this
machine at which the clocks part, and the time that they show then, in s of Unix time. A restarted
bridge is therefore in the same night. A fourth part names a file with the seconds by which the wall
clock is ahead.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import override

from limber_bridge.cli import main
from limber_bridge.sources.host_clock import HostClock


@dataclass(frozen=True, slots=True)
class FastClock:
    """The wall clock and the monotonic clock of a host whose time runs faster."""

    speed: int
    real: float
    """When the clocks part, in s on the monotonic clock of this machine."""
    begin: float
    """Time shown at that moment, in s of Unix time."""
    wrong: Path | None = None
    """File that says by how many s the wall clock is ahead; None: it is correct."""

    @override
    def __str__(self) -> str:
        right = f"{self.speed},{self.real!r},{self.begin!r}"
        return right if self.wrong is None else f"{right},{self.wrong}"

    def now(self) -> float:
        """Return the true time, in s of Unix time."""
        return self.begin + (time.monotonic() - self.real) * self.speed

    def wall(self) -> int:
        """Return what the wall clock shows, in ns of Unix time."""
        ahead = 0.0 if self.wrong is None else float(self.wrong.read_text())
        return round((self.now() + ahead) * 1e6) * 1000

    def put(self, ahead: float) -> None:
        """Set the wall clock ahead of the true time by some s."""
        assert self.wrong is not None  # noqa: S101 - nobody sets a clock that is right
        part = self.wrong.with_suffix(".part")
        part.write_text(repr(ahead))
        part.replace(self.wrong)

    def monotonic(self) -> int:
        """Return the monotonic time, in ns."""
        return time.monotonic_ns() * self.speed


def parse(text: str) -> FastClock:
    """Parse a clock from the command line."""
    speed, real, begin, *wrong = text.split(",", 3)
    return FastClock(int(speed), float(real), float(begin), *map(Path, wrong))


def make_fast(clock: FastClock) -> None:
    """Let every clock of the host that this process makes run by another one."""
    HostClock.__init__.__defaults__ = (clock.wall, clock.monotonic)


if __name__ == "__main__":
    make_fast(parse(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
