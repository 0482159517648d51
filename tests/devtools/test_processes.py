"""Ports of programs that tests start side by side."""

import socket
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from devtools.processes import LOOPBACK, PORTS, free_port

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def ports_in_turn(count: int) -> list[int]:
    """Return ports chosen one after the other."""
    return [free_port() for _ in range(count)]


def test_processes_side_by_side_never_get_the_same_port() -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as workers:
        chosen = [port for ports in workers.map(ports_in_turn, [50] * 8) for port in ports]
    assert len(set(chosen)) == 8 * 50


def test_no_outgoing_connection_takes_a_port_before_it_is_bound() -> None:
    first, _ = OUTGOING.read_text().split()
    assert max(PORTS) < int(first)


def test_a_port_in_use_is_not_chosen() -> None:
    wanted = free_port()
    assert free_port(wanted) == wanted
    with socket.socket() as server:
        server.bind((LOOPBACK, wanted))
        server.listen()
        assert free_port(wanted) != wanted
