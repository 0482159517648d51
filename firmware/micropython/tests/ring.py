"""Check the ring and the clock; print `ok`."""

import limber_frame
from limber_frame import DeviceClock, FrameRing

TICKS_MODULUS = 1 << 30


class Ticks:
    """A counter of us that wraps as on a board."""

    now = TICKS_MODULUS - 5

    def ticks_us(self) -> int:
        """Return the counter."""
        return self.now % TICKS_MODULUS

    def ticks_diff(self, later: int, earlier: int) -> int:
        """Return the difference of two counters."""
        return (later - earlier) % TICKS_MODULUS


def drain(ring: FrameRing) -> list:
    """Return the frames that are left, without their lengths."""
    found = []
    frame = bytes(ring.next_frame())
    while frame:
        expect(int.from_bytes(frame[:2], "little"), len(frame) - 2)
        found.append(frame[2:])
        frame = bytes(ring.next_frame())
    return found


def expect(found: object, wanted: object) -> None:
    """Raise ValueError if two values differ."""
    if found != wanted:
        raise ValueError(f"{found} instead of {wanted}")


frames = [bytes([number]) * (5 + number % 3) for number in range(20)]
ring = FrameRing(6, 8)
for frame in frames[:4]:
    ring.add(memoryview(frame))
expect(drain(ring), frames[:4])
expect(drain(ring), [])
ring.add(memoryview(frames[4]))
expect(drain(ring), frames[4:5])
ring.rewind()
expect(drain(ring), frames[:5])
for frame in frames[5:]:
    ring.add(memoryview(frame))
expect(drain(ring), frames[-6:])
ring.rewind()
expect(drain(ring), frames[-6:])
ring.skip_to_end()
expect(drain(ring), [])

ticks = Ticks()
limber_frame.time = ticks
clock = DeviceClock()
total = 0
for step in (3, 4, 500_000_000, 1_000_000_000, 1_000_000_000, 7):
    ticks.now += step
    total += step
    expect(clock.now(), total)
print("ok")
