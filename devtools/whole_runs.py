"""A whole `limber run` on a simulated night, whose disk fails or whose power is cut at some places.

A bridge that ends is started again, as the service manager does. Afterwards its night must hold the
same events as that of a bridge whose disk never failed.
"""

import errno
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from devtools.fault_shim import KINDS, FaultControl
from devtools.journal_events import events_of
from devtools.power_cuts import Folder, after_power_cut, read_calls
from devtools.processes import DevtoolError, Program, need, start
from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    Event,
    Movement,
    event_kind,
)

SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: UTC, journal: {journal}}}
broker: {{host: 127.0.0.1, port: 1}}
web: false
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration, hours: 1,
          plm_index: 60, sleep_latency: 5, speed: 1000}}
"""
ON_GRID: Final = (Awakening, BedTransition)
"""Events whose onsets are those of epochs."""
ENDED: Final = "end of the recording"
"""In the log of a bridge that has played the night. One that was filed before the power was cut is
not filed again."""
PATIENCE_S: Final = 90.0
"""s until the night must be over. chosen for a busy machine."""
SETTLING_S: Final = 3.0
"""s until the night is filed, and what a failing disk did not accept is written again."""
ERRORS: Final = {"read": errno.EIO, "write": errno.ENOSPC, "fsync": errno.EIO, "open": errno.EIO}
KEPT_SHARES: Final = (0.0, 0.5, 1.0)
AT_ONCE: Final = 3
"""Runs at the same time: they mostly wait."""


@dataclass(slots=True)
class WholeRun:
    """A folder in which bridges run, one after the other."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    starts: int = 0

    @property
    def files(self) -> Path:
        """Folder of the journal."""
        return self.folder / "files"

    def play(self) -> None:
        """Run a bridge until the night is over, then stop it; DevtoolError."""
        self.files.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "limber.yaml"
        settings.write_text(SETTINGS.format(journal=self.files / "limber.db"))
        settings.chmod(0o600)
        until = time.monotonic() + PATIENCE_S
        program = self._start()
        try:
            while ENDED not in program.log.read_text(errors="replace"):
                if time.monotonic() > until:
                    raise DevtoolError(f"the night does not end:\n{program.tail()}")
                if not program.runs:
                    program = self._start()
                time.sleep(0.05)
            time.sleep(SETTLING_S)
        finally:
            program.stop()

    def _start(self) -> Program:
        self.starts += 1
        log = self.folder / f"bridge-{self.starts}.log"
        command: list[str | Path] = [need("limber"), "run", "--config"]
        return start(
            "bridge", [*command, self.folder / "limber.yaml"], log, environment=self.environment
        )

    def night(self) -> list[tuple[str, int]]:
        """Return kind and onset of all events, in us from the first movement, as dates differ.

        Events on the grid of the epochs are at 0, because the grid is that of the clock.
        """
        events: list[Event] = [event for _, event in events_of(self.files / "limber.db")]
        first = min((event.onset for event in events if isinstance(event, Movement)), default=0)
        return sorted(
            (event_kind(event), 0 if isinstance(event, ON_GRID) else event.onset - first)
            for event in events
        )

    def problems(self, wanted: list[tuple[str, int]]) -> list[str]:
        """Play the night, and return what is lost, added or set aside."""
        try:
            self.play()
        except DevtoolError as error:
            return [str(error)]
        found = self.night()
        lost = (Counter(wanted) - Counter(found)).total()
        surplus = (Counter(found) - Counter(wanted)).total()
        problems = [f"{lost} events lost"] if lost else []
        problems += [f"{surplus} events doubled or new"] if surplus else []
        aside = self.files.rglob("*.db.*-*[0-9]")
        return problems + [f"set aside: {path.name}" for path in aside]


@dataclass(frozen=True, slots=True)
class DisturbedRun:
    """A night in which a call will fail, or before which the power was cut."""

    what: str
    """What is tried."""
    where: str
    run: WholeRun
    shim: FaultControl | None = None
    """What makes a call fail; None: the power was cut."""

    def problems(self, wanted: list[tuple[str, int]]) -> tuple[str, str, list[str]]:
        """Play the night; return what was tried, where, and the problems."""
        found = self.run.problems(wanted)
        shutil.rmtree(self.run.folder)
        if self.shim is not None and not self.shim.fired:
            return f"{self.what} that were not reached", self.where, found
        return self.what, self.where, found


def inject_whole(
    folder: Path, places: int, choice: random.Random
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what was tried, where, and the problems, for some places of each kind of fault."""
    folder.mkdir()
    calm = WholeRun(folder / "calm")
    shim = FaultControl(folder, calm.files)
    log = folder / "calls"
    calm.environment = shim.environment | {"LIMBER_RECORD": str(log)}
    calm.play()
    wanted = calm.night()
    if not any(kind == "movement" for kind, _ in wanted):
        raise DevtoolError("the simulated night holds no movements")
    counts = {kind: shim.calls(kind) for kind in KINDS}
    runs = chain(
        failing(folder, counts, places, choice), cut(folder, calm.files, log, places, choice)
    )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda run: run.problems(wanted), runs, buffersize=AT_ONCE)


def failing(
    folder: Path, counts: Mapping[str, int], places: int, choice: random.Random
) -> Iterator[DisturbedRun]:
    """Yield runs in which a call fails; `counts`: how many calls of a kind a night has."""
    for kind, error in ERRORS.items():
        for place in sorted(choice.sample(range(1, counts[kind] + 1), min(places, counts[kind]))):
            # The loader would split the path of the library at a space.
            run = WholeRun(folder / f"{kind}-{place}")
            run.folder.mkdir()
            shim = FaultControl(run.folder, run.files)
            shim.fail(kind, place, error, limit=choice.choice((1, 3)))
            run.environment = shim.environment
            yield DisturbedRun(f"{kind} faults of whole runs", f"{kind} {place}", run, shim)


def cut(
    folder: Path, recorded: Path, log: Path, places: int, choice: random.Random
) -> Iterator[DisturbedRun]:
    """Yield runs that begin with what a power cut has left."""
    for number, left in cuts(folder, recorded, log, places, choice):
        run = WholeRun(folder / f"cut {number}")
        run.files.mkdir(parents=True)
        left.write_below(recorded, run.files)
        yield DisturbedRun("power cuts of whole runs", f"cut after call {number}", run)


def cuts(
    folder: Path, recorded: Path, log: Path, places: int, choice: random.Random
) -> Iterator[tuple[int, Folder]]:
    """Yield the number of some recorded calls, and what a power cut after them leaves."""
    calls = read_calls(log)
    empty = folder / "empty"
    empty.mkdir()
    for cut in sorted(choice.sample(range(1, len(calls)), places)):
        kept = choice.choice(KEPT_SHARES)
        yield cut, after_power_cut(empty, recorded, calls[:cut], choice, kept)


def temporary_parent() -> Path | None:
    """Return a folder in memory where possible: a disk would only take its time for each fsync."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if os.access(memory, os.W_OK) else None
