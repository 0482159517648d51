"""What a person says of cramps, from the question over the wire to the next start."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.processes import Program
from limber_bridge.detection.signal import (
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Side,
)
from limber_bridge.domain.recording import column_names
from limber_bridge.recordings.csv import write_csv
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener, Message
from tests.bridge.test_daemon import PLAYED
from tests.detection.signals import ankle, turned

STATE = "limber/bedroom/anna/state"
BEGIN = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
LENGTH = 1300.0
AT = 1000.0
"""s from the beginning of each part of the recording."""


def restless(kick: float) -> Floats:
    """A leg that walks to bed, sleeps, kicks for so many seconds, and walks away."""
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), (AT, kick), length=LENGTH), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    up = round((AT + kick + 2) * 50)
    signal = turned(signal, up / 50 - 1, -90.0)
    signal[:, up : up + 90 * 50] += ankle((0.0, 90.0), length=90.0, size=0.8)
    return signal


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three times what looks like a cramp, and once something fainter, which is told to nobody."""
    signal = np.hstack([restless(kick) for kick in (35.0, 30.0, 25.0, 9.0)])
    # Numbered from 1970 on, so that the file has times of day.
    block = SampleBlock(round(BEGIN.timestamp() * 50), signal, SampleClock(0, 0, 50.0), 50.0)
    path = tmp_path_factory.mktemp("recorded") / "night.csv"
    write_csv(
        path,
        Quantity.ACCELERATION,
        column_names(Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT),
        [block],
    )
    return path


def played(path: Path) -> str:
    return PLAYED.format(path=path, speed=100_000)


def state(listener: Listener, *, labels: int, since: int = 0) -> Any:
    """The first state, from message number `since` on, that knows of so many labels."""
    return listener.wait(
        lambda one: one.topic == STATE and one.json["cramp_labels"] == labels, since=since
    ).json


def over(message: Message) -> bool:
    """Whether all of the recording has been played."""
    return message.topic == STATE and message.json["sensors"]["1"]["problem"] == "ended"


def cramps(listener: Listener) -> list[Any]:
    """The cramps of the recorded night, as they are answered."""
    events = listener.request(command="events", night="2026-11-21")["events"]
    return [event for event in events if event["kind"] == "cramp"]


def killed_and_started_anew(
    bridge: Program, start_bridge: StartBridge, path: Path, broker: Broker
) -> None:
    bridge.kill()
    start_bridge(played(path), broker.port)


def test_three_false_alarms_are_told_no_more(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(recorded), broker.port)
        listener.wait(over)
        told = cramps(listener)
        assert [event["label"] for event in told] == [None, None, None]
        assert [event["strength"] for event in told] == sorted(
            (event["strength"] for event in told), reverse=True
        )
        for event in told:
            answer = listener.request(command="label", cramp=False, event=event["id"])
            assert (answer["ok"], answer["event"]) == (True, event["id"].removesuffix("-ended"))
        assert [event["label"] for event in cramps(listener)] == [False, False, False]
        own = state(listener, labels=3)["cramp_thresholds"]
        assert own["possible"] > told[0]["strength"]
        assert own["probable"] == 1.0

        since = len(listener.heard)
        killed_and_started_anew(bridge, start_bridge, recorded, broker)
        listener.wait(over, since=since)
        assert state(listener, labels=3, since=since)["cramp_thresholds"] == own
        assert cramps(listener) == []


def test_labels_are_reset(recorded: Path, broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(recorded), broker.port)
        listener.wait(over)
        for event in cramps(listener):
            listener.request(command="label", cramp=False, event=event["id"])
        state(listener, labels=3)
        since = len(listener.heard)
        assert listener.request(command="reset_labels")["ok"] is True
        assert state(listener, labels=0, since=since)["cramp_thresholds"] == {
            "possible": 1.0,
            "probable": 1.0,
        }
        assert [event["label"] for event in cramps(listener)] == [None, None, None]

        since = len(listener.heard)
        killed_and_started_anew(bridge, start_bridge, recorded, broker)
        listener.wait(over, since=since)
        assert state(listener, labels=0, since=since)["cramp_thresholds"]["possible"] == 1.0
        assert len(cramps(listener)) == 3


def test_a_label_for_a_time(recorded: Path, broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(recorded), broker.port)
        listener.wait(over)
        told = cramps(listener)

        def said(seconds: float, *, cramp: bool) -> Any:
            time = (BEGIN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
            return listener.request(command="label", cramp=cramp, time=time)

        assert said(AT + 120, cramp=True)["event"] == told[0]["id"].removesuffix("-ended")
        overlooked = said(3 * LENGTH + AT + 120, cramp=True)["event"]
        onset = BEGIN + timedelta(seconds=3 * LENGTH + AT)
        assert int(overlooked.removeprefix("cramp-")) / 1e6 == pytest.approx(
            onset.timestamp(), abs=1.0
        )
        assert (
            listener.request(command="label", cramp=True, event=overlooked)["event"] == overlooked
        )
        assert said(600, cramp=True)["event"].startswith("moment-")
        assert state(listener, labels=3)["cramp_thresholds"] == {"possible": 1.0, "probable": 1.0}
        assert [
            event["label"] for event in cramps(listener) if event["certainty"] == "possible"
        ] == [True, None, None]
        # The recording is over: now is when it ended, five minutes after it had been so faint.
        assert listener.request(command="label", cramp=True)["event"] == overlooked


def test_a_cramp_that_only_somebody_felt_is_shown(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """Until something recognised bears the label, it is taken back, or all labels are forgotten; it
    counts nowhere."""
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(recorded), broker.port)
        listener.wait(over)
        before = listener.wait(over).json["last_night"]["measures"]

        def shown() -> list[Any]:
            return [event for event in cramps(listener) if event["certainty"] == "reported"]

        moment = BEGIN + timedelta(seconds=600)
        filed = listener.request(command="label", cramp=True, time=moment.isoformat())["event"]
        faint = listener.request(
            command="label",
            cramp=True,
            time=(BEGIN + timedelta(seconds=3 * LENGTH + AT + 120)).isoformat(),
        )
        assert filed == f"moment-{round(moment.timestamp() * 1e6)}"
        first = {
            "v": 1,
            "id": filed,
            "kind": "cramp",
            "night": "2026-11-21",
            "start": "2026-11-20T22:10:00Z",
            "known_at": None,
            "end": None,
            "certainty": "reported",
            "reason": "reported by the sleeper",
            "strength": None,
            "label": True,
        }
        assert shown() == [first, first | {"id": faint["event"], "start": "2026-11-20T23:23:40Z"}]
        told = [event for event in cramps(listener) if event["certainty"] == "possible"]
        listener.request(command="label", cramp=True, event=told[0]["id"])
        listener.request(command="label", cramp=False, event=faint["event"])
        assert shown() == [first]
        assert listener.request(command="events", night="2026-11-20")["events"] == []

        since = len(listener.heard)
        killed_and_started_anew(bridge, start_bridge, recorded, broker)
        again = listener.wait(over, since=since).json["last_night"]["measures"]
        assert shown() == [first]
        assert (again["cramps_possible"], again["cramps_probable"]) == (
            before["cramps_possible"],
            None,
        )
        listener.request(command="label", cramp=False, event=filed)
        assert shown() == []
        listener.request(command="label", cramp=True, event=filed)
        listener.request(command="reset_labels")
        assert shown() == []


def test_many_that_were_reported_come_in_pages(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(recorded), broker.port)
        listener.wait(over)
        moments = [BEGIN + timedelta(seconds=70 + number) for number in range(200)]
        for moment in moments:
            assert (
                listener.request(command="label", cramp=True, time=moment.isoformat())["ok"] is True
            )
        found = list[Any]()
        pages = 0
        after: int | None = 0
        while after is not None:
            answer = listener.request(command="events", night="2026-11-21", after=after)
            found += [event for event in answer["events"] if event.get("certainty") == "reported"]
            after = answer["next"]
            pages = pages + 1
        assert pages > 1
        assert [datetime.fromisoformat(event["start"]) for event in found] == moments


def test_a_label_that_cannot_be_filed_is_refused_with_what_to_do(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(recorded), broker.port)
        listener.wait(over)

        def refused(**question: object) -> tuple[str, str]:
            answer = listener.request(command="label", **question)
            assert answer["ok"] is False
            return answer["error"], answer["message"]

        assert refused(cramp=True, event="cramp-1-ended") == (
            "unknown_event",
            "unknown cramp `cramp-1`; give the time of the cramp instead",
        )
        assert refused(cramp=False, time="2026-11-20T22:10:00Z")[0] == "unknown_event"
        assert refused(cramp=False) == (
            "unknown_event",
            "no cramp was reported shortly before that time; give the time of the one that was"
            " not a cramp",
        )
        ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        assert refused(cramp=True, time=ahead) == (
            "time_in_future",
            f"`time` {ahead} is in the future; give the time when it happened",
        )
        assert refused(cramp=True, time="2026-11-20T22:10:00")[0] == "malformed"
        assert refused()[0] == "malformed"
        assert refused(cramp=True, sleeper="bob")[0] == "unknown_sleeper"
        assert listener.request(command="nights")["ok"] is True
