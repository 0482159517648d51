"""`limber run --forget` leaves nothing of a bridge on the broker."""

import subprocess
from pathlib import Path

import pytest

from devtools.processes import free_port
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.forget import (
    HEARTBEAT_WAIT_S,
    ForgetError,
    ForgetOptions,
    forget_bridge,
)
from limber_bridge.daemon.mqtt_connection import DEFAULT_TIMING
from limber_bridge.storage.journal import Journal
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.forked_limber import run_limber
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, INFO, STATE, STATUS, listen_on, online
from tests.bridge.test_mqtt_client import restricted_broker

HEARTBEAT_S = 2.0


def retained(port: int) -> set[str]:
    """The topics on which a broker keeps messages."""
    with Listener(port) as listener:
        listener.publish("end", "of what is retained")
        listener.on("end")
        return {one.topic for one in listener.heard if one.retained and one.payload}


def forget(folder: Path) -> subprocess.CompletedProcess[str]:
    return run_limber("run", "--forget", cwd=folder)


def test_a_removed_bridge_leaves_nothing_on_the_broker(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        running = forget(tmp_path)
        assert running.returncode == 1
        assert "stop it first" in running.stderr
        assert retained(broker.port) >= {STATUS, INFO, STATE}
        listener.publish("limber/bedroom/request", "garbage of a stranger", retain=True)
        listener.publish("limber/bedroom/gone/state", "{}", retain=True)
        listener.publish("limber/attic/info", "{}", retain=True)
        bridge.stop()
    ended = forget(tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert f"cleared {STATE}" in ended.stdout
    assert retained(broker.port) == {"limber/attic/info"}
    with Journal(tmp_path / "limber.db") as journal:
        assert journal.retained_topics() == set()
    assert forget(tmp_path).returncode == 0


async def test_a_bridge_that_runs_elsewhere_is_not_forgotten(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """Without its journal at hand: as on another machine."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/limber.yaml").write_text(
        settings(ANKLE, port=broker.port, more=listen_on(free_port()))
    )
    config = load_config(tmp_path / "elsewhere/limber.yaml")
    said: list[str] = []
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()), heartbeat_s=HEARTBEAT_S)
        listener.wait(online)
        with pytest.raises(ForgetError, match="is running; stop it first"):
            await forget_bridge(config, (), ForgetOptions(said.append))
    assert "waiting up to 70 s" in said[0]
    assert retained(broker.port) >= {STATUS, INFO, STATE}


def test_a_running_bridge_is_heard_in_the_time_that_is_waited_for_it() -> None:
    assert HEARTBEAT_WAIT_S > DEFAULT_TIMING.heartbeat_interval_s > HEARTBEAT_S


async def test_a_status_from_before_a_power_failure_is_cleared(
    tmp_path: Path, broker: Broker
) -> None:
    (tmp_path / "limber.yaml").write_text(
        settings(ANKLE, port=broker.port, more=listen_on(free_port()))
    )
    with Listener(broker.port) as listener:
        listener.publish(STATUS, "online", retain=True)
    options = ForgetOptions(lambda _: None, heartbeat_s=0.5)
    cleared = await forget_bridge(
        load_config(tmp_path / "limber.yaml"), ["old/bedroom/info"], options
    )
    assert set(cleared) == {STATUS, INFO, "old/bedroom/info"}
    assert retained(broker.port) == set()


async def test_a_missing_right_is_named(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "limber.yaml").write_text(settings(ANKLE, port=port, more=listen_on(free_port())))
    config = load_config(tmp_path / "limber.yaml")
    named = pytest.raises(ForgetError, match="publish to limber/bedroom/#")
    with restricted_broker(tmp_path, port, "read #"), named:
        await forget_bridge(config, (), ForgetOptions(lambda _: None, 2.0))
