"""What the app asks the Supervisor, and how it reaches limber.yaml."""

import queue
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Config
from limber_bridge.config.yaml_loader import ConfigError
from limber_bridge.supervisor.api import MqttService, Supervisor, SupervisorError
from limber_bridge.supervisor.first_file import write_first_file
from limber_bridge.supervisor.settings import (
    DEFAULT_BROKER,
    ContainerSettings,
    SettingsWatch,
    ask_supervisor,
    checked_zone,
    environment_defaults,
    wait_for_settings,
)
from tests.bridge.fake_supervisor import BROKER, TOKEN, FakeSupervisor

PATIENCE_S = 30.0
SENSORS = """\
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {id: 1, source: network, placement: ankle, side: left, quantity: acceleration}
"""


@pytest.fixture
def fake() -> Iterator[FakeSupervisor]:
    with FakeSupervisor() as started:
        yield started


def api(fake: FakeSupervisor, token: str = TOKEN) -> Supervisor:
    return Supervisor(token, LOOPBACK, fake.port)


def first_config(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]
) -> Config:
    """Load the first limber.yaml, with one sensor added to it, in an environment."""
    path = folder / "limber.yaml"
    path.unlink(missing_ok=True)
    assert write_first_file(path, Path("/data/limber.db"))
    path.write_text(path.read_text().replace("sleepers: []\n", SENSORS))
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return load_config(path)


def test_the_broker_and_the_time_zone_of_the_supervisor_reach_limber_yaml(
    fake: FakeSupervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ask_supervisor(api(fake), "UTC")
    config = first_config(tmp_path, monkeypatch, found.environment())
    broker = config.broker
    assert (broker.host, broker.port, broker.user, broker.password, broker.tls) == (
        "core-mosquitto",
        1883,
        "addons",
        BROKER["password"],
        None,
    )
    assert config.calendar.zone.key == "Europe/Berlin"
    assert config.journal == Path("/data/limber.db")
    assert BROKER["password"] not in (tmp_path / "limber.yaml").read_text()
    assert BROKER["password"] not in repr(found)


@pytest.mark.parametrize(
    ("changes", "port", "tls"),
    [
        ({"username": None, "password": None}, 1883, False),
        ({"username": "", "password": ""}, 1883, False),
        ({"ssl": True, "port": 8883}, 8883, True),
    ],
    ids=["no user", "empty user", "encrypted"],
)
def test_a_broker_without_a_user_or_with_encryption(
    fake: FakeSupervisor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    port: int,
    tls: bool,
) -> None:
    fake.mqtt = BROKER | changes
    found = ask_supervisor(api(fake), "UTC")
    broker = first_config(tmp_path, monkeypatch, found.environment()).broker
    assert (broker.port, broker.tls is not None) == (port, tls)
    assert (broker.user is None) == ("username" in changes)


def test_without_a_broker_the_bridge_starts_and_the_log_says_what_to_install(
    fake: FakeSupervisor, caplog: pytest.LogCaptureFixture
) -> None:
    fake.mqtt = None
    assert ask_supervisor(api(fake), "UTC").broker == DEFAULT_BROKER
    assert "Service not enabled" in caplog.text
    assert "install the app Mosquitto broker" in caplog.text


def test_a_supervisor_that_does_not_answer_yet_is_asked_again(fake: FakeSupervisor) -> None:
    fake.raw = b"starting"

    def answer(_: float) -> None:
        fake.raw = None

    found = wait_for_settings(api(fake), "UTC", sleep=answer)
    assert found.broker.username == "addons"


def test_a_supervisor_that_never_answers_does_not_keep_the_bridge_from_recording(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Supervisor(TOKEN, LOOPBACK, free_port())
    found = wait_for_settings(away, "Europe/Paris", patience_s=0.0)
    assert found == ContainerSettings(DEFAULT_BROKER, "Europe/Paris")
    assert "Connection refused" in caplog.text


def test_the_wrong_token_is_an_error_that_does_not_name_it(fake: FakeSupervisor) -> None:
    with pytest.raises(SupervisorError, match="Unauthorized") as raised:
        api(fake, "wrong").mqtt_service()
    assert fake.refused == ["/services/mqtt"]
    assert "wrong" not in f"{raised.value} {api(fake, 'wrong')}"


def outcome(supervisor: Supervisor) -> str:
    """Ask for the broker; return it, or the error."""
    try:
        found = supervisor.mqtt_service()
    except SupervisorError as error:
        return str(error)
    assert isinstance(found, MqttService)
    return repr(found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    raw=st.one_of(
        st.binary(max_size=200),
        st.sampled_from(
            [
                b'{"result": "ok", "data": {"host": 1}}',
                b'{"result": "ok", "data": {"host": "x", "port": "secret"}}',
                b'{"result": "ok", "data": null}',
                b'{"result": "ok"}',
                b'{"result": "error"}',
                b'{"result": "error", "message": "\\u001b[2J\\n"}',
                b"[" * 100_000,
                b'{"result": "ok", "data": ' + b"[" * 100_000,
            ]
        ),
    )
)
def test_any_reply_is_a_broker_or_one_line(fake: FakeSupervisor, raw: bytes) -> None:
    fake.raw = raw
    said = outcome(api(fake))
    assert said.isprintable()
    assert "secret" not in said


@pytest.mark.parametrize(
    ("zone", "fallback", "found"),
    [
        ("Europe/Berlin", "UTC", "Europe/Berlin"),
        (None, "Europe/Paris", "Europe/Paris"),
        ("Mars/Olympus", "Europe/Paris", "Europe/Paris"),
        ("../../etc/passwd", "", "UTC"),
        ("", "\0", "UTC"),
    ],
)
def test_a_time_zone_exists_or_is_replaced(zone: str | None, fallback: str, found: str) -> None:
    assert checked_zone(zone, fallback) == found


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("homeassistant", "homeassistant.local"),
        ("Bedroom-Pi", "bedroom-pi.local"),
        (None, ""),
        ("", ""),
        ("a.b", ""),
        ("x/../y", ""),
        ("-x", ""),
    ],
)
def test_the_name_of_the_machine_is_one_that_phones_can_reach(
    fake: FakeSupervisor, hostname: str | None, name: str
) -> None:
    fake.info = {"timezone": "Europe/Berlin", "hostname": hostname}
    assert ask_supervisor(api(fake), "UTC").environment()["LIMBER_HOST"] == name


def test_each_other_password_is_noticed_once(fake: FakeSupervisor) -> None:
    changes: queue.Queue[ContainerSettings] = queue.Queue()
    watch = SettingsWatch(api(fake), ask_supervisor(api(fake), "UTC"), changes.put, 0.01)
    watch.start()
    # None of these is another broker.
    fake.mqtt = None
    fake.raw = b"restarting"
    with pytest.raises(queue.Empty):
        changes.get(timeout=0.2)
    fake.raw = None
    for password in ("another secret", "a third one"):
        fake.mqtt = BROKER | {"password": password}
        assert changes.get(timeout=PATIENCE_S).broker.password == password
        with pytest.raises(queue.Empty):
            changes.get(timeout=0.1)
    watch.stop()


def test_a_container_without_a_supervisor_takes_the_broker_from_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"TZ": "Europe/Rome", "LIMBER_MQTT_HOST": "broker.local", "LIMBER_MQTT_USER": "limber"}
    config = first_config(tmp_path, monkeypatch, given | environment_defaults(given))
    assert (config.broker.host, config.broker.port, config.broker.user) == (
        "broker.local",
        1883,
        "limber",
    )
    assert config.calendar.zone.key == "Europe/Rome"


def test_what_such_a_container_lacks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="set the environment variable LIMBER_"):
        first_config(tmp_path, monkeypatch, environment_defaults({}))


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text("mine")
    assert not write_first_file(path, Path("/data/limber.db"))
    assert path.read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["limber.yaml"]


def test_the_first_file_is_private_and_alone_in_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "limber.yaml"
    assert write_first_file(path, Path("/data/limber.db"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
