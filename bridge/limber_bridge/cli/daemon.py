"""`limber run`, `limber check` and `limber scan`."""

import argparse
import os
import sys

from limber_bridge.cli.exit_status import DONE, FAILED, report_config_error, report_error, warn
from limber_bridge.cli.parser import Commands, add_config_option, add_seconds_option


def add_parsers(commands: Commands) -> None:
    """Add `limber run`, `limber check` and `limber scan`."""
    run_parser = commands.add_parser(
        "run", help="run the daemon: read sensors, detect, record, publish over MQTT"
    )
    add_config_option(run_parser)
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
    add_config_option(scan_parser)
    add_seconds_option(scan_parser, 10.0, "time to look for sensors")
    scan_parser.set_defaults(function=scan)


def run(args: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    import asyncio
    import logging
    from functools import partial

    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError
    from limber_bridge.daemon.bridge import serve
    from limber_bridge.daemon.systemd import ServiceManager
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
        with ServiceManager().extending_start():
            journal = Journal(config.journal)
        with journal:
            asyncio.run(serve(config, journal, http_server))
    except ConfigError as error:
        return report_config_error(error)
    except JournalError as error:
        return report_error(str(error), FAILED)
    return DONE


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
        for remark in (result.failure, result.missing_library):
            if remark:
                warn(f"{result.source}: {remark}")
    if not any(result.found for result in results):
        print("no sensors found; switch the sensor on and check its settings")  # noqa: T201
    return FAILED if any(result.failure for result in results) else DONE
