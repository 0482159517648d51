"""Labels of cramps, from the request of a client to the next start of the bridge."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.processes import Program
from limber_bridge.daemon.history_reader import HistoryReader, ReadableRecords
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.signal import (
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Side,
)
from limber_bridge.domain.nights import to_us
from limber_bridge.domain.recording import column_names
from limber_bridge.protocol.messages import EventsResponse
from limber_bridge.protocol.request_messages import EventsRequest
from limber_bridge.recordings.csv import write_csv
from limber_bridge.storage.journal_writer import JournalWriter
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.forked_limber import start_limber
from tests.bridge.listener import Listener, Message
from tests.bridge.running_bridge import PLAYED
from tests.bridge.test_night_invariants import start_stay
from tests.detection.signals import ankle, turned

pytestmark = pytest.mark.real_time

STATE = "limber/bedroom/anna/state"
BEGIN = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
LENGTH = 1300.0
AT = 1000.0
"""s from the beginning of each part of the recording."""


def night_with_kick(kick: float) -> Floats:
    """Return the signal of a leg that walks to bed, sleeps, kicks for `kick` s and walks away."""
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), (AT, kick), length=LENGTH), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    up = round((AT + kick + 2) * 50)
    signal = turned(signal, up / 50 - 1, -90.0)
    signal[:, up : up + 90 * 50] += ankle((0.0, 90.0), length=90.0, size=0.8)
    return signal


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a recording with three possible cramps, and one movement too weak for the rule."""
    signal = np.hstack([night_with_kick(kick) for kick in (35.0, 30.0, 25.0, 9.0)])
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


@pytest.fixture(scope="module")
def shared_bridge(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """Yield a client of a bridge that has played the recording to its end."""
    folder = tmp_path_factory.mktemp("shared")
    broker = Broker(folder / "broker")
    (folder / "limber.yaml").write_text(settings(played(recorded), port=broker.port))
    bridge = start_limber("run", "--config", folder / "limber.yaml", log=folder / "bridge.log")
    try:
        with Listener(broker.port) as listener:
            listener.wait(has_ended)
            yield listener
    finally:
        bridge.stop()
        broker.program.stop()


@pytest.fixture
def played_out(shared_bridge: Listener) -> Listener:
    """A client of a bridge without labels that has played the recording to its end."""
    assert shared_bridge.request(command="reset_labels")["ok"] is True
    return shared_bridge


def played(path: Path) -> str:
    return PLAYED.format(path=path, speed=100_000)


def state(listener: Listener, *, labels: int, since: int = 0) -> Any:
    """Return the first state since message number `since` with this number of labels."""
    return listener.wait(
        lambda one: one.topic == STATE and one.json["cramp_labels"] == labels, since=since
    ).json


def has_ended(message: Message) -> bool:
    """Whether a message is a state after the end of the recording."""
    return message.topic == STATE and message.json["sensors"]["1"]["problem"] == "ended"


def cramps(listener: Listener) -> list[Any]:
    """Request the cramps of the recorded night."""
    events = listener.request(command="events", night="2026-11-21")["events"]
    return [event for event in events if event["kind"] == "cramp"]


def restart(bridge: Program, start_bridge: StartBridge, path: Path, broker: Broker) -> None:
    bridge.kill()
    start_bridge(played(path), broker.port)


def test_after_three_false_alarms_similar_cramps_are_not_reported(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(recorded), broker.port)
        listener.wait(has_ended)
        found = cramps(listener)
        assert [event["label"] for event in found] == [None, None, None]
        assert [event["strength"] for event in found] == sorted(
            (event["strength"] for event in found), reverse=True
        )
        for event in found:
            answer = listener.request(command="label", cramp=False, event=event["id"])
            assert (answer["ok"], answer["event"]) == (True, event["id"].removesuffix("-ended"))
        assert [event["label"] for event in cramps(listener)] == [False, False, False]
        own = state(listener, labels=3)["cramp_thresholds"]
        assert own["possible"] > found[0]["strength"]
        assert own["probable"] == 1.0

        since = len(listener.heard)
        restart(bridge, start_bridge, recorded, broker)
        listener.wait(has_ended, since=since)
        assert state(listener, labels=3, since=since)["cramp_thresholds"] == own
        assert cramps(listener) == []


def test_resetting_the_labels_restores_the_thresholds(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(recorded), broker.port)
        listener.wait(has_ended)
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
        restart(bridge, start_bridge, recorded, broker)
        listener.wait(has_ended, since=since)
        assert state(listener, labels=0, since=since)["cramp_thresholds"]["possible"] == 1.0
        assert len(cramps(listener)) == 3


def test_a_label_for_a_time_finds_the_cramp_it_refers_to(played_out: Listener) -> None:
    found = cramps(played_out)

    def label(seconds: float) -> Any:
        time = (BEGIN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
        return played_out.request(command="label", cramp=True, time=time)["event"]

    since = len(played_out.heard)
    assert label(AT + 120) == found[0]["id"].removesuffix("-ended")
    weak = label(3 * LENGTH + AT + 120)
    onset = BEGIN + timedelta(seconds=3 * LENGTH + AT)
    assert int(weak.removeprefix("cramp-")) / 1e6 == pytest.approx(onset.timestamp(), abs=1.0)
    assert played_out.request(command="label", cramp=True, event=weak)["event"] == weak
    assert label(600).startswith("moment-")
    thresholds = state(played_out, labels=3, since=since)["cramp_thresholds"]
    assert thresholds == {"possible": 1.0, "probable": 1.0}
    possible = [event for event in cramps(played_out) if event["certainty"] == "possible"]
    assert [event["label"] for event in possible] == [True, None, None]
    # Now is the end of the recording, five minutes after the weak movement.
    assert played_out.request(command="label", cramp=True)["event"] == weak


def test_a_reported_cramp_is_listed_and_counts_in_no_figure(
    recorded: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """It is listed until a detected cramp has its label, or the label is revoked or reset."""
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(recorded), broker.port)
        listener.wait(has_ended)
        before = listener.wait(has_ended).json["last_night"]["measures"]

        def reported_cramps() -> list[Any]:
            return [event for event in cramps(listener) if event["certainty"] == "reported"]

        moment = BEGIN + timedelta(seconds=600)
        label_id = listener.request(command="label", cramp=True, time=moment.isoformat())["event"]
        weak = listener.request(
            command="label",
            cramp=True,
            time=(BEGIN + timedelta(seconds=3 * LENGTH + AT + 120)).isoformat(),
        )
        assert label_id == f"moment-{round(moment.timestamp() * 1e6)}"
        first = {
            "v": 1,
            "id": label_id,
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
        assert reported_cramps() == [
            first,
            first | {"id": weak["event"], "start": "2026-11-20T23:23:40Z"},
        ]
        found = [event for event in cramps(listener) if event["certainty"] == "possible"]
        listener.request(command="label", cramp=True, event=found[0]["id"])
        listener.request(command="label", cramp=False, event=weak["event"])
        assert reported_cramps() == [first]
        assert listener.request(command="events", night="2026-11-20")["events"] == []

        since = len(listener.heard)
        restart(bridge, start_bridge, recorded, broker)
        after_restart = listener.wait(has_ended, since=since).json["last_night"]["measures"]
        assert reported_cramps() == [first]
        assert (after_restart["cramps_possible"], after_restart["cramps_probable"]) == (
            before["cramps_possible"],
            None,
        )
        listener.request(command="label", cramp=False, event=label_id)
        assert reported_cramps() == []
        listener.request(command="label", cramp=True, event=label_id)
        listener.request(command="reset_labels")
        assert reported_cramps() == []


async def test_many_reported_cramps_come_in_pages() -> None:
    moments = [round((BEGIN.timestamp() + 70 + number) * 1e6) for number in range(40)]
    with start_stay("Europe/Berlin", date(2026, 11, 21), 13) as stay:
        for moment in moments:
            stay.journal.save_label("anna", Label(f"label-{moment}", moment, cramp=True))
        stay.start()
        reader = HistoryReader(
            ReadableRecords(stay.config, stay.journal, JournalWriter(stay.journal)),
            lambda: stay.now,
        )
        found: list[int] = []
        pages = 0
        after: int | None = 0
        while after is not None:
            request = EventsRequest(
                v=1, id="x", reply_to="x", sleeper="anna", night=date(2026, 11, 21), after=after
            )
            page = await reader.events(stay.monitor, request, page_bytes=2000)
            assert isinstance(page, EventsResponse)
            found += [to_us(event.start) for event in page.events]
            after = page.next
            pages += 1
    assert pages > 1
    assert found == moments


def test_a_label_that_cannot_be_added_is_refused_with_the_remedy(played_out: Listener) -> None:
    def refused(**fields: object) -> tuple[str, str]:
        response = played_out.request(command="label", **fields)
        assert response["ok"] is False
        return response["error"], response["message"]

    assert refused(cramp=True, event="cramp-1-ended") == (
        "unknown_event",
        "unknown cramp `cramp-1`; give the time of the cramp instead",
    )
    assert refused(cramp=False, time="2026-11-20T22:10:00Z")[0] == "unknown_event"
    assert refused(cramp=False) == (
        "unknown_event",
        (
            "no cramp was reported shortly before that time; give the time of the event"
            " that was not a cramp"
        ),
    )
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert refused(cramp=True, time=ahead) == (
        "time_in_future",
        f"`time` {ahead} is in the future; give the time when it happened",
    )
    assert refused(cramp=True, time="2026-11-20T22:10:00")[0] == "malformed"
    assert refused()[0] == "malformed"
    assert refused(cramp=True, sleeper="bob")[0] == "unknown_sleeper"
    assert played_out.request(command="nights")["ok"] is True
