"""Claims of docs/security.md that no other test proves, and that each claim names a test."""

import re
import subprocess
from pathlib import Path

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, ROOT, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Broker as BrokerSettings
from limber_bridge.config.yaml_loader import ConfigError
from limber_bridge.daemon.job_queue import MAX_JOBS, JobQueue, Tick
from limber_bridge.daemon.mqtt_events import Protocol
from limber_bridge.daemon.paho_client import QUEUE_MAX_MESSAGES, ClientOptions, PahoClient
from limber_bridge.protocol.encoding import (
    PAGE_MAX_BYTES,
    MalformedMessageError,
    Topics,
    parse_request,
)
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, STATE, online, wait_until_listening
from tests.required_programs import need

NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LISTENS = ("0A", "07")
"""States of a TCP or UDP socket without another end in /proc/net."""
PASSWORD = "password-4f1c"  # noqa: S105 - of this test only
KEY = "key-of-a-sensor-93ab"
SECRET = "secret-of-a-phone-71de"  # noqa: S105 - of this test only


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = NAMED_TEST.findall(page)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert len(named) > 30
    assert not missing


def sockets_of(process: int) -> set[tuple[str, str, int]]:
    """The protocol and the port of each socket of a process: its own, or that of the other end."""
    own = {
        target.removeprefix("socket:[").removesuffix("]")
        for target in map(link_target, Path(f"/proc/{process}/fd").iterdir())
    }
    ends = []
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for row in Path(f"/proc/{process}/net/{protocol}").read_text().splitlines()[1:]:
            _, local, remote, state, *_, in_node = row.split()[:10]
            if in_node in own:
                ends.append((protocol[:3], state in LISTENS, port_of(local), port_of(remote)))
    # paho wakes its thread over a connection between two sockets of its own.
    inside = {local for _, listens, local, _ in ends if not listens}
    return {
        (protocol, "listens", local) if listens else (protocol, "connected", remote)
        for protocol, listens, local, remote in ends
        if listens or remote not in inside
    }


def port_of(address: str) -> int:
    """The port of an address of /proc/net."""
    return int(address.rsplit(":", 1)[1], 16)


def link_target(path: Path) -> str:
    """The target of a link that may be gone."""
    try:
        return str(path.readlink())
    except OSError:
        return ""


def test_a_bridge_opens_no_other_port_and_shows_no_secret(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    web = free_port()
    sensors = (
        f"{ANKLE[:-1]}, key: {KEY}}}\n"
        f"{{id: 3, source: phone, secret: {SECRET}, placement: ankle, side: right, "
        "quantity: acceleration}"
    )
    more = f"network: {{address: 127.0.0.1, port: {port}}}\nweb: {{port: {web}}}\n"
    text = settings(sensors, port=broker.port, more=more)
    text = text.replace(f"port: {broker.port}}}", f"port: {broker.port}, user: u, password: P}}")
    with Listener(broker.port) as listener:
        bridge = start_bridge(text.replace("password: P", f"password: {PASSWORD}"), installed=True)
        listener.wait(online)
        wait_until_listening(port)
        # A frame with a wrong signature is named in the log and in the state.
        send(port, AnkleSensor(key=b"another key, 16 bytes").frame(leg(0, 0.5, [])))
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["problem"] == "wrong_key"
        )
        sockets = sockets_of(bridge.process.pid)
        arguments = Path(f"/proc/{bridge.process.pid}/cmdline").read_bytes()
        checked = subprocess.run(
            [need("limber"), "check", "--seconds", "0.1"],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
        )
        published = b"".join(one.payload for one in listener.heard)
    assert sockets == {
        ("tcp", "listens", port),
        ("udp", "listens", port),
        ("tcp", "listens", web),
        ("tcp", "connected", broker.port),
    }
    shown = (arguments, checked.stdout, checked.stderr, published, bridge.log.read_bytes())
    for secret in (PASSWORD, KEY, SECRET):
        assert not [text for text in shown if secret.encode() in text]


def test_the_network_port_needs_an_address(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text(settings(ANKLE, port=1, more="network: {port: 5000}\n"))
    with pytest.raises(ConfigError, match=r"network\.address"):
        load_config(path)


def test_a_request_of_more_than_32_kb_is_refused() -> None:
    with pytest.raises(MalformedMessageError, match="bytes"):
        parse_request(b" " * (PAGE_MAX_BYTES + 1), Topics("limber", "bedroom"))


def test_jobs_beyond_the_limit_are_not_taken() -> None:
    queue = JobQueue()
    taken = [queue.offer(Tick()) for _ in range(MAX_JOBS + 5)]
    assert (taken.count(True), taken.count(False)) == (MAX_JOBS, 5)


async def test_messages_beyond_the_limit_are_dropped_and_counted() -> None:
    unreachable = BrokerSettings(LOOPBACK, free_port(), None, None, None, "limber")
    client = PahoClient(ClientOptions(unreachable, "test"), lambda _: None)
    client.open(Protocol.MQTT_5)
    for _ in range(QUEUE_MAX_MESSAGES + 5):
        client.publish("limber/bedroom/anna/state", b"{}", retain=True)
    assert client.dropped == 5
    client.close()
    await client.wait_closed(2.0)
