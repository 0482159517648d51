"""Edit limber.yaml: only what is changed differs, and the file is never a part of one."""

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.config import editor
from limber_bridge.config.config_file import (
    ChangedMeanwhileError,
    SaveError,
    read_snapshot,
    replace_file,
)
from limber_bridge.config.editor import RefusedError, save_edit
from limber_bridge.config.loader import check_setup, load_config
from limber_bridge.config.yaml_edit import UneditableError

GOOD = """\
# The bedroom upstairs.
bridge:
  id: bedroom      # never changes
  time_zone: 'Europe/Berlin'

broker:
  host:   "broker.local"   # in the cellar
  user: limber
  password: !env_var BROKER_PASSWORD
sleepers:
  # Anna sleeps on the left.
  - id: anna
    name: Anna
    sensors:
      # Left ankle.
      - id: 1
        source: network
        placement: ankle
        side: left
        quantity: acceleration
        # The strap is blue.

      # Right ankle.
      - {id: 2, source: network, placement: ankle, side: right, quantity: acceleration}
network:
  address: 0.0.0.0   # all networks
# The end.
"""
NEW_SENSOR: dict[str, Any] = {
    "id": 7,
    "source": "phone",
    "placement": "bed",
    "quantity": "acceleration",
    "secret": "q7Tz2mVx9LcR4wKd",
}
"""A text that looks like a number must stay a text."""


def plain(text: str) -> Any:
    """Return the data of a document, with the values behind tags as they are written."""
    return editor.value_at(text, ())


def added_lines(before: str, after: str) -> list[str]:
    """Return the lines that were added to a text from which none was removed."""
    added = []
    rest = iter(after.splitlines())
    for line in before.splitlines():
        for one in rest:
            if one == line:
                break
            added.append(one)
        else:
            pytest.fail(f"this line is gone: {line}")
    return [*added, *rest]


def test_a_sensor_is_added_below_the_others_and_every_line_stays() -> None:
    text = editor.add_sensor(GOOD, "anna", NEW_SENSOR)
    assert added_lines(GOOD, text) == [
        "      - id: 7",
        "        source: phone",
        "        placement: bed",
        "        quantity: acceleration",
        "        secret: q7Tz2mVx9LcR4wKd",
    ]
    assert plain(text)["sleepers"][0]["sensors"][2] == NEW_SENSOR
    assert text.index("id: 7") < text.index("network:\n")


def test_a_removed_sensor_takes_its_own_lines_and_no_other_with_it() -> None:
    text = editor.remove_sensor(GOOD, 1)
    gone = added_lines(text, GOOD)
    assert gone == GOOD.splitlines()[15:21]
    assert "# Right ankle." in text


def test_the_last_sensor_leaves_an_empty_list_to_which_one_can_be_added() -> None:
    text = editor.remove_sensor(editor.remove_sensor(GOOD, 2), 1)
    assert plain(text)["sleepers"][0]["sensors"] == []
    text = editor.add_sensor(text, "anna", NEW_SENSOR)
    assert plain(text)["sleepers"][0]["sensors"] == [NEW_SENSOR]
    assert "    sensors:\n      - id: 7\n" in text


def test_a_changed_value_keeps_the_comment_beside_it() -> None:
    text = editor.set_broker(GOOD, {"host": "10.0.0.2", "port": 1884, "user": "limber"})
    assert "  host:   10.0.0.2   # in the cellar\n" in text
    assert added_lines(GOOD.replace('"broker.local"', "10.0.0.2"), text) == ["  port: 1884"]


def test_a_password_in_a_variable_stays_there() -> None:
    text = editor.set_broker(GOOD, {"host": "10.0.0.2"})
    assert "password: !env_var BROKER_PASSWORD" in text


def test_none_removes_a_key() -> None:
    text = editor.set_broker(GOOD, {"user": None, "password": None, "tls": None})
    assert plain(text)["broker"] == {"host": "broker.local"}


def test_lines_end_as_they_did_before() -> None:
    text = editor.add_sensor(GOOD.replace("\n", "\r\n"), "anna", NEW_SENSOR)
    assert text.count("\r\n") == text.count("\n")


def test_an_empty_file_becomes_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    before = read_snapshot(path)
    before = save_edit(
        path, before, lambda text: editor.set_bridge(text, {"id": "home", "time_zone": "UTC"})
    )
    assert check_setup(path).missing == ("broker", "sleepers")
    before = save_edit(path, before, lambda text: editor.set_broker(text, {"host": "localhost"}))
    before = save_edit(path, before, lambda text: editor.add_sleeper(text, "zoe", "Zoë"))
    assert check_setup(path).missing == ("sensors",)
    save_edit(path, before, lambda text: editor.add_sensor(text, "zoe", NEW_SENSOR))
    (sleeper,) = load_config(path).sleepers
    assert (sleeper.name, len(sleeper.sensors)) == ("Zoë", 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name", ["no", "1", "a: b", "# x", "", " x", "x\ny", '"', "'", "\\", "🦵", "~"]
)
def test_any_name_is_written_so_that_it_is_read_again(name: str) -> None:
    text = editor.rename_sleeper(GOOD, "anna", name)
    assert plain(text)["sleepers"][0]["name"] == name


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("  - id: anna", "  - &anna\n    id: anna").replace(
            "network:", "other: *anna\nnetwork:"
        ),
        "sleepers: [*a]\n",
        "a: [\n",
    ],
)
def test_what_only_a_person_can_change_is_refused_or_right(text: str) -> None:
    try:
        changed = editor.add_sensor(text, "anna", NEW_SENSOR)
    except UneditableError:
        pass
    else:
        assert plain(changed)["sleepers"][0]["sensors"][-1] == NEW_SENSOR


def test_an_alias_is_not_written_into_the_place_of_its_anchor() -> None:
    text = "a: &sensors\n  - id: 1\nsleepers:\n  - id: anna\n    sensors: *sensors\n"
    with pytest.raises(UneditableError, match="anchor"):
        editor.add_sensor(text, "anna", NEW_SENSOR)


# --- Any file and any edits ---

SPACE = st.sampled_from(["", " ", "   "])
COMMENT = st.sampled_from(["", "", "  # a comment", " # häß: {[\"'"])
FREE_LINES = st.sampled_from(
    ["", "", "{indent}# a line of its own\n", "\n", "\n{indent}# another\n"]
)


@st.composite
def scalar_text(draw: st.DrawFn, value: str | int) -> str:
    """Return a scalar as a person may have written it."""
    if isinstance(value, int):
        return str(value)
    return draw(st.sampled_from([value, f"'{value}'", f'"{value}"']))


@st.composite
def mapping_lines(draw: st.DrawFn, values: dict[str, Any], indent: int, dash: str = "") -> str:
    """Return a mapping as a person may have written it."""
    if dash and draw(st.booleans()):
        inside = ", ".join([f"{key}: {draw(scalar_text(value))}" for key, value in values.items()])
        return f"{' ' * indent}{dash}{{{inside}}}{draw(COMMENT)}\n"
    lines = ""
    for number, (key, value) in enumerate(values.items()):
        pad = " " * (indent + len(dash))
        begin = f"{' ' * indent}{dash}" if dash and number == 0 else pad
        lines += f"{begin}{key}: {draw(SPACE)}{draw(scalar_text(value))}{draw(COMMENT)}\n"
        lines += draw(FREE_LINES).format(indent=pad)
    return lines


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return a configuration, by any person."""
    text = draw(FREE_LINES).format(indent="")
    text += "bridge:\n" + draw(mapping_lines({"id": "home", "time_zone": "UTC"}, 2))
    text += "broker:" + draw(COMMENT) + "\n"
    text += draw(mapping_lines({"host": "localhost", "user": "me", "password": "secret"}, 4))
    text += "sleepers:\n"
    indent = draw(st.sampled_from([0, 2]))
    number = 0
    for name in ("anna", "ben")[: draw(st.integers(1, 2))]:
        text += draw(
            mapping_lines({"id": name, "name": name.title()}, indent, "- ").filter(
                lambda lines: "{" not in lines.split("#", maxsplit=1)[0]
            )
        )
        text += f"{' ' * indent}  sensors:{draw(COMMENT)}\n"
        inner = indent + draw(st.sampled_from([2, 4]))
        dash = draw(st.sampled_from(["- ", "-   "]))
        for _ in range(draw(st.integers(1, 3))):
            number += 1
            sensor = {"id": number, "source": "network", "placement": "bed", "quantity": "load"}
            text += draw(mapping_lines(sensor, inner, dash))
    text += draw(FREE_LINES).format(indent="")
    text += "network:\n" + draw(mapping_lines({"address": "10.0.0.1"}, 2))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


EDITS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(["anna", "ben"]), st.integers(100, 200)),
    st.tuples(st.just("remove"), st.integers(1, 6), st.none()),
    st.tuples(st.just("change"), st.integers(1, 6), st.sampled_from(["a b", "x", None])),
    st.tuples(
        st.just("broker"),
        st.sampled_from(["user", "password", "tls"]),
        st.sampled_from(["é", None]),
    ),
    st.tuples(
        st.just("person"), st.sampled_from(["cleo", "dora"]), st.text("aé: #'\"", max_size=5)
    ),
    st.tuples(st.just("no person"), st.sampled_from(["anna", "ben", "cleo"]), st.none()),
)


def apply(text: str, edit: tuple[str, Any, Any]) -> str:
    """Return the text after an edit."""
    kind, which, value = edit
    match kind:
        case "add":
            return editor.add_sensor(text, which, {"id": value, "key": "0x1", "side": "no"})
        case "remove":
            return editor.remove_sensor(text, which)
        case "change":
            return editor.change_sensor(text, which, {"key": value, "source": "phone"})
        case "broker":
            return editor.set_broker(text, {which: value})
        case "person":
            return editor.add_sleeper(text, which, value)
        case _:
            return editor.remove_sleeper(text, which)


def applied(text: str, edit: tuple[str, Any, Any]) -> str | None:
    """Return the text after an edit; None where its sleeper or sensor is not there."""
    try:
        return apply(text, edit)
    except UneditableError:
        data = plain(text)["sleepers"]
        known = {one["id"] for one in data}
        known |= {sensor["id"] for one in data for sensor in one["sensors"]}
        assert edit[1] not in known
        return None


def expected(data: Any, edit: tuple[str, Any, Any]) -> None:  # noqa: PLR0912 - one for each kind
    """Make the same edit in the data."""
    kind, which, value = edit
    sleepers: list[dict[str, Any]] = data["sleepers"]
    match kind:
        case "add":
            (sleeper,) = [one for one in sleepers if one["id"] == which]
            sleeper["sensors"].append({"id": value, "key": "0x1", "side": "no"})
        case "remove" | "change":
            (sensors, sensor) = next(
                (one["sensors"], sensor)
                for one in sleepers
                for sensor in one["sensors"]
                if sensor["id"] == which
            )
            if kind == "remove":
                sensors.remove(sensor)
            else:
                sensor |= {"key": value, "source": "phone"}
                if value is None:
                    del sensor["key"]
        case "broker":
            data["broker"].pop(which, None)
            if value is not None:
                data["broker"][which] = value
        case "person":
            sleepers.append({"id": which, "name": value, "sensors": []})
        case _:
            data["sleepers"] = [one for one in sleepers if one["id"] != which]


def kept_comments(text: str) -> list[str]:
    """Return the lines that hold nothing but a comment in the first column."""
    return [line for line in text.splitlines() if line.startswith("# ")]


@settings(deadline=None)
@given(documents(), st.lists(EDITS, max_size=6))
def test_any_edits_of_any_file_give_what_they_say_and_touch_nothing_else(
    text: str, edits: Sequence[tuple[str, Any, Any]]
) -> None:
    for edit in edits:
        data = plain(text)
        after = applied(text, edit)
        if after is None:
            continue
        expected(data, edit)
        assert plain(after) == data
        if (
            edit[0] in ("add", "person")
            and "sensors: []" not in text
            and "sleepers: []" not in text
        ):
            added_lines(text, after)
        if edit[0] in ("remove", "no person") and "[]" not in after:
            added_lines(after, text)
        if "\r\n" in text:
            assert after.count("\r\n") == after.count("\n")
        text = after


# --- Saving ---


def write_good(path: Path) -> None:
    path.write_text(GOOD.replace("!env_var BROKER_PASSWORD", "secret"))


def test_a_configuration_with_errors_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    write_good(path)
    before = read_snapshot(path)
    with pytest.raises(RefusedError) as error:
        save_edit(
            path, before, lambda text: editor.add_sensor(text, "anna", NEW_SENSOR | {"id": 1})
        )
    assert "another sensor has the id 1" in str(error.value)
    assert read_snapshot(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_change_by_hand_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    write_good(path)
    before = read_snapshot(path)
    path.write_text(before.text + "# by hand\n")
    with pytest.raises(ChangedMeanwhileError, match="load the page again"):
        save_edit(path, before, lambda text: editor.rename_sleeper(text, "anna", "Anne"))
    assert path.read_text() == before.text + "# by hand\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    before = read_snapshot(path)
    write_good(path)
    with pytest.raises(ChangedMeanwhileError):
        replace_file(path, before, "a: 1\n")


def test_mode_and_link_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "limber.yaml"
    write_good(real)
    real.chmod(0o640)
    owner = (real.stat().st_uid, real.stat().st_gid)
    if os.geteuid() == 0:
        owner = (1234, 1235)
        os.chown(real, *owner)
    path = tmp_path / "limber.yaml"
    path.symlink_to(real)
    save_edit(path, read_snapshot(path), lambda text: editor.rename_sleeper(text, "anna", "Anne"))
    assert path.is_symlink()
    assert "Anne" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (real.stat().st_uid, real.stat().st_gid) == owner


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "limber.yaml"
    with pytest.raises(SaveError, match="write permission"):
        replace_file(path, read_snapshot(path), "a: 1\n")


KILLED = """
import os, sys
from pathlib import Path
from limber_bridge.config.config_file import read_snapshot, replace_file

step, path = int(sys.argv[1]), Path(sys.argv[2])
calls = 0

def hook(event, args):
    global calls
    if event in ("open", "os.rename", "os.chmod", "os.chown", "os.remove", "shutil.move") and armed:
        calls += 1
        if calls > step:
            os.kill(os.getpid(), 9)

armed = False
sys.addaudithook(hook)
fsync = os.fsync

def killed_fsync(descriptor):
    hook("open", ())
    fsync(descriptor)
    hook("open", ())

os.fsync = killed_fsync
before = read_snapshot(path)
armed = True
replace_file(path, before, before.text.replace("Anna", "Zoe") * 1)
armed = False
"""


def test_a_kill_at_every_step_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    found = set()
    for step in range(30):
        write_good(path)
        old = path.read_text()
        done = subprocess.run([sys.executable, "-c", KILLED, str(step), str(path)], check=False)
        assert path.read_text() in (old, old.replace("Anna", "Zoe"))
        found.add(path.read_text() == old)
        if done.returncode == 0:
            break
        assert done.returncode == -9
    else:
        pytest.fail("it was killed each time")
    assert step > 5
    assert found == {True, False}
