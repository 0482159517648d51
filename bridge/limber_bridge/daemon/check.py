"""`limber check`: checks the journal, the web server's port, the broker and every sensor.

It does what `limber run` does, for a short time: it connects and publishes like the bridge, writes
files where the bridge writes them, and reads the sensors. It leaves nothing behind, and needs no
running bridge. If a bridge runs on the same journal, the sensors send to that bridge, so the check
asks it about them.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from limber_bridge.config.model import Config, HttpEndpoint
from limber_bridge.daemon.bridge_health import unconfigured_message
from limber_bridge.daemon.check_broker import check_broker
from limber_bridge.daemon.check_files import check_files
from limber_bridge.daemon.check_ingest import ServePosts, check_reachable
from limber_bridge.daemon.check_keys import check_keys
from limber_bridge.daemon.check_result import CheckResult, failed, note, passed
from limber_bridge.daemon.check_running import check_running_bridge
from limber_bridge.daemon.check_sensors import check_sensors
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.storage.journal_errors import JournalError, JournalInUseError
from limber_bridge.storage.journal_file import probe_journal
from limber_bridge.storage.journal_reader import open_journal_reader


async def run_checks(
    config: Config, seconds: float, serve_posts: ServePosts
) -> AsyncIterator[CheckResult]:
    """Yield the result of each check; each sensor is watched for `seconds`."""
    host, bridge_running = await asyncio.to_thread(check_host, config)
    for result in host:
        yield result
    stored = await asyncio.to_thread(read_stored, config)
    checks = check_broker(config, bridge_running=bridge_running, published=stored.topics)
    broker = [result async for result in checks]
    for result in broker:
        yield result
    if stored.unconfigured:
        yield note(unconfigured_message(stored.unconfigured))
    # Without a broker, a running bridge, which has the sensors, cannot be asked about them.
    if bridge_running and broker[0].failed:
        return
    sensors = (
        check_running_bridge(config, seconds)
        if bridge_running
        else check_sensors(config, seconds, serve_posts, stored.read_positions)
    )
    async for result in sensors:
        yield result


def check_host(config: Config) -> tuple[list[CheckResult], bool]:
    """Check files and ports of this machine; return also whether a bridge runs on the journal."""
    journal, bridge_running = check_journal(config)
    results = [*map(failed, config.world_readable_secrets()), *check_keys(config), journal]
    if not bridge_running:
        results += check_files(config)
        if config.web is not None:
            results += [check_web_port(config.web), *check_reachable(config, config.web)]
    return results, bridge_running


def check_journal(config: Config) -> tuple[CheckResult, bool]:
    """Check that the journal can be written; return also whether a running bridge uses it."""
    try:
        probe_journal(config.journal)
    except JournalInUseError:
        return passed(f"journal {config.journal}: in use by a running bridge"), True
    except JournalError as error:
        return failed(f"journal {error}"), False
    return passed(f"journal {config.journal}: can be written"), False


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """What the journal says that matters for the checks."""

    topics: frozenset[str] = frozenset()
    """The retained topics of earlier runs."""
    read_positions: Mapping[int, Sequence[ReadPosition]] = field(default_factory=dict)
    """How far the frames of each sensor were read; earlier frames are refused."""
    unconfigured: Sequence[str] = ()
    """Sleepers with nights in the journal who are not in the configuration."""


def read_stored(config: Config) -> StoredFacts:
    """Return what the journal says; nothing where it cannot be read."""
    try:
        with open_journal_reader(config.journal) as journal:
            return StoredFacts(
                frozenset(journal.retained_topics()),
                journal.read_positions(),
                config.unconfigured(journal.sleepers()),
            )
    except JournalError:
        # Before the first start there is no journal; `check_journal` reports one that is damaged.
        return StoredFacts()


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
