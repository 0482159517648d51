"""`limber check`: checks the journal, the web server's port, the broker and every sensor.

It changes nothing and needs no running bridge. If a bridge runs on the same journal, the sensors
send to that bridge, so the check asks it about them.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator

from limber_bridge.config.model import Config, HttpEndpoint
from limber_bridge.daemon.bridge_health import unconfigured_message
from limber_bridge.daemon.check_broker import check_broker
from limber_bridge.daemon.check_ingest import ServePosts, check_reachable
from limber_bridge.daemon.check_result import CheckResult, failed, note, passed
from limber_bridge.daemon.check_running import check_running_bridge
from limber_bridge.daemon.check_sensors import check_sensors
from limber_bridge.storage.journal_errors import JournalError, JournalInUseError
from limber_bridge.storage.journal_file import probe_journal
from limber_bridge.storage.journal_reader import open_journal_reader


async def run_checks(
    config: Config, seconds: float, serve_posts: ServePosts
) -> AsyncIterator[CheckResult]:
    """Yield the result of each check; each sensor is watched for `seconds`."""
    for warning in config.world_readable_secrets():
        yield failed(warning)
    journal, bridge_running = await asyncio.to_thread(check_journal, config)
    yield journal
    if config.web is not None and not bridge_running:
        yield check_web_port(config.web)
        for result in check_reachable(config, config.web):
            yield result
    broker = [result async for result in check_broker(config, bridge_running=bridge_running)]
    for result in (*broker, *await asyncio.to_thread(check_sleepers, config)):
        yield result
    if not bridge_running:
        sensors = check_sensors(config, seconds, serve_posts)
    elif not broker[0].failed:
        sensors = check_running_bridge(config, seconds)
    else:
        # The running bridge has the sensors, and cannot be asked about them.
        return
    async for result in sensors:
        yield result


def check_journal(config: Config) -> tuple[CheckResult, bool]:
    """Check that the journal can be written; return also whether a running bridge uses it."""
    try:
        probe_journal(config.journal)
    except JournalInUseError:
        return passed(f"journal {config.journal}: in use by a running bridge"), True
    except JournalError as error:
        return failed(f"journal {error}"), False
    return passed(f"journal {config.journal}: can be written"), False


def check_sleepers(config: Config) -> list[CheckResult]:
    """Return a note on sleepers with nights in the journal who are not in the configuration."""
    try:
        with open_journal_reader(config.journal) as journal:
            unconfigured = config.unconfigured(journal.sleepers())
    except JournalError:
        # Before the first start there is no journal; `check_journal` reports one that is damaged.
        return []
    return [note(unconfigured_message(unconfigured))] if unconfigured else []


def check_web_port(endpoint: HttpEndpoint) -> CheckResult:
    """Check that the web server can listen: open its port and close it again."""
    address = f"web {endpoint.address}:{endpoint.port}"
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    try:
        socket.create_server((endpoint.address, endpoint.port), family=family).close()
    except OSError as error:
        return failed(
            f"{address}: {os.strerror(error.errno or 0)}; another bridge may be running, or choose "
            "another address or port under `web`"
        )
    return passed(f"{address}: the port is free")
