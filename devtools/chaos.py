"""Kill, disconnect and starve a real broker, bridge and client at random; nothing may be lost.

A second bridge receives the same frames without disturbance. What the disturbed bridge records must
be the same outside the gaps that it reports, whatever its clock showed. The night runs at ten times
real speed. Beside it, `devtools.chaos_firmware` breaks the links of a compiled firmware.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, override
from zoneinfo import ZoneInfo

import msgspec

from devtools.broker import wait_for_port
from devtools.chaos_firmware import FIRMWARE_FAULTS, FirmwareChaosResult, firmware_chaos
from devtools.clock_steps import ClockSteps
from devtools.fast_clock import FastClock
from devtools.firmware import ESPHOME
from devtools.journal_events import describe, events_of, parts_of
from devtools.mqtt_consumer import thing
from devtools.processes import DevtoolError, Program, free_port, need, start
from devtools.random_sleepers import KEY, NetworkDisturbance, SimulatedLeg, kicks
from devtools.tcp_proxy import Proxy
from limber_bridge.detection.events import ClockStep, Event, Gap, Movement, UnilateralMovement
from limber_bridge.detection.signal import SECOND
from limber_bridge.protocol.encoding import encode_event, encode_night
from limber_bridge.storage.journal_reader import open_journal_reader

SPEED: Final = 10
SIDES: Final = {1: "left", 2: "right"}
ZONE: Final = ZoneInfo("Europe/Berlin")
TURN: Final = datetime(2026, 11, 22, 12, tzinfo=ZONE)
"""Local time at which the night ends."""
AFTER: Final = 30.0
"""s of night time that the bridge continues after the night boundary."""
CALM: Final = 10.0
"""s of real time without a fault before the results are counted."""
SETTLED: Final = 2.0
"""s of night time around a gap in which a movement may be cut or detected differently."""
ALIKE: Final = 0.6
"""s of tolerance: both bridges place a frame by its arrival, and 20 ms of real time are 0.2 s of
night time."""
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin, journal: {journal}}}
broker: {{host: 127.0.0.1, port: {broker}}}
retention: {{raw_nights: 0}}
network: {{address: 127.0.0.1, port: {sensor}}}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, key: {key}}}
      - {{id: 2, source: network, placement: ankle, side: right, quantity: acceleration,
          key: {key}}}
"""
RIGHTS: Final = "topic readwrite #\n"
NO_RIGHTS: Final = "topic read #\n"
DISK: Final = 6
"""MB of the small disk."""
WRONG: Final = (2.0, 90.0)
"""s by which the clock is set forwards or back, smallest and largest."""
BEFORE: Final = (120.0, 180.0)
"""s by which the clock is set back while no bridge runs: more than the bridge is away, because a
smaller step cannot be detected."""


@dataclass(slots=True)
class ChaosStack:
    """The running programs, and how to start each again."""

    folder: Path
    clock: FastClock
    broker_port: int = field(default_factory=free_port)
    proxy_port: int = field(default_factory=free_port)
    sensor_port: int = field(default_factory=free_port)
    calm_port: int = field(default_factory=free_port)
    running: dict[str, Program] = field(default_factory=dict)
    shifts: ClockSteps = field(default_factory=ClockSteps)
    """By how much the clock of the disturbed bridge was wrong, and when."""

    @property
    def disk(self) -> Path:
        """Folder of the journal of the disturbed bridge."""
        return self.folder / "disk"

    def start(self, name: str) -> None:
        """Start one of the programs."""
        self.running[name] = start(name, self._command(name), self.folder / f"{name}.log")

    def _command(self, name: str) -> Sequence[str | Path]:
        match name:
            case "broker":
                return [need("mosquitto"), "-c", self.folder / "mosquitto.conf"]
            case "consumer":
                return [
                    sys.executable,
                    "-m",
                    "devtools.mqtt_consumer",
                    str(self.broker_port),
                    self.folder / "consumer.db",
                ]
            case _:
                settings = self.folder / f"{name}.yaml"
                clock = self.clock if name == "calm" else self._clock
                return [
                    sys.executable,
                    "-m",
                    "devtools.fast_clock",
                    str(clock),
                    "run",
                    "--config",
                    settings,
                ]

    @property
    def _clock(self) -> FastClock:
        """The clock of the disturbed bridge."""
        return replace(self.clock, wrong=self.folder / "clock")

    def set_clock(self, ahead: float) -> None:
        """Set the clock of the disturbed bridge to `ahead` s ahead of true time.

        A small change is skipped: the bridge does not treat it as a clock step but corrects it
        slowly.
        """
        if abs(ahead - self.shifts.ahead) < WRONG[0]:
            return
        self._clock.put(ahead)
        self.shifts.note(self.clock.now(), ahead)
        with (self.folder / "clock.log").open("a") as log:
            log.write(f"{self.clock.now():.2f} {ahead:+.2f}\n")

    def write(self) -> None:
        """Write the configuration files."""
        user = "user root\n" if os.geteuid() == 0 else ""
        self._clock.put(0.0)
        (self.folder / "rights").write_text(RIGHTS)
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            f"acl_file {self.folder}/rights\n{user}"
        )
        for name, journal, broker, sensor in (
            ("bridge", self.disk / "limber.db", self.proxy_port, self.sensor_port),
            ("calm", self.folder / "calm.db", 1, self.calm_port),
        ):
            text = SETTINGS.format(journal=journal, broker=broker, sensor=sensor, key=KEY.decode())
            (self.folder / f"{name}.yaml").write_text(text)

    def rights(self, text: str) -> None:
        """Change the access rights on the broker."""
        (self.folder / "rights").write_text(text)
        with suppress(ProcessLookupError):
            self.running["broker"].process.send_signal(1)

    def stop(self) -> None:
        """Stop all programs, the client first.

        What the bridge publishes when it stops is requested later.
        """
        for name in ("consumer", "bridge", "calm", "broker"):
            if name in self.running:
                self.running[name].stop()

    def revive(self) -> None:
        """Start every program that is not running."""
        for name in ("broker", "bridge", "consumer"):
            if not self.running[name].runs:
                self.start(name)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system on a folder, if possible; yield whether it is mounted."""
    folder.mkdir()
    options = f"size={DISK}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "limber-chaos", folder],
        capture_output=True,
        check=False,
    )
    try:
        yield not made.returncode
    finally:
        if not made.returncode:
            subprocess.run(["umount", "-l", folder], check=False)


class Chaos:
    """Injects faults and counts them."""

    def __init__(
        self, stack: ChaosStack, proxy: Proxy, legs: Sequence[SimulatedLeg], rng: random.Random
    ) -> None:
        """Prepare the faults."""
        self._stack = stack
        self._proxy = proxy
        self._legs = legs
        self._rng = rng
        self.done: Counter[str] = Counter()
        self.faults: dict[str, Callable[[], Awaitable[None]]] = {
            "bridge killed": self._kill_bridge,
            "bridge stopped": self._stop_bridge,
            "consumer killed": self._kill_consumer,
            "broker killed, memory wiped": self._kill_broker,
            "link half-open": self._freeze,
            "link cut": self._cut,
            "permission refused": self._refuse,
            "disk full": self._fill_disk,
            "clock set": self._set_clock,
            "sensor restarted": self._restart_sensor,
        }

    async def run(self, until: float, wanted: Sequence[str]) -> None:
        """Inject faults until a time (s, monotonic), each at least once if possible."""
        names: list[str] = []
        while time.monotonic() < until:
            if not names:
                names = list(wanted)
                self._rng.shuffle(names)
            name = names.pop()
            await self.faults[name]()
            self.done[name] += 1
            self._stack.revive()
            if self._rng.random() < 0.8:
                await self.up()
            await self._pause(0.3, 3.0)

    async def up(self) -> None:
        """Wait until the bridge receives again; sometimes inject a fault before that."""
        for _ in range(100):
            if is_bound(self._stack.sensor_port):
                return
            await asyncio.sleep(0.05)

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._rng.uniform(least, most))

    async def _kill_bridge(self) -> None:
        self._stack.running["bridge"].kill()
        await self._pause(0.0, 1.0)

    async def _stop_bridge(self) -> None:
        await asyncio.to_thread(self._stack.running["bridge"].stop)

    async def _kill_consumer(self) -> None:
        self._stack.running["consumer"].kill()
        await self._pause(0.0, 2.0)

    async def _kill_broker(self) -> None:
        self._stack.running["broker"].kill()
        await self._pause(0.0, 2.0)

    async def _freeze(self) -> None:
        self._proxy.freeze()
        await self._pause(1.0, 4.0)
        if self._rng.random() < 0.5:
            self._proxy.cut()
        self._proxy.thaw()

    async def _cut(self) -> None:
        self._proxy.cut()

    async def _refuse(self) -> None:
        self._stack.rights(NO_RIGHTS)
        await self._pause(0.5, 3.0)
        self._stack.rights(RIGHTS)

    async def _fill_disk(self) -> None:
        with self._full():
            await self._pause(1.0, 4.0)
            if self._rng.random() < 0.3:
                # A bridge that dies with events in memory must report a gap.
                self._stack.running["bridge"].kill()

    @contextmanager
    def _full(self) -> Iterator[None]:
        """Fill the journal's disk, or limit the file size of the process on a shared disk."""
        if os.path.ismount(self._stack.disk):
            filler = self._stack.disk / "filler"
            with filler.open("wb", buffering=0) as out, suppress(OSError):
                while True:
                    out.write(bytes(4096))
            yield
            filler.unlink()
            return
        process = self._stack.running["bridge"].process
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        yield
        with suppress(ProcessLookupError):
            resource.prlimit(
                process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )

    async def _set_clock(self) -> None:
        await self.up()
        if self._rng.random() < 0.3:
            await self._set_clock_unseen()
            return
        self._stack.set_clock(self._rng.choice((-1, 1)) * self._rng.uniform(*WRONG))
        await self._pause(1.0, 3.0)
        if self._rng.random() < 0.5:
            self._stack.set_clock(0.0)

    async def _set_clock_unseen(self) -> None:
        """Set the clock while no bridge runs, as on a machine without a real-time clock."""
        self._stack.running["bridge"].kill()
        by = self._rng.uniform(*WRONG) if self._rng.random() < 0.5 else -self._rng.uniform(*BEFORE)
        self._stack.set_clock(self._stack.shifts.ahead + by)
        await self._pause(0.0, 1.0)

    async def _restart_sensor(self) -> None:
        self._rng.choice(self._legs).restart(self._rng.uniform(2, 15))


@dataclass(frozen=True, slots=True)
class ChaosResult:
    """The result of a run."""

    faults: Counter[str]
    movements: int
    """Movements that the undisturbed bridge detected."""
    compared: int
    """Those that lie outside gaps."""
    events: int
    """Published events in the journal of the disturbed bridge."""
    gaps: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether nothing was lost or doubled, and something could have been lost."""
        return not self.lost and not self.doubled and self.compared > 0

    @override
    def __str__(self) -> str:
        faults = "\n".join(f"  {count:5d}  {name}" for name, count in sorted(self.faults.items()))
        wrong = "".join(f"\n  {text}" for text in (*self.lost, *self.doubled))
        return (
            f"faults injected: {self.faults.total()}\n{faults}\n"
            f"events in the journal: {self.events}, {self.gaps} of them gaps\n"
            f"movements of the undisturbed run: {self.movements}, "
            f"{self.compared} of them outside gaps\n"
            f"lost: {len(self.lost)}\ndoubled: {len(self.doubled)}{wrong}"
        )


def told(path: Path) -> dict[str, Any]:
    """Return the published events of a journal by id."""
    messages = [encode_event(event, night) for night, event in events_of(path)]
    return {
        thing(one.id): json.loads(msgspec.json.encode(one)) for one in messages if one is not None
    }


def apart(path: Path, calm: Path, shifts: ClockSteps) -> tuple[int, int, list[str], list[str]]:
    """Compare the movements of two journals outside gaps; return count, compared, lost, surplus.

    The clock of the first bridge was wrong, so each of its times may stand for several true times;
    any of them may match.
    """
    ours, theirs = ([event for _, event in events_of(one)] for one in (path, calm))
    holes = [(begin, end) for _, begin, end in holes_of(ours, shifts)]
    gaps = [
        *holes,
        *((one.onset, one.end) for one in theirs if isinstance(one, Gap)),
        *shifts.moments,
    ]
    margin = round(SETTLED * SECOND)

    def clear(one: UnilateralMovement) -> bool:
        return not any(begin - margin < one.end and one.onset < end + margin for begin, end in gaps)

    # Compare each leg by itself: bilateral movements are combined live and again for the night.
    mine = [shifts.parts(part) for part in parts_of(ours)]
    wanted = parts_of(theirs)
    left = list(mine)
    # Cut by a gap or beside it, a movement may look otherwise; but it is seen, or the gap of its
    # sensor says why not.
    spoken = [*spans_of(ours, shifts), *((None, *span) for span in shifts.moments)]
    lost = [
        f"lost silently: {describe(one)}"
        for one in wanted
        if not clear(one) and is_silent(one, spoken)
    ]
    compared = [one for one in wanted if clear(one)]
    # All of them find their like: one that lies on the edge of a margin is no surplus for being
    # clear of it by a hair.
    for one in wanted:
        alike = [each for each in left if any(is_alike(one, part) for part in each)]
        if alike:
            left.remove(
                min(alike, key=lambda each: min(abs(part.onset - one.onset) for part in each))
            )
        elif clear(one):
            lost.append(f"lost: {describe(one)}")
    surplus = [each[0] for each in left if each and all(clear(part) for part in each)]
    return len(wanted), len(compared), lost, [f"surplus: {describe(one)}" for one in surplus]


def spans_of(ours: Sequence[Event], shifts: ClockSteps) -> Iterator[tuple[str | None, int, int]]:
    """Yield side, onset and end (true us) of every movement and gap in the disturbed journal."""
    for part in parts_of(ours):
        yield from ((part.side, one.onset, one.end) for one in shifts.parts(part))
    yield from holes_of(ours, shifts)


def holes_of(ours: Iterable[Event], shifts: ClockSteps) -> Iterator[tuple[str | None, int, int]]:
    """Yield leg (None: both), onset and end (true us) of what the journal declares unknown."""
    for event in ours:
        match event:
            case Gap():
                yield from (
                    (SIDES[event.sensor], *span) for span in shifts.spans(event.onset, event.end)
                )
            case ClockStep():
                # Set back while no bridge ran: all that is known is what it showed before and
                # afterwards.
                yield from (
                    (None, *span) for span in shifts.spans(event.onset - event.by, event.onset)
                )
            case _:
                pass


def is_alike(one: UnilateralMovement, other: UnilateralMovement) -> bool:
    """Return whether two bridges mean the same movement."""
    near = round(ALIKE * SECOND)
    return (
        one.side == other.side
        and abs(one.onset - other.onset) <= near
        and abs(one.end - other.end) <= near
    )


def is_silent(one: UnilateralMovement, spoken: Iterable[tuple[str | None, int, int]]) -> bool:
    """Return whether the journal has neither that movement of that leg nor a gap at its time."""
    near = round(ALIKE * SECOND)
    return not any(
        side in (None, one.side) and begin - near <= one.end and one.onset <= end + near
        for side, begin, end in spoken
    )


def known(consumer: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the client's events by id and its nights by date."""
    with closing(sqlite3.connect(consumer)) as database:
        events = {
            key: json.loads(text) for key, text in database.execute("SELECT id, payload FROM event")
        }
        return events, {
            key: json.loads(text)
            for key, text in database.execute("SELECT night, payload FROM night")
        }


def differences(journal: Path, consumer: Path) -> Iterator[str]:
    """Yield what the client lacks or has differently from the journal."""
    events, nights = known(consumer)
    for key, message in told(journal).items():
        if events.get(key) != message:
            yield f"lost: the consumer has no {key}, or another"
    with open_journal_reader(journal) as record:
        for night in record.nights("anna"):
            if nights.get(str(night.date)) != json.loads(msgspec.json.encode(encode_night(night))):
                yield f"lost: the consumer has another night of {night.date}"
        # A night with nothing but gaps does not count.
        if not record.nights("anna") and any(
            isinstance(event, Movement) for _, event in events_of(journal)
        ):
            yield "lost: no night was finished"


def surplus(journal: Path, consumer: Path) -> Iterator[str]:
    """Yield what the client has but the journal lacks."""
    yield from (
        f"surplus: the journal has no {key}"
        for key in known(consumer)[0].keys() - told(journal).keys()
    )


async def settled(stack: ChaosStack) -> None:
    """Wait until the client has everything, or a time limit."""
    await asyncio.sleep(CALM)
    for _ in range(60):
        if not any(differences(stack.disk / "limber.db", stack.folder / "consumer.db")):
            return
        await asyncio.sleep(0.5)


async def chaos(folder: Path, seed: int, seconds: float, wanted: Sequence[str] = ()) -> ChaosResult:
    """Inject faults for some real seconds and return the result.

    Raises DevtoolError if the programs do not start.
    """
    rng = random.Random(seed)  # noqa: S311 - harm that can be done again
    lasts = seconds * SPEED
    begin = (TURN - timedelta(seconds=lasts) + timedelta(seconds=AFTER)).timestamp()
    stack = ChaosStack(folder, FastClock(SPEED, time.time(), begin))
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
        await harm.run(began + seconds - AFTER / SPEED - CALM, wanted or list(harm.faults))
        await calmed(stack, harm, way)
        for task in lying:
            task.cancel()
        await asyncio.to_thread(stack.stop)
        return verdict(stack, harm.done + Counter(way.done))


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
        if all(has_measured(path) for path in (stack.disk / "limber.db", stack.folder / "calm.db")):
            return
        await asyncio.sleep(0.1)
    raise DevtoolError(f"a bridge hears nothing:\n{stack.running['bridge'].tail()}")


def has_measured(path: Path) -> bool:
    """Return whether a journal has noted a sample of every sensor."""
    with open_journal_reader(path) as record:
        memory = record.pipeline_state("anna")
    return memory is not None and all(
        one.first_sample is not None for one in memory.sensors.values()
    )


def is_bound(port: int) -> bool:
    """Return whether a program listens for datagrams on a port."""
    return any(
        int(line.split()[1].split(":")[1], 16) == port
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]
    )


def verdict(stack: ChaosStack, faults: Counter[str]) -> ChaosResult:
    """Return the result."""
    journal = stack.disk / "limber.db"
    calm = stack.folder / "calm.db"
    consumer = stack.folder / "consumer.db"
    movements, compared, lost, doubled = apart(journal, calm, stack.shifts)
    events = events_of(journal)
    gaps = sum(isinstance(event, Gap) for _, event in events)
    lost += differences(journal, consumer)
    doubled += surplus(journal, consumer)
    return ChaosResult(
        faults, movements, compared, len(told(journal)), gaps, tuple(lost), tuple(doubled)
    )


async def run_both(
    folder: Path, seed: int, seconds: float, wanted: tuple[str, ...]
) -> list[ChaosResult | FirmwareChaosResult]:
    """Inject faults of the bridge and its broker, and of the links of a firmware, side by side.

    `wanted`: names of faults; none: all. Without ESPHome the firmware is left out.
    """
    for_firmware = tuple(name for name in wanted if name in FIRMWARE_FAULTS)
    others = tuple(name for name in wanted if name not in FIRMWARE_FAULTS)
    runs: list[Awaitable[ChaosResult | FirmwareChaosResult]] = []
    if others or not wanted:
        runs.append(chaos(folder, seed, seconds, others))
    if not ESPHOME.exists():
        print("firmware: left out, because ESPHome is not installed (script/setup firmware)")
    elif for_firmware or not wanted:
        runs.append(firmware_chaos(folder / "firmware", seed, seconds, for_firmware))
    return list(await asyncio.gather(*runs))


def main() -> int:
    """Inject faults, print the result, and return 0 if nothing was lost."""
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(10**6),
        help="default: another each time",
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default: 5)")
    parser.add_argument("--keep", type=Path, help="leave journals and logs in this folder")
    parser.add_argument(
        "--only", action="append", default=[], help="one kind of fault; may be given several times"
    )
    chosen = parser.parse_args()
    # Stops the broker and the bridges, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="limber-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes", flush=True)
    try:
        with small_disk(folder / "disk") as small:
            print(
                f"disk: {f'file system of {DISK} MB' if small else 'limited file size'}",
                flush=True,
            )
            found = asyncio.run(
                run_both(folder, chosen.seed, chosen.minutes * 60, tuple(chosen.only))
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
