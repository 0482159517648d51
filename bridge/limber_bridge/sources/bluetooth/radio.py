"""Read all sensors of one Bluetooth adapter.

An adapter scans for one program at a time and connects to one device at a time, so sensors are
found and connected one after another. After that they stream side by side.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from limber_bridge.sources.bluetooth.bluez import (
    SilentServiceError,
    power_cycle,
    prepare_adapter,
)
from limber_bridge.sources.bluetooth.decoder import SensorDecoder
from limber_bridge.sources.bluetooth.link import LINK_ERRORS, LinkError, SensorLink
from limber_bridge.sources.bluetooth.options import BluetoothOptions
from limber_bridge.sources.bluetooth.scanner import Advertiser, find_sensor
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import FrameError, Reason, Resent, Samples, SourceEvent

LOG: Final = logging.getLogger(__name__)

SCAN_S: Final = 10.0
"""Longest search for one sensor. Chosen: sensors advertise at least every two seconds."""
RETRY_DELAYS_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Pause after each failure in a row, the last one for all further failures. Chosen: a drop costs
little, and a sensor that is switched off by day does not keep the radio busy."""
POWER_CYCLE_AFTER_S: Final = 60.0
"""Time without a sample after which the adapter is switched off and on, once in each silence."""
BUSY_S: Final = 10.0
"""An adapter that delivered samples of another sensor within this time is not switched off."""
MAX_UNANSWERED_CALLS: Final = 3
"""Calls in a row that the Bluetooth service may leave unanswered. Chosen: the sensors that stream
need no calls, and opening the adapter again would break their links."""

type Deliver = Callable[[SourceEvent], Awaitable[None]]


@dataclass(slots=True, eq=False)
class SensorState:
    """What is known of the data of one sensor; times are seconds of the event loop."""

    options: BluetoothOptions
    decoder: SensorDecoder
    silent_since: float
    """When the last sample arrived, or the adapter was opened."""
    heard: bool = False
    """Whether there were samples since the adapter was opened."""
    power_cycled: bool = False
    """Whether the adapter was switched off and on in this silence."""
    failures: int = 0
    """Failures in a row."""


def lost_link(options: BluetoothOptions, error: Exception) -> LinkError:
    """Return the error for a link that was lost during a call."""
    return LinkError(
        f"the connection to {options.label} was lost ({str(error) or type(error).__name__})"
    )


class Radio:
    """Keeps the sensors of one adapter connected."""

    def __init__(
        self,
        adapter: str,
        host_clock: HostClock,
        deliver: Deliver,
    ) -> None:
        """Start without sensors; `adapter` is a name such as hci0."""
        self._adapter = adapter
        self._host_clock = host_clock
        self._deliver = deliver
        self._lock = asyncio.Lock()
        """Held while a sensor is searched and connected."""
        self._unanswered = 0
        """Calls in a row that the Bluetooth service did not answer."""
        self._states: list[SensorState] = []

    async def read(self, options: BluetoothOptions, decoder: SensorDecoder) -> None:
        """Read a sensor beside the others, until cancelled.

        SourceLostError if the adapter is gone.
        """
        state = SensorState(options, decoder, asyncio.get_running_loop().time())
        self._states.append(state)
        try:
            await self._keep_connected(state)
        finally:
            self._states.remove(state)

    async def _keep_connected(self, state: SensorState) -> None:
        while True:
            try:
                await self._stream(state)
            except LinkError as error:
                await self._report(state, error)
            except LINK_ERRORS as error:
                # Any call fails in its own way while the link is lost.
                await self._report(state, lost_link(state.options, error))
            delay = RETRY_DELAYS_S[min(state.failures, len(RETRY_DELAYS_S)) - 1]
            await asyncio.sleep(delay)
            if self._needs_power_cycle(state):
                await self._power_cycle(state)

    async def _stream(self, state: SensorState) -> None:
        """Connect to a sensor and deliver what it sends until that fails with LinkError."""

        async def deliver(event: SourceEvent) -> None:
            if isinstance(event, Samples | Resent):
                state.silent_since = asyncio.get_running_loop().time()
                state.heard = True
                state.power_cycled = False
                state.failures = 0
            await self._deliver(event)

        link = SensorLink(state.options, state.decoder, self._host_clock, deliver)
        async with self._lock:
            client = await link.connect(await self._find(state.options))
        try:
            await link.watch(client)
        finally:
            await link.close(client)

    async def _find(self, options: BluetoothOptions) -> Advertiser:
        """Return the sensor once it advertises; LinkError if it is not in range."""
        # The adapter may have been unplugged, or switched off by another program.
        await self._prepare_adapter(options)
        try:
            found = await find_sensor(self._adapter, options, SCAN_S)
        except LINK_ERRORS as error:
            raise LinkError(
                f"cannot scan for {options.label} ({error}): restart the Bluetooth service "
                "(`sudo systemctl restart bluetooth`) if this does not pass"
            ) from error
        if isinstance(found, Advertiser):
            return found
        in_range = ", ".join(sorted(other.label for other in found)) or "no other sensor"
        raise LinkError(
            f"{options.label} is not in range (in range: {in_range}): {options.profile.instruction}"
        )

    async def _prepare_adapter(self, options: BluetoothOptions) -> None:
        """Prepare the adapter for a search; LinkError if the service does not answer for once."""
        try:
            await prepare_adapter(self._adapter, options)
        except SilentServiceError as error:
            self._unanswered += 1
            if self._unanswered >= MAX_UNANSWERED_CALLS:
                raise
            raise LinkError(f"cannot search for {options.label}: {error}") from error
        self._unanswered = 0

    async def _report(self, state: SensorState, error: LinkError) -> None:
        """Log a failure, and report it once a person should act on it."""
        state.failures += 1
        LOG.info("%s", error)
        silence = asyncio.get_running_loop().time() - state.silent_since
        if error.lasting or not state.heard or silence >= POWER_CYCLE_AFTER_S:
            detail = str(error)
            if state.power_cycled:
                detail += f" (switching the adapter {self._adapter} off and on had no effect)"
            await self._deliver(FrameError(state.decoder.sensor, Reason.LINK_FAILED, detail))

    def _needs_power_cycle(self, state: SensorState) -> bool:
        """Return whether a sensor is silent for so long that the adapter may be the cause.

        An adapter that delivers the samples of another sensor works.
        """
        now = asyncio.get_running_loop().time()
        if state.power_cycled or now - state.silent_since < POWER_CYCLE_AFTER_S:
            return False
        return all(
            now - other.silent_since > BUSY_S or not other.heard
            for other in self._states
            if other is not state
        )

    async def _power_cycle(self, state: SensorState) -> None:
        async with self._lock:
            failure = await power_cycle(self._adapter)
        for other in self._states:
            other.power_cycled = True
        action = f"{state.options.label}: no sample for {POWER_CYCLE_AFTER_S:g} s"
        if failure is None:
            detail = f"{action}; the adapter {self._adapter} was switched off and on"
        else:
            detail = f"{action}; the adapter {self._adapter} cannot be switched off ({failure})"
        LOG.warning("%s", detail)
        await self._deliver(FrameError(state.decoder.sensor, Reason.LINK_FAILED, detail))
