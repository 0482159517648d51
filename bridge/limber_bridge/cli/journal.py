"""`limber nights` and `limber export`: read the journal of the bridge."""

import argparse
from typing import TYPE_CHECKING

from limber_bridge.cli.argument_types import export_path, night_date
from limber_bridge.cli.config_option import add_config_option
from limber_bridge.cli.exit_status import (
    DONE,
    FAILED,
    USAGE_ERROR,
    report_config_error,
    report_error,
    warn,
)
from limber_bridge.cli.parser import Commands

if TYPE_CHECKING:
    from limber_bridge.config.model import Config, Sleeper


def add_parsers(commands: Commands) -> None:
    """Add `limber nights` and `limber export`."""
    nights_parser = commands.add_parser("nights", help="list the nights in the journal")
    nights_parser.add_argument(
        "--json", action="store_true", help="write one JSON object per night to stdout"
    )
    export_parser = commands.add_parser(
        "export", help="write a night of the journal as EDF+ with annotations, CSV or JSON"
    )
    export_parser.add_argument(
        "night",
        type=night_date,
        nargs="?",
        metavar="DATE",
        help="date on which the night ended, YYYY-MM-DD (default: the last finished night)",
    )
    export_parser.add_argument(
        "--out",
        type=export_path,
        required=True,
        metavar="FILE",
        help="FILE.edf, FILE.csv (events) or FILE.json",
    )
    add_config_option(nights_parser)
    add_config_option(export_parser)
    nights_parser.add_argument(
        "--sleeper", metavar="ID", help="list only the nights of this sleeper"
    )
    export_parser.add_argument(
        "--sleeper", metavar="ID", help="required if there are several sleepers"
    )
    nights_parser.set_defaults(function=nights)
    export_parser.set_defaults(function=export)


def nights(args: argparse.Namespace) -> int:
    """List the nights in the journal."""
    import json
    from datetime import UTC, datetime

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.domain.nights import to_us
    from limber_bridge.offline.export import list_nights
    from limber_bridge.offline.journal_table import format_nights
    from limber_bridge.offline.noted_nights import noted_nights
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    try:
        config = load_config(args.config, journal_only=True)
        sleepers = selected_sleepers(config, args.sleeper)
        with open_journal_reader(config.journal) as reader:
            found = list(list_nights(config, reader, sleepers))
            now = to_us(datetime.now(UTC))
            noted = {one.id: tuple(noted_nights(config, reader, one, now)) for one in sleepers}
    except ConfigError as error:
        return report_config_error(error)
    except UnknownSleeperError as error:
        return report_error(str(error), USAGE_ERROR)
    except JournalError as error:
        return report_error(str(error), FAILED)
    if args.json:
        for night in found:
            print(json.dumps(night.json))  # noqa: T201 - its output
    else:
        print(format_nights(config, found, noted) or "no nights yet")  # noqa: T201 - its output
    return DONE


def export(args: argparse.Namespace) -> int:
    """Write a night of the journal to a file."""
    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.export import contains_signal, load_night, write_export
    from limber_bridge.offline.stored_night import NightNotFoundError
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    try:
        config = load_config(args.config, journal_only=True)
        (sleeper,) = selected_sleepers(config, args.sleeper, only_one=True)
        with open_journal_reader(config.journal) as reader:
            night = load_night(config, reader, sleeper, args.night)
        write_export(night, config, args.out)
    except ConfigError as error:
        return report_config_error(error)
    except UnknownSleeperError as error:
        return report_error(str(error), USAGE_ERROR)
    except (JournalError, NightNotFoundError) as error:
        return report_error(str(error), FAILED)
    except OSError as error:
        return report_error(
            f"--out {args.out}: {error.strerror or error}; choose another path", FAILED
        )
    warn(f"wrote {args.out}")
    for note in night.notes if contains_signal(args.out) else ():
        warn(note)
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
