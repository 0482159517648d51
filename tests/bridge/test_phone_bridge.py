"""A phone that sends to a real bridge: what the bridge publishes and stores of it."""

import asyncio
import http.client
import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from devtools.network_sensor import leg
from devtools.phone_messages import NS, PhoneRecording
from devtools.processes import LOOPBACK, free_port
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.listener import Listener, Message
from tests.required_programs import need

pytestmark = pytest.mark.real_time

SECRET = "xR7dQ2mVt9LcKw4z_-8Jb"  # noqa: S105 - of a test
PHONE = f"{{id: 3, source: phone, secret: {SECRET}, placement: ankle, quantity: acceleration}}"
STATE = "limber/bedroom/anna/state"
KICKS = [(4.0 + 12.0 * number, 2.0) for number in range(6)]
"""Onset and duration in s."""
NIGHT_S = 75.0


def web_on(port: int) -> str:
    return f"web: {{address: {LOOPBACK}, port: {port}}}\n"


def post(port: int, body: bytes, path: str = f"/ingest/3/{SECRET}") -> tuple[int, str]:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=60)) as connection:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()


def online(message: Message) -> bool:
    return message.topic == "limber/bedroom/status" and message.payload == b"online"


def has_movements(count: int) -> Any:
    return lambda one: (
        one.topic == STATE and (one.json["tonight"]["measures"]["movements"] or 0) >= count
    )


def onsets(listener: Listener, start: float) -> list[float]:
    """When the movements of this night began, in s after `start` (s since 1970)."""
    night = listener.on(STATE).json["tonight"]["night"]
    events = listener.request(command="events", night=night)["events"]
    return [
        datetime.fromisoformat(event["start"]).timestamp() - start
        for event in events
        if event["kind"] == "movement"
    ]


def messages_read(journal: Path) -> int:
    """Return how many messages of the phone have been read according to the journal."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT next_sample FROM read_position WHERE sensor = 3").fetchall()
    return max((number for (number,) in rows), default=0)


def backlog(platform: str, start: float) -> list[bytes]:
    """The messages of a leg that kicks every 12 s, for a phone that was away until now."""
    phone = PhoneRecording(platform)
    return list(phone.messages(leg(0, NIGHT_S, KICKS), round(start * NS)))


@pytest.mark.parametrize("platform", ["iphone", "apple_watch"])
def test_the_movements_that_a_phone_posts_are_stored_at_their_times(
    broker: Broker, start_bridge: StartBridge, platform: str
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        bridge = start_bridge(PHONE, broker.port, web_on(port))
        listener.wait(online)
        start = time.time() - NIGHT_S
        for body in backlog(platform, start):
            assert post(port, body) == (200, "ok\n")
        listener.wait(has_movements(5))
        found = onsets(listener, start)
        assert found[:5] == pytest.approx([onset for onset, _ in KICKS[:5]], abs=0.5)
        sensor = listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["3"]["connected"]
        ).json["sensors"]["3"]
        assert sensor["problem"] is None
        assert sensor["rate"] == pytest.approx(50, abs=0.1)
    assert "Traceback" not in bridge.log.read_text()


@pytest.mark.takes(27)
def test_a_killed_bridge_counts_nothing_twice_when_the_phone_sends_again(
    broker: Broker, start_bridge: StartBridge, tmp_path: Path
) -> None:
    port = free_port()
    start = time.time() - NIGHT_S
    messages = backlog("iphone", start)
    with Listener(broker.port) as listener:
        bridge = start_bridge(PHONE, broker.port, web_on(port))
        listener.wait(online)
        for body in messages[:40]:
            post(port, body)
        listener.wait(has_movements(2))
        # The read position is stored with the events, and at the latest after some seconds.
        wait_until(lambda: messages_read(tmp_path / "limber.db") == 40)
    bridge.kill()
    with Listener(broker.port) as listener:
        since = len(listener.heard)
        start_bridge(PHONE, broker.port, web_on(port))
        listener.wait(lambda one: online(one) and not one.retained, since=since)
        for body in messages:
            assert post(port, body)[0] == 200
        listener.wait(has_movements(len(KICKS)))
        found = onsets(listener, start)
    assert found == pytest.approx([onset for onset, _ in KICKS], abs=0.5)


def test_what_is_wrong_is_shown_to_the_person_and_to_home_assistant(
    broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        start_bridge(PHONE, broker.port, web_on(port))
        listener.wait(online)
        assert post(port, b"test")[0] == 499
        status, text = post(port, b"{}", "/ingest/3/AbCdEfGhIjKlMnOp_-12345x")
        assert (status, "compare the address with limber.yaml" in text) == (499, True)
        phone = PhoneRecording()
        texts = []
        for number in range(6):
            start = round((time.time() - 6 + number) * NS)
            body = json.loads(phone.message(leg(number, 1, []), start))
            body["payload"] = [one for one in body["payload"] if one["name"] != "gravity"]
            texts.append(post(port, json.dumps(body).encode()))
        assert texts[-1][0] == 499
        assert texts[-1][1].startswith("This stream has no gravity: switch on Gravity")
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["3"]["problem"] == "no_gravity"
        )


# --- Sensor Logger over MQTT ---

OVER_MQTT = "{id: 3, source: phone, via: mqtt, placement: ankle, quantity: acceleration}"
INGEST = "limber/bedroom/ingest/3"


def test_the_movements_that_a_phone_publishes_are_stored_at_their_times(
    broker: Broker, start_bridge: StartBridge
) -> None:
    start = time.time() - NIGHT_S
    messages = backlog("android", start)
    with Listener(broker.port) as listener:
        # The broker repeats a retained message after each connection: it must not count.
        listener.publish(
            INGEST, PhoneRecording(session="old").message(leg(0, 1, []), 0), retain=True
        )
        bridge = start_bridge(OVER_MQTT, broker.port)
        listener.wait(online)
        for body in messages:
            listener.publish(INGEST, body)
        listener.wait(has_movements(5))
        found = onsets(listener, start)
        assert found[:5] == pytest.approx([onset for onset, _ in KICKS[:5]], abs=0.5)
        listener.publish(INGEST, b"not a message")
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["3"]["problem"] == "malformed"
        )
    assert f"a retained message on {INGEST} was ignored" in bridge.log.read_text()


# --- limber check ---


def test_check_takes_what_phones_send_over_http_and_mqtt(broker: Broker, tmp_path: Path) -> None:
    port = free_port()
    right = OVER_MQTT.replace("id: 3", "id: 4, side: right")
    left = PHONE.replace("id: 3", "id: 3, side: left")
    (tmp_path / "limber.yaml").write_text(
        settings(f"{left}\n{right}", port=broker.port, more=web_on(port))
    )
    with Listener(broker.port, "nothing") as publisher:
        check = subprocess.Popen(
            [need("limber"), "check", "--config", tmp_path / "limber.yaml", "--seconds", "8"],
            stdout=subprocess.PIPE,
            text=True,
        )
        phones = (PhoneRecording("iphone"), PhoneRecording("android", battery=0.5))
        begin = time.time()
        number = 0
        while check.poll() is None:
            bodies = [
                phone.message(leg(number, 1, []), round((begin + number) * NS)) for phone in phones
            ]
            number += 1
            time.sleep(max(0.0, begin + number - time.time()))
            try:
                post(port, bodies[0])
            except OSError:
                continue  # The check does not listen yet, or no longer.
            finally:
                publisher.publish("limber/bedroom/ingest/4", bodies[1])
        report, _ = check.communicate(timeout=60)
    for sensor in (3, 4):
        (line,) = [line for line in report.splitlines() if f"sensor {sensor} (" in line][:1]
        assert line.startswith("ok"), report
    assert "a phone cannot reach this address from the network" in report


# --- SensorServer ---


async def serve_phone(port: int, stop: threading.Event) -> None:
    """Serve what SensorServer does: one sample a message, with the time since the phone started."""

    async def connect(request: web.Request) -> web.WebSocketResponse:
        assert request.query["type"] == "android.sensor.accelerometer"
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        begin = time.monotonic()
        for number in range(100_000):
            await asyncio.sleep(begin + number / 50 - time.monotonic())
            if stop.is_set():
                break
            timestamp = 3_925_657_519_043_709 + number * 20_000_000
            values = [0.3, -0.9, 9.7]
            await socket.send_json({"accuracy": 2, "timestamp": timestamp, "values": values})
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/sensor/connect", connect)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    await asyncio.to_thread(stop.wait, 60)
    await asyncio.sleep(0.2)
    await runner.cleanup()


def test_the_samples_that_a_phone_serves_over_a_websocket_are_read(
    broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    sensor = (
        f"{{id: 3, source: phone, app: sensor_server, host: {LOOPBACK}, port: {port}, "
        "placement: ankle, quantity: acceleration}"
    )
    stop = threading.Event()
    phone = threading.Thread(target=lambda: asyncio.run(serve_phone(port, stop)))
    phone.start()
    try:
        with Listener(broker.port) as listener:
            bridge = start_bridge(sensor, broker.port)
            state = listener.wait(
                lambda one: one.topic == STATE and one.json["sensors"]["3"]["connected"]
            )
            assert state.json["sensors"]["3"]["rate"] == pytest.approx(50, rel=0.1)
            assert state.json["sensors"]["3"]["problem"] is None
            stop.set()
            wait_until(lambda: "SensorServer closed the connection" in bridge.log.read_text())
    finally:
        stop.set()
        phone.join()
    assert "Traceback" not in bridge.log.read_text()


def wait_until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not met():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
