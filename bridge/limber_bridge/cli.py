"""The command line `limber`.

Heavy modules are imported by the command that needs them, so that `--help` answers at once.
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

DONE: Final = 0
FAILED: Final = 1
"""Some input could not be processed; the others were."""
USAGE_ERROR: Final = 2
"""Wrong usage or configuration."""
INTERRUPTED: Final = 130
"""As of a program that SIGINT ends."""
BROKEN_PIPE: Final = 141
"""As of a program that SIGPIPE ends."""
DESCRIPTION: Final = (
    "Detect leg movements and cramps at night: read sensors at the ankle or the bed, detect "
    "movements as they happen, and publish them over MQTT. Limber is not a medical device and "
    "makes no diagnosis."
)
MAX_SECONDS: Final = 86_400
"""Longest `--seconds`: a day."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    args = create_parser().parse_args(arguments)
    command: Final = COMMANDS[args.command]
    try:
        status = command(args)
        if sys.stdout is not None:
            # Report a failure to write here, not when Python exits.
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does when it has enough lines.
        discard_stdout()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        discard_stdout()
        return report_error(
            f"limber {args.command}: cannot write the output: {error.strerror}; free some space",
            FAILED,
        )
    return status


def discard_stdout() -> None:
    """Discard buffered output, which would raise an error when Python exits."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)


def report_error(message: str, status: int) -> int:
    """Print an error on stderr and return the exit status."""
    print(message, file=sys.stderr)  # noqa: T201 - an error for the user
    return status


# --- Parser ---


class Parser(argparse.ArgumentParser):
    """A parser that reports wrong usage in one line."""

    @override
    def error(self, message: str) -> NoReturn:
        """Exit with an error, and say how to get help."""
        self.exit(USAGE_ERROR, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def create_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = Parser(prog="limber", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"limber {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="run the daemon: read sensors, detect, record, publish over MQTT"
    )
    add_config_option(run)
    check = commands.add_parser(
        "check", help="check the configuration, then try the broker and every sensor"
    )
    add_config_option(check)
    add_seconds_option(check, 30.0, "time to watch the sensors")
    scan = commands.add_parser(
        "scan", help="list sensors in range, with the lines to add to limber.yaml"
    )
    add_config_option(scan)
    add_seconds_option(scan, 10.0, "time to look for sensors")
    add_score_parser(commands)
    add_rescore_parser(commands)
    add_simulate_parser(commands)
    add_journal_parsers(commands)
    return parser


def add_config_option(command: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    command.add_argument(
        "--config",
        type=Path,
        default=Path("limber.yaml"),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def add_seconds_option(command: argparse.ArgumentParser, default: float, purpose: str) -> None:
    """Add `--seconds`."""
    command.add_argument(
        "--seconds",
        type=seconds,
        default=default,
        metavar="S",
        help=f"{purpose}, in seconds (default: %(default)g)",
    )


def add_rules_options(command: argparse.ArgumentParser) -> None:
    """Add the options that select the scoring rules."""
    command.add_argument(
        "--rules",
        choices=("wasm-2016", "aasm"),
        default="wasm-2016",
        help="scoring rules (default: %(default)s)",
    )
    command.add_argument(
        "--short-interval-starts",
        action="store_true",
        help="a movement less than 10 s after the previous one may start a series; "
        "wasm-2016 leaves this open",
    )


def add_score_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber score`."""
    score = commands.add_parser(
        "score", help="score recorded nights and write tables, JSON and pictures"
    )
    score.add_argument(
        "recordings",
        type=Path,
        nargs="+",
        metavar="RECORDING",
        help=".csv, .csv.gz, .edf, or .db (raw signal of the bridge)",
    )
    add_rules_options(score)
    output = score.add_mutually_exclusive_group()
    output.add_argument(
        "--json", action="store_true", help="write one JSON object per recording to stdout"
    )
    output.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write DIR/NAME.json; skip recordings whose results are up to date",
    )
    score.add_argument("--quiet", action="store_true", help="do not list the written files")
    score.add_argument(
        "--plot",
        action="store_true",
        help="draw each night as NAME.png and NAME.svg in DIR or the current folder",
    )
    score.add_argument(
        "--channel",
        type=channel_mapping,
        action="append",
        default=[],
        metavar="LABEL=QUANTITY",
        help="meaning of an unknown label, for example 'EMG 3=left_emg'; may be repeated",
    )
    score.add_argument(
        "--time-zone",
        type=time_zone,
        metavar="ZONE",
        help="where EDF recordings were made, for example Europe/Berlin",
    )
    score.add_argument(
        "--jobs",
        type=positive_number,
        default=1,
        metavar="N",
        help="number of processes (default: 1)",
    )
    score.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="use an existing Dask cluster, for example tcp://host:8786",
    )


def add_rescore_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber rescore`."""
    rescore = commands.add_parser(
        "rescore", help="apply the scoring rules to movements that someone else annotated"
    )
    rescore.add_argument(
        "marks", type=Path, metavar="MARKS", help="CSV with the columns onset, duration, side"
    )
    rescore.add_argument(
        "--stages",
        type=Path,
        metavar="STAGES",
        help="CSV with the columns epoch, stage: epochs of 30 s, counted from 0",
    )
    rescore.add_argument(
        "--respiratory",
        type=Path,
        metavar="EVENTS",
        help="CSV with the columns onset, duration of respiratory events",
    )
    add_rules_options(rescore)
    rescore.add_argument(
        "--json", action="store_true", help="write a JSON object to stdout instead of a table"
    )


def add_simulate_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber simulate`."""
    simulate = commands.add_parser("simulate", help="write a synthetic night and its ground truth")
    simulate.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="NIGHT",
        help="NIGHT.csv, NIGHT.csv.gz or NIGHT.edf; the truth goes to NIGHT.truth.json",
    )
    simulate.add_argument(
        "--hours",
        type=float,
        default=8.0,
        metavar="H",
        help="length of the night (default: %(default)s)",
    )
    simulate.add_argument(
        "--seed",
        type=whole_number,
        default=1,
        metavar="N",
        help="the same seed writes the same bytes (default: %(default)s)",
    )
    simulate.add_argument(
        "--plm-index",
        type=float,
        default=25.0,
        metavar="N",
        help="periodic leg movements per hour (default: %(default)s)",
    )
    simulate.add_argument(
        "--cramps", type=int, default=1, metavar="N", help="number of cramps (default: %(default)s)"
    )
    simulate.add_argument(
        "--sensor",
        choices=("ankle", "bed", "emg", "load"),
        default="ankle",
        help="kind of sensor; emg is the tibialis anterior (default: %(default)s)",
    )
    simulate.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="sampling rate in Hz (default: 50; with EMG 250)",
    )
    simulate.add_argument(
        "--legs",
        choices=("left", "right", "both"),
        default="left",
        help="legs that wear a sensor (default: %(default)s)",
    )
    simulate.add_argument(
        "--calf",
        action="store_true",
        help="add EMG of the calf, which is needed to detect probable cramps",
    )
    simulate.add_argument(
        "--with",
        dest="disturbances",
        type=disturbance_name,
        action="append",
        default=[],
        metavar="NAME",
        help="add a disturbance; may be repeated: apnoea, ecg, faint, gaps, hum, jitter, large, "
        "loose-strap, partner, pops, restless, rhythms, toilet, tonic, twitching; or a group: "
        "look-alikes (of cramps), everything",
    )
    simulate.add_argument(
        "--device",
        type=device_name,
        metavar="NAME",
        help="for acceleration: common, low-noise, mpu6050; for EMG: laboratory, amplifier",
    )
    simulate.add_argument("--quiet", action="store_true", help="do not list the written files")


def add_journal_parsers(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `limber nights` and `limber export`."""
    nights = commands.add_parser("nights", help="list the nights in the journal")
    nights.add_argument(
        "--json", action="store_true", help="write one JSON object per night to stdout"
    )
    export = commands.add_parser(
        "export", help="write a night of the journal as EDF+ with annotations, CSV or JSON"
    )
    export.add_argument(
        "night",
        type=night_date,
        nargs="?",
        metavar="DATE",
        help="date on which the night ended, YYYY-MM-DD (default: the last finished night)",
    )
    export.add_argument(
        "--out",
        type=export_path,
        required=True,
        metavar="FILE",
        help="FILE.edf, FILE.csv (events) or FILE.json",
    )
    add_config_option(nights)
    add_config_option(export)
    nights.add_argument("--sleeper", metavar="ID", help="list only the nights of this sleeper")
    export.add_argument("--sleeper", metavar="ID", help="required if there are several sleepers")


# --- Types of arguments ---


def disturbance_name(text: str) -> str:
    """Parse the name of a disturbance or of a group of disturbances."""
    from limber_bridge.simulation.disturbances import GROUPS, Disturbance

    known = [*Disturbance, *GROUPS]
    if text not in known:
        raise argparse.ArgumentTypeError(f"`{text}`: write one of {', '.join(known)}")
    return text


def device_name(text: str) -> str:
    """Parse the name of a simulated device."""
    from limber_bridge.simulation.devices import DEVICES

    if text not in DEVICES:
        raise argparse.ArgumentTypeError(f"`{text}`: write one of {', '.join(DEVICES)}")
    return text


def channel_mapping(text: str) -> tuple[str, str]:
    """Parse LABEL=QUANTITY."""
    from limber_bridge.domain.recording import COLUMNS

    label, equals, column = text.rpartition("=")
    if not equals or column not in COLUMNS:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write LABEL=QUANTITY, with one of {', '.join(COLUMNS)}"
        )
    return label, column


def time_zone(text: str) -> ZoneInfo:
    """Parse the name of a time zone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"`{text}`: unknown time zone; write for example Europe/Berlin"
        ) from error


def night_date(text: str) -> date:
    """Parse the date of a night."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write the date on which the night ended, for example 2026-11-23"
        ) from error


def export_path(text: str) -> Path:
    """Parse the path of a file to export a night to."""
    from limber_bridge.offline.export import FORMATS

    if Path(text).suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write a name that ends in {', '.join(FORMATS)}"
        )
    return Path(text)


def seconds(text: str) -> float:
    """Parse a duration in s."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"`{text}`: write a number above 0, at most {MAX_SECONDS}")
    return value


def whole_number(text: str) -> int:
    """Parse a whole number, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}`: write a whole number, 0 or more")
    return int(text)


def positive_number(text: str) -> int:
    """Parse a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}`: write a whole number, 1 or more")
    return int(text)


# --- Commands ---


def run(args: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    import asyncio
    import logging
    from functools import partial

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.bridge import serve
    from limber_bridge.storage.journal import Journal
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.web.http_server import serve_http

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        config = load_config(args.config)
        for warning in config.world_readable_secrets():
            logging.getLogger(__name__).warning("%s", warning)
        # Health data: other users of the machine may not read the journal and its backups.
        os.umask(0o077)
        http_server = None if config.web is None else partial(serve_http, config.web)
        with Journal(config.journal) as journal:
            asyncio.run(serve(config, journal, http_server))
    except ConfigError as error:
        return report_error(str(error), USAGE_ERROR)
    except JournalError as error:
        return report_error(str(error), FAILED)
    return DONE


def check(args: argparse.Namespace) -> int:
    """Check the configuration, then try everything in it."""
    import asyncio

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.check import run_checks
    from limber_bridge.web.http_server import serve_ingest

    async def print_results() -> bool:
        failed = False
        async for result in run_checks(config, args.seconds, serve_ingest):
            print(f"{result.outcome:<7} {result.message}", flush=True)  # noqa: T201 - its output
            failed |= result.failed
        return not failed

    try:
        config = load_config(args.config)
    except ConfigError as error:
        return report_error(str(error), USAGE_ERROR)
    print(f"{'ok':<7} configuration {args.config}")  # noqa: T201 - its output
    return DONE if asyncio.run(print_results()) else FAILED


def scan(args: argparse.Namespace) -> int:
    """List the sensors in range; limber.yaml may be missing."""
    import asyncio

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.scan import describe, free_ids, scan_all

    try:
        config = load_config(args.config) if args.config.exists() else None
    except ConfigError:
        # It is often incomplete because the sensor is missing that this command finds.
        config = None
        print(f"{args.config} has errors and is not used; see `limber check`", file=sys.stderr)  # noqa: T201
    results = asyncio.run(scan_all(config, args.seconds))
    ids = free_ids(config, results)
    for result in results:
        for line in describe(result, config, ids):
            print(line)  # noqa: T201 - its output
        for remark in (result.failure, result.missing_library):
            if remark:
                print(f"{result.source}: {remark}", file=sys.stderr)  # noqa: T201 - for the user
    if not any(result.found for result in results):
        print("no sensors found; switch the sensor on and check its settings")  # noqa: T201
    return FAILED if any(result.failure for result in results) else DONE


def score(args: argparse.Namespace) -> int:
    """Score recorded nights."""
    from limber_bridge.offline.score import ScoreOptions, name_conflicts
    from limber_bridge.offline.score_output import OutputOptions, score_all
    from limber_bridge.offline.workers import ClusterError, create_executor

    for one, other in name_conflicts(args.recordings) if args.out or args.plot else ():
        return report_error(
            f"limber score: {one} and {other} would both be written under the same name; "
            "rename one of them",
            USAGE_ERROR,
        )
    options = ScoreOptions(
        rules=selected_rules(args), channels=dict(args.channel), zone=args.time_zone
    )
    outputs = OutputOptions(json=args.json, folder=args.out, plot=args.plot, quiet=args.quiet)
    try:
        with create_executor(min(args.jobs, len(args.recordings)), args.dask) as executor:
            all_scored = score_all(executor, args.recordings, options, outputs)
    except ClusterError as error:
        return report_error(f"limber score: {error}", USAGE_ERROR)
    except OSError as error:
        if error.filename is None and args.out is None:
            raise
        place = error.filename if args.out is None else f"--out {args.out}"
        return report_error(
            f"limber score: {place}: {error.strerror or error}; choose another folder", USAGE_ERROR
        )
    return DONE if all_scored else FAILED


def rescore(args: argparse.Namespace) -> int:
    """Score a night that someone else annotated."""
    import json

    from limber_bridge.domain.recording import UnreadableRecordingError
    from limber_bridge.offline.rescore import read_annotations, rescore_night
    from limber_bridge.offline.score_table import format_table

    try:
        night = read_annotations(args.marks, args.stages, args.respiratory)
    except UnreadableRecordingError as error:
        return report_error(str(error), FAILED)
    except OSError as error:
        return report_error(f"{error.filename}: {error.strerror or error}; check the path", FAILED)
    for note in night.hypnogram.notes if night.hypnogram is not None else ():
        print(note, file=sys.stderr)  # noqa: T201 - a warning for the user
    document = rescore_night(night, selected_rules(args))
    print(json.dumps(document) if args.json else format_table(document))  # noqa: T201 - its output
    return DONE


def simulate(args: argparse.Namespace) -> int:
    """Write a synthetic night and its ground truth."""
    from limber_bridge.detection.signal import Side
    from limber_bridge.offline.simulate import SimulateOptions, SimulationError, simulate_night
    from limber_bridge.simulation.disturbances import GROUPS, Disturbance
    from limber_bridge.simulation.plan import NightSpec

    named = frozenset(Disturbance(name) for name in args.disturbances if name not in GROUPS)
    disturbances = named.union(*(GROUPS[name] for name in args.disturbances if name in GROUPS))
    try:
        spec = NightSpec(
            hours=args.hours,
            plm_index=args.plm_index,
            cramps=args.cramps,
            legs=tuple(Side) if args.legs == "both" else (Side(args.legs),),
            disturbances=disturbances,
            # Electrodes are applied and removed in bed.
            walking=0.0 if args.sensor == "emg" else 2.0,
        )
        options = SimulateOptions(
            out=args.out,
            spec=spec,
            seed=args.seed,
            sensor=args.sensor,
            rate=args.rate,
            calf=args.calf,
            device=args.device,
            named_disturbances=named,
        )
        truth = simulate_night(options)
    except (SimulationError, ValueError) as error:
        return report_error(f"limber simulate: {error}", USAGE_ERROR)
    if not args.quiet:
        print(f"wrote {args.out} and {truth}", file=sys.stderr)  # noqa: T201 - for the user
    return DONE


def nights(args: argparse.Namespace) -> int:
    """List the nights in the journal."""
    import json

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.export import format_nights, list_nights
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    try:
        config = load_config(args.config, journal_only=True)
        sleepers = selected_sleepers(config, args.sleeper)
        with open_journal_reader(config.journal) as reader:
            found = list(list_nights(config, reader, sleepers))
    except (ConfigError, UnknownSleeperError) as error:
        return report_error(str(error), USAGE_ERROR)
    except JournalError as error:
        return report_error(str(error), FAILED)
    if args.json:
        for night in found:
            print(json.dumps(night.json))  # noqa: T201 - its output
    else:
        print(format_nights(found, config) if found else "no nights yet")  # noqa: T201 - its output
    return DONE


def export(args: argparse.Namespace) -> int:
    """Write a night of the journal to a file."""
    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.export import (
        NightNotFoundError,
        contains_signal,
        load_night,
        write_export,
    )
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    try:
        config = load_config(args.config, journal_only=True)
        (sleeper,) = selected_sleepers(config, args.sleeper, only_one=True)
        with open_journal_reader(config.journal) as reader:
            night = load_night(config, reader, sleeper, args.night)
        write_export(night, config, args.out)
    except (ConfigError, UnknownSleeperError) as error:
        return report_error(str(error), USAGE_ERROR)
    except (JournalError, NightNotFoundError) as error:
        return report_error(str(error), FAILED)
    except OSError as error:
        return report_error(
            f"--out {args.out}: {error.strerror or error}; choose another path", FAILED
        )
    for note in night.notes if contains_signal(args.out) else ():
        print(note, file=sys.stderr)  # noqa: T201 - a warning for the user
    return DONE


class UnknownSleeperError(Exception):
    """`--sleeper` names no sleeper, or is missing; the text lists the ids."""


def selected_sleepers(
    config: Config, sleeper_id: str | None, *, only_one: bool = False
) -> tuple[Sleeper, ...]:
    """Return the sleeper with an id, or all of them if it is None; UnknownSleeperError.

    With `only_one`, several sleepers are an error.
    """
    found = tuple(one for one in config.sleepers if sleeper_id in (None, one.id))
    if not found or (only_one and len(found) > 1):
        ids = ", ".join(one.id for one in config.sleepers)
        raise UnknownSleeperError(f"--sleeper: write one of {ids}")
    return found


def selected_rules(args: argparse.Namespace) -> RuleSet:
    """Return the selected rule set."""
    from dataclasses import replace

    from limber_bridge.detection.rules import RULE_SETS

    rules = RULE_SETS[args.rules]
    # Under AASM a convention settles this, with or without the option: docs/science.md#aasm.
    starts = rules.short_interval_starts_series or args.short_interval_starts
    return replace(rules, short_interval_starts_series=starts)


COMMANDS: Final = {
    "run": run,
    "check": check,
    "scan": scan,
    "score": score,
    "rescore": rescore,
    "simulate": simulate,
    "nights": nights,
    "export": export,
}
