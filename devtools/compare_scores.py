"""Prove that two checkouts detect the same: simulate nights, score them, compare every number.

    python -m devtools.compare_scores record CHECKOUT OUT.json [--quick] [--keep DIR | --from DIR]
    python -m devtools.compare_scores compare BEFORE.json AFTER.json
    python -m devtools.compare_scores check CHECKOUT BEFORE.json [--quick] [--from DIR]

`record` runs the checkout's own `limber simulate` and `limber score --json` over the nights of
`NIGHTS` (with `--quick`: six short ones) and writes what they said: the SHA-256 of each recording,
its truth, its scores, and its events exact to the last bit (`event_numbers`). `compare` reports
every difference but the renamed fields in the tables below. `check` does both.

Exit status: 0 equal, 1 different, 2 a command failed.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

PROCESSES: Final = 2
"""Nights recorded at a time."""
SHOWN: Final = 30
"""Differences printed before the rest is only counted."""

RENAMED_OPTIONS: Final[dict[str, str]] = {}
"""Command-line option as in `NIGHTS` -> its new name, used where `--help` no longer has the old."""
RENAMED_FIELDS: Final[dict[str, str]] = {
    # "score.quality": "signal_faults",
}
"""Path of a field before -> its name after, the indices of lists left out."""
RENAMED_VALUES: Final[dict[str, dict[str, str]]] = {
    # "score.methods.in_bed": {"ankle": "worn_and_lying"},
}
"""Path of a field before -> its texts before and after."""
ADDED_FIELDS: Final = frozenset({"score.position_changes"})
"""Paths of fields after that did not exist before."""
IGNORED_FIELDS: Final = frozenset({"score.made.software"})
"""Paths of fields that say nothing about a night."""
RENAMED_EVENTS: Final = {
    "Posture": "PositionChange",
    "Rhythm": "RhythmicTrain",
    "Flaw": "SignalFault",
    "Bed": "BedTransition",
}
"""Class of an event before -> after."""


@dataclass(frozen=True, slots=True)
class Night:
    """A night to simulate, and how to score it."""

    name: str
    options: str
    """Of `limber simulate`, separated by spaces."""
    disturbances: str = ""
    """What `--with` adds, each by its name."""
    score: tuple[str, ...] = ("",)
    """Options of `limber score`, one text a run."""
    suffix: str = ".csv"

    @property
    def simulate(self) -> list[str]:
        """All options of `limber simulate`."""
        added = [each for name in self.disturbances.split() for each in ("--with", name)]
        return [*self.options.split(), *added]


AASM: Final = "--rules aasm"
SHORT: Final = "--short-interval-starts"
AASM_SHORT: Final = f"{AASM} {SHORT}"
NIGHTS: Final = (
    Night("left-ankle", "--hours 8 --seed 101", score=("", AASM)),
    Night("right-ankle", "--hours 7 --seed 102 --legs right --plm-index 60 --cramps 2"),
    Night("both-ankles", "--hours 8 --seed 103 --legs both --plm-index 45", score=("", SHORT)),
    Night("still-ankle", "--hours 6 --seed 104 --plm-index 0 --cramps 0 --device low-noise"),
    Night("gaps-ankle", "--hours 7 --seed 105 --legs both", "gaps jitter faint", ("", AASM_SHORT)),
    Night(
        "everything-ankle", "--hours 8 --seed 106 --legs both --cramps 3 --plm-index 20",
        "everything", ("", SHORT),
    ),
    Night("odd-ankle", "--hours 8 --seed 107 --plm-index 15", "look-alikes", suffix=".csv.gz"),
    Night("slow-ankle", "--hours 8 --seed 108 --rate 12.5 --legs both", "twitching", ("", AASM)),
    Night("fast-ankle", "--hours 4 --seed 109 --rate 104", "loose-strap rhythms"),
    Night("edf-ankle", "--hours 5 --seed 110 --legs both", "restless toilet", suffix=".edf"),
    Night("poor-ankle", "--hours 6 --seed 111 --device mpu6050", "loose-strap large gaps"),
    Night("bed", "--hours 8 --seed 112 --sensor bed --plm-index 40", score=("", AASM_SHORT)),
    Night("shared-bed", "--hours 7 --seed 113 --sensor bed --rate 25", "partner gaps toilet"),
    Night("load", "--hours 8 --seed 114 --sensor load --rate 25", score=("", AASM)),
    Night("shared-load", "--hours 6 --seed 115 --sensor load --rate 10", "partner large gaps"),
    Night(
        "tibialis", "--hours 5 --seed 116 --sensor emg --legs both --plm-index 50",
        score=("", SHORT), suffix=".edf",
    ),
    Night(
        "hard-tibialis", "--hours 4 --seed 117 --sensor emg --device amplifier",
        "ecg hum pops gaps apnoea",
    ),
    Night("calf", "--hours 4 --seed 118 --sensor emg --calf --cramps 2", "tonic twitching"),
    Night("ankle-and-calf", "--hours 3 --seed 119 --calf", "partner tonic large rhythms"),
    Night(
        "fast-tibialis", "--hours 2 --seed 120 --sensor emg --rate 1000", "ecg gaps hum jitter",
        ("", AASM),
    ),
)  # fmt: skip
QUICK_NIGHTS: Final = (
    Night(
        "ankles", "--hours 3 --seed 201 --legs both --plm-index 20", "everything", ("", AASM_SHORT),
    ),
    Night("ankle", "--hours 2.5 --seed 202 --rate 25", "gaps jitter large"),
    Night("bed", "--hours 2 --seed 203 --sensor bed --rate 25", "partner gaps"),
    Night("load", "--hours 2 --seed 204 --sensor load --rate 10", "toilet"),
    Night("tibialis", "--hours 1 --seed 205 --sensor emg --legs both", "ecg hum pops gaps"),
    Night("calf", "--hours 1 --seed 206 --sensor emg --calf", "tonic"),
)  # fmt: skip


class CommandFailedError(Exception):
    """A command of the checkout failed; the text has the command and what it printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = parser().parse_args(arguments)
    try:
        match chosen.command:
            case "record":
                recorded = record(chosen.checkout, chosen)
                chosen.out.write_text(json.dumps(recorded, indent=0) + "\n", encoding="utf-8")
                return 0
            case "compare":
                return report(load(chosen.before), load(chosen.after))
            case _:
                return report(load(chosen.before), record(chosen.checkout, chosen))
    except CommandFailedError as error:
        say(str(error))
        return 2


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="python -m devtools.compare_scores", description=__doc__)
    top.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = top.add_subparsers(dest="command", required=True)
    record_parser = commands.add_parser("record", help="simulate and score with one checkout")
    record_parser.add_argument("checkout", type=Path, help="a folder in which script/setup has run")
    record_parser.add_argument("out", type=Path)
    compare_parser = commands.add_parser("compare", help="compare two recorded files")
    compare_parser.add_argument("before", type=Path)
    compare_parser.add_argument("after", type=Path)
    check_parser = commands.add_parser("check", help="record, then compare with a recorded file")
    check_parser.add_argument("checkout", type=Path)
    check_parser.add_argument("before", type=Path)
    for each in (record_parser, check_parser):
        each.add_argument("--quick", action="store_true", help="six short nights, under a minute")
        where = each.add_mutually_exclusive_group()
        where.add_argument("--keep", type=Path, metavar="DIR", help="keep the recordings here")
        where.add_argument(
            "--from",
            dest="kept",
            type=Path,
            metavar="DIR",
            help="score kept recordings, simulate none",
        )
    return top


def say(text: str) -> None:
    """Print one line at once, so that a long run shows how far it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def load(path: Path) -> dict[str, Any]:
    """Return a recorded file."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


# Recording.


def record(checkout: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Simulate and score all nights with one checkout; CommandFailedError."""
    nights = QUICK_NIGHTS if chosen.quick else NIGHTS
    limber = checkout.resolve() / ".venv/bin/limber"
    if not limber.exists():
        raise CommandFailedError(f"{limber} is missing: run `script/setup test` in {checkout}")
    begun = time.monotonic()
    with TemporaryDirectory() as scratch:
        folder = (chosen.kept or chosen.keep or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        simulates = chosen.kept is None
        keeps = chosen.kept or chosen.keep
        recorder = Recorder(limber, folder, simulates=simulates, keeps=keeps is not None)
        found = asyncio.run(recorder.record_all(nights))
    say(f"{len(nights)} nights in {time.monotonic() - begun:.0f} s")
    return found


class Recorder:
    """Runs one checkout's commands over nights, a few at a time."""

    def __init__(self, limber: Path, folder: Path, *, simulates: bool, keeps: bool) -> None:
        self._limber = limber
        self._folder = folder
        self._simulates = simulates
        self._keeps = keeps
        self._free = asyncio.Semaphore(PROCESSES)
        self._help = ""

    async def record_all(self, nights: Sequence[Night]) -> dict[str, Any]:
        """Return what the checkout says of each night, by name."""
        self._help = await run(self._limber, "simulate", "--help")
        self._help += await run(self._limber, "score", "--help")
        async with asyncio.TaskGroup() as tasks:
            running = {night.name: tasks.create_task(self._record(night)) for night in nights}
        return {name: task.result() for name, task in running.items()}

    async def _record(self, night: Night) -> dict[str, Any]:
        async with self._free:
            begun = time.monotonic()
            path = self._folder / f"{night.name}{night.suffix}"
            truth = self._folder / f"{night.name}.truth.json"
            if self._simulates:
                await self._run("simulate", "--out", str(path), "--quiet", *night.simulate)
            scores = {each or "default": await self._score(path, each) for each in night.score}
            found = {
                "options": " ".join(night.simulate),
                "sha256": await asyncio.to_thread(digest, path),
                "truth": load(truth),
                "score": scores,
                "events": await self._events(path),
            }
            if not self._keeps:
                path.unlink()
                truth.unlink()
            say(f"{night.name}: {time.monotonic() - begun:.0f} s")
            return found

    async def _score(self, path: Path, options: str) -> dict[str, Any]:
        return dict(json.loads(await self._run("score", "--json", *options.split(), str(path))))

    async def _events(self, path: Path) -> list[Any]:
        """Return the events of a recording, exact to the last bit."""
        script = Path(__file__).with_name("event_numbers.py")
        python = self._limber.with_name("python")
        # -P: the folder of the script is no place to import from.
        return list(json.loads(await run(python, "-P", str(script), str(path), "wasm-2016")))

    async def _run(self, *arguments: str) -> str:
        """Run `limber`, with the names that this checkout has for its options."""
        return await run(self._limber, *(self._renamed(each) for each in arguments))

    def _renamed(self, argument: str) -> str:
        if argument in RENAMED_OPTIONS and f"{argument} " not in self._help:
            return RENAMED_OPTIONS[argument]
        return argument


async def run(program: Path, *arguments: str) -> str:
    """Run a program and return what it printed; CommandFailedError if it did not succeed."""
    # Some libraries start a thread for each core, which is too many for nights in parallel.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        command = " ".join([str(program), *arguments])
        raise CommandFailedError(f"{command}: exit status {process.returncode}\n{err.decode()}")
    return out.decode()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Comparing.


def report(before: dict[str, Any], after: dict[str, Any]) -> int:
    """Print the differences of two recorded files and return the exit status."""
    found = list(differences(before, after))
    for each in found[:SHOWN]:
        say(each)
    if len(found) > SHOWN:
        say(f"and {len(found) - SHOWN} more differences")
    if not found:
        scores = sum(len(night["score"]) for night in before.values())
        events = sum(len(night["events"]) for night in before.values())
        say(f"equal: {len(before)} recordings, {scores} scores, {events} events")
    return 1 if found else 0


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between two recorded files, one line a difference."""
    if before.keys() != after.keys():
        names = ", ".join(sorted(before.keys() ^ after.keys()))
        yield f"in one file only: {names}; record both files with --quick, or both without"
        return
    for name, old in before.items():
        new = after[name]
        for part in ("options", "sha256"):
            if old[part] != new[part]:
                yield f"{name} {part}: {old[part]}, now {new[part]}"
        yield from differing("truth", old["truth"], new["truth"], f"{name} ")
        if old["score"].keys() != new["score"].keys():
            yield f"{name}: scored with {', '.join(new['score'])}, not {', '.join(old['score'])}"
            continue
        for options, score in old["score"].items():
            yield from differing("score", score, new["score"][options], f"{name} [{options}] ")
        yield from differing_events(name, old["events"], new["events"])


def differing(path: str, old: object, new: object, where: str) -> Iterator[str]:
    """Yield the differences between two JSON values; `where` is the night, for a person."""
    plain = without_indices(path)
    if plain in IGNORED_FIELDS:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from differing_objects(path, old, new, where)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{where}{path}: {len(old)} entries, now {len(new)}"
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differing(f"{path}[{index}]", one, other, where)
    elif not is_same(plain, old, new):
        yield f"{where}{path}: {old!r}, now {new!r}"


def is_same(path: str, old: object, new: object) -> bool:
    """Return whether two JSON values that hold no others are equal, but for renamed texts."""
    if isinstance(old, str) and new == RENAMED_VALUES.get(path, {}).get(old):
        return True
    # In Python True equals 1, and that is no equal measure.
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def differing_objects(
    path: str, old: dict[str, Any], new: dict[str, Any], where: str
) -> Iterator[str]:
    """Yield the differences between two JSON objects."""
    plain = without_indices(path)
    seen = set()
    for key, value in old.items():
        renamed = RENAMED_FIELDS.get(f"{plain}.{key}", key)
        name = renamed if renamed in new else key
        seen.add(name)
        if name in new:
            yield from differing(f"{path}.{key}", value, new[name], where)
        elif f"{plain}.{key}" not in IGNORED_FIELDS:
            yield f"{where}{path}.{key}: {value!r}, now missing"
    for key, value in new.items():
        if key not in seen and f"{plain}.{key}" not in ADDED_FIELDS | IGNORED_FIELDS:
            yield f"{where}{path}.{key}: was not there, now {value!r}"


def without_indices(path: str) -> str:
    """Return the path of a field without the indices of lists: `a[3].b` becomes `a.b`."""
    return ".".join(part.partition("[")[0] for part in path.split("."))


def differing_events(name: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    """Yield the differences between the exact events of a night."""
    if len(old) != len(new):
        yield f"{name} events: {len(old)}, now {len(new)}"
    for index, (one, other) in enumerate(zip(old, new, strict=False)):
        kinds = {one[0], RENAMED_EVENTS.get(one[0], one[0])}
        if one[1] != other[1] or other[0] not in kinds:
            yield f"{name} events[{index}]: {one}, now {other}"


if __name__ == "__main__":
    sys.exit(main())
