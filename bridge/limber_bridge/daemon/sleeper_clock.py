"""The time of one sleeper, and how far the sensors have been read."""

from collections.abc import Mapping
from typing import Final

from limber_bridge.detection.signal import SECOND

CLOCK_SET_BACK_US: Final = 2 * SECOND
"""A clock that goes back by more was set by someone. Chosen: more than the jitter of samples that
arrive late, less than any correction a person makes."""


class SleeperClock:
    """Track the current time of one sleeper.

    A live sleeper follows the host's clock. A sleeper whose sensors only play recordings has the
    time of the last sample. All times are us since 1970.
    """

    def __init__(self, now: int, *, live: bool, read_until: Mapping[int, int], last: int) -> None:
        """Start at `now`; `read_until` is the last sample by sensor id, `last` the last event.

        An event counts only where no sample is known. A clock that was years ahead may have dated
        it, and the samples since then show that it was corrected.
        """
        self.live = live
        self.time = now if live else 0
        """Current time; 0 for a recording before its first sample."""
        self.known_at = self.time
        """Earliest time at which the events being found now could be known."""
        self.measured_until = max(read_until.values(), default=last)
        """Time of the last sample of any sensor; 0 before the first."""
        self.reported_until = 0
        """Time up to which reports have said whether the sleeper is in bed; 0 without any."""
        self._read_until = dict(read_until)
        self._skipped_until = 0

    def note_tick(self, now: int) -> None:
        """Note that what is found next becomes known now."""
        self.known_at = now

    def note_samples(self, sensor: int, end: int) -> None:
        """Note that a sensor was read up to its sample at `end`."""
        self.known_at = end
        set_back = end < self._read_until.get(sensor, end) - CLOCK_SET_BACK_US
        self._read_until[sensor] = end
        self.measured_until = end if set_back else max(self.measured_until, end)

    def note_reported(self, end: int) -> None:
        """Note that reports have said up to `end` whether the sleeper is in bed."""
        self.reported_until = end

    def note_skipped(self, end: int) -> None:
        """Note that samples up to `end` arrived during a pause and were not measured."""
        self._skipped_until = end

    def clear_skipped(self) -> None:
        """Forget the samples skipped during a pause that has begun or ended."""
        self._skipped_until = 0

    def set_back_to(self, now: int) -> None:
        """Take it that nothing was measured after `now`: the clock was set back."""
        self.measured_until = now

    def advance_to(self, now: int) -> None:
        """Let the time pass; it goes back only where the host's clock was set back."""
        if not self.live:
            self.time = max(self.measured_until, self._skipped_until)
        elif now < self.time - CLOCK_SET_BACK_US:
            self.time = now
        else:
            self.time = max(self.time, now)
