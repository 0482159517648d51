"""What the process uses, and the notifications that systemd expects from a service."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from limber_bridge.protocol.health_messages import ProcessHealth

PROC_SELF: Final = Path("/proc/self")
BYTES_PER_MB: Final = 2**20
START_EXTENSION_S: Final = 300
"""s that systemd waits for the start after each sign of work. chosen: longer than one fsync of a
large journal on a memory card."""
MIN_WORK_BYTES: Final = 4096
"""Bytes read and written between two looks that show work. chosen: one page of the journal."""
WORK_INTERVAL_S: Final = 10.0
"""s between two looks for work. chosen: far below `TimeoutStartSec` of the unit."""


def process_health() -> ProcessHealth:
    """Return memory, open descriptors and threads of this process; None where unknown."""
    memory = descriptors = None
    with contextlib.suppress(OSError):
        pages = int((PROC_SELF / "statm").read_text().split()[1])
        memory = round(pages * os.sysconf("SC_PAGESIZE") / BYTES_PER_MB, 1)
        descriptors = len(os.listdir(PROC_SELF / "fd"))  # noqa: PTH208 - names only, every second
    return ProcessHealth(memory=memory, descriptors=descriptors, threads=threading.active_count())


def work_done() -> int:
    """Return how many bytes this process has read and written so far, through any call."""
    try:
        lines = (PROC_SELF / "io").read_text().splitlines()
    except OSError:
        # Without this count, only the time of the processor shows work.
        return time.process_time_ns() // 1000
    counts = dict(line.split(": ") for line in lines)
    return int(counts["rchar"]) + int(counts["wchar"])


class ServiceManager:
    """Notify systemd, if it started this process with `Type=notify` (sd_notify(3)).

    Each notification is a datagram to `$NOTIFY_SOCKET`. One that cannot be delivered is lost, as
    there is no other way to report it.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read from the environment whether and what systemd expects."""
        address = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the zero byte of an abstract socket name.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = ""
        is_watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._has_watchdog = is_watched and environment.get("WATCHDOG_USEC", "").isdecimal()

    def notify_ready(self) -> None:
        """Report that the start is complete."""
        self._send("READY=1")

    @contextlib.contextmanager
    def extending_start(self, interval_s: float = WORK_INTERVAL_S) -> Iterator[None]:
        """Extend the time that systemd allows for the start while the process works inside.

        The journal is opened inside: to check, copy and migrate a large one takes long on a slow
        disk, and a start that is interrupted would begin again for ever.
        """
        if not self._address:
            yield
            return
        done = threading.Event()
        thread = threading.Thread(
            target=self._extend_start, args=(done, interval_s), name="start", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _extend_start(self, done: threading.Event, interval_s: float) -> None:
        """Extend the start at once, then as long as there is work; in a thread."""
        before = -MIN_WORK_BYTES
        while True:
            now = work_done()
            if now - before >= MIN_WORK_BYTES:
                self._send(f"EXTEND_TIMEOUT_USEC={START_EXTENSION_S * 1_000_000}")
            # What this thread itself has read does not count as work.
            before = work_done()
            if done.wait(interval_s):
                return

    def notify_alive(self, status: str) -> None:
        """Reset the watchdog, and report the status if it has changed."""
        lines = ["WATCHDOG=1"] if self._has_watchdog else []
        if status != self._status:
            lines.append(f"STATUS={status}")
            self._status = status
        if lines:
            self._send("\n".join(lines))

    def notify_stopping(self) -> None:
        """Report that the bridge is stopping."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(text.encode(), self._address)
