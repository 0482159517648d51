"""`limber service` and `limber setup`."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from limber_bridge.cli.config_option import SETUP_VARIABLE, add_config_option
from limber_bridge.cli.exit_status import DONE, FAILED, report_error, warn
from limber_bridge.cli.parser import Commands, Parser

if TYPE_CHECKING:
    from limber_bridge.service.systemd_service import Installation


def add_parsers(commands: Commands) -> None:
    """Add `limber service install`, `remove` and `status`, and `limber setup`."""
    service_parser = commands.add_parser("service", help="start the bridge with the machine")
    actions = service_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    install_parser: Parser = actions.add_parser(
        "install", help="write the systemd unit, then enable and start it"
    )
    install_parser.set_defaults(function=install)
    remove_parser: Parser = actions.add_parser(
        "remove", help="stop the service and delete its unit; configuration and nights stay"
    )
    remove_parser.set_defaults(function=remove)
    status_parser: Parser = actions.add_parser(
        "status", help="show whether the service runs; exit status 1 if it does not"
    )
    status_parser.set_defaults(function=status, root=None)
    for parser in (install_parser, remove_parser, status_parser):
        parser.add_argument(
            "--user", action="store_true", help="a service of your own, which needs no root"
        )
    for parser in (install_parser, remove_parser):
        parser.add_argument(
            "--root",
            type=Path,
            metavar="DIR",
            help="write below this folder and start nothing, to make a package or an image",
        )
    setup_parser = commands.add_parser("setup", help="open the bridge's page in a browser")
    add_config_option(setup_parser, is_needed=False)
    setup_parser.add_argument(
        "--no-browser", action="store_true", help="only print the address of the page"
    )
    setup_parser.set_defaults(function=setup)


def install(args: argparse.Namespace) -> int:
    """Install the service."""
    from limber_bridge.service import systemd_service

    installation = systemd_service.find_installation(for_user=args.user, root=args.root)
    status = show(systemd_service.install(installation))
    if status == DONE and args.root is None:
        print("`limber setup` opens its page")  # noqa: T201 - its output
    return status


def remove(args: argparse.Namespace) -> int:
    """Remove the service."""
    from limber_bridge.service import systemd_service

    installation = systemd_service.find_installation(for_user=args.user, root=args.root)
    return show(systemd_service.remove(installation))


def status(args: argparse.Namespace) -> int:
    """Show the state of the service."""
    from limber_bridge.service import systemd_service

    installation = systemd_service.find_installation(for_user=args.user, root=None)
    try:
        lines = [*systemd_service.describe(installation), *files_of(installation)]
    except systemd_service.ServiceError as error:
        return report_error(str(error), FAILED)
    for line in lines:
        print(line)  # noqa: T201 - its output
    return DONE if systemd_service.is_running(lines) else FAILED


def files_of(installation: Installation) -> Iterator[str]:
    """Yield where the configuration of a service is."""
    if installation.paths.unit.exists():
        yield f"its configuration: {installation.paths.config}"


def show(lines: Iterator[str]) -> int:
    """Print what is done, and return the exit status."""
    from limber_bridge.service.systemd_service import ServiceError

    try:
        for line in lines:
            print(line)  # noqa: T201 - its output
    except ServiceError as error:
        return report_error(str(error), FAILED)
    return DONE


def setup(args: argparse.Namespace) -> int:
    """Open the page of the bridge that runs on this machine."""
    from limber_bridge.config.loader import is_missing
    from limber_bridge.service.page import (
        has_display,
        open_browser,
        page_address,
        page_answers,
    )

    address = page_address(args.config)
    if address is None:
        return report_error(
            f"{args.config}: `web: false` switches the pages off; remove it", FAILED
        )
    print(address)  # noqa: T201 - its output
    missing = is_missing(args.config) and args.is_config_named
    if missing:
        warn(
            f"{args.config}: there is no such file, so this is the default address, where a bridge "
            f"with another file may answer; `{SETUP_VARIABLE}=1 limber run --config {args.config}` "
            "starts one that creates this file in the browser"
        )
    if not page_answers(address):
        if missing:
            return report_error("no bridge answers there", FAILED)
        return report_error(
            "no bridge answers there: start one with `limber run` or `limber service install`, or "
            "name its configuration with --config",
            FAILED,
        )
    if not args.no_browser and has_display() and not open_browser(address):
        return report_error("no browser could be opened: open the address yourself", FAILED)
    return DONE
