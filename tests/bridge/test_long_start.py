"""systemd waits for the start as long as the bridge works."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from limber_bridge.daemon.systemd import ServiceManager
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.schema import MIGRATIONS

INTERVAL_S = 0.05
EXTENDED = b"EXTEND_TIMEOUT_USEC=300000000"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Receive what systemd would be notified of."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(60)
        yield receiver


def test_the_start_is_extended_while_there_is_work(systemd: socket.socket, tmp_path: Path) -> None:
    """Reading a file is work, and waiting is not: a start that hangs is noticed."""
    work = tmp_path / "work"
    work.write_bytes(bytes(100_000))
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    with manager.extending_start(INTERVAL_S):
        assert systemd.recv(100) == EXTENDED
        systemd.settimeout(10 * INTERVAL_S)
        with pytest.raises(TimeoutError):
            systemd.recv(100)
        systemd.settimeout(60)
        work.read_bytes()
        assert systemd.recv(100) == EXTENDED


def test_a_migration_extends_the_start(systemd: socket.socket, tmp_path: Path) -> None:
    """Checking, copying and migrating a large journal may take longer than systemd waits."""
    path = tmp_path / "limber.db"
    rows = [("anna", "2026-11-22", f"gap-{n}-1", "gap", n, " " * 500) for n in range(30_000)]
    with closing(sqlite3.connect(path)) as database:
        database.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        database.executemany(
            "INSERT INTO event (sleeper, night, id, kind, onset, payload) VALUES (?,?,?,?,?,?)",
            rows,
        )
        database.commit()
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    with manager.extending_start(0.01), Journal(path) as journal:
        assert journal.previous_copy is not None
    systemd.setblocking(False)
    extensions = 0
    while True:
        try:
            assert systemd.recv(100) == EXTENDED
        except BlockingIOError:
            break
        extensions += 1
    assert extensions >= 3
