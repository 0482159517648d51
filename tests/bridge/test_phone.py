"""What phones post: decoding, order, units and time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from devtools.network_sensor import leg
from devtools.phone_messages import NS, PLATFORMS, STANDARD_GRAVITY, PhoneRecording, xyz
from limber_bridge.detection.signal import SECOND, Floats
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.phone.messages import MAX_BODY_BYTES
from limber_bridge.sources.phone.phone_reader import PhoneReader
from limber_bridge.sources.phone.readings import Stream
from limber_bridge.sources.source_api import FrameError, Reason, Samples, SourceEvent

START_S = 1_790_000_000
START_NS = START_S * NS
UTC_OFFSET = START_S * SECOND
"""us: the bridge's steady clock begins at 0 when the recordings begin."""
DELAY = SECOND // 10
"""us from the last sample of a message to its arrival."""


@dataclass
class Bridge:
    """Collects what a reader makes of messages."""

    reader: PhoneReader = field(default_factory=lambda: PhoneReader(1))
    events: list[SourceEvent] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def post(self, body: bytes, at: float) -> str | None:
        """Deliver a body `at` s after the start; return the text for the person, if any."""
        events, refusal = self.reader.process_body(body, round(at * SECOND), UTC_OFFSET)
        self.events += events
        return None if refusal is None else refusal.text

    def wait(self, until: float) -> None:
        self.events += self.reader.process_due(round(until * SECOND), UTC_OFFSET)

    @property
    def samples(self) -> list[Samples]:
        return [event for event in self.events if isinstance(event, Samples)]

    @property
    def errors(self) -> list[Reason]:
        return [event.reason for event in self.events if isinstance(event, FrameError)]

    def signal(self) -> Floats:
        return np.concatenate([one.block.samples for one in self.samples], axis=1)

    def numbers(self) -> list[int]:
        return [number for one in self.samples for number in range(one.block.first, one.block.end)]

    def times(self) -> Floats:
        """Times of the samples in s after the start."""
        return np.concatenate(
            [
                one.block.clock.times_of(np.arange(one.block.first, one.block.end)) / SECOND
                - START_S
                for one in self.samples
            ]
        )


def night(seconds: float = 20.0) -> Floats:
    return leg(0, seconds, [(8, 2)])


def bodies(
    seconds: float = 20.0, *, begin_s: float = 0.0, **recording: Any
) -> Iterator[tuple[float, bytes]]:
    """Yield when each message of a recording arrives, in s after the start, and its body."""
    phone = PhoneRecording(**recording)
    start = START_NS + round(begin_s * NS)
    for number, body in enumerate(phone.messages(night(seconds), start), 1):
        yield begin_s + number + DELAY / SECOND, body


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_gives_acceleration_in_g_with_gravity(platform: str) -> None:
    bridge = Bridge()
    for at, body in bodies(platform=platform):
        assert bridge.post(body, at) is None
    assert np.allclose(np.abs(bridge.signal()), np.abs(night()), atol=1e-9)
    assert bridge.numbers() == list(range(1000))
    assert np.allclose(bridge.times(), np.arange(1000) / 50 + DELAY / SECOND + 0.02, atol=0.001)
    watch = platform in ("apple_watch", "wear_os")
    assert bridge.samples[-1].battery == (None if watch else 81)
    assert bridge.errors == []


@given(
    st.sampled_from((0.02, 0.1, 0.5, 1.0, 3.3)),
    st.integers(0, 2**32),
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.5),
)
@settings(deadline=None, max_examples=40, phases=[Phase.explicit, Phase.generate])
def test_any_order_repetition_and_split_of_messages_gives_the_same_samples(
    period: float, seed: int, shuffled: float, repeated: float
) -> None:
    """From messages that overtake a few others to a random order, with any batch period."""
    rng = np.random.default_rng(seed)
    messages = list(PhoneRecording().messages(night(), START_NS, period))
    chosen = np.concatenate(
        [np.arange(len(messages)), rng.integers(0, len(messages), round(repeated * len(messages)))]
    )
    order = chosen[np.argsort(chosen + shuffled * rng.uniform(0, len(messages), len(chosen)))]
    expected = Bridge()
    for at, body in bodies():
        expected.post(body, at)
    bridge = Bridge()
    for number, one in enumerate(order.tolist()):
        assert bridge.post(messages[one], 20.1 + number / 1000) is None
    bridge.wait(60)
    assert bridge.numbers() == expected.numbers()
    assert np.array_equal(bridge.signal(), expected.signal())
    assert np.allclose(np.diff(bridge.times()), 0.02, atol=1e-4)
    assert bridge.errors == []


def test_a_message_that_never_comes_leaves_a_hole_of_its_size() -> None:
    bridge = Bridge()
    for number, (at, body) in enumerate(bodies()):
        if number != 10:
            bridge.post(body, at)
    assert len(bridge.numbers()) == 950
    assert set(range(1000)) - set(bridge.numbers()) == set(range(500, 550))


def test_a_message_that_comes_after_its_hole_was_used_is_named() -> None:
    bridge = Bridge()
    missing = b""
    for number, (at, body) in enumerate(bodies()):
        if number == 5:
            missing = body
        else:
            bridge.post(body, at)
    assert bridge.post(missing, 21) is None
    assert bridge.errors == [Reason.REPEATED]
    bridge.post(missing, 22)
    assert bridge.errors == [Reason.REPEATED]


# --- Units and streams ---


def post_all(bridge: Bridge, messages: Sequence[bytes]) -> str | None:
    """Post messages, one a second; return the last text for the person."""
    text = None
    for number, body in enumerate(messages, 1):
        text = bridge.post(body, number + 0.1)
    return text


def stream(name: str, values: Floats, *, rate: float = 50.0, count: int = 10) -> list[bytes]:
    """Messages of one second with a constant reading."""
    phone = PhoneRecording()
    per_message = max(1, round(rate))
    return [
        phone.body(
            [
                xyz(name, START_NS + round((number * per_message + index) * NS / rate), values)
                for index in range(per_message)
            ]
        )
        for number in range(count)
    ]


AT_REST = np.array([0.0, 0.6, 0.8])


@pytest.mark.parametrize(
    ("messages", "reason", "text"),
    [
        (stream("accelerometer", AT_REST * 0.01), Reason.NO_GRAVITY, "no gravity: switch on Grav"),
        (stream("accelerometer", AT_REST * 0), Reason.NO_GRAVITY, "no gravity"),
        (stream("totalacceleration", AT_REST * 1000), Reason.WRONG_UNIT, "1000 at rest"),
        (stream("totalacceleration", AT_REST * 2), Reason.WRONG_UNIT, "2 at rest"),
        (
            stream("totalacceleration", AT_REST, rate=5.0, count=30),
            Reason.TOO_SLOW,
            "5 samples per second",
        ),
        (stream("gyroscope", AT_REST), Reason.WRONG_QUANTITY, "it has gyroscope"),
    ],
)
def test_a_stream_that_cannot_be_used_is_refused_by_name(
    messages: list[bytes], reason: Reason, text: str
) -> None:
    bridge = Bridge()
    assert text in (post_all(bridge, messages) or "")
    assert bridge.samples == []
    assert set(bridge.errors) == {reason}


@pytest.mark.parametrize("norm", [0.83, 0.92, 1.0, 1.08, 1.18, 8.9, STANDARD_GRAVITY, 10.7])
def test_the_unit_is_found_from_the_norm_at_rest(norm: float) -> None:
    bridge = Bridge()
    assert post_all(bridge, stream("totalacceleration", AT_REST * norm)) is None
    found = np.linalg.norm(bridge.signal(), axis=0)
    assert np.allclose(found, norm if norm < 2 else norm / STANDARD_GRAVITY)


def test_a_fault_that_was_corrected_in_the_app_ends() -> None:
    bridge = Bridge()
    assert post_all(bridge, stream("accelerometer", AT_REST * 0.01, count=6)) is not None
    texts = [bridge.post(body, at) for at, body in bodies(begin_s=10, session="another")]
    assert texts == [None] * 20
    assert len(bridge.numbers()) == 1000


def test_the_unit_is_decided_only_at_rest() -> None:
    """A phone that is carried to bed shows no norm that could be judged."""
    rng = np.random.default_rng(1)
    signal = night(12)
    signal[:, :300] *= rng.uniform(0.3, 2.5, 300)
    bridge = Bridge()
    phone = PhoneRecording("android")
    assert post_all(bridge, list(phone.messages(signal, START_NS))) is None
    assert np.allclose(bridge.signal(), signal)


def test_the_motion_of_phone_and_watch_in_one_recording_is_refused() -> None:
    phone = PhoneRecording("iphone")
    watch = PhoneRecording("apple_watch")
    messages = []
    for one, other in zip(
        phone.messages(night(), START_NS), watch.messages(night(), START_NS), strict=True
    ):
        merged = json.loads(one)
        merged["payload"] += json.loads(other)["payload"]
        messages.append(json.dumps(merged).encode())
    bridge = Bridge()
    assert "stream: wrist_motion" in (post_all(bridge, messages) or "")
    chosen = Bridge(PhoneReader(1, Stream.WRIST_MOTION))
    assert post_all(chosen, messages) is None
    assert len(chosen.numbers()) == 1000


def test_a_stream_that_is_not_in_the_recording_is_named() -> None:
    bridge = Bridge(PhoneReader(1, Stream.WRIST_MOTION))
    text = post_all(bridge, [body for _, body in bodies()])
    assert text is not None
    assert text.startswith("The stream `wrist_motion` of limber.yaml is not in this recording")


def test_gravity_at_another_rate_is_interpolated() -> None:
    phone = PhoneRecording()
    rest = np.array([0.0, 0.6, 0.8]) * STANDARD_GRAVITY
    messages = []
    for number in range(10):
        readings = [
            xyz("accelerometer", START_NS + (number * 50 + index) * NS // 50, np.zeros(3))
            for index in range(50)
        ]
        readings += [
            xyz("gravity", START_NS + number * NS + index * NS // 20 + 7_000_000, rest)
            for index in range(20)
        ]
        messages.append(phone.body(readings))
    bridge = Bridge()
    assert post_all(bridge, messages) is None
    found = np.linalg.norm(bridge.signal(), axis=0)
    assert np.allclose(found[np.isfinite(found)], 1.0)
    assert len(bridge.numbers()) >= 480


# --- Time ---


def test_a_backlog_is_placed_by_the_phone_and_not_at_its_arrival() -> None:
    """The phone slept for ten minutes, and then sends everything at once."""
    bridge = Bridge()
    arriving = list(bodies(seconds=620))
    for number, (at, body) in enumerate(arriving):
        bridge.post(body, at if number < 10 else max(at, 610 + number / 1000))
    assert bridge.numbers() == list(range(31_000))
    assert np.allclose(bridge.times(), np.arange(31_000) / 50 + 0.12, atol=0.01)
    assert bridge.errors == []


def apart(outages: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return begin and end of the outages; the messages of one come before the next begins.

    Others would be missing for longer than the bridge waits for them.
    """
    found: list[tuple[int, int]] = []
    for begin, lasts in sorted(outages):
        if found and begin < found[-1][1] + 3:
            found[-1] = (found[-1][0], max(found[-1][1], begin + lasts))
        else:
            found.append((begin, begin + lasts))
    return found


@example([(81, 54), (134, 17), (85, 22), (55, 38)], 0.8, 3658547626)
@given(
    st.lists(st.tuples(st.integers(10, 170), st.integers(1, 60)), max_size=4),
    st.floats(-0.8, 0.8),
    st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=12, phases=[Phase.explicit, Phase.generate])
def test_any_outages_of_the_phone_give_every_sample_once_at_its_time(
    outages: list[tuple[int, int]], clock_error: float, seed: int
) -> None:
    """Messages of an outage come when it ends, a bit disordered; `outages`: begin, duration, s."""
    rng = np.random.default_rng(seed)
    arrivals = []
    for at, body in bodies(seconds=180, begin_s=clock_error):
        due = at - clock_error + rng.uniform(0, 0.3)
        for begin, end in apart(outages):
            if begin <= due < end:
                due = end + rng.uniform(0, 2.0)
        arrivals.append((due, body))
    bridge = Bridge()
    for due, body in sorted(arrivals, key=lambda arrival: arrival[0]):
        assert bridge.post(body, due) is None
    bridge.wait(450)
    assert bridge.numbers() == list(range(9000))
    assert bridge.errors == []
    late = bridge.times() - np.arange(9000) / 50
    assert -1.0 < late.min() <= late.max() < 1.2


def test_a_backlog_after_a_restart_of_the_bridge_is_placed_by_the_phone() -> None:
    """The new bridge has never seen the phone; the first messages are a minute old."""
    bridge = Bridge()
    for number, (at, body) in enumerate(bodies(seconds=80)):
        bridge.post(body, max(at, 60 + number / 100))
    assert np.allclose(bridge.times(), np.arange(4000) / 50, atol=0.01)


def test_a_backlog_of_a_phone_that_is_silent_then_is_used_after_some_seconds() -> None:
    bridge = Bridge()
    for number, (_, body) in enumerate(bodies(seconds=20)):
        bridge.post(body, 600 + number / 100)
    assert bridge.samples == []
    bridge.wait(611)
    assert np.allclose(bridge.times(), np.arange(1000) / 50, atol=0.01)


def test_what_was_read_before_a_restart_is_not_read_twice() -> None:
    first = Bridge()
    arriving = list(bodies(seconds=30))
    for at, body in arriving[:20]:
        first.post(body, at)
    position = first.samples[-1].read_position
    assert isinstance(position, ReadPosition)
    second = Bridge(PhoneReader(1, positions=[position]))
    for number, (_, body) in enumerate(arriving):
        second.post(body, 31 + number / 100)
    assert np.allclose(second.times(), np.arange(1000, 1500) / 50, atol=0.01)
    assert len(second.numbers()) == 500


@pytest.mark.parametrize("wrong_s", [-7200, -600, 600, 7200])
def test_a_clock_that_is_wrong_is_corrected_and_named(wrong_s: float) -> None:
    bridge = Bridge()
    for number, (_, body) in enumerate(bodies(seconds=40, begin_s=wrong_s), 1):
        bridge.post(body, number + 0.1)
    assert bridge.errors == [Reason.WRONG_CLOCK]
    assert len(bridge.numbers()) == 2000
    assert np.allclose(bridge.times(), np.arange(2000) / 50 + 0.12, atol=0.01)


@pytest.mark.parametrize("step_s", [-3600, -3, 3, 3600])
def test_a_clock_that_is_set_in_the_night_makes_no_hole(step_s: float) -> None:
    bridge = Bridge()
    phone = PhoneRecording()
    signal = night(60)
    for number in range(60):
        start = START_NS + number * NS + (round(step_s * NS) if number >= 30 else 0)
        body = phone.message(signal[:, number * 50 : (number + 1) * 50], start)
        assert bridge.post(body, number + 1.1) is None
    assert bridge.errors == [Reason.CLOCK_JUMPED]
    assert bridge.numbers() == list(range(3000))
    assert np.allclose(bridge.times(), np.arange(3000) / 50 + 0.12, atol=0.05)


def test_a_second_recording_of_the_phone_continues_the_first() -> None:
    bridge = Bridge()
    for at, body in bodies():
        bridge.post(body, at)
    for at, body in bodies(begin_s=25, session="another"):
        bridge.post(body, at)
    assert len(bridge.numbers()) == 2000
    assert bridge.numbers() == sorted(bridge.numbers())
    assert abs(bridge.times()[1000] - 25.12) < 0.01
    assert bridge.errors == []


def test_a_recording_whose_numbers_begin_again_is_a_new_one() -> None:
    bridge = Bridge()
    for begin in (0, 25):
        for at, body in bodies(begin_s=begin):
            bridge.post(body, at)
    assert len(bridge.numbers()) == 2000


def test_a_second_phone_with_the_same_secret_is_refused() -> None:
    bridge = Bridge()
    texts = []
    for (at, one), (_, other) in zip(bodies(), bodies(device="another", session="b"), strict=True):
        assert bridge.post(one, at) is None
        texts.append(bridge.post(other, at + 0.2))
    assert all(text and "Another phone already sends as sensor 1" in text for text in texts)
    assert len(bridge.numbers()) == 1000
    for at, body in bodies(begin_s=100, device="another", session="b"):
        assert bridge.post(body, at) is None
    assert len(bridge.numbers()) == 2000


def test_a_new_sampling_rate_is_followed() -> None:
    bridge = Bridge()
    for at, body in bodies():
        bridge.post(body, at)
    for at, body in bodies(begin_s=25, session="fast", rate=100.0):
        bridge.post(body, at - 25 + 25)
    assert {one.block.rate for one in bridge.samples} == {50.0, 100.0}


# --- Hostile bodies ---


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"test"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b" " * (MAX_BODY_BYTES + 1),
        b'{"messageId": NaN, "sessionId": "", "deviceId": "", "payload": []}',
        b'{"messageId": -1, "sessionId": "", "deviceId": "", "payload": []}',
        b'{"messageId": 1e99, "sessionId": "", "deviceId": "", "payload": []}',
        b'{"messageId": 0, "sessionId": 1, "deviceId": "", "payload": []}',
        b'{"messageId": 0, "sessionId": "", "deviceId": "", "payload": {}}',
    ],
)
def test_a_body_that_is_no_message_is_refused_with_a_text(body: bytes) -> None:
    bridge = Bridge()
    assert bridge.post(body, 1)
    assert bridge.errors == [Reason.MALFORMED]


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        ({"time": 1_698_501_144, "values": {"x": 0, "y": 0, "z": 1}}, "not in nanoseconds"),
        ({"time": 2**70, "values": {"x": 0, "y": 0, "z": 1}}, "not in nanoseconds"),
        ({"time": START_NS, "values": {"x": 0, "y": 0}}, "`z` of `gravity` is not a number"),
        ({"time": START_NS, "values": {"x": "0", "y": 0, "z": 1}}, "`x` of `gravity`"),
        ({"time": START_NS, "values": {"x": True, "y": 0, "z": 1}}, "`x` of `gravity`"),
        ({"time": START_NS, "values": {"x": {}, "y": 0, "z": 1}}, "`x` of `gravity`"),
        ({"time": str(START_NS), "values": {"x": 0, "y": 0, "z": 1}}, "not a message of Sensor"),
    ],
)
def test_a_reading_with_wrong_values_is_refused_with_a_text(
    reading: dict[str, Any], text: str
) -> None:
    bridge = Bridge()
    assert text in (bridge.post(PhoneRecording().body([{"name": "gravity"} | reading]), 1) or "")
    assert bridge.errors == [Reason.MALFORMED]


def test_values_that_are_null_are_lost_samples() -> None:
    bridge = Bridge()
    messages = [json.loads(body) for _, body in bodies(platform="iphone_uncalibrated")]
    messages[8]["payload"][10]["values"]["x"] = None
    assert post_all(bridge, [json.dumps(one).encode() for one in messages]) is None
    assert np.isnan(bridge.signal()).any(axis=0).sum() == 1
