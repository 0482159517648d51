"""Kill, disconnect and starve a real broker, bridge and client at random; nothing may be lost.

A second bridge receives the same frames without disturbance. What the disturbed bridge records must
be the same outside the gaps that it reports, whatever its clock showed. The night runs at ten times
real speed. Beside it, `devtools.chaos_firmware` breaks the links of a compiled firmware.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from devtools.broker import wait_for_port
from devtools.chaos_faults import BASIC_FAULTS, Chaos, Fault
from devtools.chaos_firmware import FIRMWARE_FAULTS, FirmwareChaosResult, firmware_chaos
from devtools.chaos_mqtt_faults import MQTT_FAULTS
from devtools.chaos_neighbors import NEIGHBOR_FAULTS
from devtools.chaos_pause_faults import PAUSE_FAULTS
from devtools.chaos_person_faults import PERSON_FAULTS
from devtools.chaos_reload_faults import RELOAD_FAULTS
from devtools.chaos_shim_faults import SHIM_FAULTS
from devtools.chaos_stack import ChaosStack, disk_mb, is_bound, small_disk
from devtools.chaos_verdict import (
    NIGHT,
    SIDES,
    ChaosResult,
    apart,
    differences,
    set_aside,
    surplus,
    told,
)
from devtools.fast_clock import FastClock
from devtools.firmware import ESPHOME
from devtools.journal_events import events_of
from devtools.processes import DevtoolError
from devtools.random_sleepers import NetworkDisturbance, SimulatedLeg, kicks
from devtools.tcp_proxy import Proxy
from limber_bridge.detection.events import Gap
from limber_bridge.detection.signal import SECOND
from limber_bridge.storage.journal_reader import open_journal_reader

SPEED: Final = 10
"""Times faster than real time."""
ZONE: Final = ZoneInfo("Europe/Berlin")
TURN: Final = datetime(NIGHT.year, NIGHT.month, NIGHT.day, 12, tzinfo=ZONE)
"""Local time at which the night ends."""
DAY_S: Final = 86_400
AFTER: Final = 30.0
"""s of night time that the bridge continues after the night boundary."""
CALM: Final = 10.0
"""s of real time without a fault before the results are counted."""
FAULTS: Final[tuple[Fault, ...]] = (
    *BASIC_FAULTS,
    *SHIM_FAULTS,
    *PAUSE_FAULTS,
    *NEIGHBOR_FAULTS,
    *MQTT_FAULTS,
    *RELOAD_FAULTS,
    *PERSON_FAULTS,
)
"""All kinds of faults; each module of faults adds its rows."""


async def inject(chaos: Chaos, until: float, faults: Sequence[Fault]) -> None:
    """Inject faults until a time (s, monotonic), each at least once if possible."""
    left: list[Fault] = []
    while time.monotonic() < until:
        if not left:
            left = list(faults)
            chaos.rng.shuffle(left)
        fault = left.pop()
        await fault.inject(chaos)
        chaos.done[fault.name] += 1
        chaos.stack.revive()
        # Sometimes the next fault comes while the bridge still starts.
        if chaos.rng.random() < 0.8:
            await chaos.up()
        await chaos.pause(0.3, 3.0)


async def settled(stack: ChaosStack) -> None:
    """Wait until the client has everything, or a time limit."""
    await asyncio.sleep(CALM)
    for _ in range(60):
        if not any(differences(stack.journal, stack.folder / "consumer.db")):
            return
        await asyncio.sleep(0.5)


async def chaos(
    folder: Path, seed: int, seconds: float, wanted: Sequence[str] = (), *, speed: int = SPEED
) -> ChaosResult:
    """Inject faults for some real seconds and return the result.

    `speed`: times faster than real time. Raises DevtoolError if the programs do not start.
    """
    rng = random.Random(seed)  # noqa: S311 - harm that can be done again
    lasts = seconds * speed
    begin = (TURN - timedelta(seconds=lasts) + timedelta(seconds=AFTER)).timestamp()
    stack = ChaosStack(folder, FastClock(speed, time.monotonic(), begin))
    stack.write()
    proxy = Proxy(stack.proxy_port, stack.broker_port)
    way = NetworkDisturbance(0.001, 0.002, 0.001, 0.001)
    async with AsyncExitStack() as ends:
        ends.callback(stack.stop)
        for name in ("broker", "calm", "bridge", "consumer"):
            stack.start(name)
        await asyncio.to_thread(wait_for_port, stack.running["broker"], stack.broker_port)
        await proxy.start()
        ends.push_async_callback(proxy.stop)
        await listening(stack)
        legs = [
            SimulatedLeg(number, stack.clock, kicks(seed * 10 + number, lasts)) for number in SIDES
        ]
        lying = [
            asyncio.create_task(
                one.lie([(stack.sensor_port, way), (stack.calm_port, NetworkDisturbance())], rng)
            )
            for one in legs
        ]
        began = time.monotonic()
        await measuring(stack)
        harm = Chaos(stack, proxy, legs, rng)
        await inject(harm, began + seconds - AFTER / speed - CALM, chosen_faults(wanted))
        await calmed(stack, harm, way)
        for task in lying:
            task.cancel()
        await asyncio.to_thread(stack.stop)
        stack.shifts.finish(stack.clock.now())
        return verdict(stack, harm, Counter(way.done))


async def calmed(stack: ChaosStack, harm: Chaos, way: NetworkDisturbance) -> None:
    """Stop injecting faults, start everything, and wait until all is published."""
    way.lost = way.doubled = way.swapped = way.damaged = 0.0
    stack.revive()
    await harm.up()
    stack.set_clock(0.0)
    await settled(stack)


async def listening(stack: ChaosStack) -> None:
    """Wait until both bridges receive their sensors."""
    for _ in range(200):
        if is_bound(stack.sensor_port) and is_bound(stack.calm_port):
            return
        await asyncio.sleep(0.1)
    raise DevtoolError(f"a bridge does not start:\n{stack.running['bridge'].tail()}")


async def measuring(stack: ChaosStack) -> None:
    """Wait until both journals have noted a first sample: nothing before it lies in a gap."""
    for _ in range(100):
        if all(has_measured(path, stack.clock) for path in (stack.journal, stack.calm_journal)):
            return
        await asyncio.sleep(0.1)
    raise DevtoolError(f"a bridge hears nothing:\n{stack.running['bridge'].tail()}")


def has_measured(path: Path, clock: FastClock) -> bool:
    """Return whether a journal has noted a sample of every sensor.

    DevtoolError if the bridge does not use the fast clock: nothing could be compared then.
    """
    with open_journal_reader(path) as record:
        memory = record.pipeline_state("anna")
    if memory is None:
        return False
    firsts = [one.first_sample for one in memory.sensors.values()]
    if any(first is not None and abs(first / SECOND - clock.now()) > DAY_S for first in firsts):
        raise DevtoolError(f"the bridge of {path} does not use the fast clock")
    return all(first is not None for first in firsts)


def chosen_faults(names: Sequence[str]) -> list[Fault]:
    """Return the faults with some names, or all; DevtoolError for a name that does not exist."""
    found = [fault for fault in FAULTS if fault.name in names or not names]
    if missing := set(names) - {fault.name for fault in found}:
        known = ", ".join(fault.name for fault in FAULTS)
        raise DevtoolError(f"no fault is named {', '.join(sorted(missing))}; there are: {known}")
    return found


def verdict(stack: ChaosStack, harm: Chaos, frames: Counter[str]) -> ChaosResult:
    """Return the result; `frames`: how often frames were disturbed."""
    journal = stack.journal
    calm = stack.calm_journal
    consumer = stack.folder / "consumer.db"
    movements, compared, lost, doubled = apart(journal, calm, stack.shifts)
    events = events_of(journal)
    gaps = sum(isinstance(event, Gap) for _, event in events)
    lost += [*differences(journal, consumer), *harm.answers.unkept(journal)]
    doubled += [*surplus(journal, consumer), *harm.answers.doubled(journal)]
    return ChaosResult(
        faults=harm.done + frames,
        movements=movements,
        compared=compared,
        events=len(told(journal)),
        gaps=gaps,
        answers=harm.answers.confirmed,
        lost=tuple(lost),
        doubled=tuple(doubled),
        problems=(*harm.problems, *set_aside(stack.disk)),
    )


async def run_both(
    folder: Path, seed: int, seconds: float, wanted: tuple[str, ...], speed: int
) -> list[ChaosResult | FirmwareChaosResult]:
    """Inject faults of the bridge and its broker, and of the links of a firmware, side by side.

    `wanted`: names of faults; none: all. Without ESPHome the firmware is left out.
    """
    for_firmware = tuple(name for name in wanted if name in FIRMWARE_FAULTS)
    others = tuple(name for name in wanted if name not in FIRMWARE_FAULTS)
    runs: list[Awaitable[ChaosResult | FirmwareChaosResult]] = []
    if others or not wanted:
        runs.append(chaos(folder, seed, seconds, others, speed=speed))
    if not ESPHOME.exists():
        print("firmware: left out, because ESPHome is not installed (script/setup firmware)")
    elif for_firmware or not wanted:
        runs.append(firmware_chaos(folder / "firmware", seed, seconds, for_firmware))
    return list(await asyncio.gather(*runs))


def parse_arguments() -> argparse.Namespace:
    """Return the options; `only` holds the names of the faults, none: all."""
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(10**6),
        help="default: another each time",
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default: 5)")
    parser.add_argument(
        "--speed",
        type=int,
        default=SPEED,
        help="of the night; less for a busy machine (default: 10)",
    )
    parser.add_argument("--keep", type=Path, help="leave journals and logs in this folder")
    parser.add_argument(
        "--only", action="append", default=[], help="one kind of fault; may be given several times"
    )
    parser.add_argument(
        "--no-firmware", action="store_true", help="without the firmware, which floods would starve"
    )
    chosen = parser.parse_args()
    if chosen.no_firmware and not chosen.only:
        chosen.only = [fault.name for fault in FAULTS]
    return chosen


def main() -> int:
    """Inject faults, print the result, and return 0 if nothing was lost."""
    chosen = parse_arguments()
    # Stops the broker and the bridges, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="limber-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes", flush=True)
    try:
        size_mb = disk_mb(chosen.minutes * 60)
        with small_disk(folder / "disk", size_mb) as small:
            print(
                f"disk: {f'file system of {size_mb} MB' if small else 'limited file size'}",
                flush=True,
            )
            found = asyncio.run(
                run_both(folder, chosen.seed, chosen.minutes * 60, tuple(chosen.only), chosen.speed)
            )
            if chosen.keep and small:
                shutil.copytree(folder / "disk", folder / "kept", dirs_exist_ok=True)
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    print(*found, sep="\n\n")
    well = all(one.well for one in found)
    if well and not chosen.keep:
        shutil.rmtree(folder)
    elif not well:
        print(f"journals and logs: {folder}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
