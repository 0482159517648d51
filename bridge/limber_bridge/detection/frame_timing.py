"""Durations of the movement rules, in frames of one signal."""

import math
from dataclasses import dataclass
from typing import Final, Self

from limber_bridge.detection.envelope import ENVELOPE_RULES, end_delay, window_frames
from limber_bridge.detection.signal import SECOND, Quantity

QUIET_END_S: Final = 0.5
"""Quiet that ends a movement. WASM 2016 and AASM; docs/science.md#onset-and-end."""
SEPARATE_AFTER_US: Final = 2 * SECOND
"""Stillness that separates a movement from another one or from a position change. Chosen: a person
who turns over adjusts the legs at once, and slow returns continue for a while;
docs/science.md#position-changes and #held-limb."""


BED_PAUSE_US: Final = 3 * SECOND
"""The same at a bed, which feels a leg that is lifted and put down, but not that it is held. As for
a limb that does not quite come back (`held_limb.HELD_MAX_US`); docs/science.md#pieces-at-the-bed.
"""


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """Durations in frames, at one rate of frames."""

    rate: float
    """Frames per second."""
    frame_us: int
    """Length of a frame."""
    window_frames: int
    """Length of the window of the envelope."""
    end_delay_us: int
    """By how much the window delays the end of a movement."""
    quiet_end_frames: int
    """Quiet that ends a movement."""
    quiet_seen_frames: int
    """Quiet frames that must be seen for that.

    A quiet envelope means that the whole window was quiet, so that much of the time has passed when
    the first quiet frame is seen.
    """
    still_seen_frames: int
    """Quiet frames after which a movement is over, if the limb is back or has been away for long
    enough."""
    near_seen_frames: int
    """Quiet frames near the resting position after which nothing more belongs to a movement."""

    @classmethod
    def at_rate(cls, quantity: Quantity, rate: float, *, waits: bool = False) -> Self:
        """Return the durations for a signal of `rate` frames per second.

        With `waits`, a movement ends only after the pause that separates two of them at a bed.
        """
        rule = ENVELOPE_RULES[quantity]
        window = window_frames(rule, rate)
        quiet_end = math.ceil(QUIET_END_S * rate)
        quiet_seen = max(1, quiet_end - window + 1)
        pause = BED_PAUSE_US if waits else SEPARATE_AFTER_US
        near_seen = quiet_seen + round(pause / SECOND * rate)
        return cls(
            rate=rate,
            frame_us=round(SECOND / rate),
            window_frames=window,
            end_delay_us=end_delay(rule, rate),
            quiet_end_frames=quiet_end,
            quiet_seen_frames=quiet_seen,
            still_seen_frames=near_seen if waits else quiet_seen,
            near_seen_frames=near_seen,
        )
