"""Find the broker of a home, and try it."""

import asyncio
import socket
from pathlib import Path

import pytest
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.model import Broker
from limber_bridge.daemon.find_broker import SERVICE, FoundBroker, find_brokers, try_broker
from tests.bridge.conftest import Broker as RunningBroker
from tests.bridge.conftest import mosquitto

pytestmark = pytest.mark.real_time


async def test_the_broker_of_the_supervisor_comes_first(
    broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBER_MQTT_HOST", LOOPBACK)
    monkeypatch.setenv("LIMBER_MQTT_PORT", str(broker.port))
    assert (await find_brokers(0.1))[0] == FoundBroker(LOOPBACK, broker.port)


async def test_a_broker_that_announces_itself_is_found() -> None:
    info = ServiceInfo(
        SERVICE, f"test.{SERVICE}", port=12345, addresses=[socket.inet_aton("192.0.2.7")]
    )
    try:
        async with AsyncZeroconf() as announcing:
            await (await announcing.async_register_service(info))
            found = await find_brokers(2.0)
            await (await announcing.async_unregister_service(info))
    except OSError as error:
        pytest.skip(f"multicast is not possible here: {error}")
    assert FoundBroker("192.0.2.7", 12345) in found


def described(port: int, user: str | None = None, password: str | None = None) -> Broker:
    return Broker(LOOPBACK, port, user, password, None, "limber")


async def test_what_a_broker_refuses_is_said(tmp_path: Path) -> None:
    nothing = await try_broker(described(free_port()), "home")
    assert nothing is not None
    assert "no broker at" in nothing
    port = free_port()
    program = await asyncio.to_thread(mosquitto, tmp_path, port)
    try:
        stranger = await try_broker(described(port, "me", "wrong"), "home")
        assert stranger is not None
        assert "`user` and `password`" in stranger
    finally:
        program.stop()


async def test_a_broker_that_can_be_used_is_accepted(tmp_path: Path) -> None:
    port = free_port()
    program = await asyncio.to_thread(mosquitto, tmp_path, port, "allow_anonymous true")
    try:
        assert await try_broker(described(port), "home") is None
    finally:
        program.stop()
