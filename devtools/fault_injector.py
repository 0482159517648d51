"""Let the disk of the journal fail at every place, and cut the power after every change.

python -m devtools.fault_injector [--part faults|power-cuts] [--sample N] [--seed S]

Faults: each read, write, fsync and open of a journal fails in turn, once or from then on for a few
calls, while the journal starts, is migrated, backed up, or replaced by a backup. Power cuts: the
folder is built as a power cut after each recorded system call may leave it (`devtools.power_cuts`),
and a bridge starts there. Returns 1 unless nothing was lost, doubled or set aside without need.

Needs a C compiler (`cc`): `fault_shim.c` is compiled into a temporary folder.
"""

import argparse
import ctypes
import errno
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devtools.journal_runs import (
    JOURNAL_NAME,
    RUNS,
    Result,
    Run,
    examine,
    play,
    replace_folder,
)
from devtools.power_cuts import after_power_cut, marked_before, read_calls
from limber_bridge.storage import journal as journal_module

SHIM: Final = Path(__file__).with_name("fault_shim.c")
KINDS: Final = {"read": 0, "write": 1, "fsync": 2, "open": 3}
"""As in `fault_shim.c`."""
FAULTS: Final = (
    ("read", 1, errno.EIO),
    ("read", 3, errno.EIO),
    ("write", 1, errno.EIO),
    ("write", 3, errno.ENOSPC),
    ("fsync", 1, errno.EIO),
    ("open", 1, errno.EIO),
    ("open", 2, errno.EMFILE),
)
"""Kind of call, how many in a row fail, and with which error."""
KEPT_SHARES: Final = (0.0, 0.5, 1.0)
"""Shares of what is not synced that survive a power cut."""
NEVER: Final = -1
"""Kind of call: none fails."""


@dataclass(slots=True)
class Report:
    """What was tried, and what went wrong."""

    tried: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, what: str, problems: Sequence[str], where: str) -> None:
        """Count a case, and note its problems."""
        self.tried[what] = self.tried.get(what, 0) + 1
        self.problems += [f"{where}: {problem}" for problem in problems]


class Shim:
    """The functions of `fault_shim.c` in this process."""

    def __init__(self) -> None:
        """Find them; AttributeError where the library was not loaded."""
        self._library = ctypes.CDLL(None)
        self._library.limber_fired.restype = ctypes.c_long

    def watch(self, folder: Path) -> None:
        """Let only calls on files below a folder count."""
        self._library.limber_watch(os.fsencode(folder))

    def arm(self, kind: int, at: int, count: int, error: int) -> None:
        """Let calls of a kind fail from the `at`-th on, `count` of them."""
        self._library.limber_arm(kind, ctypes.c_long(at), ctypes.c_long(count), error)

    def fired(self) -> int:
        """Return how many calls have failed."""
        return int(self._library.limber_fired())

    def record(self, path: Path | None) -> None:
        """Record changes in a file; None: no more."""
        self._library.limber_record(None if path is None else os.fsencode(path))

    def mark(self, number: int) -> None:
        """Record that a write has returned."""
        self._library.limber_mark(ctypes.c_long(number))


def inject_faults(shim: Shim, folder: Path, run: Run, report: Report, step: int) -> None:
    """Let each call of each kind fail in turn, or every `step`-th."""
    template = prepared(run, folder)
    for kind, count, error in FAULTS:
        at = 1
        while True:
            path = replace_folder(folder, template)
            shim.arm(KINDS[kind], at, count, error)
            result = play(run, path, lambda _: None)
            fired = shim.fired()
            shim.arm(NEVER, 0, 0, 0)
            if not fired:
                break
            missing = sorted({*range(run.restored)} | {*result.acknowledged})
            expected = contiguous(missing)
            where = f"{run.name}: {kind} {at}, {count} times {errno.errorcode[error]}"
            report.add(f"{kind} faults", examine(run, path, expected, result), where)
            at += step


def contiguous(numbers: Sequence[int]) -> int:
    """Return how many numbers from 0 on are there without a gap."""
    return next((n for n, found in enumerate(numbers) if n != found), len(numbers))


def cut_power(
    shim: Shim, folder: Path, run: Run, report: Report, choice: random.Random, step: int
) -> None:
    """Build the folder after each recorded call, and start a bridge there."""
    before = prepared(run, folder)
    path = replace_folder(folder, before)
    log = folder.with_name("calls.log")
    shim.record(log)
    play(run, path, shim.mark)
    shim.record(None)
    calls = read_calls(log)
    restored = folder.with_name("cut")
    for cut in range(choice.randrange(step), len(calls) + 1, step):
        for kept in KEPT_SHARES:
            shutil.rmtree(restored, ignore_errors=True)
            left = after_power_cut(before, folder, calls[:cut], choice, kept)
            restored.mkdir()
            left.write_below(folder, restored)
            where = f"{run.name}: power cut after call {cut} of {len(calls)}, {kept:.0%} kept"
            expected = max(run.restored, marked_before(calls, cut))
            problems = examine(run, restored / path.name, expected, Result())
            report.add("power cuts", problems, where)


def prepared(run: Run, folder: Path) -> Path:
    """Return a folder beside another with the files of a run as they are before it."""
    template = folder.with_name(f"{run.name} before")
    if not template.exists():
        template.mkdir()
        run.prepare(template / JOURNAL_NAME)
    return template


def compile_shim(folder: Path) -> Path:
    """Compile `fault_shim.c` and return the library; exits where there is no compiler."""
    library = folder / "fault_shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-lpthread"]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        sys.exit("fault_injector: no C compiler; install one (apt install gcc)")
    return library


def run_inside(args: argparse.Namespace, folder: Path) -> int:
    """Run in the process with the library; return the exit status."""
    logging.disable(logging.CRITICAL)
    journal_module.OPEN_RETRY_WAITS_S = (0.0, 0.0, 0.0)  # type: ignore[misc]
    shim = Shim()
    target = folder / "files"
    shim.watch(target)
    report = Report()
    choice = random.Random(args.seed)  # noqa: S311 - to repeat a run
    begin = time.monotonic()
    for run in RUNS:
        if args.part in (None, "faults"):
            inject_faults(shim, target, run, report, args.sample)
        if args.part in (None, "power-cuts"):
            cut_power(shim, target, run, report, choice, args.sample)
    for line in print_lines(report, time.monotonic() - begin):
        print(line)
    return 1 if report.problems else 0


def print_lines(report: Report, seconds: float) -> Iterator[str]:
    """Yield the report."""
    tried = ", ".join(f"{count} {what}" for what, count in report.tried.items())
    yield f"tried: {tried} ({seconds:.0f} s)"
    yield from report.problems[:40]
    yield f"lost, doubled or set aside without need: {len(report.problems)}"


def main() -> int:
    """Compile the library, and run with it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--part", choices=["faults", "power-cuts"])
    parser.add_argument("--sample", type=int, default=1, help="only every N-th place")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside is not None:
        return run_inside(args, args.inside)
    # In memory where possible: a disk would only take its time for each fsync.
    memory = Path("/dev/shm")  # noqa: S108
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="limber-faults-", dir=place) as folder:
        library = compile_shim(Path(folder))
        command = [sys.executable, "-m", "devtools.fault_injector", *sys.argv[1:]]
        environment = {**os.environ, "LD_PRELOAD": str(library)}
        return subprocess.run(
            [*command, "--inside", folder], env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
