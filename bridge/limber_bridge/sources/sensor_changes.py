"""Add sensors to a running source and remove them, while it keeps reading the others."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from limber_bridge.domain.read_position import ReadPosition


@dataclass(frozen=True, slots=True)
class SensorAdded:
    """A sensor to read from now on."""

    request: Any
    """A `SensorRequest`."""
    read_positions: Sequence[ReadPosition] = ()
    """How far its signed frames have been read, the latest boot last."""


@dataclass(frozen=True, slots=True)
class SensorRemoved:
    """A sensor that is read no more."""

    sensor: int


type SensorChange = SensorAdded | SensorRemoved


class SensorChanges:
    """Holds the changes that a source has not taken in yet."""

    def __init__(self) -> None:
        """Start without a change."""
        self._waiting: list[SensorChange] = []
        self._arrived = asyncio.Event()

    def put(self, changes: Iterable[SensorChange]) -> None:
        """Add changes, in the order in which they are to be made."""
        self._waiting += changes
        if self._waiting:
            self._arrived.set()

    def take(self) -> list[SensorChange]:
        """Return the changes that wait, and forget them."""
        waiting = self._waiting
        self._waiting = []
        self._arrived.clear()
        return waiting

    async def next(self) -> list[SensorChange]:
        """Wait for changes."""
        await self._arrived.wait()
        return self.take()
