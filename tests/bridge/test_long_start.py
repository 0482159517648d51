"""systemd waits for the start as long as the bridge works."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.processes import free_port
from limber_bridge.daemon.systemd import ServiceManager
from tests.bridge.examples import settings
from tests.bridge.test_daemon import listen_on
from tests.required_programs import need

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
    """Reading a file is work; waiting is none, so that a start that hangs is noticed."""
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


def test_limber_run_extends_its_start(systemd: socket.socket, tmp_path: Path) -> None:
    (tmp_path / "limber.yaml").write_text(
        settings(
            "{id: 1, source: network, placement: ankle, quantity: acceleration, side: left}",
            port=1,
            more=listen_on(free_port()),
        )
    )
    process = subprocess.Popen(
        [need("limber"), "run", "--config", str(tmp_path / "limber.yaml")],
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        stderr=subprocess.DEVNULL,
    )
    try:
        assert systemd.recv(100) == EXTENDED
        while systemd.recv(1000) != b"READY=1":
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
