"""Read limber.yaml: every error names the line, the key and the remedy."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devtools.processes import ROOT
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Config
from limber_bridge.config.yaml_loader import ConfigError
from limber_bridge.detection.rules import AASM
from limber_bridge.detection.signal import Placement, Quantity, Side
from limber_bridge.sources import SOURCES

GOOD = """\
bridge:
  id: bedroom
  time_zone: Europe/Berlin
broker:
  host: broker.local
sleepers:
  - id: anna
    name: Anna
    sensors:
      - id: 1
        source: network
        placement: ankle
        side: left
        quantity: acceleration
network:
  address: 0.0.0.0
"""


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "limber.yaml"
    path.write_text(text)
    return load_config(path)


def errors(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def test_the_smallest_configuration(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    assert (config.bridge, config.name, config.broker.port) == ("bedroom", "Bedroom", 1883)
    assert config.journal == tmp_path / "limber.db"
    (sleeper,) = config.sleepers
    assert (sleeper.id, sleeper.name, sleeper.live) == ("anna", "Anna", True)
    (watched,) = sleeper.sensors
    assert watched.sensor.quantity is Quantity.ACCELERATION
    assert (watched.sensor.placement, watched.sensor.side) == (Placement.ANKLE, Side.LEFT)


def test_a_configuration_with_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBER_KEY", "a-secret-key-5e1f")
    (tmp_path / "password").write_text("secret\n")
    config = load(
        tmp_path,
        """\
bridge:
  id: b
  name: Schlafzimmer
  time_zone: America/New_York
  journal: data/j.db
  rules: aasm
  night_boundary: 20
broker:
  host: h
  port: 8884
  user: u
  password: !file password
  tls: true
  base_topic: home/limber
network: {address: 127.0.0.1, port: 5555}
sleepers:
  - id: joerg
    name: Jörg Müller
    sensors:
      - {id: 1, source: network, placement: tibialis, side: right, quantity: emg,
         key: !env_var LIMBER_KEY}
      - {id: 2, source: recording, placement: bed, quantity: load, path: n.csv, speed: 100}
      - {id: 3, source: simulated, placement: bed, quantity: acceleration, seed: 3, plm_index: 40}
  - id: other
    name: "!!!"
    sensors: [{id: 4, source: simulated, placement: ankle, quantity: acceleration}]
""",
    )
    assert config.rules is AASM
    assert config.calendar.turn == 20
    assert (config.broker.password, config.broker.base_topic) == ("secret", "home/limber")
    assert config.journal == tmp_path / "data/j.db"
    jorg, other = config.sleepers
    assert (jorg.id, other.id, other.live) == ("joerg", "other", False)
    assert jorg.sensors[0].request.options.key == b"a-secret-key-5e1f"
    assert jorg.sensors[1].request.options.path == tmp_path / "n.csv"


def test_a_sleeper_needs_an_id_and_the_error_suggests_one(tmp_path: Path) -> None:
    for name, expected in (
        ("Anna", "add `id: anna`; it must stay the same when the name is corrected"),
        ("Jörg Müller", "add `id: jorg_muller`; it must stay the same"),
        (
            "Søren",
            "add `id: soren`, or `id: sren` to keep nights that were recorded without an `id`",
        ),
        ("Łukasz", "add `id: lukasz`, or `id: ukasz` to keep nights"),
        ("Þóra Strauß", "add `id: thora_strauss`, or `id: ora_strau` to keep nights"),
        (
            "I\N{LATIN SMALL LETTER DOTLESS I}l Đæœ",
            "add `id: iil_daeoe`, or `id: il` to keep nights",
        ),
        ("Анна", "add an `id` of small letters and digits next to this name, for example `anna`"),
    ):
        (found,) = errors(tmp_path, GOOD.replace("id: anna\n    name: Anna", f"name: {name}"))
        assert found.startswith(f"limber.yaml:7: sleepers[1]: {expected}")


RENAMED = [
    (
        "  id: bedroom",
        "  night_ends_at: 20\n  id: bedroom",
        "2: bridge.night_ends_at",
        "night_boundary",
    ),
    ("broker:", "keep: {raw: 0}\nbroker:", "4: keep", "retention"),
    ("broker:", "retention: {size: 9}\nbroker:", "4: retention.size", "size_mb"),
    ("broker:", "retention: {raw: 9}\nbroker:", "4: retention.raw", "raw_nights"),
    ("broker:", "retention: {raw_size: 9}\nbroker:", "4: retention.raw_size", "raw_size_mb"),
    ("broker:", "health: {port: 80}\nbroker:", "4: health", "web"),
    ("  host", "  base: home\n  host", "5: broker.base", "base_topic"),
    ("  host", "  tls: {authority: a.pem}\n  host", "5: broker.tls.authority", "ca_certificate"),
    (
        "  host",
        "  tls: {certificate: a}\n  host",
        "5: broker.tls.certificate",
        "client_certificate",
    ),
    ("  host", "  tls: {key: a.pem}\n  host", "5: broker.tls.key", "client_key"),
    ("placement: ankle", "place: ankle", "12: sleepers[1].sensors[1].place", "placement"),
    (
        "source: network",
        "source: simulated\n        up: 2",
        "12: sleepers[1].sensors[1].up",
        "walking",
    ),
    (
        "source: network",
        "source: simulated\n        latency: 2",
        "12: sleepers[1].sensors[1].latency",
        "sleep_latency",
    ),
    (
        "source: network",
        "source: simulated\n        interval: 20",
        "12: sleepers[1].sensors[1].interval",
        "movement_interval",
    ),
]


@pytest.mark.parametrize(("old", "new", "where", "name"), RENAMED, ids=[row[3] for row in RENAMED])
def test_the_error_for_an_earlier_key_name_says_the_new_name(
    tmp_path: Path, old: str, new: str, where: str, name: str
) -> None:
    found = errors(tmp_path, GOOD.replace(old, new))
    assert f"limber.yaml:{where}: this key is called `{name}` now" in found


SENSOR = "sleepers[1].sensors[1]"
WRONG = [
    ("  id: bedroom\n", "", "1: bridge.id: write an id that never changes, for example `bedroom`"),
    (
        "bedroom",
        "Bed Room",
        "2: bridge.id: write small letters, digits and single underscores, at most 32",
    ),
    (
        "Europe/Berlin",
        "Mars",
        "3: bridge.time_zone: write an IANA time zone, for example `Europe/Berlin`",
    ),
    (
        "  host: broker.local",
        "  hots: b",
        "5: broker.hots: this key is not known; did you mean `host`?",
    ),
    (
        "  host: broker.local",
        "  host: b\n  port: mqtt",
        "6: broker.port: write a whole number from 1 to 65535",
    ),
    (
        "placement: ankle",
        "placement: wrist",
        f"12: {SENSOR}.placement: write ankle, tibialis, calf or bed",
    ),
    (
        "quantity: acceleration",
        "quantity: emg",
        f"12: {SENSOR}.placement: write tibialis or calf: emg is measured there",
    ),
    ("side: left", "side: both", f"13: {SENSOR}.side: write left or right"),
    (
        "source: network",
        "source: ble",
        f"11: {SENSOR}.source: write network, {', '.join(list(SOURCES)[1:-1])} or simulated",
    ),
    ("side: left", "kee: abc", f"13: {SENSOR}.kee: this key is not known; did you mean `key`?"),
    ("side: left", "key: short", f"13: {SENSOR}.key: the key is too weak, as it has 5 characters"),
    ("network:\n  address: 0.0.0.0\n", "", "1: add a section `network:` with `address: 0.0.0.0`"),
    (
        "  address: 0.0.0.0",
        "  port: 1",
        "15: network.address: write `address: 0.0.0.0` to listen on all networks",
    ),
    (
        "source: network",
        "source: recording",
        f"10: {SENSOR}.path: write the path of a recording",
    ),
    (
        "    name: Anna",
        "    nmae: Anna",
        "8: sleepers[1].nmae: this key is not known; did you mean `name`?",
    ),
    ("id: 1", "id: -1", f"10: {SENSOR}.id: write a whole number from 0 to 4294967295"),
    ("side: left", "side: !env_var NO_SUCH", "13: set the environment variable NO_SUCH, or write"),
    ("side: left", "side: !file no/such", "13: cannot read "),
    (
        "side: left",
        "side: left\n        side: right",
        "14: the key `side` appears twice; remove one",
    ),
    (
        "  host: broker.local",
        "  host: b\n  tls: {ca_certificate: no.pem}",
        "6: broker.tls: these files cannot be used",
    ),
    (
        "  host: broker.local",
        "  host: b\n  tls: maybe",
        "6: broker.tls: write `true`, or the paths of `ca_certificate`",
    ),
    ("  host: broker.local", "  host: a..b", "5: broker.host: write a host name or an IP address"),
    (
        "  host: broker.local",
        "  host: b\n  port: true",
        "6: broker.port: write a whole number from 1 to 65535",
    ),
    (
        "  host: broker.local",
        "  host: b\n  password: x",
        "6: broker.password: add a `user`: a password alone has no effect",
    ),
    (
        "  address: 0.0.0.0",
        "  address: sensors.local",
        "16: network.address: write an IP address of this machine",
    ),
    (
        "placement: ankle",
        "placment: ankle",
        f"12: {SENSOR}.placment: this key is not known; did you mean `placement`?",
    ),
    (
        "side: left",
        "side: !secret x",
        "13: a value that starts with `!` is a tag in YAML, and this tag is not known; write `!env",
    ),
    (
        "side: left",
        "\tside: left",
        "13: found character '\\t' that cannot start any token; indent with spaces",
    ),
    ("sleepers:\n", "sleepers: [\n", "7: "),
    (
        "  time_zone",
        "   time_zone",
        "3: mapping values are not allowed here; check the indentation of this line and",
    ),
    (
        "        placement",
        "       placement",
        "12: expected <block end>, but found '<block mapping start>'; check the inden",
    ),
    (
        "side: left",
        "side left",
        "14: could not find expected ':'; each key is followed by a colon and a space",
    ),
    ("  host", "host", "5: host: this key belongs below `broker`; indent it further"),
    (
        "  address",
        "address",
        "16: address: this key belongs below `web` or `network`; indent it further",
    ),
    (
        "  host: broker.local",
        "  host:broker.local",
        "4: broker: write keys with values below it, indented further",
    ),
    (
        "network:",
        "web: here\nnetwork:",
        "15: web: write `false`, or `address` and `port` below it",
    ),
    (
        "network:",
        "web: {adress: here}\nnetwork:",
        "15: web.adress: this key is not known; did you mean",
    ),
    (
        "network:",
        "web: {port: 0}\nnetwork:",
        "15: web.port: write a whole number from 1 to 65535",
    ),
    (GOOD, "", "1: the file is empty; begin with `bridge:`"),
    (GOOD, "# nothing yet\n", "1: the file is empty; begin with `bridge:`"),
    (
        GOOD,
        "broker: [1",
        "1: a list that starts with `[` needs a comma between its entries and `]`",
    ),
    (GOOD, "broker: {host: a\n", "2: keys that start with `{` need a comma between them and `}`"),
    (GOOD, "broker: ]", "1: a value is missing or starts with a character of YAML's own"),
    (GOOD, "broker: @a", "1: found character '@' that cannot start any token; put the value in"),
    (GOOD, "bridge: 5\nbroker: {}\nsleepers: []\n", "1: bridge: write keys with values below it"),
]


@pytest.mark.parametrize(
    ("old", "new", "expected"), WRONG, ids=[expected for _, _, expected in WRONG]
)
def test_an_error_names_line_key_and_remedy(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    found = errors(tmp_path, GOOD.replace(old, new))
    assert any(line.startswith(f"limber.yaml:{expected}") for line in found), found


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("Europe/Berlin", "Mars")
        .replace("side: left", "side: both")
        .replace("host:", "hots:")
    )
    assert len(errors(tmp_path, text)) == 4


SECOND_SENSOR = """\
      - {id: 1, source: network, placement: ankle, quantity: acceleration}
"""


def test_entries_that_contradict_each_other_are_errors(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        GOOD.replace("network:\n", SECOND_SENSOR + "network:\n", 1),
    )
    assert any("another sensor has the id 1" in line for line in found)
    assert any("write `side: left` or `side: right` for each" in line for line in found)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("latin-1", r":2: not UTF-8 text but an older encoding such as Latin-1; save .* as UTF-8"),
        ("utf-16", r":1: not UTF-8 text but UTF-16; save the file as UTF-8"),
        ("utf-16-le", r":1: not .*; save the file as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_named(tmp_path: Path, encoding: str, expected: str) -> None:
    path = tmp_path / "limber.yaml"
    path.write_bytes("# A comment\n# Jürgen's night\nbridge:\n".encode(encoding))
    with pytest.raises(ConfigError, match=expected):
        load_config(path)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this is a folder; name the file in it with --config"):
        load_config(tmp_path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"create it, or name another file with --config$"):
        load_config(tmp_path / "none.yaml")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(max_size=200)
    | st.integers(0, len(GOOD)).flatmap(
        lambda at: st.text(max_size=8).map(lambda t: GOOD[:at] + t + GOOD[at:])
    )
)
@example("a: &x [*x]\n")
@example("? [1, 2]\n: 3\n")
@example("- !!python/object:os.system {}\n")
@example("\x00")
def test_any_text_gives_a_configuration_or_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        load_config(path)
    except ConfigError as error:
        assert all(line for line in str(error).splitlines())  # noqa: PT017 - most texts raise it, some do not


def test_numbers_may_come_from_environment_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBER_PORT", "1885")
    config = load(
        tmp_path, GOOD.replace("  host: broker.local", "  host: b\n  port: !env_var LIMBER_PORT")
    )
    assert config.broker.port == 1885


def test_secrets_stay_out_of_texts_and_world_readable_files_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBER_KEY", "key-from-outside")
    (tmp_path / "password").write_text("password-in-a-file")
    secured = GOOD.replace(
        "  host: broker.local", "  host: b\n  user: u\n  password: !file password"
    )
    inline = secured.replace("side: left", "side: left\n        key: key-in-the-file-93ab")
    outside = secured.replace("side: left", "side: left\n        key: !env_var LIMBER_KEY")
    for name, text, files in (
        ("inline", inline, {"password", "limber.yaml"}),
        ("outside", outside, {"password"}),
    ):
        config = load(tmp_path, text)
        for secret in ("password-in-a-file", "key-in-the-file-93ab", "key-from-outside"):
            assert secret not in repr(config), name
        assert {path.name for path in config.secrets} == files
        for path in config.secrets:
            path.chmod(0o644)
        assert len(list(config.world_readable_secrets())) == len(files)
        for path in config.secrets:
            path.chmod(0o640)
        assert list(config.world_readable_secrets()) == []


@pytest.mark.parametrize(
    "start", [*"*&!%@`'\"{[|>#,?-:", "!!int ", "!!binary ", "!x!", "*x ", "&x &"]
)
@pytest.mark.parametrize("shape", ["password: {}", "password:{}", "{{password:{}}}"])
def test_no_error_shows_a_password_that_means_something_in_yaml(
    tmp_path: Path, start: str, shape: str
) -> None:
    line = shape.format(f"{start}hunter2-is-secret")
    text = GOOD.replace("  host: broker.local", f"  host: b\n  user: u\n  {line}")
    (tmp_path / "limber.yaml").write_text(text)
    try:
        load_config(tmp_path / "limber.yaml")
    except ConfigError as error:
        assert "is-secret" not in str(error)  # noqa: PT017 - some of these texts are valid


def test_an_unknown_tag_is_explained(tmp_path: Path) -> None:
    (found,) = errors(tmp_path, GOOD.replace("  host: broker.local", "  host: !mine"))
    assert "put the value in quotes if this character belongs to it" in found


def test_the_http_server_listens_on_loopback_unless_configured_otherwise(tmp_path: Path) -> None:
    web = load(tmp_path, GOOD).web
    assert web is not None
    assert (web.address, web.port) == ("127.0.0.1", 47801)
    assert load(tmp_path, f"{GOOD}web: false\n").web is None
    everywhere = load(tmp_path, f"{GOOD}web: {{address: 0.0.0.0, port: 80}}\n").web
    assert everywhere is not None
    assert (everywhere.address, everywhere.port) == ("0.0.0.0", 80)  # noqa: S104 - as configured


def test_the_example_in_the_documentation_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIMBER_MQTT_PASSWORD", "LIMBER_KEY"):
        monkeypatch.setenv(name, "a-secret-from-outside")
    page = ROOT / "docs" / "configuration.md"
    text = page.read_text().partition("```yaml\n")[2].partition("```")[0]
    assert [sleeper.id for sleeper in load(tmp_path, text).sleepers] == ["anna"]


PHONE = "source: phone, placement: ankle, quantity: acceleration"


@pytest.mark.parametrize(
    ("keys", "more", "expected"),
    [
        (PHONE, "", "add a `secret` for the address of the phone, for example"),
        (f"{PHONE}, secret: short", "", "secret: write at least 16 letters, digits, - or _"),
        (f"{PHONE}, secret: with/a/slash/in/it, via: http", "", "secret: write at least 16"),
        (f"{PHONE}, via: mqtt, secret: abXdefghPjklmnQp", "", "secret: remove it: over MQTT"),
        (f"{PHONE}, app: sensor_server", "", "add `host` and `port`"),
        (f"{PHONE}, app: sensor_server, host: a, via: mqtt", "", "via: remove it, or choose"),
        (
            f"{PHONE}, app: sensor_server, host: a..b",
            "",
            "host: write a host name or an IP address",
        ),
        (f"{PHONE}, secret: abXdefghPjklmnQp, stream: gyro", "", "stream: write total_accel"),
        (f"{PHONE}, secret: abXdefghPjklmnQp, host: a", "", "host: remove it, or choose"),
        (
            "source: phone, placement: tibialis, quantity: emg, secret: abXdefghPjklmnQp",
            "",
            "quantity: write acceleration: phone measures that",
        ),
        (
            f"{PHONE}, secret: abXdefghPjklmnQp",
            "web: false\n",
            "web: sensor 3 posts over HTTP: write `address: 0.0.0.0`",
        ),
    ],
)
def test_an_error_about_a_phone_says_what_to_write(
    tmp_path: Path, keys: str, more: str, expected: str
) -> None:
    (tmp_path / "limber.yaml").write_text(
        "bridge: {id: bedroom, time_zone: Europe/Berlin}\nbroker: {host: localhost}\n"
        f"sleepers:\n  - id: anna\n    name: Anna\n    sensors:\n      - {{id: 3, {keys}}}\n{more}"
    )
    with pytest.raises(ConfigError, match=re.escape(expected)):
        load_config(tmp_path / "limber.yaml")
