"""What the process uses, and the notifications that systemd expects from a service."""

import contextlib
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from limber_bridge.protocol.messages import ProcessHealth

PROC_SELF: Final = Path("/proc/self")
BYTES_PER_MB: Final = 2**20


def process_health() -> ProcessHealth:
    """Return memory, open descriptors and threads of this process; None where unknown."""
    memory = descriptors = None
    with contextlib.suppress(OSError):
        pages = int((PROC_SELF / "statm").read_text().split()[1])
        memory = round(pages * os.sysconf("SC_PAGESIZE") / BYTES_PER_MB, 1)
        descriptors = len(os.listdir(PROC_SELF / "fd"))  # noqa: PTH208 - names only, every second
    return ProcessHealth(memory=memory, descriptors=descriptors, threads=threading.active_count())


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
