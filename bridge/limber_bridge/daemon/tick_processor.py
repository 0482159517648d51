"""Advances the time: once a second, at the start, at the stop, and when the clock is set."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from limber_bridge.daemon.bridge_health import BridgeHealthMonitor
from limber_bridge.daemon.change_applier import ChangeApplier
from limber_bridge.daemon.publisher import Publisher
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.systemd import ServiceManager
from limber_bridge.daemon.trial_runner import TrialRunner
from limber_bridge.detection.events import ClockStep
from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.host_clock import HostClock, HostClockStep
from limber_bridge.storage.journal_errors import JournalError

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TickedParts:
    """What every tick calls."""

    applier: ChangeApplier
    publisher: Publisher
    trials: TrialRunner
    service: ServiceManager
    """Notified with every tick."""


class TickProcessor:
    """Advance all sleepers to the host's time."""

    def __init__(
        self,
        host: HostClock,
        monitors: Mapping[str, SleeperMonitor],
        health: BridgeHealthMonitor,
        parts: TickedParts,
    ) -> None:
        """Start; nothing happens before `process_start`."""
        self._host = host
        self._monitors = monitors
        self._health = health
        self._applier = parts.applier
        self._publisher = parts.publisher
        self._trials = parts.trials
        self._service = parts.service

    async def process_start(self) -> None:
        """Continue after the time in which no bridge ran; report a clock that was set back then."""
        now = self._host.now()
        changes = [(monitor, monitor.resume_at(now)) for monitor in self._monitors.values()]
        steps = [
            filed.event.by
            for _, change in changes
            for filed in change.events
            if isinstance(filed.event, ClockStep)
        ]
        if steps:
            largest = min(steps)
            LOG.warning(
                "the clock of this machine was set back by %.1f s or more while no bridge ran: how "
                "long the bridge was off is unknown; check the clock of this machine",
                -largest / SECOND,
            )
            self._health.note_clock_step(HostClockStep(now, largest))
        await self._applier.apply_all(changes)

    async def process_tick(self) -> None:
        """Let the time pass for every sleeper."""
        # Asking for the time finds the steps of the wall clock.
        self._host.now()
        for step in self._host.take_steps():
            await self._process_clock_step(step)
        for monitor in self._monitors.values():
            await self._applier.apply(monitor, monitor.advance_to(self._host.now()))
            # With many sleepers a tick takes long; samples must not wait for all of them.
            await asyncio.sleep(0)
        await self._trials.process()
        await self._applier.write_progress_if_due()
        self._publisher.publish_info_if_changed()
        self._health.note_tick()
        self._service.notify_alive(self._health.status_line())

    async def process_stop(self) -> None:
        """Write the movements in progress, as long as they were seen, before the bridge stops."""
        for monitor in self._monitors.values():
            change = monitor.interrupt(self._host.now())
            # The disk's problem has been reported already, and every sleeper gets a chance.
            with contextlib.suppress(JournalError):
                await self._applier.write_final(monitor, change)

    async def _process_clock_step(self, step: HostClockStep) -> None:
        LOG.warning(
            "the clock of this machine was set by %+.1f s: times before and after it cannot be "
            "compared",
            step.offset / SECOND,
        )
        self._health.note_clock_step(step)
        for monitor in self._monitors.values():
            await self._applier.apply(monitor, monitor.apply_clock_step(step.time, step.offset))
