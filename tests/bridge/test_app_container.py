"""The app as Home Assistant runs it: started, stopped, backed up, restored and updated."""

import http.client
import json
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import LOOPBACK, Program
from limber_bridge.cli.app import INGRESS_PROXY
from limber_bridge.storage.backups import saved_path
from limber_bridge.storage.journal import Journal
from limber_bridge.supervisor.first_file import FIRST_FILE
from tests.bridge.app_container import Container
from tests.bridge.conftest import mosquitto
from tests.bridge.examples import night as example_night
from tests.bridge.fake_supervisor import BROKER, TOKEN, FakeSupervisor
from tests.bridge.listener import Listener
from tests.bridge.network_namespace import NetworkNamespace, network_namespace
from tests.required_programs import need

PATIENCE_S: Final = 120.0
SENSORS: Final = """\
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {id: 1, source: network, placement: ankle, side: left, quantity: acceleration}
      - {id: 2, source: phone, placement: bed, quantity: acceleration, secret: a-secret-of-a-phone}
"""
IMPATIENT: Final = (
    "from limber_bridge.cli import main; "
    "from limber_bridge.supervisor import settings; "
    "settings.WATCH_INTERVAL_S = 0.5; "
    'main(["app", "run", "--config", "/config/limber.yaml"])'
)
"""The command of the app, which looks for changes more often."""
INGRESS_PATH: Final = "/api/hassio_ingress/token"
OLDER: Final = Path(__file__).parents[2] / "contract" / "persisted" / "0.1.0-dev" / "journal.db"
NIGHT: Final = date(2026, 11, 21)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the app answers to a browser."""

    status: int
    location: str
    text: str


def _page(path: str, source: str, host: str) -> Reply:
    connection = http.client.HTTPConnection(LOOPBACK, 47801, timeout=30, source_address=(source, 0))
    with closing(connection):
        connection.request("GET", path, headers={"Host": host, "X-Ingress-Path": INGRESS_PATH})
        response = connection.getresponse()
        text = response.read().decode()
        return Reply(response.status, response.getheader("Location", ""), text)


@dataclass(frozen=True, slots=True)
class Home:
    """A Home Assistant that has an app: its network, its Supervisor, its broker."""

    network: NetworkNamespace
    supervisor: FakeSupervisor
    folder: Path
    stack: ExitStack

    def start_broker(self, password: str) -> Program:
        """Start the broker of Home Assistant, which only admits the user of the apps."""
        folder = self.folder / "broker"
        folder.mkdir(exist_ok=True)
        passwords = folder / "passwords"
        subprocess.run(
            [need("mosquitto_passwd"), "-b", "-c", passwords, BROKER["username"], password],
            check=True,
            capture_output=True,
        )
        lines = ("allow_anonymous false", f"password_file {passwords}")
        program = self.network.run(mosquitto, folder, BROKER["port"], *lines)
        self.stack.callback(program.stop)
        return program

    def listener(self, password: str) -> Listener:
        """Listen to everything as another client."""
        return self.network.run(
            Listener, BROKER["port"], "#", user=BROKER["username"], password=password
        )

    def app(self, *, with_supervisor: bool = True) -> Container:
        """Install the app; it is stopped after the test."""
        variables = {"TZ": "Europe/Paris"}
        if with_supervisor:
            variables["SUPERVISOR_TOKEN"] = TOKEN
        container = Container(self.folder / "app", self.network, variables)
        self.stack.callback(container.kill)
        return container

    def health(self) -> dict[str, Any] | None:
        """Ask the app how it is, as the watchdog does; None if it does not answer."""
        try:
            return self.network.run(self._health)
        except OSError, http.client.HTTPException:
            return None

    def page(self, path: str, source: str, host: str = "homeassistant.local:8123") -> Reply:
        """Ask for a page of the app, as the browser of Home Assistant does."""
        return self.network.run(_page, path, source, host)

    @property
    def connected(self) -> bool:
        """Whether the app is connected to the broker."""
        report = self.health()
        return report is not None and report["bridge"]["broker"]["connected"]

    def _health(self) -> dict[str, Any]:
        with closing(http.client.HTTPConnection(LOOPBACK, 47801, timeout=5)) as connection:
            connection.request("GET", "/health")
            response = connection.getresponse()
            assert response.status == 200
            return dict(json.loads(response.read()))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    need("bwrap")
    need("mosquitto")
    with ExitStack() as stack:
        network = stack.enter_context(network_namespace())
        listening = network.run(socket.create_server, (LOOPBACK, 80))
        supervisor = stack.enter_context(FakeSupervisor(listening))
        yield Home(network, supervisor, tmp_path, stack)


def wait_for(condition: Callable[[], object], container: Container) -> None:
    """Wait until a condition is true; fail with the log of the app if it never is."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, container.log
        time.sleep(0.05)


def configure(container: Container, bridge: str = "home") -> None:
    """Write the first limber.yaml with a sensor, as the page does."""
    text = FIRST_FILE.format(journal="/data/limber.db").replace("sleepers: []\n", SENSORS)
    (container.config / "limber.yaml").write_text(text.replace("id: home", f"id: {bridge}"))


def nights(journal: Path) -> list[date]:
    """Return the dates of the nights in a journal."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro&immutable=1", uri=True)) as database:
        return [date.fromisoformat(row[0]) for row in database.execute("SELECT night FROM night")]


def test_the_app_connects_records_and_stops_in_order(home: Home) -> None:
    home.start_broker(BROKER["password"])
    app = home.app()
    configure(app)
    with home.listener(BROKER["password"]) as listener:
        app.start()
        info = listener.on("limber/home/info").json
        assert info["name"] == "Limber"
        assert home.health() is not None
        # Home Assistant can discover it before it has read the broker.
        wait_for(lambda: home.supervisor.discovered, app)
        (message,) = home.supervisor.discovered
        assert message["service"] == "limber"
        assert message["config"].items() >= {"bridge": "home", "base_topic": "limber"}.items()
        assert message["config"]["instance"] == info["instance"]
        assert "announced by multicast DNS" not in app.log
        sensor = AnkleSensor()
        out = home.network.run(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        with out:
            out.sendto(sensor.frame(leg(0, 0.5, [])), (LOOPBACK, 47800))
        listener.wait(
            lambda one: (
                one.topic == "limber/home/anna/state" and one.json["sensors"]["1"]["connected"]
            )
        )
        app.stop()
        listener.wait(lambda one: (one.topic, one.payload) == ("limber/home/status", b"offline"))
    assert (app.data / "limber.db").exists()
    assert "Traceback" not in app.log
    assert BROKER["password"] not in app.log
    assert not home.supervisor.refused


def test_another_password_of_the_broker_is_taken_over_while_the_bridge_runs(home: Home) -> None:
    broker = home.start_broker(BROKER["password"])
    app = home.app()
    configure(app)
    app.start(command=f"exec python3 -c '{IMPATIENT}'")
    wait_for(lambda: home.connected, app)
    broker.stop()
    home.supervisor.mqtt = BROKER | {"password": "another secret"}
    home.start_broker("another secret")
    with home.listener("another secret") as listener:
        listener.wait(lambda one: (one.topic, one.payload) == ("limber/home/status", b"online"))
    app.stop()
    # The same process.
    assert app.log.count("listening for HTTP") == 1
    assert "another secret" not in app.log


def test_the_first_start_writes_limber_yaml_and_waits_for_the_set_up(home: Home) -> None:
    home.start_broker(BROKER["password"])
    home.network.add_address(INGRESS_PROXY)
    app = home.app()
    app.start()
    wait_for(home.health, app)
    health = home.health()
    assert health is not None
    assert (health["live"], health["healthy"]) == (True, False)
    assert "!env_var LIMBER_MQTT_PASSWORD" in (app.config / "limber.yaml").read_text()
    assert "(sleepers)" in app.log
    # Home Assistant shows the page of the set-up, and strangers do not get it.
    assert home.page("/", INGRESS_PROXY).location == f"{INGRESS_PATH}/setup"
    assert home.page("/setup", INGRESS_PROXY).status == 200
    stranger = home.page("/setup", LOOPBACK)
    assert stranger.status != 200
    assert not stranger.location.startswith(INGRESS_PATH)
    configure(app)
    with home.listener(BROKER["password"]) as listener:
        assert app.execute("s6-svc -h /run/service/limber").returncode == 0
        listener.wait(lambda one: (one.topic, one.payload) == ("limber/home/status", b"online"))
    # A phone in the home cannot use the address by which Home Assistant is reached from elsewhere.
    phone = home.page("/setup/sensors/2", INGRESS_PROXY, host="home.example.org")
    assert "http://homeassistant.local:47801/ingest/2/a-secret-of-a-phone" in phone.text
    app.stop()
    assert "Traceback" not in app.log


def test_an_error_in_limber_yaml_is_named_and_the_page_is_there_to_correct_it(home: Home) -> None:
    app = home.app()
    configure(app, "Not an id")
    app.start()
    wait_for(home.health, app)
    wait_for(lambda: "/config/limber.yaml:4: " in app.log, app)
    app.stop()
    assert "Traceback" not in app.log


def test_wrong_usage_stops_the_container_with_its_exit_status(home: Home) -> None:
    app = home.app()
    app.start(command="exec limber app run --unknown")
    wait_for(lambda: app.program is not None and not app.program.runs, app)
    assert "start the app again" in app.log
    assert (app.results / "exitcode").read_text() == "2\n"


def test_a_crash_is_followed_by_a_start(home: Home) -> None:
    home.start_broker(BROKER["password"])
    app = home.app()
    configure(app)
    app.start()
    wait_for(home.health, app)
    app.execute("s6-svc -k /run/service/limber")
    wait_for(lambda: app.log.count("listening for HTTP") == 2, app)
    wait_for(home.health, app)
    app.stop()


def test_a_backup_of_a_running_app_holds_every_night_and_restores_it(home: Home) -> None:
    home.start_broker(BROKER["password"])
    app = home.app()
    configure(app)
    with Journal(app.data / "limber.db") as journal:
        journal.save_night(example_night(NIGHT))
    app.start()
    wait_for(lambda: home.connected, app)
    backup = home.folder / "backup.tar"
    app.back_up(backup)
    assert home.connected
    assert not saved_path(app.data / "limber.db").exists()
    # The password of the broker is in no file: neither in the backup nor beside it.
    files = [path for folder in (app.data, app.config) for path in folder.rglob("*")]
    secret = BROKER["password"].encode()
    assert not [one for one in (backup, *files) if one.is_file() and secret in one.read_bytes()]
    app.stop()

    app.restore(backup)
    # Neither the journal that was written meanwhile nor its other copies.
    assert [path.name for path in app.data.iterdir()] == ["limber-saved.db"]
    assert nights(app.data / "limber-saved.db") == [NIGHT]
    app.start()
    wait_for(home.health, app)
    app.stop()
    assert nights(app.data / "limber.db") == [NIGHT]
    assert "a backup of Home Assistant was restored" in app.log
    assert not saved_path(app.data / "limber.db").exists()
    assert "MISSING" not in app.log


def test_an_update_from_an_older_app_keeps_the_journal(home: Home) -> None:
    home.start_broker(BROKER["password"])
    app = home.app()
    configure(app)
    shutil.copyfile(OLDER, app.data / "limber.db")
    before = nights(OLDER)
    assert before
    app.start()
    wait_for(home.health, app)
    app.stop()
    assert set(before) <= set(nights(app.data / "limber.db"))
    # The previous one stays beside it.
    assert list(app.data.glob("limber.db.schema-*"))


def test_the_same_container_runs_without_home_assistant(home: Home) -> None:
    home.start_broker(BROKER["password"])
    app = home.app(with_supervisor=False)
    configure(app)
    app.environment = {
        "TZ": "Europe/Rome",
        "LIMBER_MQTT_HOST": "localhost",
        "LIMBER_MQTT_USER": BROKER["username"],
        "LIMBER_MQTT_PASSWORD": BROKER["password"],
    }
    app.start()
    wait_for(lambda: home.connected, app)
    app.stop()
    assert "Traceback" not in app.log
