"""A network of its own for a test: all ports are free in it, and it has no way out.

A network namespace belongs to a thread, and sockets and programs that the thread creates stay in
it. So the tests create them in a thread that has entered the namespace, and use them anywhere.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from tests.required_programs import unavailable

SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
SIOCSIFADDR: Final = 0x8916
IFF_UP: Final = 1
"""linux/sockios.h and linux/if.h."""


class NetworkNamespace:
    """Runs functions in a network of its own."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    def add_address(self, address: str) -> None:
        """Give the namespace another address, as of another machine."""
        self.run(_add_address, address)

    def run[**P, T](self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the thread that has entered the namespace."""
        return self._thread.submit(function, *args, **kwargs).result()


@contextmanager
def network_namespace() -> Iterator[NetworkNamespace]:
    """Enter a new namespace with a loopback interface; skip where the user may not."""
    with ThreadPoolExecutor(1, "network") as thread:
        try:
            thread.submit(_enter_new).result()
        except PermissionError:
            unavailable("only root can create a network namespace")
        yield NetworkNamespace(thread)


def _enter_new() -> None:
    os.unshare(os.CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        name, flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | IFF_UP))


def _add_address(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s8x", b"lo:1", sockaddr))
