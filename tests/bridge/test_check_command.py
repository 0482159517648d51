"""`limber check` as a process: what it reports; and the exit statuses of other commands."""

import asyncio
import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from devtools.broker import wait_for_port
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import free_port, start
from limber_bridge.storage.journal import Journal
from tests.bridge.certificates import write_certificates
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import night as example_night
from tests.bridge.examples import settings
from tests.bridge.forked_limber import run_limber
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, STATE, listen_on, online, played
from tests.bridge.sending_devices import Device, sending
from tests.required_programs import need

pytestmark = pytest.mark.real_time


# --- What is checked ---


def test_check_reports_what_works_and_what_to_do(tmp_path: Path, broker: Broker) -> None:
    simulated = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
    text = settings(f"{ANKLE}\n{simulated}", port=broker.port, more=listen_on(free_port()))
    (tmp_path / "limber.yaml").write_text(text)
    ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    # On a busy machine, a note says that samples arrive late.
    lines = [line for line in ended.stdout.splitlines() if not line.startswith("note")]
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "ok", "ok", "FAILED", "ok"]
    assert lines[3].endswith("connected with MQTT 5")
    assert (
        "no samples in 1 s; check its power, its network, and the address it sends to" in lines[5]
    )
    assert "sensor 2 (Anna, right ankle, simulated): acceleration at 50 Hz" in lines[6]


def test_check_exits_with_0_if_everything_works(tmp_path: Path, broker: Broker) -> None:
    port = free_port()
    (tmp_path / "limber.yaml").write_text(settings(ANKLE, port=broker.port, more=listen_on(port)))

    async def sending() -> None:
        sensor = AnkleSensor()
        while True:
            send(port, sensor.frame(leg(sensor.sequence / 50, 0.1, [])))
            await asyncio.sleep(0.1)

    async def checking() -> subprocess.CompletedProcess[str]:
        sender = asyncio.create_task(sending())
        try:
            return await asyncio.to_thread(run_limber, "check", "--seconds", "4", cwd=tmp_path)
        finally:
            sender.cancel()

    ended = asyncio.run(checking())
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sensor 1 (Anna, left ankle, network): acceleration at " in ended.stdout
    assert "gravity 1.00 g, no loss" in ended.stdout


def test_check_without_a_broker(tmp_path: Path) -> None:
    (tmp_path / "limber.yaml").write_text(
        settings(ANKLE.replace("network", "simulated"), port=free_port())
    )
    ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    assert "check `host` and `port` under `broker`" in ended.stdout


def test_tls_with_a_private_authority_and_a_password_from_a_file(tmp_path: Path) -> None:
    port = free_port()
    passwords = tmp_path / "passwords"
    conf = tmp_path / "broker.conf"
    write_certificates(tmp_path)
    subprocess.run(
        [need("mosquitto_passwd"), "-b", "-c", passwords, "limber", "secret"], check=True
    )
    user = "user root\n" if os.geteuid() == 0 else ""
    conf.write_text(
        f"listener {port} 127.0.0.1\npassword_file {passwords}\n"
        f"cafile {tmp_path}/authority.pem\ncertfile {tmp_path}/broker.pem\n"
        f"keyfile {tmp_path}/broker.key\n{user}"
    )
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "secret").chmod(0o600)
    simulated = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
    text = settings(simulated, port=port)
    secured = "user: limber, password: !file secret, tls: {ca_certificate: authority.pem}}"
    broker = start("mosquitto", [need("mosquitto"), "-c", conf], tmp_path / "broker.log")
    try:
        wait_for_port(broker, port)
        for options, status, expected in (
            (secured, 0, "broker: messages below limber/bedroom/ are accepted and delivered"),
            (
                secured.replace("!file secret", "wrong"),
                1,
                "check `user` and `password` under `broker`",
            ),
            ("tls: true}", 1, "check `tls` and `port` under `broker`"),
        ):
            (tmp_path / "limber.yaml").write_text(
                text.replace(f"port: {port}}}", f"port: {port}, {options}")
            )
            (tmp_path / "limber.yaml").chmod(0o600)
            ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
            assert (ended.returncode, expected in ended.stdout) == (status, True), (
                ended.stdout + ended.stderr
            )
    finally:
        broker.stop()


def test_check_of_a_damaged_journal_changes_nothing(tmp_path: Path, broker: Broker) -> None:
    (tmp_path / "limber.yaml").write_text(
        settings(ANKLE.replace("network", "simulated"), port=broker.port)
    )
    Journal(tmp_path / "limber.db").close()
    data = bytearray((tmp_path / "limber.db").read_bytes())
    data[4096:8192] = b"\xa5" * 4096
    (tmp_path / "limber.db").write_bytes(data)
    ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    assert "start the bridge, which repairs it, or sets it aside" in ended.stdout
    assert (tmp_path / "limber.db").read_bytes() == bytes(data)


# --- Beside a bridge that runs ---


def test_check_asks_a_bridge_that_runs(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
        assert ended.returncode == 1
        assert "journal limber.db: in use by a running bridge" in ended.stdout
        assert "the running bridge receives no samples" in ended.stdout
        with sending(port, {1: Device()}):
            listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])
            ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sensor 1 (Anna, left ankle, network): acceleration at" in ended.stdout


def test_check_says_what_a_bridge_that_runs_refuses_and_what_is_over(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    recording = played(tmp_path, seconds=12, speed=1000).replace("id: 1", "id: 2")
    sensors = f"{ANKLE.replace('left', 'right')}\n{recording}"
    with Listener(broker.port) as listener:
        start_bridge(sensors, broker.port, listen_on(port))
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["2"]["problem"] == "ended"
        )
        send(port, AnkleSensor(key=b"another key").frame(leg(0, 0.5, [])))
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["problem"] == "wrong_key"
        )
        lines = run_limber("check", "--seconds", "1", cwd=tmp_path).stdout.splitlines()
        refused = (
            "the running bridge refuses its frames (wrong_key); enter the same `key` in the sensor"
        )
        assert refused in lines[-2]
        assert (
            lines[-1] == "ok      sensor 2 (Anna, left ankle, recording): the recording has ended"
        )
        broker.program.stop()
        failed = [
            line
            for line in run_limber("check", "--seconds", "1", cwd=tmp_path).stdout.splitlines()
            if line.startswith("FAILED")
        ]
        assert len(failed) == 1
        assert "check `host` and `port` under `broker`" in failed[0]


def test_a_sleeper_who_is_only_in_the_journal_is_reported(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_night(example_night(date(2026, 11, 20), sleeper="annika"))
        journal.save_night(example_night(date(2026, 11, 21)))
    expected = (
        "the journal contains nights of `annika`, but the configuration has no sleeper with this"
        " id; if an `id` was changed, change it back to see these nights again"
    )
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        state = listener.on(STATE).json
        assert state["journal"]["unconfigured_sleepers"] == ["annika"]
        assert bridge.log.read_text().count(expected) == 1
    ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    assert f"note    {expected}" in ended.stdout.splitlines()


# --- Exit statuses ---


def test_a_wrong_configuration_exits_with_2_and_a_line_per_error(tmp_path: Path) -> None:
    text = settings(ANKLE, port=1).replace("Europe/Berlin", "Mars").replace("host:", "hots:")
    (tmp_path / "limber.yaml").write_text(text)
    for name in ("run", "check"):
        ended = run_limber(name, cwd=tmp_path)
        assert ended.returncode == 2
        lines = ended.stderr.splitlines()
        assert len(lines) == 4
        assert all(line.startswith("limber.yaml:") for line in lines)


def test_a_second_bridge_with_the_same_journal_exits(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
    ended = run_limber("run", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(
        "limber.db: another Limber bridge uses this journal; stop it first"
    )


def test_simulate_refuses_impossible_options(tmp_path: Path) -> None:
    for words in (("--hours", "99"), ("--out", "n.wav"), ("--plm-index", "-1"), ("--rate", "1")):
        ended = run_limber("simulate", "--out", str(tmp_path / "n.csv"), *words, cwd=tmp_path)
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
