"""Let the disk of the journal fail at every place, and cut the power after every change.

python -m devtools.fault_injector [--part PART] [--sample N] [--seed S]

Faults: each read, write, fsync and open of a journal fails in turn, once or from then on for a few
calls, while the journal starts, is migrated, backed up, or replaced by a backup. Power cuts: the
folder is built as a power cut after each recorded system call may leave it (`devtools.power_cuts`),
and a bridge starts there. Bad sectors: each page of a journal fails for good, or for a while
(`devtools.bad_sector_runs`). The raw signal of a night meets the same faults and power cuts
(`devtools.raw_runs`). Whole runs: `limber run` on a simulated night, at a sample of places
(`devtools.whole_runs`). Returns 1 unless nothing was lost, doubled or set aside without need.

Needs a C compiler (`cc`): `fault_shim.c` is compiled into a temporary folder.
"""

import argparse
import errno
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devtools.bad_sector_runs import fail_for_a_while, lose, prepare_backed_up
from devtools.fault_shim import KINDS, NEVER, Shim, compile_shim
from devtools.journal_runs import (
    JOURNAL_NAME,
    RUNS,
    Result,
    Run,
    examine,
    play,
    replace_folder,
)
from devtools.power_cuts import Call, after_power_cut, marked_before, read_calls
from devtools.processes import DevtoolError
from devtools.raw_runs import RAW_RUNS, RawResult, examine_raw, play_raw
from devtools.whole_runs import inject_whole, temporary_parent
from limber_bridge.storage import bad_sectors
from limber_bridge.storage import journal as journal_module

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


@dataclass(slots=True)
class Report:
    """What was tried, and what went wrong."""

    tried: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, what: str, problems: Sequence[str], where: str) -> None:
        """Count a case, and note its problems."""
        self.tried[what] = self.tried.get(what, 0) + 1
        self.problems += [f"{where}: {problem}" for problem in problems]


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


def inject_raw_faults(shim: Shim, folder: Path, report: Report, step: int) -> None:
    """Let each call of each kind fail in turn while the raw signal is recorded."""
    for name, prepare in RAW_RUNS.items():
        template = folder.with_name(name)
        first = prepare(template)
        for kind, count, error in FAULTS:
            at = 1
            while True:
                replace_folder(folder, template)
                shim.arm(KINDS[kind], at, count, error)
                result = play_raw(folder, first, lambda _: None)
                fired = shim.fired()
                shim.arm(NEVER, 0, 0, 0)
                if not fired:
                    break
                expected = contiguous([*range(first), *result.acknowledged])
                where = f"{name}: {kind} {at}, {count} times {errno.errorcode[error]}"
                report.add(
                    f"{kind} faults of the raw signal", examine_raw(folder, expected, result), where
                )
                at += step


def cut_raw_power(
    shim: Shim, folder: Path, report: Report, choice: random.Random, step: int
) -> None:
    """Build the folder of the raw signal after each recorded call, and record there."""
    for name, prepare in RAW_RUNS.items():
        template = folder.with_name(f"{name} before")
        first = prepare(template)
        replace_folder(folder, template)
        log = folder.with_name("raw calls.log")
        shim.record(log)
        play_raw(folder, first, shim.mark)
        shim.record(None)
        calls = read_calls(log)
        for restored, cut, kept in cut_folders(template, folder, calls, choice, step):
            expected = max(first, marked_before(calls, cut))
            where = f"{name}: power cut after call {cut} of {len(calls)}, {kept:.0%} kept"
            report.add(
                "power cuts of the raw signal",
                examine_raw(restored, expected, RawResult()),
                where,
            )


def spoil_sectors(shim: Shim, folder: Path, report: Report, step: int) -> None:
    """Let each page of a journal and its log fail for good and for a while, or every `step`-th."""
    template = folder.with_name("backed up")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    places = prepare_backed_up(folder / JOURNAL_NAME, template)
    for place in places[::step]:
        for what, fail in (("lost", lose), ("failing", fail_for_a_while)):
            path = replace_folder(folder, template)
            report.add(f"{what} sectors", fail(shim, path, place), f"{what} {place}")


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
    for restored, cut, kept in cut_folders(before, folder, calls, choice, step):
        where = f"{run.name}: power cut after call {cut} of {len(calls)}, {kept:.0%} kept"
        expected = max(run.restored, marked_before(calls, cut))
        problems = examine(run, restored / path.name, expected, Result())
        report.add("power cuts", problems, where)


def cut_folders(
    before: Path, folder: Path, calls: Sequence[Call], choice: random.Random, step: int
) -> Iterator[tuple[Path, int, float]]:
    """Yield a folder as each `step`-th power cut leaves it, after which call, and how much is kept.

    `before`: the folder before the calls; `folder`: where they were recorded.
    """
    restored = folder.with_name("cut")
    for cut in range(choice.randrange(step), len(calls) + 1, step):
        for kept in KEPT_SHARES:
            shutil.rmtree(restored, ignore_errors=True)
            left = after_power_cut(before, folder, calls[:cut], choice, kept)
            restored.mkdir()
            left.write_below(folder, restored)
            yield restored, cut, kept


def prepared(run: Run, folder: Path) -> Path:
    """Return a folder beside another with the files of a run as they are before it."""
    template = folder.with_name(f"{run.name} before")
    if not template.exists():
        template.mkdir()
        run.prepare(template / JOURNAL_NAME)
    return template


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how much is tried."""

    shim: Shim
    folder: Path
    report: Report
    choice: random.Random
    step: int
    """Only every n-th place is tried."""
    places: int
    """Places of each kind that are tried in whole runs."""


def try_faults(bench: Bench) -> None:
    """Let each call on a journal fail."""
    for run in RUNS:
        inject_faults(bench.shim, bench.folder, run, bench.report, bench.step)


def try_power_cuts(bench: Bench) -> None:
    """Cut the power after each change of a journal."""
    for run in RUNS:
        cut_power(bench.shim, bench.folder, run, bench.report, bench.choice, bench.step)


def try_raw_signal(bench: Bench) -> None:
    """Let each call on the raw signal fail, and cut the power after each change of it."""
    step = max(1, bench.step // 2)
    inject_raw_faults(bench.shim, bench.folder, bench.report, step)
    cut_raw_power(bench.shim, bench.folder, bench.report, bench.choice, step)


def try_bad_sectors(bench: Bench) -> None:
    """Let each page of a journal fail for good and for a while."""
    spoil_sectors(bench.shim, bench.folder, bench.report, max(1, bench.step // 8))


def try_whole_runs(bench: Bench) -> None:
    """Let calls of a whole bridge fail at some places, and cut its power."""
    folder = bench.folder.with_name("whole")
    for what, where, problems in inject_whole(folder, bench.places, bench.choice):
        bench.report.add(what, problems, f"whole run: {where}")


PARTS: Final[dict[str, Callable[[Bench], None]]] = {
    "faults": try_faults,
    "power-cuts": try_power_cuts,
    "raw-signal": try_raw_signal,
    "bad-sectors": try_bad_sectors,
    "whole-runs": try_whole_runs,
}


def run_inside(args: argparse.Namespace, folder: Path) -> int:
    """Run in the process with the library; return the exit status."""
    logging.disable(logging.CRITICAL)
    bad_sectors.LOST_AFTER_S = 0.0  # type: ignore[misc]
    journal_module.OPEN_RETRY_WAITS_S = (0.0, 0.0, 0.0)  # type: ignore[misc]
    bench = Bench(
        Shim(),
        folder / "files",
        Report(),
        random.Random(args.seed),  # noqa: S311 - to repeat a run
        args.sample,
        args.places,
    )
    bench.shim.watch(bench.folder)
    begin = time.monotonic()
    for part in [args.part] if args.part else PARTS:
        PARTS[part](bench)
    for line in print_lines(bench.report, time.monotonic() - begin):
        print(line)
    return 1 if bench.report.problems else 0


def print_lines(report: Report, seconds: float) -> Iterator[str]:
    """Yield the report."""
    tried = ", ".join(f"{count} {what}" for what, count in report.tried.items())
    yield f"tried: {tried} ({seconds:.0f} s)"
    yield from report.problems[:40]
    yield f"lost, doubled or set aside without need: {len(report.problems)}"


def main() -> int:
    """Compile the library, and run with it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--sample", type=int, default=1, help="only every N-th place")
    parser.add_argument("--places", type=int, default=5, help="of each kind, in whole runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside is not None:
        return run_inside(args, args.inside)
    with tempfile.TemporaryDirectory(prefix="limber-faults-", dir=temporary_parent()) as folder:
        try:
            library = compile_shim(Path(folder))
        except DevtoolError as error:
            sys.exit(f"fault_injector: {error}")
        command = [sys.executable, "-m", "devtools.fault_injector", *sys.argv[1:]]
        environment = {**os.environ, "LD_PRELOAD": str(library)}
        return subprocess.run(
            [*command, "--inside", folder], env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
