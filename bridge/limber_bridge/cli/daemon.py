"""`limber run`, `limber check` and `limber scan`."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from limber_bridge.cli.config_option import SETUP_VARIABLE, add_config_option
from limber_bridge.cli.exit_status import DONE, FAILED, report_config_error, report_error, warn
from limber_bridge.cli.parser import Commands, add_seconds_option

if TYPE_CHECKING:
    from limber_bridge.daemon.announcement import Announce


def add_parsers(commands: Commands) -> None:
    """Add `limber run`, `limber check` and `limber scan`."""
    run_parser = commands.add_parser(
        "run", help="run the daemon: read sensors, detect, record, publish over MQTT"
    )
    add_config_option(run_parser)
    run_parser.add_argument(
        "--forget",
        action="store_true",
        help="do not run: clear everything that the broker has kept of this bridge, to remove it",
    )
    run_parser.set_defaults(function=run)
    check_parser = commands.add_parser(
        "check", help="check the configuration, then try the broker and every sensor"
    )
    add_config_option(check_parser)
    add_seconds_option(check_parser, 30.0, "time to watch the sensors")
    check_parser.set_defaults(function=check)
    scan_parser = commands.add_parser(
        "scan", help="list sensors in range, with the lines to add to limber.yaml"
    )
    add_config_option(scan_parser, is_needed=False)
    add_seconds_option(scan_parser, 10.0, "time to look for sensors")
    scan_parser.set_defaults(function=scan)


def run(args: argparse.Namespace, *, may_wait: bool = False, ways: Sequence[Announce] = ()) -> int:
    """Run the daemon until it is stopped.

    `may_wait`: wait for the set-up in the browser where limber.yaml is missing or incomplete.
    `ways`: further ways to announce the bridge, besides multicast DNS.
    """
    import asyncio
    from functools import partial

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.service import NoSetupError, run_service
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.web.serving import INGRESS_VARIABLE, open_server

    if getattr(args, "forget", False):
        return forget(args)
    log_to_stderr()
    try:
        if not may_wait and not os.environ.get(SETUP_VARIABLE):
            load_config(args.config)
        # Health data: other users of the machine may not read the journal and its backups.
        os.umask(0o077)
        proxy = os.environ.get(INGRESS_VARIABLE, "")
        opened = partial(open_server, ingress_proxy=proxy)
        asyncio.run(run_service(args.config, opened, ways))
    except ConfigError as error:
        return report_config_error(error)
    except (JournalError, NoSetupError) as error:
        return report_error(str(error), FAILED)
    return DONE


def forget(args: argparse.Namespace) -> int:
    """Clear what the broker has kept of a bridge that does not run."""
    import asyncio

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.forget import ForgetError, ForgetOptions, forget_bridge
    from limber_bridge.storage.journal_errors import JournalError
    from limber_bridge.storage.retained_topics import owned_topics

    os.umask(0o077)
    try:
        config = load_config(args.config)
        # Locked until the end, so that the bridge cannot start meanwhile.
        with owned_topics(config.journal) as known:
            options = ForgetOptions(say=warn)
            cleared = asyncio.run(forget_bridge(config, known, options))
            known.clear()
    except ConfigError as error:
        return report_config_error(error)
    except (ForgetError, JournalError) as error:
        return report_error(str(error), FAILED)
    for topic in cleared:
        print(f"cleared {topic}")  # noqa: T201 - its output
    print("the broker no longer keeps anything of this bridge")  # noqa: T201
    return DONE


def log_to_stderr() -> None:
    """Write the log to stderr, where systemd, s6 and Docker collect it."""
    import logging

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )


def check(args: argparse.Namespace) -> int:
    """Check the configuration, then try everything in it."""
    import asyncio

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.check import run_checks
    from limber_bridge.daemon.check_result import CheckResult, note, passed
    from limber_bridge.daemon.check_user import act_as_owner
    from limber_bridge.web.http_server import serve_ingest

    async def print_results() -> bool:
        failed = False
        async for result in run_checks(config, args.seconds, serve_ingest):
            show(result)
            failed |= result.failed
        return not failed

    def show(result: CheckResult) -> None:
        print(f"{result.outcome:<7} {result.message}", flush=True)  # noqa: T201 - its output

    try:
        config = load_config(args.config)
        user = act_as_owner(config.journal)
        if user is not None:
            # This user may not be able to read every file that root can read.
            config = load_config(args.config)
    except ConfigError as error:
        return report_config_error(error)
    # Like a bridge: other users of the machine may not read what it writes.
    os.umask(0o077)
    show(passed(f"configuration {args.config}"))
    if user is not None:
        show(note(f"checked as the user {user}, who owns the folder of the journal"))
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
        # Often the configuration is incomplete because it lacks the sensor that this command finds.
        config = None
        warn(f"{args.config} has errors and is not used; see `limber check`")
    results = asyncio.run(scan_all(config, args.seconds))
    ids = free_ids(config, results)
    for result in results:
        for line in describe(result, config, ids):
            print(line)  # noqa: T201 - its output
        if result.failure:
            warn(f"{result.source}: {result.failure}")
        if result.missing_library:
            warn(f"{result.source}: {result.missing_library}, then scan again")
    if not any(result.found for result in results):
        print("no sensors found; switch the sensor on and check its settings")  # noqa: T201
    return FAILED if any(result.failure for result in results) else DONE
