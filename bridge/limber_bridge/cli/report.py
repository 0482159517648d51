"""`limber report`: write a report on a range of nights for a doctor's visit."""

import argparse
from pathlib import Path
from typing import Final

from limber_bridge.cli.argument_types import night_date, positive_number
from limber_bridge.cli.config_option import add_config_option
from limber_bridge.cli.exit_status import (
    DONE,
    FAILED,
    USAGE_ERROR,
    report_config_error,
    report_error,
)
from limber_bridge.cli.journal import UnknownSleeperError, selected_sleepers
from limber_bridge.cli.parser import Commands

LANGUAGES: Final = ("en", "de", "fr", "es", "nl", "it")
PAPERS: Final = ("a4", "letter")


def add_parsers(commands: Commands) -> None:
    """Add `limber report`."""
    parser = commands.add_parser(
        "report", help="write a report on a range of nights for a doctor's visit, as PDF"
    )
    add_config_option(parser)
    parser.add_argument("--sleeper", metavar="ID", help="required if there are several sleepers")
    parser.add_argument(
        "--nights",
        type=positive_number,
        metavar="N",
        help="number of dates up to the last finished night, or to --to (default: 30)",
    )
    parser.add_argument(
        "--from", dest="first", type=night_date, metavar="DATE", help="date of the first night"
    )
    parser.add_argument(
        "--to", dest="last", type=night_date, metavar="DATE", help="date of the last night"
    )
    parser.add_argument(
        "--out",
        type=pdf_path,
        required=True,
        metavar="FILE.pdf",
        help="the report; FILE.csv beside it has one row for each date",
    )
    parser.add_argument("--paper", choices=PAPERS, default="a4", help="default: a4")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="default: en")
    parser.set_defaults(function=report)


def pdf_path(text: str) -> Path:
    """Parse the path of the report."""
    if Path(text).suffix.lower() != ".pdf":
        raise argparse.ArgumentTypeError(f"`{text}`: write a name that ends in .pdf")
    return Path(text)


def report(args: argparse.Namespace) -> int:
    """Write a report."""
    from datetime import datetime

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.offline.report.facts import DateRange, NoNightError, collect_facts
    from limber_bridge.offline.report.files import MissingPackageError, write_report
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.journal_reader import open_journal_reader

    if args.nights and args.first:
        return report_error("limber report: write --nights or --from, not both", USAGE_ERROR)
    wanted = DateRange(args.nights, args.first, args.last)
    try:
        config = load_config(args.config, journal_only=True)
        (sleeper,) = selected_sleepers(config, args.sleeper, only_one=True)
        with open_journal_reader(config.journal) as reader:
            facts = collect_facts(config, reader, sleeper, wanted)
        write_report(
            facts,
            args.out,
            paper=args.paper,
            language=args.language,
            now=datetime.now(config.calendar.zone),
        )
    except ConfigError as error:
        return report_config_error(error)
    except UnknownSleeperError as error:
        return report_error(str(error), USAGE_ERROR)
    except (JournalError, NoNightError, MissingPackageError) as error:
        return report_error(str(error), FAILED)
    except OSError as error:
        return report_error(
            f"--out {args.out}: {error.strerror or error}; choose another path", FAILED
        )
    return DONE
