"""The commands. Heavy modules are imported by the command that needs them, so that `--help` answers
at once.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, override
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from limber_bridge import __version__

if TYPE_CHECKING:
    from limber_bridge.config.model import Config, Sleeper
    from limber_bridge.detection.rules import RuleSet

DONE = 0
FAILED = 1
WRONG = 2
"""Exit statuses: done; some input could not be used; wrong usage or configuration (contracts,
section 1)."""
INTERRUPTED = 130
UNHEARD = 141
"""As of a program that SIGINT or SIGPIPE ends."""
DESCRIPTION: Final = (
    "Leg movements and cramps at night: reads sensors at the ankle or the bed, detects movements as they happen, and "
    "publishes them over MQTT. Limber is not a medical device; it informs and never diagnoses."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = parser().parse_args(arguments)
    command: Final = COMMANDS[chosen.command]
    try:
        status = command(chosen)
        if sys.stdout is not None:
            # What cannot be said is to be known here, and not when Python ends.
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read what we say has enough of it, as `head` has.
        forsake_stdout()
        return UNHEARD
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        forsake_stdout()
        return complain(
            f"limber {chosen.command}: cannot write what was found: {error.strerror}; make room",
            FAILED,
        )
    return status


def forsake_stdout() -> None:
    """Print no more: what is still held would be complained of when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class Parser(argparse.ArgumentParser):
    """A command line that says in one line what is wrong with it."""

    @override
    def error(self, message: str) -> NoReturn:
        """End with what is wrong, and how to get help."""
        self.exit(WRONG, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = Parser(prog="limber", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"limber {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="the daemon: read, detect, keep, publish")
    check = commands.add_parser(
        "check", help="check the configuration, then try the broker and every sensor"
    )
    for command in (run, check):
        command.add_argument(
            "--config", type=Path, default=Path("limber.yaml"), help="default: %(default)s"
        )
    check.add_argument(
        "--wait", type=seconds, default=10.0, help="seconds to wait for each sensor (default: 10)"
    )

    add_simulate(commands)
    add_score(commands)
    add_rescore(commands)
    add_nights(commands)
    return top


def add_simulate(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber simulate`."""
    simulate = commands.add_parser(
        "simulate", help="write a synthetic night together with its ground truth"
    )
    simulate.add_argument(
        "--out", type=Path, required=True, help="NIGHT.csv, NIGHT.csv.gz or NIGHT.edf"
    )
    simulate.add_argument("--hours", type=float, default=8.0, help="default: %(default)s")
    simulate.add_argument(
        "--seed", type=natural, default=1, help="the same seed writes the same bytes (default: 1)"
    )
    simulate.add_argument(
        "--plm-index", type=float, default=25.0, help="periodic movements an hour (default: 25)"
    )
    simulate.add_argument("--cramps", type=int, default=1, help="default: %(default)s")
    simulate.add_argument(
        "--sensor",
        choices=("ankle", "bed", "emg", "load"),
        default="ankle",
        help="default: %(default)s",
    )
    simulate.add_argument("--rate", type=float, help="Hz (default: 50, for EMG 250)")
    simulate.add_argument(
        "--legs", choices=("left", "right", "both"), default="left", help="default: %(default)s"
    )
    simulate.add_argument(
        "--calf",
        action="store_true",
        help="EMG of the calf beside it: only there are probable cramps seen",
    )
    simulate.add_argument("--quiet", action="store_true", help="do not say where it was written")
    simulate.add_argument(
        "--with",
        dest="troubles",
        type=trouble,
        action="append",
        default=[],
        metavar="NAME",
        help="what makes a night hard to read, any number of times: apnoea, ecg, faint, gaps, hum, jitter, large, "
        "loose-strap, partner, pops, restless, rhythms, toilet, tonic, twitching; look-alikes (of cramps), everything",
    )
    simulate.add_argument(
        "--device",
        type=device,
        metavar="NAME",
        help="common (default), low-noise or mpu6050; for EMG laboratory (default) or amplifier",
    )


def add_nights(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber nights` and `limber export`."""
    nights = commands.add_parser("nights", help="list the nights in the journal")
    nights.add_argument("--json", action="store_true", help="one JSON object a night, one a line")
    export = commands.add_parser(
        "export", help="write a night of the journal as EDF+ with annotations, CSV or JSON"
    )
    export.add_argument(
        "night",
        type=day,
        nargs="?",
        metavar="DATE",
        help="YYYY-MM-DD; default: the last finished one",
    )
    export.add_argument(
        "--out", type=output, required=True, help="NIGHT.edf, NIGHT.csv (events) or NIGHT.json"
    )
    for command in (nights, export):
        command.add_argument(
            "--config", type=Path, default=Path("limber.yaml"), help="default: %(default)s"
        )
        command.add_argument(
            "--sleeper", metavar="ID", help="needed to export where there are several"
        )


def add_score(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber score`."""
    score = commands.add_parser(
        "score", help="score recorded nights: CSV or EDF in, events and measures out"
    )
    score.add_argument(
        "recordings",
        type=Path,
        nargs="+",
        metavar="RECORDING",
        help=".csv, .csv.gz, .edf, or .db (raw signal)",
    )
    add_rules(score)
    where = score.add_mutually_exclusive_group()
    where.add_argument(
        "--json", action="store_true", help="one JSON object a recording, one a line, on stdout"
    )
    where.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write DIR/NAME.json; what is up to date is left alone",
    )
    score.add_argument("--quiet", action="store_true", help="do not say where results were written")
    score.add_argument(
        "--plot",
        action="store_true",
        help="draw each night as NAME.png and NAME.svg, in DIR or here",
    )
    score.add_argument(
        "--channel",
        type=channel,
        action="append",
        default=[],
        metavar="LABEL=QUANTITY",
        help="what an unknown label stands for, for example 'EMG 3=left_emg'",
    )
    score.add_argument(
        "--time-zone",
        type=zone,
        metavar="ZONE",
        help="where EDF recordings were made: Europe/Berlin",
    )
    score.add_argument(
        "--jobs", type=positive, default=1, metavar="N", help="processes (default: 1)"
    )
    score.add_argument(
        "--dask", metavar="ADDRESS", help="use an existing Dask cluster: tcp://host:8786"
    )


def add_rescore(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber rescore`."""
    rescore = commands.add_parser(
        "rescore", help="apply the scoring rules to movements that someone else marked"
    )
    rescore.add_argument("marks", type=Path, metavar="MARKS", help="columns onset, duration, side")
    rescore.add_argument(
        "--stages", type=Path, metavar="STAGES", help="columns epoch, stage: 30 s epochs from 0"
    )
    rescore.add_argument(
        "--respiratory", type=Path, metavar="EVENTS", help="columns onset, duration"
    )
    add_rules(rescore)
    rescore.add_argument(
        "--json", action="store_true", help="one JSON object on stdout instead of a table"
    )


def add_rules(command: argparse.ArgumentParser) -> None:
    """Add what chooses the scoring rules."""
    command.add_argument(
        "--rules", choices=("wasm-2016", "aasm"), default="wasm-2016", help="default: %(default)s"
    )
    command.add_argument(
        "--short-interval-starts",
        action="store_true",
        help="a movement less than 10 s after another may begin a series (unsettled in wasm-2016)",
    )


def trouble(text: str) -> str:
    """Read the name of a trouble, or of a group of them."""
    from limber_bridge.simulation.disturbances import GROUPS, Disturbance

    known = [*Disturbance, *GROUPS]
    if text not in known:
        raise argparse.ArgumentTypeError(f"`{text}`: write one of {', '.join(known)}")
    return text


def device(text: str) -> str:
    """Read the name of a simulated device."""
    from limber_bridge.simulation.devices import DEVICES

    if text not in DEVICES:
        raise argparse.ArgumentTypeError(f"`{text}`: write one of {', '.join(DEVICES)}")
    return text


def channel(text: str) -> tuple[str, str]:
    """Read LABEL=QUANTITY."""
    from limber_bridge.domain.recording import COLUMNS

    label, equals, column = text.rpartition("=")
    if not equals or column not in COLUMNS:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write LABEL=QUANTITY, with one of {', '.join(COLUMNS)}"
        )
    return label, column


def zone(text: str) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"`{text}`: no such time zone; write Europe/Berlin, for example"
        ) from error


def day(text: str) -> date:
    """Read a date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write the date on which the night ended, 2026-11-23"
        ) from error


def output(text: str) -> Path:
    """Read the name of a file that a night can be exported to."""
    from limber_bridge.offline.export import FORMATS

    if Path(text).suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write a name that ends in {', '.join(FORMATS)}"
        )
    return Path(text)


def seconds(text: str) -> float:
    """Read a time in s that can be waited for."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"`{text}`: write seconds, above 0")
    return value


def natural(text: str) -> int:
    """Read a whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}`: write a whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}`: write a whole number from 1 on")
    return int(text)


def run(chosen: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop."""
    import asyncio
    import logging
    from functools import partial

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.bridge import serve
    from limber_bridge.storage.journal import Journal
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.web.health_server import serve_health

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        config = load_config(chosen.config)
        for line in config.world_readable_secrets():
            logging.getLogger(__name__).warning("%s", line)
        # Nobody else's business: how somebody sleeps, and what is in a backup of it.
        os.umask(0o077)
        http_server = None if config.web is None else partial(serve_health, config.web)
        with Journal(config.journal) as journal:
            asyncio.run(serve(config, journal, http_server))
    except ConfigError as error:
        return complain(str(error), WRONG)
    except JournalError as error:
        return complain(str(error), FAILED)
    return DONE


def check(chosen: argparse.Namespace) -> int:
    """Check the configuration, then try everything it names."""
    import asyncio

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.check import run_checks

    async def print_results() -> bool:
        failed = False
        async for result in run_checks(config, chosen.wait):
            print(f"{result.outcome:<7} {result.message}", flush=True)  # noqa: T201 - its answer
            failed |= result.failed
        return not failed

    try:
        config = load_config(chosen.config)
    except ConfigError as error:
        return complain(str(error), WRONG)
    print("ok     ", f"configuration {chosen.config}")  # noqa: T201
    return DONE if asyncio.run(print_results()) else FAILED


def simulate(chosen: argparse.Namespace) -> int:
    """Write a synthetic night and its truth."""
    from limber_bridge.detection.signal import Side
    from limber_bridge.offline.simulate import NotWritableError, SimulateOptions, write
    from limber_bridge.simulation.disturbances import GROUPS, Disturbance
    from limber_bridge.simulation.plan import NightSpec

    named = frozenset(Disturbance(name) for name in chosen.troubles if name not in GROUPS)
    troubles = named.union(*(GROUPS[name] for name in chosen.troubles if name in GROUPS))
    legs = tuple(Side) if chosen.legs == "both" else (Side(chosen.legs),)
    try:
        wishes = NightSpec(
            hours=chosen.hours,
            plm_index=chosen.plm_index,
            cramps=chosen.cramps,
            legs=legs,
            disturbances=troubles,
            # Electrodes are put on in bed and taken off there.
            walking=0.0 if chosen.sensor == "emg" else 2.0,
        )
        order = SimulateOptions(
            out=chosen.out,
            wishes=wishes,
            seed=chosen.seed,
            sensor=chosen.sensor,
            rate=chosen.rate,
            calf=chosen.calf,
            device=chosen.device,
            named=named,
        )
        truth = write(order)
    except (NotWritableError, ValueError) as error:
        return complain(f"limber simulate: {error}", WRONG)
    if not chosen.quiet:
        print(f"wrote {chosen.out}, and its truth as {truth}", file=sys.stderr)  # noqa: T201
    return DONE


def score(chosen: argparse.Namespace) -> int:
    """Score recorded nights."""
    from limber_bridge.offline.score import ScoreOptions, same_outputs
    from limber_bridge.offline.score_output import Outputs, score_all
    from limber_bridge.offline.workers import NoClusterError, executor

    for one, other in same_outputs(chosen.recordings) if chosen.out or chosen.plot else []:
        return complain(
            f"{one} and {other} would both be written under one name; rename one of them", WRONG
        )
    order = ScoreOptions(
        rules=rules_of(chosen), channels=dict(chosen.channel), zone=chosen.time_zone
    )
    outputs = Outputs(json=chosen.json, folder=chosen.out, plot=chosen.plot, quiet=chosen.quiet)
    try:
        with executor(min(chosen.jobs, len(chosen.recordings)), chosen.dask) as pool:
            return DONE if score_all(pool, chosen.recordings, order, outputs) else FAILED
    except NoClusterError as error:
        return complain(f"limber score: {error}", WRONG)
    except OSError as error:
        if error.filename is None and chosen.out is None:
            raise
        where = error.filename if chosen.out is None else f"--out {chosen.out}"
        return complain(
            f"limber score: {where}: {error.strerror or error}; choose another place", WRONG
        )


def rescore(chosen: argparse.Namespace) -> int:
    """Score a night that someone else marked."""
    import json

    from limber_bridge.domain.recording import UnreadableRecordingError
    from limber_bridge.offline.rescore import read, rescored
    from limber_bridge.offline.score_output import table

    try:
        marks = read(chosen.marks, chosen.stages, chosen.respiratory)
    except UnreadableRecordingError as error:
        return complain(str(error), FAILED)
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror or error}; check the path", FAILED)
    for note in marks.staging.notes if marks.staging is not None else ():
        print(note, file=sys.stderr)  # noqa: T201
    found = rescored(marks, rules_of(chosen))
    print(json.dumps(found) if chosen.json else table(found))  # noqa: T201 - its answer
    return DONE


def nights(chosen: argparse.Namespace) -> int:
    """List the nights."""
    import json

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.export import listed, table
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    try:
        config = load_config(chosen.config, journal_only=True)
        sleepers = wanted(config, chosen.sleeper)
        with open_journal_reader(config.journal) as record:
            found = list(listed(config, record, sleepers))
    except (ConfigError, UnknownSleeperError) as error:
        return complain(str(error), WRONG)
    except JournalError as error:
        return complain(str(error), FAILED)
    if chosen.json:
        for night in found:
            print(json.dumps(night.json))  # noqa: T201 - its answer
    else:
        print(table(found, config) if found else "no night yet")  # noqa: T201
    return DONE


def export(chosen: argparse.Namespace) -> int:
    """Write a night out."""
    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.export import NothingThereError, gathered, holds_signal, write
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    try:
        config = load_config(chosen.config, journal_only=True)
        (sleeper,) = wanted(config, chosen.sleeper, one=True)
        with open_journal_reader(config.journal) as record:
            exported = gathered(config, record, sleeper, chosen.night)
        write(exported, config, chosen.out)
    except (ConfigError, UnknownSleeperError) as error:
        return complain(str(error), WRONG)
    except (JournalError, NothingThereError) as error:
        return complain(str(error), FAILED)
    except OSError as error:
        return complain(
            f"--out {chosen.out}: {error.strerror or error}; choose another place", FAILED
        )
    for note in exported.notes if holds_signal(chosen.out) else ():
        print(note, file=sys.stderr)  # noqa: T201
    return DONE


class UnknownSleeperError(Exception):
    """Nobody of that name sleeps here; the text says who does."""


def wanted(config: Config, sleeper: str | None, *, one: bool = False) -> tuple[Sleeper, ...]:
    """Return the sleepers that are asked for: all, or the one that is named; UnknownSleeperError."""
    found = tuple(each for each in config.sleepers if sleeper in (None, each.id))
    if not found or (one and len(found) > 1):
        known = ", ".join(each.id for each in config.sleepers)
        raise UnknownSleeperError(f"--sleeper: write one of {known}")
    return found


def rules_of(chosen: argparse.Namespace) -> RuleSet:
    """Return the rule set that was asked for."""
    from dataclasses import replace

    from limber_bridge.detection.rules import RULE_SETS

    rules = RULE_SETS[chosen.rules]
    # AASM settles the matter by a convention of ours, with or without the option (science reference
    # 1.4, 4).
    return replace(
        rules,
        short_interval_starts_series=rules.short_interval_starts_series
        or chosen.short_interval_starts,
    )


def complain(text: str, status: int) -> int:
    """Say what is wrong on stderr and return the exit status."""
    print(text, file=sys.stderr)  # noqa: T201
    return status


COMMANDS: Final = {
    "run": run, "check": check, "simulate": simulate, "score": score, "rescore": rescore, "nights": nights,
    "export": export,
}  # fmt: skip
