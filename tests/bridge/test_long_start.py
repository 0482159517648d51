"""systemd waits for the start as long as the bridge works."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from limber_bridge.daemon.systemd import ServiceManager

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
