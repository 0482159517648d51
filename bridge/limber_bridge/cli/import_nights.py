"""`limber import`."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from limber_bridge.cli.config_option import add_config_option
from limber_bridge.cli.exit_status import DONE, FAILED, USAGE_ERROR, report_error
from limber_bridge.cli.journal import UnknownSleeperError, selected_sleepers
from limber_bridge.cli.parser import Commands
from limber_bridge.cli.reading_options import add_reading_options, reading_options

if TYPE_CHECKING:
    from limber_bridge.config.model import Config, Sleeper
    from limber_bridge.storage.import_orders import Answer
    from limber_bridge.storage.journal_imports import NightToImport


def add_parsers(commands: Commands) -> None:
    """Add `limber import`."""
    parser = commands.add_parser(
        "import", help="import recorded nights into the journal, as if they had been measured live"
    )
    parser.add_argument(
        "recordings", type=Path, nargs="*", metavar="RECORDING", help="as for `limber score`"
    )
    parser.add_argument(
        "--sleeper", metavar="ID", required=True, help="the sleeper of these nights"
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="replace nights that were measured live or imported before",
    )
    parser.add_argument(
        "--undo",
        metavar="IMPORT|DATE",
        help="undo an import, or the import of one night, and restore what it replaced",
    )
    add_reading_options(parser)
    add_config_option(parser)
    parser.set_defaults(function=import_nights)


def import_nights(args: argparse.Namespace) -> int:
    """Import the nights of recordings, or undo an import."""
    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.import_nights import ImportFailedError

    if bool(args.recordings) == (args.undo is not None):
        return report_error(
            "limber import: name a RECORDING, or an import with --undo; see `limber import --help`",
            USAGE_ERROR,
        )
    try:
        config = load_config(args.config, journal_only=True)
        (sleeper,) = selected_sleepers(config, args.sleeper, only_one=True)
        return undo(args.undo, config, sleeper) if args.undo else file(args, config, sleeper)
    except (ConfigError, UnknownSleeperError, ValueError) as error:
        return report_error(f"limber import: {error}", USAGE_ERROR)
    except ImportFailedError as error:
        return report_error(f"limber import: {error}", FAILED)


def file(args: argparse.Namespace, config: Config, sleeper: Sleeper) -> int:
    """Import the nights of recordings; ImportFailedError, or ValueError for a wrong option."""
    from limber_bridge.domain.recording import UnreadableRecordingError
    from limber_bridge.offline.import_nights import (
        check_distinct,
        detect_recorded_nights,
        new_batch,
        send_order,
    )
    from limber_bridge.storage.import_orders import ImportOrder
    from limber_bridge.storage.journal_errors import JournalError

    options = reading_options(args)
    batch = new_batch()
    status = DONE
    nights: list[NightToImport] = []
    for path in args.recordings:
        if sys.stderr.isatty():
            # A week takes half a minute.
            print(f"{path}: detecting movements ...", file=sys.stderr)  # noqa: T201 - for the user
        try:
            found = detect_recorded_nights(path, config, sleeper, options, batch)
        except (UnreadableRecordingError, JournalError) as error:
            status = report_error(str(error), FAILED)
            continue
        nights += found.nights
        for note in found.notes:
            print(note, file=sys.stderr)  # noqa: T201 - a warning for the user
    check_distinct(nights)
    if not nights:
        return report_error("limber import: no night to import", FAILED)
    order = ImportOrder(batch, sleeper.id, tuple(nights), replaces=args.replace)
    answer = send_order(config, order)
    status = max(status, print_answer(answer))
    if any(one.done for one in answer.outcomes):
        again = f" --config {shlex.quote(str(args.config))}" if args.is_config_named else ""
        print(  # noqa: T201 - for the user
            f"to undo it: limber import --undo {batch} --sleeper {sleeper.id}{again}; the "
            "journal keeps no raw signal of imported nights, so keep the recordings",
            file=sys.stderr,
        )
    return status


def undo(wanted: str, config: Config, sleeper: Sleeper) -> int:
    """Undo an import; ImportFailedError."""
    from limber_bridge.offline.import_nights import new_batch, send_order
    from limber_bridge.storage.import_orders import ImportOrder

    return print_answer(send_order(config, ImportOrder(new_batch(), sleeper.id, undo=wanted)))


def print_answer(answer: Answer) -> int:
    """Print the outcome for each night, and return the exit status."""
    status = DONE
    for one in answer.outcomes:
        if one.done:
            print(f"{one.night}  {one.text}")  # noqa: T201 - its output
        else:
            status = report_error(one.text, FAILED)
    if answer.error is not None:
        status = report_error(f"limber import: {answer.error}", FAILED)
    return status
