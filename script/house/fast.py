"""`limber` on a host whose clocks run faster, so that a night is over in minutes: python -m house.fast CLOCK run ...

Everything else is real: the process, the frames, the journal, the broker. CLOCK is SPEED,REAL,BEGIN: how many times
faster, and which time (s, Unix) it was at which real one, so that a bridge that is started again is in the same night.
"""

import sys
import time
from dataclasses import dataclass
from typing import override

from limber_bridge import app
from limber_bridge.cli import main
from limber_bridge.clock import HostClock


@dataclass(frozen=True, slots=True)
class FastClock:
    """The clock on the wall, and the monotonic one, of such a host."""

    speed: int
    real: float
    """s, Unix; when the two clocks parted."""
    begin: float
    """s, Unix; what it showed then."""

    @override
    def __str__(self) -> str:
        return f"{self.speed},{self.real!r},{self.begin!r}"

    def now(self) -> float:
        """Return the time in s, Unix."""
        return self.begin + (time.time() - self.real) * self.speed

    def wall(self) -> int:
        """Return the time in ns, Unix."""
        return round(self.now() * 1e6) * 1000

    def monotonic(self) -> int:
        """Return the monotonic time in ns."""
        return time.monotonic_ns() * self.speed


def parse(text: str) -> FastClock:
    """Return the clock in a text."""
    speed, real, begin = text.split(",")
    return FastClock(int(speed), float(real), float(begin))


class OnFastHost(HostClock):
    """The bridge's clock, on that host."""

    def __init__(self) -> None:
        """Begin now."""
        clock = parse(sys.argv[1])
        super().__init__(clock.wall, clock.monotonic)


if __name__ == "__main__":
    setattr(app, HostClock.__name__, OnFastHost)
    sys.exit(main(sys.argv[2:]))
