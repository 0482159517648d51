"""The app for Bangle.js 2 in Node, on a fake watch in simulated time; the bridge reads its frames.

Espruino itself is not run: `fake_bangle.js` says what it takes from its reference.
"""

import itertools
import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from devtools.processes import ROOT
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.frames import compute_signature
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import NetworkOptions
from limber_bridge.sources.source_api import (
    FrameError,
    Resent,
    Samples,
    SensorRequest,
    SourceRequest,
)
from tests.required_programs import need

APP = ROOT / "firmware" / "banglejs"
HERE = Path(__file__).parent
KEY = "a key for the watch"
SETTINGS = {"id": 3, "key": KEY, "rate": 25, "from": 20, "to": 10}
CONNECT = [{"at": 1, "do": "connect"}, {"at": 1.5, "do": "subscribe"}]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the bridge makes of the frames of a watch."""

    samples: list[Samples]
    errors: list[FrameError]
    resent: int

    @property
    def numbers(self) -> list[int]:
        """Numbers of all samples."""
        return [
            number
            for one in self.samples
            for number in range(one.block.first, one.block.first + one.block.samples.shape[1])
        ]

    def times(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """When each sample was taken, in s of simulated time."""
        return np.concatenate(
            [
                (one.block.clock.time / 1e6)
                + (np.arange(one.block.samples.shape[1]) + one.block.first - one.block.clock.index)
                / one.block.clock.rate
                for one in self.samples
            ]
        )

    def signal(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """All samples in g, shape (3, n)."""
        return np.concatenate([one.block.samples for one in self.samples], axis=1)


type RunWatch = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run_watch() -> RunWatch:
    node = need("node")

    def run(seconds: float, *, hour: float = 22.0, **scenario: object) -> list[dict[str, Any]]:
        """Run the app for some simulated seconds; return what happened."""
        given = {"settings": SETTINGS, "hour": hour, "seconds": seconds, **scenario}
        done = subprocess.run(
            [node, HERE / "fake_bangle.js", APP],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def indications(events: list[dict[str, Any]]) -> list[tuple[float, bytes]]:
    return [
        (event["at"], bytes.fromhex(event["indication"]))
        for event in events
        if "indication" in event
    ]


def listen(events: list[dict[str, Any]], key: str | None = KEY) -> Heard:
    """Let the bridge read the frames at the times at which they arrived."""
    sensor = Sensor(3, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    options = NetworkOptions(None if key is None else key.encode())
    router = FrameRouter(
        SourceRequest(
            sensors=(SensorRequest(sensor, options),),
            settings=None,
            calendar=Calendar(ZoneInfo("UTC")),
            host_clock=HostClock(),
            started_at=0,
        )
    )
    found = [
        event
        for at, data in indications(events)
        for event in router.route_frame(data, round(at * 1e6))
    ]
    return Heard(
        [event for event in found if isinstance(event, Samples)],
        [event for event in found if isinstance(event, FrameError)],
        sum(isinstance(event, Resent) for event in found),
    )


def frames_of_the_app(rows: Sequence[dict[str, Any]]) -> list[str]:
    done = subprocess.run(
        [need("node"), HERE / "encode.js", APP / "limberframes.js"],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_app_encodes_the_frames_of_the_contract() -> None:
    contract = json.loads((ROOT / "contract" / "frames.json").read_text())["frames"]
    rows = []
    for row in contract:
        data = bytes.fromhex(row["hex"])
        if data[3] in (0, 3, 255):
            counts = np.frombuffer(data[32:], "<i2").tolist()
            time_s = row["clock_us"] / 1e6
            rows.append(row | {"quantity": data[3], "counts": counts, "time_s": time_s})
    assert len(rows) >= 4
    assert frames_of_the_app(rows) == [row["hex"] for row in rows]


def test_app_signs_with_keys_of_any_length() -> None:
    row = {
        "sensor": 1,
        "boot": 2,
        "rate_hz": 25,
        "battery": 50,
        "quantity": 255,
        "sequence": 0,
        "time_s": 0,
        "counts": [],
    }
    for key in ("12345678", "k" * 64, "k" * 65, "k" * 200):
        (encoded,) = frames_of_the_app([row | {"key": key}])
        data = bytes.fromhex(encoded)
        assert data[24:32] == compute_signature(data, key.encode())


@pytest.mark.parametrize(("rate", "chip_error"), [(25, 0.0), (25, 0.04), (25, -0.04), (50, 0.03)])
def test_every_sample_of_the_chip_arrives_at_its_own_time(
    run_watch: RunWatch, rate: int, chip_error: float
) -> None:
    kicks = [(10.0, 2.0), (20.0, 2.0)]
    events = run_watch(
        40, settings=SETTINGS | {"rate": rate}, chip_error=chip_error, kicks=kicks, steps=CONNECT
    )
    heard = listen(events)
    assert heard.errors == []
    assert heard.numbers == list(range(len(heard.numbers)))
    assert len(heard.numbers) == pytest.approx(40 * rate * (1 + chip_error), abs=2 * rate)

    moving = np.abs(heard.signal()[2]) > 0.02
    times = heard.times()
    first = times[moving & (times < 15)]
    assert first[0] == pytest.approx(10.0, abs=0.2)
    assert first[-1] == pytest.approx(12.0, abs=0.2)
    assert np.linalg.norm(heard.signal()[:, ~moving], axis=0).mean() == pytest.approx(1, abs=0.01)
    assert heard.samples[0].battery == 71


def test_nothing_is_lost_while_the_link_is_away_for_a_minute(run_watch: RunWatch) -> None:
    away = [{"at": 20, "do": "disconnect"}, {"at": 80, "do": "connect"}]
    events = run_watch(
        120, steps=[*CONNECT, *away, {"at": 80.5, "do": "subscribe"}], kicks=[(50.0, 2.0)]
    )
    heard = listen(events)
    assert heard.errors == []
    assert heard.numbers == list(range(len(heard.numbers)))
    assert len(heard.numbers) > 117 * 25
    moving = heard.times()[np.abs(heard.signal()[2]) > 0.02]
    assert moving[0] == pytest.approx(50.0, abs=0.2)
    assert moving[-1] == pytest.approx(52.0, abs=0.2)


def test_first_frame_after_each_subscription_is_a_clock_frame_and_the_ring_follows(
    run_watch: RunWatch,
) -> None:
    again = [{"at": 10, "do": "disconnect"}, {"at": 12, "do": "connect"}]
    events = run_watch(90, steps=[*CONNECT, *again, {"at": 12.5, "do": "subscribe"}])
    sent = indications(events)
    second = [data for at, data in sent if at > 12]
    assert sent[0][1][3] == 255
    assert second[0][3] == 255
    # The oldest frame of the ring is the first that was ever sent.
    assert second[1] == sent[1][1]
    clock_frames = [at for at, data in sent if data[3] == 255 and at > 12]
    assert np.diff(clock_frames) == pytest.approx(60, abs=1)


def test_ring_that_is_too_short_loses_the_oldest_samples_and_no_others(
    run_watch: RunWatch,
) -> None:
    away = [{"at": 20, "do": "disconnect"}, {"at": 180, "do": "connect"}]
    events = run_watch(230, steps=[*CONNECT, *away, {"at": 180.5, "do": "subscribe"}])
    numbers = listen(events).numbers
    holes = [(a, b) for a, b in itertools.pairwise(numbers) if b != a + 1]
    ((last, first),) = holes
    assert last / 25 == pytest.approx(20, abs=1)
    assert first / 25 == pytest.approx(180 - 120, abs=2)


def test_samples_that_the_watch_missed_have_their_numbers(run_watch: RunWatch) -> None:
    events = run_watch(40, steps=[*CONNECT, {"at": 15, "do": "block", "seconds": 2.0}])
    heard = listen(events)
    numbers = heard.numbers
    missing = set(range(numbers[-1])) - set(numbers)
    assert len(missing) == pytest.approx(2.0 * 25, abs=3)
    times = heard.times()
    assert times[-1] - times[0] == pytest.approx((numbers[-1] - numbers[0]) / 25, abs=0.1)


def test_setting_the_clock_of_the_watch_changes_no_time(run_watch: RunWatch) -> None:
    steps = [*CONNECT, {"at": 15, "do": "set_clock", "seconds": -3600}]
    heard = listen(run_watch(40, steps=[*steps, {"at": 25, "do": "set_clock", "seconds": 7200}]))
    assert heard.errors == []
    assert heard.numbers == list(range(len(heard.numbers)))
    assert np.diff(heard.times()).max() < 0.1


def test_sample_at_the_end_of_the_range_is_not_a_measurement(run_watch: RunWatch) -> None:
    heard = listen(run_watch(20, kicks=[(10.0, 1.0)], kick_g=6.0, steps=CONNECT))
    signal = heard.signal()
    assert np.isnan(signal).any()
    assert np.nanmax(np.abs(signal)) < 4.0


def test_watch_neither_measures_nor_advertises_in_daytime(run_watch: RunWatch) -> None:
    events = run_watch(90, hour=9.99, steps=CONNECT)
    advertising = [event for event in events if "advertising" in event]
    # From 10 o'clock on; the app looks at the hour once a minute.
    assert advertising[-1] == {"at": pytest.approx(60, abs=1), "advertising": False}
    assert max(at for at, _ in indications(events)) < 61
    assert "Stopped\nuntil 20:00" in [event for event in events if "screen" in event][-1]["screen"]


def test_tap_starts_and_stops_at_any_hour(run_watch: RunWatch) -> None:
    steps = [{"at": 5, "do": "touch"}, {"at": 6, "do": "connect"}, {"at": 6.5, "do": "subscribe"}]
    events = run_watch(60, hour=12, steps=[*steps, {"at": 30, "do": "touch"}])
    sent = [at for at, _ in indications(events)]
    assert sent[0] == pytest.approx(6.6, abs=0.3)
    assert sent[-1] == pytest.approx(30, abs=1)


def test_button_leaves_the_app_with_the_watch_as_it_was(run_watch: RunWatch) -> None:
    events = run_watch(20, steps=[*CONNECT, {"at": 10, "do": "button"}])
    assert events[-1]["screen"] == "left"
    assert [event["advertising"] for event in events if "advertising" in event][-1]


def test_wrong_settings_are_shown_with_what_to_write(run_watch: RunWatch) -> None:
    events = run_watch(5, settings=SETTINGS | {"rate": 40})
    assert [event["screen"] for event in events if "screen" in event] == [
        "limber.json\nrate: 25 or 50"
    ]
    assert indications(events) == []


def test_metadata_names_only_files_that_exist() -> None:
    metadata = json.loads((APP / "metadata.json").read_text())
    files = [entry["url"] for entry in metadata["storage"]] + [metadata["icon"]]
    assert [name for name in files if not (APP / name).is_file()] == []
    assert (APP / metadata["readme"]).is_file()
    assert (APP / "ChangeLog").read_text().splitlines()[-1].startswith(metadata["version"])
