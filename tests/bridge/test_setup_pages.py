"""Set up a bridge in the browser: `limber run`, a real broker, and sensors that send."""

import asyncio
import html
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import check_setup, load_config
from limber_bridge.daemon.page_address import own_address
from limber_bridge.sources.frame_queue import ReceivedFrame
from limber_bridge.sources.network import ListenAddress
from limber_bridge.sources.network_scan import HEARD_RECENTLY_US, SENSORS_MAX, HeardSensors
from limber_bridge.sources.standing import judge_any_sensor
from limber_bridge.web.own_address import FALLBACK
from tests.bridge.conftest import mosquitto
from tests.bridge.listener import Listener
from tests.bridge.sending_devices import Device, sending
from tests.bridge.test_first_start import StartAsApp, start_as_app
from tests.bridge.web_client import Browser, Reply, until_listening

pytestmark = pytest.mark.real_time

__all__ = ["start_as_app"]

SEEN = re.compile(r'name="seen" value="([0-9a-f]*)"')
COMMENT = "# This comment is by hand.\n"


@pytest.fixture
def open_broker(tmp_path: Path) -> Iterator[int]:
    """Return the port of a broker that asks for no password."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    port = free_port()
    program = mosquitto(folder, port, "allow_anonymous true")
    yield port
    program.stop()


@asynccontextmanager
async def first_start(folder: Path, start: StartAsApp, more: str = "") -> AsyncIterator[Browser]:
    """Start without a configuration, but for the port of the pages."""
    port = free_port()
    (folder / "limber.yaml").write_text(f"{COMMENT}web: {{port: {port}}}\n{more}")
    start()
    await until_listening(port)
    yield Browser(port)


async def submit(browser: Browser, path: str, form: Mapping[str, str], action: str = "") -> Reply:
    """Open the page of a form, fill it in and send it."""
    page = await browser.get(path)
    found = SEEN.search(page.text)
    assert found is not None, page.text
    return await browser.post(action or urlsplit(path).path, {"seen": found[1], **form})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def set_up_broker_and_person(browser: Browser, port: int) -> None:
    reply = await submit(browser, "/setup/broker", {"host": LOOPBACK, "port": str(port)})
    assert reply.location == "/setup?done=setup.done_broker", reply.text
    reply = await submit(
        browser, "/setup/person", {"name": " Zoë  Müller ", "time_zone": "Europe/Berlin"}
    )
    assert reply.location.startswith("/setup/sensor?person=zoe_muller"), reply.text


async def test_from_nothing_to_a_network_sensor_and_a_phone(
    tmp_path: Path, open_broker: int, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    sensors = free_port()
    more = f"network: {{address: 127.0.0.1, port: {sensors}}}\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        home = await browser.follow(await browser.get("/"))
        assert "The bridge starts as soon as" in home.text
        await set_up_broker_and_person(browser, open_broker)
        with sending(sensors, {17: Device(), 18: Device(key=b"a key of 16 bytes")}):
            found = await browser.get("/setup/search/network?person=zoe_muller")
            assert "sensor 17" in found.text
            assert "sensor 18" in found.text
            form = {"way": "network", "person": "zoe_muller", "id": "17"}
            left = {**form, "quantity": "acceleration", "position": "acceleration.ankle.left"}
            reply = await submit(browser, "/setup/sensor/new?way=network", left)
            assert reply.location == "/setup/sensors/17?done=setup.done_sensor", reply.text
            with Listener(open_broker) as listener:
                await asyncio.to_thread(listener.wait, connected("17"))
                # Now the bridge runs: the other one is found by what the bridge itself hears.
                found = await browser.get("/setup/search/network?person=zoe_muller")
                assert "sensor 18" in found.text
                assert "sensor 17" not in found.text
                right = left | {"id": "18", "position": "acceleration.ankle.right", "signed": "1"}
                reply = await submit(browser, "/setup/sensor/new?way=network", right)
                assert reply.status == 422
                assert "at least 16 characters" in reply.text
                reply = await submit(
                    browser, "/setup/sensor/new?way=network", right | {"key": "a key of 16 bytes"}
                )
                assert reply.status == 303, reply.text
                state = await asyncio.to_thread(listener.wait, connected("18"))
                assert state.json["sensors"]["17"]["lost"] == 0
        reply = await submit(
            browser,
            "/setup/sensor/new?way=phone",
            {"way": "phone", "person": "zoe_muller", "position": "acceleration.bed"},
        )
        assert reply.location == "/setup/sensors/1?done=setup.done_sensor", reply.text
        await until(lambda: check_setup(path).config is not None)
        config = load_config(path)
        assert config.web is not None
        assert config.web.address == "0.0.0.0"  # noqa: S104 - phones are elsewhere
        (sleeper,) = config.sleepers
        assert (sleeper.id, sleeper.name) == ("zoe_muller", "Zoë Müller")
        assert [one.source for one in sleeper.sensors] == ["network", "network", "phone"]
        text = path.read_text()
        assert text.startswith(COMMENT)
        assert path.stat().st_mode & 0o077 == 0o044


def connected(sensor: str, sleeper: str = "zoe_muller") -> Callable[..., bool]:
    """Return a check for a state in which a sensor is connected."""
    return lambda one: (
        one.topic == f"limber/home/{sleeper}/state"
        and one.payload != b""
        and one.json["sensors"].get(sensor, {}).get("connected") is True
    )


# --- Wrong input ---

BASE = """\
bridge: {id: home, time_zone: Europe/Berlin}
broker: {host: 127.0.0.1, user: me, password: "a secret password"}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {id: 1, source: network, placement: ankle, side: left, quantity: acceleration}
"""
WRONG = [
    ("/setup/broker", {"host": "", "port": "1883"}, "host name or an IP"),
    ("/setup/broker", {"host": "a b..c", "port": "1883"}, "host name or an IP"),
    ("/setup/broker", {"host": "x", "port": "0"}, "from 1 to 65535"),
    ("/setup/broker", {"host": "x", "port": "65536"}, "from 1 to 65535"),
    ("/setup/broker", {"host": "x", "port": "-1"}, "from 1 to 65535"),
    ("/setup/broker", {"host": "x", "password": "unique-word"}, "user name"),
    ("/setup/person", {"name": "   "}, "1 to 60"),
    ("/setup/person", {"name": "x" * 61}, "1 to 60"),
    ("/setup/person", {"name": "a\x00b"}, "1 to 60"),
    ("/setup/person/anna", {"name": ""}, "1 to 60"),
    ("/setup/sensors/1", {"position": "acceleration.calf.left"}, "where the sensor is"),
    ("/setup/sensors/1", {"position": "acceleration.bed", "key": "short"}, "16 characters"),
    ("/setup/sensor/new?way=network", {"id": "2"}, "where the sensor is"),
    ("/setup/sensor/new?way=network", {"id": "-2", "position": "acceleration.bed"}, "whole number"),
    ("/setup/sensor/new?way=network", {"id": "4294967296", "position": "load.bed"}, "whole number"),
    ("/setup/sensor/new?way=phone", {"person": "nobody", "position": "acceleration.bed"}, "person"),
    # What only the whole file shows: the id is used, the place is taken, a side is missing.
    (
        "/setup/sensor/new?way=network",
        {"id": "1", "position": "acceleration.bed"},
        "another sensor has the id 1",
    ),
    (
        "/setup/sensor/new?way=network",
        {"id": "2", "position": "acceleration.ankle.left"},
        "the same placement",
    ),
    (
        "/setup/sensor/new?way=bluetooth",
        {"position": "acceleration.bed", "device": "unknown", "address": "AA:BB:CC:DD:EE:FF"},
        "device",
    ),
]


async def test_wrong_input_is_explained_and_changes_nothing(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    more = f"{BASE}network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        before = path.read_bytes()
        for address, form, expected in WRONG:
            way = dict([address.partition("?way=")[::2]]).get("/setup/sensor/new")
            filled = {"person": "anna", "way": way or ""} | form
            reply = await submit(browser, address, filled)
            assert (reply.status, expected in reply.text) == (422, True), (
                address,
                form,
                reply.text,
            )
            # What was typed is still there, except for secrets.
            for name, value in form.items():
                kept = f'value="{value}"' in reply.text
                if name in ("host", "port", "user", "id", "address") and value.isprintable():
                    assert kept or not value, (address, form)
                assert name not in ("password", "key") or value not in reply.text
            assert path.read_bytes() == before
        names = os.listdir(tmp_path)  # noqa: PTH208 - of a folder of this test
        assert [name for name in names if name.startswith(".limber")] == []


async def test_a_change_by_hand_meanwhile_is_noticed(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    more = f"{BASE}network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        page = await browser.get("/setup/person/anna")
        seen = SEEN.search(page.text)
        assert seen is not None
        path.write_text(path.read_text() + "# by hand\n")
        reply = await browser.post("/setup/person/anna", {"seen": seen[1], "name": "Anne"})
        assert (reply.status, "changed meanwhile" in reply.text) == (422, True)
        assert 'value="Anne"' in reply.text
        assert "Anne" not in path.read_text()
        # The page that was shown now knows the change, so saving again works.
        again = SEEN.search(reply.text)
        assert again is not None
        reply = await browser.post("/setup/person/anna", {"seen": again[1], "name": "Anne"})
        assert reply.status == 303
        assert path.read_text().endswith("# by hand\n")
        assert "name: Anne" in path.read_text()


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("broker: {host: x, prot: 1}\n", "did you mean `port`?"),
        ("broker: [\n", "limber.yaml:"),
        ("broker: {host: x, password: *secret}\n", "alias"),
    ],
)
async def test_a_file_with_errors_is_shown_and_never_made_worse(
    tmp_path: Path, start_as_app: StartAsApp, broken: str, expected: str
) -> None:
    path = tmp_path / "limber.yaml"
    async with first_start(tmp_path, start_as_app) as browser:
        path.write_text(path.read_text() + broken)
        before = path.read_bytes()
        shown = await browser.get("/setup")
        assert shown.status == 200
        assert expected in html.unescape(shown.text)
        assert "secret" not in shown.text
        form = {"name": "Anna", "time_zone": "UTC"}
        reply = await submit(browser, "/setup/person", form)
        assert reply.status == 422
        assert 'value="Anna"' in reply.text
        assert path.read_bytes() == before


async def test_a_file_in_another_encoding_is_named(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    async with first_start(tmp_path, start_as_app) as browser:
        (tmp_path / "limber.yaml").write_bytes("bridge: {name: Größe}\n".encode("latin-1"))
        shown = await browser.get("/setup")
        assert (shown.status, "UTF-8" in shown.text) == (503, True)


async def test_a_known_password_is_neither_shown_nor_sent_to_another_broker(
    tmp_path: Path, open_broker: int, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    more = f"{BASE}network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        for address in ("/setup", "/setup/broker"):
            assert "a secret password" not in (await browser.get(address)).text
        same = {"host": LOOPBACK, "port": str(open_broker), "user": "me"}
        reply = await submit(browser, "/setup/broker", same)
        assert reply.status == 303, reply.text
        assert load_config(path).broker.password == "a secret password"  # noqa: S105 - of this test
        other = same | {"host": "localhost"}
        reply = await submit(browser, "/setup/broker", other)
        assert reply.status == 303, reply.text
        assert load_config(path).broker.password is None


async def test_a_typed_password_is_asked_for_again_and_never_dropped(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    secret = "unique-word-of-the-broker"  # noqa: S105 - of this test
    nobody = {"host": LOOPBACK, "port": str(free_port()), "user": "me"}
    async with first_start(tmp_path, start_as_app) as browser:
        reply = await submit(browser, "/setup/broker", nobody | {"password": secret})
        assert (reply.status, secret in reply.text) == (422, False)
        assert 'name="typed_password"' in reply.text
        # The person ticks the box, and the field of the password is empty.
        insisting = nobody | {"untested": "1", "typed_password": "1"}
        reply = await submit(browser, "/setup/broker", insisting | {"password": ""})
        assert (reply.status, "Enter the password again" in reply.text) == (422, True)
        assert 'name="untested" value="1" checked' in reply.text
        assert "user: me" not in path.read_text()
        reply = await submit(browser, "/setup/broker", insisting | {"password": secret})
        assert reply.status == 303, reply.text
        assert f"password: {secret}" in path.read_text()


async def test_what_comes_from_outside_of_the_file_goes_on_to_come_from_there(
    tmp_path: Path, open_broker: int, start_as_app: StartAsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "limber.yaml"
    monkeypatch.setenv("THE_HOST", LOOPBACK)
    monkeypatch.setenv("THE_PORT", str(open_broker))
    more = "broker:\n  host: !env_var THE_HOST # of the home\n  port: !env_var THE_PORT\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        page = await browser.get("/setup/broker")
        assert f'value="{open_broker}"' in page.text
        same = {"host": LOOPBACK, "port": str(open_broker), "user": "me"}
        reply = await submit(browser, "/setup/broker", same)
        assert reply.status == 303, reply.text
        assert more + "  user: me\n" in path.read_text()
        other = await submit(browser, "/setup/broker", same | {"host": "localhost"})
        assert other.status == 303, other.text
        assert "  host: localhost # of the home\n" in path.read_text()


async def test_people_and_sensors_are_removed_after_a_question(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    more = f"{BASE}network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        reply = await submit(browser, "/setup/person", {"name": "Anna"})
        assert "person=anna_2" in reply.location
        reply = await submit(browser, "/setup/person/anna_2/remove", {})
        assert "done_removed" in reply.location
        reply = await submit(browser, "/setup/sensors/1/remove", {})
        assert (reply.status, "at least one person with a sensor" in reply.text) == (422, True)
        assert check_setup(path).missing == ()
        assert (await browser.get("/setup/sensors/2")).status == 404
        assert (await browser.get("/setup/person/nobody")).status == 404


async def test_a_broker_that_is_tried_gets_no_message(
    tmp_path: Path, open_broker: int, start_as_app: StartAsApp
) -> None:
    async with first_start(tmp_path, start_as_app) as browser:
        with Listener(open_broker) as listener:
            form = {"host": LOOPBACK, "port": str(open_broker)}
            reply = await submit(browser, "/setup/broker", form)
            assert reply.status == 303, reply.text
            # What comes after the attempt arrives, and nothing came before it.
            await asyncio.to_thread(listener.publish, "the/end", "")
            await asyncio.to_thread(listener.on, "the/end")
            assert [message.topic for message in listener.heard] == ["the/end"]


def test_sensors_that_are_heard_are_limited_and_forgotten() -> None:
    heard = HeardSensors()
    for sensor in range(1000):
        heard.note(received(sensor, 1_000_000))
    assert len(heard.found(1_000_000)) == SENSORS_MAX
    heard.note(received(5000, HEARD_RECENTLY_US + 1_000_000))
    (found,) = heard.found(HEARD_RECENTLY_US + 1_000_000)
    assert found.configuration["id"] == 5000
    assert heard.found(3 * HEARD_RECENTLY_US) == []


def received(sensor: int, arrived: int) -> ReceivedFrame:
    data = Device().frame(sensor, 0)
    return ReceivedFrame(data, arrived, LOOPBACK, judge_any_sensor(data))


async def test_a_board_that_was_added_can_send_and_others_are_told_what_to_change(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    """A board is never on the machine of the bridge; another network sensor may be."""
    path = tmp_path / "limber.yaml"
    port = free_port()
    more = f"{BASE}network: {{address: 127.0.0.1, port: {port}}}\n"
    opened = f"Network sensors send to {{}}, port {port}"
    closed = f"Only programs on this machine can send to 127.0.0.1, port {port}."
    async with first_start(tmp_path, start_as_app, more) as browser:
        found = await browser.get("/setup/search/network?person=anna")
        assert closed in found.text
        assert "Network sensors send to" not in found.text
        form = {"way": "network", "person": "anna", "quantity": "acceleration", "id": "7"}
        signed = form | {"position": "acceleration.ankle.right", "key": "a key of 16 bytes"}
        reply = await submit(browser, "/setup/sensor/new?way=network", signed)
        assert reply.status == 303, reply.text
        assert closed in (await browser.get("/setup/sensors/7")).text
        assert load_config(path).source_settings["network"] == ListenAddress("127.0.0.1", port)
        page = await browser.get("/setup/sensor/new?way=esphome&person=anna")
        assert "receives sensor data from all networks" in page.text
        board = {"way": "esphome", "person": "anna", "position": "acceleration.bed"}
        reply = await submit(browser, "/setup/sensor/new?way=esphome", board)
        assert reply.status == 303, reply.text
        network = load_config(path).source_settings["network"]
        assert network == ListenAddress("0.0.0.0", port)  # noqa: S104 - boards are elsewhere
        shown = await browser.follow(reply)
        assert f"bridge_host: {own_address() or FALLBACK}" in shown.text
        assert f"limber:\n  port: {port}</pre>" in shown.text
        assert closed not in shown.text
        found = await browser.get("/setup/search/network?person=anna")
        assert opened.format(own_address() or FALLBACK) in found.text


async def test_a_phone_that_was_added_can_post(tmp_path: Path, start_as_app: StartAsApp) -> None:
    path = tmp_path / "limber.yaml"
    more = f"{BASE}network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    async with first_start(tmp_path, start_as_app, more) as browser:
        form = {"way": "phone", "person": "anna", "position": "acceleration.bed"}
        reply = await submit(browser, "/setup/sensor/new?way=phone", form)
        assert reply.status == 303, reply.text
        (phone,) = [one for one in load_config(path).sleepers[0].sensors if one.source == "phone"]
        # The pages now ask for a password, which is set on this machine without a code.
        page = await browser.follow(reply)
        page = await browser.get(page.location or "/first-use") if page.status == 303 else page
        new = {"password": "a long password", "repeated": "a long password", "next": "/setup"}
        await browser.follow(await browser.post("/first-use", new))
        shown = await browser.get(f"/setup/sensors/{phone.sensor.id}")
        address = re.search(r"(/ingest/[0-9]+/[A-Za-z0-9_-]+)", shown.text)
        assert address is not None, shown.text
        # Not a message of the app, but the right address: the reason is another one.
        answer = await browser._send("POST", address[1], b"{}", {})
        assert "compare the address with limber.yaml" not in answer.text
        wrong = await browser._send("POST", address[1] + "x", b"{}", {})
        assert "compare the address with limber.yaml" in wrong.text
