"""`limber` on a host whose clocks run faster, so that a night is over in minutes: python -m
devtools.fast_clock CLOCK run ...

Everything else is real: the process, the frames, the journal, the broker. CLOCK is
SPEED,REAL,BEGIN: how many times faster, and which time (s, Unix) it was at which real one, so that
a bridge that is started again is in the same night. A fourth part names a file with the seconds by
which the clock on the wall is wrong: whoever writes there sets it.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import override

from limber_bridge.cli import main
from limber_bridge.daemon import bridge as app
from limber_bridge.sources.host_clock import HostClock


@dataclass(frozen=True, slots=True)
class FastClock:
    """The clock on the wall, and the monotonic one, of such a host."""

    speed: int
    real: float
    """s, Unix; when the two clocks parted."""
    begin: float
    """s, Unix; what it showed then."""
    wrong: Path | None = None
    """Where it stands by how much the clock on the wall is ahead, in s; None: it is right."""

    @override
    def __str__(self) -> str:
        right = f"{self.speed},{self.real!r},{self.begin!r}"
        return right if self.wrong is None else f"{right},{self.wrong}"

    def now(self) -> float:
        """Return the true time in s, Unix."""
        return self.begin + (time.time() - self.real) * self.speed

    def wall(self) -> int:
        """Return the time in ns, Unix, as the clock on the wall shows it."""
        ahead = 0.0 if self.wrong is None else float(self.wrong.read_text())
        return round((self.now() + ahead) * 1e6) * 1000

    def put(self, ahead: float) -> None:
        """Set the clock on the wall so that it is ahead of the true time by so many s."""
        assert self.wrong is not None  # noqa: S101 - nobody sets a clock that is right
        part = self.wrong.with_suffix(".part")
        part.write_text(repr(ahead))
        part.replace(self.wrong)

    def monotonic(self) -> int:
        """Return the monotonic time in ns."""
        return time.monotonic_ns() * self.speed


def parse(text: str) -> FastClock:
    """Return the clock in a text."""
    speed, real, begin, *wrong = text.split(",", 3)
    return FastClock(int(speed), float(real), float(begin), *map(Path, wrong))


class OnFastHost(HostClock):
    """The bridge's clock, on that host."""

    def __init__(self) -> None:
        """Begin now."""
        clock = parse(sys.argv[1])
        super().__init__(clock.wall, clock.monotonic)


if __name__ == "__main__":
    setattr(app, HostClock.__name__, OnFastHost)
    sys.exit(main(sys.argv[2:]))
