"""`limber score`."""

import argparse
from pathlib import Path

from limber_bridge.cli.argument_types import positive_number
from limber_bridge.cli.exit_status import DONE, FAILED, USAGE_ERROR, report_error
from limber_bridge.cli.parser import Commands
from limber_bridge.cli.reading_options import add_reading_options, reading_options
from limber_bridge.cli.rules_options import add_rules_options, selected_rules


def add_parsers(commands: Commands) -> None:
    """Add `limber score`."""
    score_parser = commands.add_parser(
        "score", help="score recorded nights and write tables, JSON and pictures"
    )
    score_parser.add_argument(
        "recordings",
        type=Path,
        nargs="+",
        metavar="RECORDING",
        help="a recording of any format in docs/scoring.md, such as .csv, .edf or .cwa",
    )
    add_rules_options(score_parser)
    output = score_parser.add_mutually_exclusive_group()
    output.add_argument(
        "--json", action="store_true", help="write one JSON object per night to stdout"
    )
    output.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write DIR/NAME.json, or DIR/NAME-DATE.json for each of several nights; skip "
        "recordings whose results are up to date",
    )
    score_parser.add_argument(
        "--whole",
        action="store_true",
        help="score a recording of more than 30 h as one night",
    )
    score_parser.add_argument("--quiet", action="store_true", help="do not list the written files")
    score_parser.add_argument(
        "--plot",
        action="store_true",
        help="draw each night as NAME.png and NAME.svg in DIR or the current folder",
    )
    add_reading_options(score_parser)
    score_parser.add_argument(
        "--jobs",
        type=positive_number,
        default=1,
        metavar="N",
        help="number of processes (default: 1)",
    )
    score_parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="use an existing Dask cluster, for example tcp://host:8786",
    )
    score_parser.set_defaults(function=score)


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
    try:
        options = ScoreOptions(
            rules=selected_rules(args), read=reading_options(args), whole=args.whole
        )
    except ValueError as error:
        return report_error(f"limber score: {error}", USAGE_ERROR)
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
