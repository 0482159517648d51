"""What sensors deliver, on its way to the detection.

Law: a source that is lost, or calls its sensors and hears nothing of them, is opened anew for as
long as it takes, and what it delivers afterwards has numbers that go on from those before.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.sensor_health import SILENT
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.replay_guard import ReplayGuard
from limber_bridge.sources.source_api import (
    Samples,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)

LOG: Final = logging.getLogger(__name__)

AGAIN: Final = 10.0
"""s until a source that was lost is tried again."""
SELDOM: Final = 300.0
"""s between two attempts at the most to open a source anew that delivers nothing: someone is not in
bed all day."""


class SourceRunner:
    """Opens all sources of a configuration, and numbers what they deliver."""

    def __init__(
        self,
        config: Config,
        host: HostClock,
        read: Mapping[int, Iterable[ReadPosition]],
        put: Callable[[SourceEvent], Awaitable[None]],
    ) -> None:
        """Begin with how far signed frames were read by sensor; `put` takes what arrives, and may
        take its time.
        """
        self._config = config
        self._host = host
        self._begun = host.now()
        self._put = put
        self._seen = {sensor: ReplayGuard(starts) for sensor, starts in read.items()}
        self._ends: dict[int, int] = {}
        self.queues: dict[str, Callable[[], int]] = {}
        """What waits in a source, by name."""

    def took(self, samples: Samples) -> None:
        """Note that samples of a signed frame were read: it counts no second time."""
        if samples.read_position is not None:
            self._seen.setdefault(samples.sensor, ReplayGuard()).add_position(samples.read_position)

    def read(self, sensors: Iterable[int]) -> list[tuple[int, ReadPosition]]:
        """Return how far the signed frames of some sensors were read, by sensor, the latest start
        last.
        """
        return [(sensor, start) for sensor in sensors for start in self._seen.get(sensor, ())]

    def wanted(self) -> Iterator[tuple[str, tuple[SensorRequest, ...]]]:
        """Yield the sensors that each source is asked for."""
        for name, source in SOURCES.items():
            wanted = tuple(
                watched.request
                for sleeper in self._config.sleepers
                for watched in sleeper.sensors
                if watched.source == name
            )
            for sensors in [wanted] if source.shared and wanted else [(one,) for one in wanted]:
                yield name, sensors

    def _request(self, name: str, wanted: tuple[SensorRequest, ...]) -> SourceRequest:
        """Return what a source is asked for, as things are now."""
        signed = {one.sensor.id: tuple(self._seen.get(one.sensor.id, ())) for one in wanted}
        settings = self._config.source_settings.get(name)
        calendar = self._config.calendar
        return SourceRequest(
            wanted, settings, calendar, self._host, self._begun, signed, self.queues
        )

    async def pump(self, name: str, source: Source, wanted: tuple[SensorRequest, ...]) -> None:
        """Hand on what a source delivers; when it is lost, or silent where that means something,
        open it anew.
        """
        complained = ""
        patience = SILENT / SECOND
        while True:
            # Whatever number a source begins with, ours go on: what was seen before would be
            # dropped.
            bases = {one.sensor.id: self._ends.get(one.sensor.id, 0) for one in wanted}
            try:
                async with contextlib.aclosing(source.run(self._request(name, wanted))) as arrivals:
                    waits = source.listens or not source.live
                    heard = await self._hand_on(arrivals, bases, None if waits else patience)
                if heard is None:
                    return
            except SourceLostError as error:
                heard = False
                if str(error) != complained:
                    LOG.error("source %s: %s", name, error)  # noqa: TRY400 - for a person, who has no use for a traceback
                complained = str(error)
                await asyncio.sleep(AGAIN)
            if heard:
                complained = ""
                patience = SILENT / SECOND
            else:
                patience = min(2 * patience, SELDOM)

    async def _hand_on(
        self,
        arrivals: AsyncGenerator[SourceEvent],
        bases: Mapping[int, int],
        patience: float | None,
    ) -> bool | None:
        """Hand on what a source delivers until it is over, or until no sample has come for
        `patience` s.

        Return None when it is over, else whether there were samples before.
        """
        loop = asyncio.get_running_loop()
        heard = False
        until = None if patience is None else loop.time() + patience
        while True:
            try:
                async with asyncio.timeout_at(until):
                    arrival = await anext(arrivals)
            except StopAsyncIteration:
                return None
            except TimeoutError:
                LOG.debug("no sample for %g s; opening the source anew", patience)
                return heard
            if isinstance(arrival, Samples):
                heard = True
                arrival = self._numbered(arrival, bases[arrival.sensor])
            await self._put(arrival)
            # Only now: it is not the source's fault if we are slow.
            until = loop.time() + SILENT / SECOND if heard and until is not None else until

    def _numbered(self, samples: Samples, base: int) -> Samples:
        """Return samples with the numbers that the detector knows them by, and note how far they
        have come.
        """
        samples = samples.renumbered(base) if base else samples
        self._ends[samples.sensor] = max(samples.block.end, self._ends.get(samples.sensor, 0))
        return samples
