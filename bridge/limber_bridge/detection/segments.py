"""Segments of a movement: parts in which a limb shakes or goes from one position to another."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.signal import Floats

JUDGED_FRAMES: Final = 1200
"""Frames of a movement on which its morphology and rhythm are judged, 30 s to a minute;
docs/science.md#processing-limits."""


@dataclass(slots=True)
class Segment:
    """A part of a movement, ended by 0.5 s without shaking."""

    onset: int
    """us; where it began to rise."""
    first_frame: int
    """us; start of its first frame."""
    end: int | None = None
    """us; None while it lasts."""
    peak: float = 0.0
    """Highest envelope."""
    envelope: list[Floats] = field(default_factory=list)
    shaking: list[Floats] = field(default_factory=list)
    means: list[Floats] = field(default_factory=list)
    """Its first `JUDGED_FRAMES` frames, block by block."""
    kept_frames: int = 0
    """Number of frames that are kept in these lists."""
    held_at: Floats | None = None
    """Position in which the limb was still after it."""
    near_since: int | None = None
    """us; since when the limb was back near its resting position after it, for as long as ends a
    movement."""
    lower_share: float = 0.0
    """Energy of the lower threshold as a share of the energy of the peak, both above the noise."""

    def is_shorter_than(self, duration: int) -> bool:
        """Return whether it has ended and lasted less than `duration` us."""
        return self.end is not None and self.end - self.onset < duration

    def add_frames(self, envelope: Floats, shaking: Floats, means: Floats) -> None:
        """Add the next frames."""
        if not len(envelope):
            return
        self.peak = max(self.peak, float(envelope.max()))
        # The peak is that of all frames, but only the first ones are kept.
        room = max(0, JUDGED_FRAMES - self.kept_frames)
        self.kept_frames += min(room, len(envelope))
        if room:
            # Copies: a view would keep the signal of the whole night in memory.
            self.envelope.append(envelope[:room].copy())
            self.shaking.append(shaking[:room].copy())
            self.means.append(means[:, :room].copy())


def join_segments(segments: Sequence[Segment], end: int | None) -> Segment:
    """Return segments as a single one that ends at a time (us)."""
    joined = Segment(
        segments[0].onset, segments[0].first_frame, end, lower_share=segments[-1].lower_share
    )
    joined.peak = max(segment.peak for segment in segments)
    joined.held_at = segments[-1].held_at
    for segment in segments:
        joined.envelope += segment.envelope
        joined.shaking += segment.shaking
        joined.means += segment.means
        joined.kept_frames += segment.kept_frames
    return joined


def pause_before(segments: Sequence[Segment], index: int) -> int | None:
    """Return the stillness (us) between a segment and the previous one, or None if unknown."""
    end = segments[index - 1].end
    return None if end is None else segments[index].onset - end
