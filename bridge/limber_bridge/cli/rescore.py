"""`limber rescore`."""

import argparse
from pathlib import Path

from limber_bridge.cli.exit_status import DONE, FAILED, report_error, warn
from limber_bridge.cli.parser import Commands
from limber_bridge.cli.rules_options import add_rules_options, selected_rules


def add_parsers(commands: Commands) -> None:
    """Add `limber rescore`."""
    rescore_parser = commands.add_parser(
        "rescore", help="apply the scoring rules to movements that someone else annotated"
    )
    rescore_parser.add_argument(
        "marks",
        type=Path,
        metavar="MARKS",
        help="CSV with the columns onset, duration, side, EDF+ annotations or NSRR XML",
    )
    rescore_parser.add_argument(
        "--stages",
        type=Path,
        metavar="STAGES",
        help="CSV with the columns epoch, stage (30 s, from 0) or time, stage; a text file with "
        "one stage per line; EDF+ annotations; NSRR or Profusion XML",
    )
    rescore_parser.add_argument(
        "--respiratory",
        type=Path,
        metavar="EVENTS",
        help="CSV with the columns onset, duration of respiratory events, EDF+ or NSRR XML",
    )
    add_rules_options(rescore_parser)
    rescore_parser.add_argument(
        "--json", action="store_true", help="write a JSON object to stdout instead of a table"
    )
    rescore_parser.set_defaults(function=rescore)


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
        warn(note)
    document = rescore_night(night, selected_rules(args))
    print(json.dumps(document) if args.json else format_table(document))  # noqa: T201 - its output
    return DONE
