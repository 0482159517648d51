"""Break the links of a compiled firmware at random; nothing may be lost while its ring holds.

A second device, whose chip measures the same, sends to a second bridge without disturbance. Nothing
here runs faster than in reality, because the firmware does not.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, override

from devtools.broker import wait_for_port
from devtools.firmware import KEY, Device, MeasuredSignal, build, irregular_kicks, write_signal
from devtools.journal_events import describe, events_of, parts_of
from devtools.processes import DevtoolError, Program, free_port, need, start
from devtools.tcp_proxy import Proxy
from limber_bridge.detection.events import Gap, UnilateralMovement
from limber_bridge.detection.signal import SECOND

CONFIGURATION: Final = "ankle"
FIRMWARE_FAULTS: Final = (
    "firmware: link cut",
    "firmware: link half-open",
    "firmware: bridge killed",
    "firmware: bridge stopped",
)
RING_S: Final = 60.0
"""Time that the ring of the firmware holds."""
LONGEST_OUTAGE_S: Final = 30.0
"""Longest time without the bridge. Chosen: a bridge needs some seconds to start, and a device up to
5 s to connect again."""
CALM_S: Final = 15.0
"""Time without a fault before the results are compared."""
FIRST_KICK_S: Final = 10.0
CLOCK_FRAME_BYTES: Final = 34
"""A device sends at least its clock after each connect."""
ALIKE_S: Final = 0.25
"""Both chips take their samples at times of their own, and each bridge measures the offset of a
clock by itself."""
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin, journal: {journal}}}
broker: {{host: 127.0.0.1, port: 1}}
retention: {{raw_nights: 0}}
web: false
network: {{address: 127.0.0.1, port: {port}}}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, key: {key}}}
"""


@dataclass(slots=True)
class SensorBridge:
    """A bridge with one sensor, which can be stopped and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    _program: Program | None = None

    def start(self) -> None:
        """Start it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "limber.yaml"
        settings.write_text(SETTINGS.format(journal=self.journal, port=self.port, key=KEY.decode()))
        command: list[str | Path] = [need("limber"), "run", "--config", settings]
        self._program = start("bridge", command, self.folder / "bridge.log")

    @property
    def program(self) -> Program:
        """The running process."""
        if self._program is None:
            raise DevtoolError("the bridge was not started")
        return self._program

    @property
    def journal(self) -> Path:
        """File with its events."""
        return self.folder / "limber.db"

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        if self._program is not None:
            self._program.kill()

    def stop(self) -> None:
        """Stop it, so that everything is in the journal."""
        if self._program is not None:
            self._program.stop()


@dataclass(frozen=True, slots=True)
class FirmwareChaosResult:
    """The result of a run."""

    faults: Counter[str]
    movements: int
    """Movements that the undisturbed bridge detected."""
    lost: tuple[str, ...]
    """What the disturbed bridge does not have, and its gaps."""
    surplus: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether nothing was lost or added, and something could have been lost."""
        return not self.lost and not self.surplus and self.movements > 0

    @override
    def __str__(self) -> str:
        faults = "\n".join(f"  {count:5d}  {name}" for name, count in sorted(self.faults.items()))
        wrong = "".join(f"\n  {text}" for text in (*self.lost, *self.surplus))
        return (
            f"firmware over TCP, with a ring of {RING_S:.0f} s\n"
            f"faults injected: {self.faults.total()}\n{faults}\n"
            f"movements of the undisturbed run: {self.movements}\n"
            f"lost: {len(self.lost)}\nsurplus: {len(self.surplus)}{wrong}"
        )


class FirmwareChaos:
    """Injects faults and counts them."""

    def __init__(self, bridge: SensorBridge, proxy: Proxy, rng: random.Random) -> None:
        """Prepare the faults."""
        self._bridge = bridge
        self._proxy = proxy
        self._rng = rng
        self.done: Counter[str] = Counter()
        faults = (self._cut, self._freeze, self._kill, self._stop)
        self._faults: dict[str, Callable[[float], Awaitable[None]]] = dict(
            zip(FIRMWARE_FAULTS, faults, strict=True)
        )

    async def run(self, until: float, wanted: Sequence[str]) -> None:
        """Inject faults until a time (s, monotonic), each at least once if possible."""
        names: list[str] = []
        while (left := until - time.monotonic()) > 0:
            if not names:
                names = list(wanted)
                self._rng.shuffle(names)
            name = names.pop()
            # Mostly short outages: more of them fit into a run.
            away = min(left, LONGEST_OUTAGE_S * self._rng.random() ** 3)
            began = time.monotonic()
            await self._faults[name](away)
            self.done[name] += 1
            await delivers(self._proxy, began + RING_S)
            await asyncio.sleep(self._rng.uniform(0.5, 5.0))

    async def _cut(self, away: float) -> None:
        del away
        self._proxy.cut()

    async def _freeze(self, away: float) -> None:
        self._proxy.freeze()
        await asyncio.sleep(away)
        if self._rng.random() < 0.7:
            self._proxy.cut()
        self._proxy.thaw()

    async def _kill(self, away: float) -> None:
        self._bridge.kill()
        await asyncio.sleep(away)
        self._bridge.start()

    async def _stop(self, away: float) -> None:
        await asyncio.to_thread(self._bridge.stop)
        await asyncio.sleep(away)
        self._bridge.start()


async def delivers(proxy: Proxy, until: float) -> None:
    """Wait until the device is connected and sends; DevtoolError at `until` (s, monotonic)."""
    while proxy.passed < CLOCK_FRAME_BYTES:
        if time.monotonic() > until:
            raise DevtoolError(
                f"the device could not deliver for {RING_S:.0f} s, as long as its ring holds: "
                "this machine is too busy to test it"
            )
        await asyncio.sleep(0.02)


async def firmware_chaos(
    folder: Path, seed: int, seconds: float, wanted: Sequence[str] = ()
) -> FirmwareChaosResult:
    """Break links for some seconds; DevtoolError if something does not start."""
    rng = random.Random(seed)  # noqa: S311 - harm that can be done again
    await asyncio.to_thread(build, CONFIGURATION)
    disturbed = SensorBridge(folder / "disturbed")
    calm = SensorBridge(folder / "calm")
    proxy = Proxy(free_port(), disturbed.port)
    async with AsyncExitStack() as ends:
        for bridge in (disturbed, calm):
            bridge.start()
            ends.callback(bridge.stop)
        await proxy.start()
        ends.push_async_callback(proxy.stop)
        for bridge in (disturbed, calm):
            await asyncio.to_thread(wait_for_port, bridge.program, bridge.port, RING_S)
        signal = await asyncio.to_thread(prepare_signal, folder, seconds, seed)
        for port in (proxy.port, calm.port):
            device = Device(
                CONFIGURATION,
                folder / f"device-{port}",
                {"LIMBER_PORT": str(port)} | signal.environment,
            )
            device.start()
            ends.callback(device.stop)
        harm = FirmwareChaos(disturbed, proxy, rng)
        await delivers(proxy, time.monotonic() + RING_S)
        await asyncio.sleep(FIRST_KICK_S)
        await harm.run(
            time.monotonic() + seconds - FIRST_KICK_S - CALM_S, wanted or FIRMWARE_FAULTS
        )
        await asyncio.sleep(CALM_S)
        for bridge in (disturbed, calm):
            await asyncio.to_thread(bridge.stop)
        return verdict(disturbed.journal, calm.journal, harm.done)


def prepare_signal(folder: Path, seconds: float, seed: int) -> MeasuredSignal:
    """Write what the chips measure from now on; the last kick is over when the faults end."""
    file = folder / "signal"
    write_signal(file, seconds, irregular_kicks(FIRST_KICK_S, seconds - CALM_S, seed))
    return MeasuredSignal(file, time.time())


def verdict(disturbed: Path, calm: Path, faults: Counter[str]) -> FirmwareChaosResult:
    """Compare two journals."""
    ours = [event for _, event in events_of(disturbed)]
    mine = parts_of(ours)
    wanted = parts_of(event for _, event in events_of(calm))
    lost = [f"lost: {describe(one)}" for one in wanted if not any_alike(one, mine)]
    lost += [
        f"gap: at {gap.onset / SECOND:.2f} for {(gap.end - gap.onset) / SECOND:.2f} s"
        for gap in ours
        if isinstance(gap, Gap)
    ]
    surplus = [f"surplus: {describe(one)}" for one in mine if not any_alike(one, wanted)]
    return FirmwareChaosResult(faults, len(wanted), tuple(lost), tuple(surplus))


def any_alike(one: UnilateralMovement, others: Sequence[UnilateralMovement]) -> bool:
    """Return whether one of the others is the same movement."""
    near = round(ALIKE_S * SECOND)
    return any(
        abs(one.onset - other.onset) <= near and abs(one.end - other.end) <= near
        for other in others
    )
