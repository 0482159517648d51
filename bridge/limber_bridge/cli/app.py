"""`limber app`: what the Home Assistant app and the container image run."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from limber_bridge.cli.exit_status import DONE, FAILED, report_error
from limber_bridge.cli.parser import Commands, Parser

if TYPE_CHECKING:
    from limber_bridge.daemon.announcement import Announce
    from limber_bridge.supervisor.api import Supervisor

DEFAULT_JOURNAL: Final = Path("/data/limber.db")
"""The only folder of the image that survives an update."""
INGRESS_PROXY: Final = "172.30.32.2"
"""Address of the Supervisor, from which the pages arrive that Home Assistant shows
(https://developers.home-assistant.io/docs/apps/presentation#ingress)."""


def add_parsers(commands: Commands) -> None:
    """Add `limber app run`, `limber app backup` and `limber app backup-done`."""
    app_parser = commands.add_parser("app", help="commands of the Home Assistant app (container)")
    actions = app_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    run_parser: Parser = actions.add_parser(
        "run", help="write a first limber.yaml if there is none, then run the daemon"
    )
    run_parser.set_defaults(function=run)
    backup_parser: Parser = actions.add_parser(
        "backup", help="copy the journal for a backup of Home Assistant that begins"
    )
    backup_parser.set_defaults(function=backup)
    done_parser: Parser = actions.add_parser("backup-done", help="delete the copy after the backup")
    done_parser.set_defaults(function=backup_done)
    for parser in (run_parser, backup_parser, done_parser):
        parser.add_argument(
            "--config",
            type=Path,
            default=Path("limber.yaml"),
            metavar="FILE",
            help="the configuration (default: %(default)s)",
        )
        parser.add_argument(
            "--journal",
            type=Path,
            default=DEFAULT_JOURNAL,
            metavar="FILE",
            help="the journal that a first limber.yaml names (default: %(default)s)",
        )


def run(args: argparse.Namespace) -> int:
    """Run the daemon in a container, with what the Supervisor of Home Assistant knows."""
    import logging
    import os

    from limber_bridge.cli import daemon
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.supervisor.api import Supervisor
    from limber_bridge.supervisor.discovery import send_discovery
    from limber_bridge.supervisor.first_file import write_first_file
    from limber_bridge.supervisor.saved_journal import place_saved_journal
    from limber_bridge.supervisor.settings import environment_defaults

    daemon.log_to_stderr()
    token = os.environ.get("SUPERVISOR_TOKEN")
    ways: list[Announce] = []
    if token:
        supervisor = Supervisor(token)
        follow_supervisor(supervisor)
        ways.append(lambda announced: send_discovery(supervisor, announced.fields()))
    else:
        os.environ.update(environment_defaults())
    try:
        place_saved_journal(journal_path(args))
        if write_first_file(args.config, args.journal):
            logging.getLogger(__name__).info("%s: written with the defaults", args.config)
    except JournalError as error:
        return report_error(str(error), FAILED)
    except OSError as error:
        return report_error(
            f"{args.config}: cannot be written ({error.strerror}); make its folder writable", FAILED
        )
    return daemon.run(args, may_wait=True, ways=ways)


def follow_supervisor(supervisor: Supervisor) -> None:
    """Set the variables that limber.yaml names from what the Supervisor knows, now and later."""
    import logging
    import os
    import signal

    from limber_bridge.supervisor.settings import (
        ContainerSettings,
        SettingsWatch,
        wait_for_settings,
    )

    settings = wait_for_settings(supervisor, os.environ.get("TZ", ""))
    os.environ.update(settings.environment())
    os.environ["LIMBER_INGRESS_PROXY"] = INGRESS_PROXY

    def take_over(changed: ContainerSettings) -> None:
        logging.getLogger(__name__).warning(
            "the broker, password or time zone of Home Assistant has changed: applying it"
        )
        os.environ.update(changed.environment())
        # The daemon loads limber.yaml again, which names these variables.
        os.kill(os.getpid(), signal.SIGHUP)

    SettingsWatch(supervisor, settings, take_over).start()


def backup(args: argparse.Namespace) -> int:
    """Copy the journal, as a backup begins."""
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.supervisor.saved_journal import save_journal

    try:
        save_journal(journal_path(args))
    except JournalError as error:
        return report_error(str(error), FAILED)
    return DONE


def backup_done(args: argparse.Namespace) -> int:
    """Delete the copy, as the backup has ended."""
    from limber_bridge.supervisor.saved_journal import discard_saved_journal

    discard_saved_journal(journal_path(args))
    return DONE


def journal_path(args: argparse.Namespace) -> Path:
    """Return the journal of limber.yaml; that of a first file if the file cannot be read.

    Nothing else of the file matters here: a backup must not fail because a person is editing it, or
    because a variable is missing in the environment of the command.
    """
    from limber_bridge.config.schema import DEFAULT_JOURNAL as UNNAMED_JOURNAL
    from limber_bridge.config.yaml_loader import ConfigError, load_yaml

    try:
        data = load_yaml(args.config, allow_missing_values=True).data
    except ConfigError:
        return Path(args.journal)
    bridge = data.get("bridge") if isinstance(data, dict) else None
    if not isinstance(bridge, dict):
        return Path(args.journal)
    journal = bridge.get("journal", UNNAMED_JOURNAL)
    return Path(args.config.parent / journal if isinstance(journal, str) else args.journal)
