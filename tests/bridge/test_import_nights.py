"""`limber import`: recorded nights appear in the journal like all others, and can be taken back."""

import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from devtools.processes import free_port
from limber_bridge.cli import main
from limber_bridge.detection.events import Movement
from limber_bridge.storage.import_orders import order_folder
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import kick, settings
from tests.bridge.examples import night as example_night
from tests.bridge.listener import Listener, Message
from tests.bridge.running_bridge import listen_on, wait_for

ANKLE: Final = "{id: 7, source: network, placement: ankle, quantity: acceleration}"
RATE: Final = 25
NIGHT_S: Final = 2400
EVENING_S: Final = 1_732_143_600
"""2024-11-21 at midnight in Berlin."""
DAYS: Final = [date(2024, 11, 21), date(2024, 11, 22)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of two nights; by day nothing was recorded."""
    rng = np.random.default_rng(3)
    times = np.arange(NIGHT_S * RATE) / RATE
    rows = []
    for number, every_s in enumerate((30, 40)):
        kick = 0.3 * np.sin(2 * np.pi * 5 * times) * ((times % every_s) < 1.6) * (times > 300)
        signal = np.array([[0.95], [0.1], [0.25]]) + kick + rng.normal(0, 0.003, (3, len(times)))
        rows.append(np.vstack([times + EVENING_S + number * 86_400, signal]))
    path = tmp_path_factory.mktemp("recorded") / "left-ankle.csv"
    np.savetxt(
        path,
        np.concatenate(rows, axis=1).T,
        fmt=["%.3f", *["%.4f"] * 3],
        delimiter=",",
        header="time,x,y,z",
        comments="",
    )
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "limber.yaml"
    path.write_text(settings(ANKLE, port=1, more=listen_on(1)))
    return path


def run_import(config: Path, *args: object) -> int:
    return main(["import", *map(str, args), "--sleeper", "anna", "--config", str(config)])


def listed(config: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what `limber nights --json` lists."""
    capsys.readouterr()
    assert main(["nights", "--json", "--config", str(config)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def journal_of(config: Path) -> Path:
    (path,) = config.parent.glob("*.db")
    return path


def batch_of(night: dict[str, Any]) -> str:
    return str(night["imported"]["batch"])


def test_recorded_nights_are_listed_with_their_events_and_where_they_come_from(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(config, recorded) == 0
    said = capsys.readouterr()
    assert said.out == "2024-11-21  imported\n2024-11-22  imported\n"
    assert "keep the recordings" in said.err
    nights = listed(config, capsys)
    assert [night["night"] for night in nights] == ["2024-11-21", "2024-11-22"]
    assert {night["imported"]["recording"] for night in nights} == {"left-ankle.csv"}
    assert [night["start"] for night in nights] == ["2024-11-20T23:00:00Z", "2024-11-21T23:00:00Z"]
    counts = [night["measures"]["movements"] for night in nights]
    assert counts == [pytest.approx(70, abs=2), pytest.approx(53, abs=2)]
    with Journal(journal_of(config)) as journal:
        events = journal.events("anna", DAYS[0])
        assert sum(isinstance(event, Movement) for event in events) == counts[0]
        assert all(getattr(event, "sensor", 7) == 7 for event in events)
        hours = [night.hours.counts for night in journal.nights("anna") if night.hours is not None]
    assert [sum(count or 0 for count in of_night) for of_night in hours] == counts
    out = config.parent / "night.json"
    capsys.readouterr()
    assert main(["export", "2024-11-21", "--out", str(out), "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"wrote {out}\n")


def test_an_import_can_be_undone_as_a_whole_or_by_night(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(config, recorded) == 0
    assert f"--sleeper anna --config {config}; " in capsys.readouterr().err
    assert run_import(config, "--undo", "2024-11-21") == 0
    (night,) = listed(config, capsys)
    assert night["night"] == "2024-11-22"
    assert run_import(config, "--undo", batch_of(night)) == 0
    assert listed(config, capsys) == []
    assert run_import(config, "--undo", batch_of(night)) == 1
    assert "nothing of anna was imported" in capsys.readouterr().err
    with Journal(journal_of(config)) as journal:
        assert journal.history("anna").removed == tuple(DAYS)


def test_a_night_that_was_measured_live_is_replaced_only_on_request_and_comes_back(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal(config.parent / "limber.db") as journal:
        journal.save_night(example_night(DAYS[0]))
        event = kick(EVENING_S * 1_000_000)
        journal.write([JournalBatch("anna", events=((DAYS[0], event),))])
    assert run_import(config, recorded) == 1
    said = capsys.readouterr()
    assert "night 2024-11-21 was measured live" in said.err
    assert said.out == "2024-11-22  imported\n"
    live = listed(config, capsys)[0]
    assert live["imported"] is None
    assert run_import(config, recorded, "--replace") == 0
    replaced = listed(config, capsys)[0]
    assert replaced["imported"] is not None
    assert replaced["revision"] == live["revision"] + 1
    assert run_import(config, "--undo", batch_of(replaced)) == 0
    first, second = listed(config, capsys)
    assert first == {**live, "revision": live["revision"] + 2}
    with Journal(config.parent / "limber.db") as journal:
        assert journal.events("anna", DAYS[0]) == [event]
    # The night of the first import is back as well.
    assert second["imported"] is not None
    assert batch_of(second) != batch_of(replaced)


def test_an_import_that_was_replaced_again_is_not_undone_first(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(config, recorded) == 0
    first = batch_of(listed(config, capsys)[0])
    assert run_import(config, recorded) == 1
    assert "undo that import, or write --replace" in capsys.readouterr().err
    assert run_import(config, recorded, "--replace") == 0
    assert run_import(config, "--undo", first) == 1
    assert "undo that one first" in capsys.readouterr().err


def test_a_failure_in_the_middle_leaves_whole_nights(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Journal(config.parent / "limber.db").close()
    database = sqlite3.connect(config.parent / "limber.db")
    database.execute(
        "CREATE TRIGGER fails BEFORE INSERT ON event WHEN NEW.night = '2024-11-22'"
        " AND NEW.kind = 'movement' BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
    )
    database.commit()
    assert run_import(config, recorded) == 1
    (night,) = listed(config, capsys)
    assert night["night"] == "2024-11-21"
    with Journal(config.parent / "limber.db") as journal:
        assert journal.events("anna", DAYS[1]) == []
    database.execute("DROP TRIGGER fails")
    database.close()
    assert run_import(config, recorded, "--replace") == 0
    assert len(listed(config, capsys)) == 2


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["nowhere.csv"], "check the path"),
        ([], "name a RECORDING"),
        (["--undo", "2024-11-21"], "nothing of anna was imported"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    config: Path, args: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(config, *args) in (1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert reason in lines[0]


def test_a_recording_without_a_start_belongs_to_no_night(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = np.arange(3000) / RATE
    noise = np.random.default_rng(1).normal(0.0, 0.002, (3, 3000))
    rows = np.vstack([times, noise + np.array([[0.0], [0.0], [1.0]])]).T
    np.savetxt(tmp_path / "a.csv", rows, delimiter=",", header="time,x,y,z", comments="")
    assert run_import(config, tmp_path / "a.csv") == 1
    assert "its start is unknown" in capsys.readouterr().err


# --- While the bridge runs ---


def is_online(message: Message) -> bool:
    return message.topic == "limber/bedroom/status" and message.payload == b"online"


def is_info(**wanted: object) -> Any:
    def fits(message: Message) -> bool:
        if message.topic != "limber/bedroom/info":
            return False
        sleeper = message.json["sleepers"][0]
        return all(sleeper[key] == value for key, value in wanted.items())

    return fits


def test_a_running_bridge_files_and_publishes_the_nights(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge, recorded: Path
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(is_online)
        assert run_import(tmp_path / "limber.yaml", recorded) == 0
        listener.wait(is_info(imports=2, removed_nights=[]))
        state = listener.wait(
            lambda one: one.topic == "limber/bedroom/anna/state" and bool(one.json["last_night"])
        )
        assert state.json["last_night"]["night"] == "2024-11-22"
        nights = listener.request(command="nights")["nights"]
        assert [night["night"] for night in nights] == ["2024-11-21", "2024-11-22"]
        events = listener.request(command="events", night="2024-11-21")["events"]
        assert len([event for event in events if event["kind"] == "movement"]) > 60
        # Nothing of the past is an event that could trigger something.
        assert not [one for one in listener.heard if one.topic == "limber/bedroom/anna/event"]
        assert run_import(tmp_path / "limber.yaml", "--undo", "2024-11-22") == 0
        listener.wait(is_info(imports=3, removed_nights=["2024-11-22"]))
        nights = listener.request(command="nights")["nights"]
        assert [night["night"] for night in nights] == ["2024-11-21"]
    assert list(order_folder(journal_of(tmp_path / "limber.yaml")).iterdir()) == []


def test_an_order_that_cannot_be_read_is_answered(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(is_online)
        folder = order_folder(journal_of(tmp_path / "limber.yaml"))
        (folder / "x.order").write_bytes(b'{"v": 9}')
        wait_for((folder / "x.answer").exists)
        assert "cannot read the order" in (folder / "x.answer").read_text()
        assert bridge.runs
