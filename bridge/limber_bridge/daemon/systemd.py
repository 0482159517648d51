"""What this process takes of the machine, and what it tells the service manager."""

import contextlib
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from limber_bridge.protocol.messages import ProcessHealth

PROC: Final = Path("/proc/self")
MEGABYTE: Final = 2**20


def process_health() -> ProcessHealth:
    """Return memory, descriptors and threads of this process."""
    memory = descriptors = None
    with contextlib.suppress(OSError):
        pages = int((PROC / "statm").read_text().split()[1])
        memory = round(pages * os.sysconf("SC_PAGESIZE") / MEGABYTE, 1)
        descriptors = len(os.listdir(PROC / "fd"))  # noqa: PTH208 - names alone, once a minute
    return ProcessHealth(memory=memory, descriptors=descriptors, threads=threading.active_count())


class ServiceManager:
    """systemd, if it started us and wants to hear (`Type=notify`, `WatchdogSec=`); else nobody is
    told.

    Each word is a datagram to `$NOTIFY_SOCKET`; what cannot be delivered is lost, as there is
    nobody to tell.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Find out who wants to hear."""
        address = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the zero byte of an abstract name.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = ""
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watches = watched and environment.get("WATCHDOG_USEC", "").isdecimal()

    def ready(self) -> None:
        """Tell that the start is over."""
        self._tell("READY=1")

    def alive(self, status: str) -> None:
        """Feed the watchdog, and say how things are when that has changed."""
        words = ["WATCHDOG=1"] if self._watches else []
        if status != self._status:
            words.append(f"STATUS={status}")
            self._status = status
        if words:
            self._tell("\n".join(words))

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self._tell("STOPPING=1")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(words.encode(), self._address)
