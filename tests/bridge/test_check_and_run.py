"""What `limber check` passes, `limber run` can do: both meet every fault of brokers and files.

Both run in this process, against a real mosquitto and real files.
"""

import asyncio
import json
import os
import pwd
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Broker, Config
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.broker_probe import ProbeDisconnectedError, open_probe, probe_options
from limber_bridge.daemon.check import check_host, read_stored
from limber_bridge.daemon.check_broker import check_broker
from limber_bridge.daemon.check_publishing import UNKNOWN_EVENT
from limber_bridge.daemon.mqtt_events import ConnackAccepted, MessageReceived, Protocol
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage import raw_recorder
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.schema import MIGRATIONS
from tests.bridge.conftest import mosquitto
from tests.bridge.damage import damage_table
from tests.bridge.examples import night, settings
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, listen_on
from tests.bridge.test_bridge_health import running
from tests.required_programs import need

pytestmark = pytest.mark.real_time

SENSOR = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
PATIENCE_S = 60.0
"""For each answer of what works: the machine may be busy."""
FAULT_S = 5.0
"""For each answer of what does not work, and may never come."""
AT_A_TIME = 8
"""Brokers that are met at the same time."""
ROOT = "limber/bedroom"
PUBLISHED = ("status", "info", "anna/state", "anna/event", "response/#")
"""What a bridge publishes, below `ROOT`."""


@dataclass(frozen=True, slots=True)
class BrokerCase:
    """A broker with a peculiarity."""

    named: str = ""
    """What the check must say; empty where a bridge can use this broker."""
    lines: tuple[str, ...] = ()
    """Of the configuration of mosquitto."""
    rights: tuple[str, ...] = ("readwrite #",)
    """Of the bridge's user."""

    @property
    def patience_s(self) -> float:
        """s for each answer."""
        return FAULT_S if self.named else PATIENCE_S


def without(name: str) -> tuple[str, ...]:
    """The rights of a bridge that may not publish on one topic."""
    allowed = [f"readwrite {ROOT}/{one}" for one in PUBLISHED if one != name]
    return (*allowed, f"readwrite {ROOT}/request")


BROKERS: dict[str, BrokerCase] = {
    "sound": BrokerCase(),
    "only the topics of the bridge": BrokerCase(rights=without("")),
    "no retained messages": BrokerCase("`retain_available true`", ("retain_available false",)),
    "QoS 0 only": BrokerCase("`max_qos 1`", ("max_qos 0",)),
    "messages of 20,000 bytes": BrokerCase(lines=("message_size_limit 20000",)),
    "messages of 2,000 bytes": BrokerCase("bytes", ("message_size_limit 2000",)),
    "messages of 300 bytes": BrokerCase("bytes", ("message_size_limit 300",)),
    "packets of 20,000 bytes": BrokerCase(lines=("max_packet_size 20000",)),
    "packets of 1,000 bytes": BrokerCase("its limit is 1,000", ("max_packet_size 1000",)),
    "QoS 0 only, no retained messages": BrokerCase(
        "`max_qos 1`", ("max_qos 0", "retain_available false")
    ),
    "a keepalive of 10 s": BrokerCase(lines=("max_keepalive 10",)),
    "a short queue": BrokerCase(lines=("max_inflight_messages 1", "max_queued_messages 10")),
    "other client ids": BrokerCase("refuses the connection", ("clientid_prefixes other,test-",)),
    "a password": BrokerCase("`user` and `password`", ("allow_anonymous false",)),
    "no right to read": BrokerCase("delivers none", rights=("write #",)),
    "no right to publish": BrokerCase("Not authorized", rights=("read #",)),
    "no rights": BrokerCase("to", rights=("deny #",)),
} | {
    f"no right to {name}": BrokerCase(f"{ROOT}/{name}", rights=without(name)) for name in PUBLISHED
}


KEEPS_OTHERS_OUT = ("allow_anonymous", "clientid_prefixes")
"""Settings of a broker to which no other client of the test can connect."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the check says of a broker or a file system, and whether a bridge works with it."""

    failures: tuple[str, ...]
    runs: bool


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with more nights than a message can carry."""
    path = tmp_path_factory.mktemp("nights") / "limber.db"
    with Journal(path) as journal:
        for number in range(120):
            journal.save_night(night(date(2026, 7, 1) + timedelta(days=number)))
    return path


@contextmanager
def broker_of(case: BrokerCase, folder: Path, port: int) -> Iterator[None]:
    """Run mosquitto with the settings of a case; the rights are those of the bridge's user."""
    rights = "".join(f"topic {right}\n" for right in case.rights)
    (folder / "acl").write_text(f"topic readwrite #\nuser bridge\n{rights}")
    anonymous = () if "allow_anonymous false" in case.lines else ("allow_anonymous true",)
    program = mosquitto(folder, port, f"acl_file {folder}/acl", *anonymous, *case.lines)
    try:
        yield
    finally:
        program.stop()


async def check_of_broker(config: Config, patience_s: float) -> tuple[str, ...]:
    """The failures that the check finds with the broker."""
    stored = await asyncio.to_thread(read_stored, config)
    checks = check_broker(config, published=stored.topics, timeout_s=patience_s)
    return tuple([one.message async for one in checks if one.failed])


async def answers_request(config: Config, port: int, patience_s: float) -> bool:
    """Ask a bridge for its nights as Home Assistant does; return whether the answer arrives."""
    topics = bridge_topics(config)
    home = Broker(LOOPBACK, port, None, None, None, "limber")
    reply_to = f"{topics.responses}test"
    request = {"v": 1, "id": "q", "reply_to": reply_to, "sleeper": "anna", "command": "nights"}
    async with open_probe(probe_options(home, "test"), patience_s) as probe:
        try:
            if not isinstance(await probe.connect(Protocol.MQTT_5), ConnackAccepted):
                return False
            probe.subscribe(reply_to)
            probe.publish(topics.request, json.dumps(request | {"last": 366}).encode())
            answer = await probe.expect(MessageReceived)
        except TimeoutError, ProbeDisconnectedError:
            return False
    return json.loads(answer.payload)["ok"] is True


async def comes_true(condition: Callable[[], bool], patience_s: float) -> bool:
    """Wait for a condition; return whether it was met in time."""
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def runs_with_broker(config: Config, port: int, patience_s: float) -> bool:
    """Whether a bridge connects, publishes everything, and is heard by Home Assistant."""
    with Journal(config.journal) as journal:
        bridge = Bridge(config, journal, HostClock())
        async with running(bridge):
            if not await comes_true(lambda: bridge.health.bridge(0).broker.connected, patience_s):
                return False
            # An event, as it happens in the night.
            bridge._mqtt.publish(f"{ROOT}/anna/event", UNKNOWN_EVENT, retain=False)
            if not await comes_true(lambda: not bridge.health.bridge(0).broker.pending, patience_s):
                return False
            answered = await answers_request(config, port, patience_s)
            health = bridge.health.bridge(HostClock().now())
            return answered and not health.problems and not health.broker.disconnects


async def verdicts_on_broker(case: BrokerCase, folder: Path, nights: Path) -> Verdicts:
    """Let a check and then a bridge meet a broker; the check must leave nothing behind."""
    port = free_port()
    shutil.copy(nights, folder / "limber.db")
    text = settings(SENSOR, port=port).replace(f"port: {port}}}", f"port: {port}, user: bridge}}")
    (folder / "limber.yaml").write_text(text)
    config = load_config(folder / "limber.yaml")
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, broker_of(case, folder, port))
        failures = await check_of_broker(config, case.patience_s)
        if not case.lines or case.lines[0].split()[0] not in KEEPS_OTHERS_OUT:
            with Listener(port) as listener:
                await asyncio.sleep(0.1)
                assert not [one for one in listener.heard if one.retained], case
        return Verdicts(failures, await runs_with_broker(config, port, case.patience_s))


@pytest.fixture(scope="module")
def on_brokers(
    tmp_path_factory: pytest.TempPathFactory, nights: Path
) -> dict[str, Verdicts | BaseException]:
    """The verdicts on all brokers, which are met at the same time, as most of it is waiting."""
    need("mosquitto")

    turns = asyncio.Semaphore(AT_A_TIME)

    async def meet(case: BrokerCase) -> Verdicts:
        async with turns:
            return await verdicts_on_broker(case, tmp_path_factory.mktemp("broker"), nights)

    async def meet_all() -> dict[str, Verdicts | BaseException]:
        found = await asyncio.gather(
            *map(meet, BROKERS.values()),
            return_exceptions=True,
        )
        return dict(zip(BROKERS, found, strict=True))

    return asyncio.run(meet_all())


# In one process: each would meet all brokers again.
@pytest.mark.xdist_group("brokers")
@pytest.mark.parametrize("name", BROKERS)
@pytest.mark.takes(12)
def test_the_check_passes_a_broker_if_and_only_if_a_bridge_can_use_it(
    on_brokers: dict[str, Verdicts | BaseException], name: str
) -> None:
    found = on_brokers[name]
    assert isinstance(found, Verdicts), found
    named = BROKERS[name].named
    assert (not found.failures, found.runs) == (not named, not named), found
    if named:
        assert named in found.failures[-1]


def foreign_file(folder: Path) -> None:
    (folder / "limber.db").write_bytes(b"a picture" * 1000)


def foreign_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "limber.db")) as database:
        database.execute("CREATE TABLE song (title TEXT)")


def newer_journal(folder: Path) -> None:
    Journal(folder / "limber.db").close()
    with closing(sqlite3.connect(folder / "limber.db", autocommit=True)) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def damaged_journal(folder: Path) -> None:
    with Journal(folder / "limber.db") as journal:
        journal.save_night(night(date(2026, 11, 21)))
    damage_table(folder / "limber.db", "night")


def file_for_folder(name: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / name).write_text("no folder")

    return prepare


def folder_for_file(name: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / name).mkdir()

    return prepare


def used_before(folder: Path) -> None:
    with Journal(folder / "limber.db") as journal:
        journal.save_night(night(date(2026, 11, 21)))
        journal.save_topics([f"{ROOT}/info"])


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (lambda _: None, ""),
    "used before": (used_before, ""),
    "file of another program": (foreign_file, "not a database"),
    "database of another program": (foreign_database, "another program"),
    "journal of a newer version": (newer_journal, "newer"),
    "damaged journal": (damaged_journal, "damaged"),
    "folder in place of the journal": (folder_for_file("limber.db"), "limber.db"),
    "folder in place of the lock": (folder_for_file("limber.db.lock"), "limber.db.lock"),
    "file in place of the raw signal": (file_for_folder("limber-raw"), "not a folder"),
    "file in place of the backups": (file_for_folder("limber-backups"), "not a folder"),
    "missing": (lambda folder: folder.rmdir(), "No such file"),
}
"""What is in the folder of the journal, and what the check must say of it."""


async def runs_with_files(config: Config, port: int, patience_s: float) -> bool:
    """Whether a bridge records events, raw signal and a backup, and replaces nothing."""
    try:
        journal = Journal(config.journal)
    except JournalError, OSError:
        return False
    with journal:
        if journal.notices:
            return False
        bridge = Bridge(config, journal, HostClock())
        async with running(bridge):
            await bridge.writer.write_topics(["test"])
            sensor = AnkleSensor()

            def finished() -> bool:
                send(port, sensor.frame(leg(sensor.sequence / 50, 0.1, [])))
                return has_all_files(config.journal) or not bridge.health.recording

            await comes_true(finished, patience_s)
            return has_all_files(config.journal) and bridge.health.recording


def has_all_files(journal: Path) -> bool:
    """Whether a bridge has written a file of raw signal and a backup."""
    patterns = (f"{journal.stem}-raw/*.db", f"{journal.stem}-backups/*.db")
    return all(any(journal.parent.glob(pattern)) for pattern in patterns)


def load(folder: Path, port: int) -> Config:
    """A configuration with a journal in a folder that may be missing, and a port for sensors."""
    journal = folder / "limber.db"
    text = settings(ANKLE, port=free_port(), more=listen_on(port))
    text = text.replace("{id: ", f"{{journal: {journal}, id: ", 1)
    path = folder.with_name(f"{folder.name}.yaml")
    path.write_text(text)
    return load_config(path)


async def verdicts_on_files(folder: Path, patience_s: float, limit: int | None = None) -> Verdicts:
    """Let a check and then a bridge meet a folder; the check must leave it as it was.

    `limit`: the greatest size of a file in bytes.
    """
    port = free_port()
    config = load(folder, port)
    with limited_files(limit):
        return await verdicts_on(config, folder, port, patience_s)


@contextmanager
def limited_files(limit: int | None) -> Iterator[None]:
    """Let no file of this process grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft if limit is None else limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def verdicts_on(config: Config, folder: Path, port: int, patience_s: float) -> Verdicts:
    """The verdicts of a check and of a bridge that listens on a port."""
    before = contents(folder)
    results, _ = await asyncio.to_thread(check_host, config)
    assert contents(folder) == before
    failures = tuple(one.message for one in results if one.failed)
    return Verdicts(failures, await runs_with_files(config, port, patience_s))


def contents(folder: Path) -> dict[Path, bytes | None]:
    """Everything in a folder; None for folders."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("name", FOLDERS)
async def test_the_check_passes_a_folder_if_and_only_if_a_bridge_can_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(raw_recorder, "WRITE_EVERY_S", 0.1)
    prepare, named = FOLDERS[name]
    folder = tmp_path / "data"
    folder.mkdir()
    prepare(folder)
    found = await verdicts_on_files(folder, FAULT_S if named else PATIENCE_S)
    assert (not found.failures, found.runs) == (not named, not named), found
    assert named in " ".join(found.failures)


@pytest.mark.parametrize("limit", [0, 20_000, 60_000])
async def test_the_check_fails_where_files_cannot_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """As on a disk that is full or has a quota, also beyond some kB."""
    monkeypatch.setattr(raw_recorder, "WRITE_EVERY_S", 0.1)
    folder = tmp_path / "data"
    folder.mkdir()
    found = await verdicts_on_files(folder, FAULT_S, limit)
    assert found.failures
    assert not found.runs


async def test_a_journal_in_use_is_no_failure_and_its_files_are_left_alone(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db"):
        config = load(tmp_path, free_port())
        results, bridge_running = await asyncio.to_thread(check_host, config)
    assert bridge_running
    assert [one.failed for one in results] == [False]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_check_by_root_is_made_as_the_owner_of_the_folder() -> None:
    """root can open what the service user cannot, and would leave files of its own behind."""
    entry = pwd.getpwnam("nobody")
    # A folder that other users can reach.
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        load(folder / "data", free_port())
        (folder / "data").mkdir()
        for path in (folder, folder / "data"):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        os.close(os.open(folder / "data" / "limber.db.lock", os.O_CREAT, 0o600))
        ended = subprocess.run(
            [need("limber"), "check", "--seconds", "0.1", "--config", folder / "data.yaml"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        left = list((folder / "data").iterdir())
    assert "note    checked as the user nobody, who owns the folder of the journal" in ended.stdout
    assert "belongs to the user root" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert [path.name for path in left] == ["limber.db.lock"]
