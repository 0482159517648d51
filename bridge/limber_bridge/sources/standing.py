"""What the sender of a frame has proven, before the frame is decoded. Pure.

Everybody in the network can send frames, and can give a datagram any address. So what a frame may
use up depends on what it proves: a sensor with a key never waits for strangers.
"""

import hmac
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from limber_bridge.sources.frames import (
    HEADER,
    MAGIC,
    NO_SIGNATURE,
    SIGNATURE_OFFSET,
    VERSION,
    compute_signature,
)
from limber_bridge.sources.replay_guard import ReplayGuard

LATEST_FRAMES: Final = 512
"""Verified frames of a sensor that are remembered. Chosen: two batches of datagrams, and a minute
of an ankle sensor; about 60 kB."""


class Standing(IntEnum):
    """What the sender of a frame has proven; a higher one goes first."""

    STRANGER = 0
    """Nothing: no frame, no configured sensor, or not its signature."""
    CLAIMED = 1
    """It sends what a configured sensor could send, but anyone could: a frame of a sensor without a
    key, or a signed frame that was read before and may have been recorded."""
    VERIFIED = 2
    """It has the key of a sensor: the frame is signed and new."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Which sensor a frame names, and what it has proven."""

    standing: Standing
    sensor: int | None = None
    """None: no sensor that is configured."""


type Judge = Callable[[bytes], Claim]
"""Says what the sender of a frame has proven."""

NOTHING_PROVEN = Claim(Standing.STRANGER)


def named_sensor(data: bytes) -> int | None:
    """Return the id of the sensor that a frame names; None if it has no header of this version."""
    if len(data) < HEADER.size or data[:2] != MAGIC or data[2] != VERSION:
        return None
    return int.from_bytes(data[4:8], "little")


def judge_frame(
    data: bytes, keys: Mapping[int, bytes | None], guards: Mapping[int, ReplayGuard]
) -> Claim:
    """Return what a frame proves; `keys` and `guards` are by sensor id, None is no key."""
    sensor = named_sensor(data)
    if sensor is None or sensor not in keys:
        return NOTHING_PROVEN
    signature = data[SIGNATURE_OFFSET : HEADER.size]
    key = keys[sensor]
    if key is None:
        standing = Standing.CLAIMED if signature == NO_SIGNATURE else Standing.STRANGER
    elif not hmac.compare_digest(compute_signature(data, key), signature):
        standing = Standing.STRANGER
    elif guards[sensor].has_read(
        int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")
    ):
        standing = Standing.CLAIMED
    else:
        standing = Standing.VERIFIED
    return Claim(standing, sensor)


class LatestFrames:
    """Remember the latest frames that were verified: a copy of one has proven nothing new.

    How far a sensor was read shows that only once a frame is read, and never for a clock frame,
    which is read again and again. Without this, copies would spend the budget of the sensor.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._signatures: defaultdict[int | None, dict[bytes, None]] = defaultdict(dict)
        """By sensor, the oldest first."""

    def claim_of(self, data: bytes, claim: Claim) -> Claim:
        """Return what a frame proves, given what it proves by itself."""
        if claim.standing is not Standing.VERIFIED:
            return claim
        known = self._signatures[claim.sensor]
        signature = data[SIGNATURE_OFFSET : HEADER.size]
        if signature in known:
            return replace(claim, standing=Standing.CLAIMED)
        known[signature] = None
        if len(known) > LATEST_FRAMES:
            del known[next(iter(known))]
        return claim


def judge_any_sensor(data: bytes) -> Claim:
    """Return that a frame could be from any sensor: for a scan, which knows none."""
    sensor = named_sensor(data)
    return NOTHING_PROVEN if sensor is None else Claim(Standing.CLAIMED, sensor)
