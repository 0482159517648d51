"""Read the datagrams of a UDP port, many at a time.

An event loop that reads one datagram in each turn is slower than a flood, and the kernel then drops
those of sensors as well.
"""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from limber_bridge.sources.frames import MAX_FRAME_BYTES

RECEIVE_BUFFER_BYTES: Final = 4 * 2**20
"""Size requested for the kernel's receive buffer; the kernel grants up to rmem_max."""
DATAGRAMS_AT_ONCE: Final = 256
"""Datagrams that are read before others get their turn. Chosen: about 2 ms."""
SO_MEMINFO: Final = 55
"""Linux socket option: nine u32 about a socket's memory; the last counts dropped datagrams."""

type TakeDatagram = Callable[[bytes, str], None]
"""Takes a datagram and the IP address of its sender."""


class KernelDrops:
    """Counts the datagrams that the kernel dropped because they were not read in time."""

    def __init__(self, udp: socket.socket) -> None:
        """Start with the counter of a socket."""
        self._udp = udp
        self._seen = 0

    def take(self) -> int:
        """Return how many were dropped since the last call; 0 if the kernel cannot say."""
        with suppress(OSError, struct.error):
            total = struct.unpack("9I", self._udp.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[8]
            drops = total - self._seen
            self._seen = total
            return int(drops)
        return 0


@contextmanager
def datagram_port(address: str, port: int, take: TakeDatagram) -> Iterator[KernelDrops]:
    """Pass datagrams on while the context is entered; OSError if the port is not available.

    Of a datagram that is longer than any frame, one byte more than a frame can have is passed on.
    """
    version = ipaddress.ip_address(address).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        udp.bind((address, port))
        loop.add_reader(udp, read_datagrams, udp, take)
        try:
            yield KernelDrops(udp)
        finally:
            loop.remove_reader(udp)


def read_datagrams(udp: socket.socket, take: TakeDatagram) -> None:
    """Pass on what has arrived, up to `DATAGRAMS_AT_ONCE`."""
    # An error of the network, such as a lost interface, is no error of the port.
    with suppress(OSError):
        for _ in range(DATAGRAMS_AT_ONCE):
            data, sender = udp.recvfrom(MAX_FRAME_BYTES + 1)
            take(data, sender[0])
