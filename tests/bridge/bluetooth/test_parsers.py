"""The parsers of notifications, with values from the makers' documents."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.sources.bluetooth.movesense import MovesenseParser
from limber_bridge.sources.bluetooth.notifications import (
    InvalidNotificationError,
    NotificationParser,
    SampleBatch,
    StreamRefused,
)
from limber_bridge.sources.bluetooth.polar import PolarParser
from limber_bridge.sources.bluetooth.profiles import PROFILES, StampedStream, find_profile
from limber_bridge.sources.bluetooth.witmotion import WitMotionParser
from tests.bridge.bluetooth.fake_sensors import (
    MOVESENSE_NOTIFY,
    PMD_CONTROL,
    PMD_DATA,
    WITMOTION_NOTIFY,
    pack_deltas,
    polar_frame,
)

START_REPLY = bytes([0xF0, 2, 2, 0, 0])
STREAMS = [
    (profile.stream, profile.subscribe)
    for profile in PROFILES.values()
    if isinstance(profile.stream, StampedStream)
]
# Stamp and values of the tests of Polar's SDK (AccDataTest).
POLAR_STAMP = "00 94 35 77 00 00 00 00"
POLAR_COMPRESSED_TYPE_0 = (
    "71 07 F0 6A 9E 8D 0A 38 BE 5C BE BA 2F 96 B3 EE 4B E5 AD FB 42 B9 EB BE 4C FE BA 2F 92 BF EE "
    "4B E4 B1 FB 12 B9 EC BD 3C 3E BB 2F 8F D3 DE 4B E3 B5 F7 D2 B8 ED BD 30 7E 7B 2F 8B E3 CE 8B "
    "E2 BA F7 A2 B8 EE BC 20 BE 7B 2F 88 F3 CE CB E1 BD EF 52 F8 EF BC 18 FE 3B 2F 84 03 BF CB E0 "
    "C2 EF 32 B8 F0 BB 04 4E BC 2E 81 13 AF 0B E0 C6 EF F2 F7 F1 B9 FC 7D BC 2E 7D 27 9F 4B DF CA "
    "EB C2 F7 F2 B8 EC CD 7C 2E 7B 37 8F 4B DE CE E3 92 F7 F3 B8 E0 0D FD 2D 77 4B 7F CB DD D2 DF "
    "62 37 F5 B7 D4 4D BD 2D 74 5B 6F CB DC D7 D7 32 37 F6 B5 C8 8D 7D 2D 71 6B 4F 4B DC DC D3 F2 "
    "36 F7 B4 BC DD FD 2C 6F 7B 3F 4B DB E0 CF D2 36 F8 B2 B0 2D BE 2C 6C 8F 1F CB DA E3 C7 A2 76 "
    "F9"
)


def started(settings: bytes = b"") -> PolarParser:
    """A parser of a stream that has started, with these settings in the reply."""
    parser = PolarParser()
    assert parser.parse(PMD_CONTROL, START_REPLY + settings) is None
    return parser


def factor(value: float) -> bytes:
    return struct.pack("<BBf", 5, 1, value)


def samples(parser: NotificationParser, characteristic: str, data: bytes) -> SampleBatch:
    batch = parser.parse(characteristic, data)
    assert isinstance(batch, SampleBatch)
    return batch


def nested(rows: list[list[float]]) -> list[object]:
    """Return rows that are compared with a tolerance."""
    return [pytest.approx(row, abs=1e-6) for row in rows]


def test_uncompressed_samples_of_polar() -> None:
    data = bytes.fromhex(f"02 {POLAR_STAMP} 01 F7 FF FF FF E7 03 F8 FF FE FF E5 03")
    batch = samples(PolarParser(), PMD_DATA, data)
    assert batch.samples.T.tolist() == nested([[-0.009, -0.001, 0.999], [-0.008, -0.002, 0.997]])
    assert batch.stamp == 2_000_000


def test_compressed_samples_of_polar_in_g() -> None:
    data = bytes.fromhex(f"02 {POLAR_STAMP} 80 {POLAR_COMPRESSED_TYPE_0}")
    batch = samples(started(factor(2.44e-4)), PMD_DATA, data)
    assert batch.samples.shape == (3, 57)
    first = np.array([1905, 27376, -29282])
    assert batch.samples[:, 0] == pytest.approx(first * 2.44e-4)
    assert batch.samples[:, 1] == pytest.approx((first + np.array([190, -105, -85])) * 2.44e-4)
    assert np.abs(batch.samples).max() <= 8


def test_compressed_samples_of_polar_in_mg() -> None:
    data = bytes.fromhex("02 65 00 00 00 00 00 00 00 81 F1 FF 14 00 F0 03 06 01 7B 0F 08")
    batch = samples(started(), PMD_DATA, data)
    assert batch.samples.T.tolist() == nested([[-0.015, 0.020, 1.008], [-0.020, 0.017, 1.008]])


def test_compressed_samples_of_polar_without_a_scale_are_refused() -> None:
    data = polar_frame(1, 0x80, pack_deltas([(0, 0, 4098)] * 3, 4))
    for parser in (PolarParser(), started()):
        with pytest.raises(InvalidNotificationError, match="scale of the samples is not known"):
            parser.parse(PMD_DATA, data)


def test_the_factor_is_found_behind_other_settings() -> None:
    settings = struct.pack("<BBHBBH", 0, 1, 52, 1, 1, 16) + factor(0.5)
    data = polar_frame(1, 0x80, pack_deltas([(1, 2, 3)] * 2, 4))
    batch = samples(started(settings), PMD_DATA, data)
    assert batch.samples[:, 1].tolist() == [0.5, 1.0, 1.5]


def test_samples_at_the_end_of_the_range_are_left_out() -> None:
    data = polar_frame(1, 1, struct.pack("<6h", 0, 0, 1000, 32767, 0, 0))
    batch = samples(PolarParser(), PMD_DATA, data)
    assert np.isnan(batch.samples).all(axis=0).tolist() == [False, True]


@given(st.data())
def test_a_truncated_compressed_frame_is_refused(data: st.DataObject) -> None:
    """polar-python itself returns the samples before the cut."""
    whole = polar_frame(1, 0x80, pack_deltas([(n, -n, 4098 - n) for n in range(20)], 6))
    cut = data.draw(st.integers(17, len(whole) - 1))
    with pytest.raises(InvalidNotificationError):
        started(factor(0.001)).parse(PMD_DATA, whole[:cut])


@given(
    st.lists(st.tuples(*[st.integers(-3000, 3000)] * 3), min_size=1, max_size=60),
    st.integers(14, 16),
)
def test_any_compressed_samples_are_restored(values: list[tuple[int, int, int]], bits: int) -> None:
    data = polar_frame(7_000, 0x81, pack_deltas(values, bits))
    batch = samples(started(), PMD_DATA, data)
    assert np.rint(batch.samples.T * 1000).astype(int).tolist() == [list(one) for one in values]


def test_a_polar_that_ends_its_stream() -> None:
    assert isinstance(started().parse(PMD_CONTROL, b"\x01\x02"), StreamRefused)


def test_sdk_mode_that_is_on_already_is_accepted() -> None:
    assert PolarParser().parse(PMD_CONTROL, bytes([0xF0, 2, 9, 6, 0])) is None
    refused = PolarParser().parse(PMD_CONTROL, bytes([0xF0, 2, 9, 3, 0]))
    assert isinstance(refused, StreamRefused)
    assert "SDK mode needs 1.1.5" in refused.detail


def test_samples_of_movesense_are_converted_to_g_and_stamped_with_the_last() -> None:
    values = struct.pack("<6f", 0.0, 0.0, 9.80665, 4.903325, 0.0, 0.0)
    batch = samples(MovesenseParser(), MOVESENSE_NOTIFY, b"\x02\x63" + b"\xe8\x03\0\0" + values)
    assert batch.samples.T.tolist() == nested([[0, 0, 1], [0.5, 0, 0]])
    assert batch.stamp == 1_000_000 + round(1e6 / 52)


def test_the_second_part_of_a_message_of_movesense_continues_the_first() -> None:
    parser = MovesenseParser()
    values = struct.pack("<9f", *[9.80665] * 9)
    first = samples(parser, MOVESENSE_NOTIFY, b"\x02\x63" + bytes(4) + values[:20])
    second = samples(parser, MOVESENSE_NOTIFY, b"\x03\x63" + values[20:])
    assert (first.samples.shape, second.samples.shape) == ((3, 1), (3, 2))
    assert second.stamp == pytest.approx(2e6 / 52, abs=1)


def test_a_second_part_alone_is_refused() -> None:
    with pytest.raises(InvalidNotificationError, match="first part"):
        MovesenseParser().parse(MOVESENSE_NOTIFY, b"\x03\x63" + bytes(12))


def test_a_movesense_without_the_app_is_named() -> None:
    refused = MovesenseParser().parse(MOVESENSE_NOTIFY, b"\x01\x63" + struct.pack("<H", 404))
    assert isinstance(refused, StreamRefused)
    assert "GATT SensorData app" in refused.detail


def test_ten_notifications_of_witmotion_are_ten_samples() -> None:
    # From the maker's formula: counts / 32768 * 16 g.
    data = b"\x55\x61" + struct.pack("<9h", 2048, -4096, 8192, 0, 0, 0, 0, 0, 0)
    parser = WitMotionParser()
    assert [parser.parse(WITMOTION_NOTIFY, data) for _ in range(9)] == [None] * 9
    batch = samples(parser, WITMOTION_NOTIFY, data)
    assert batch.samples.T.tolist() == [[1.0, -2.0, 4.0]] * 10
    assert batch.stamp is None


@pytest.mark.parametrize("data", [b"", b"\x55\x61", b"\x55\x51" + bytes(18), bytes(20)])
def test_other_notifications_of_witmotion_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidNotificationError):
        WitMotionParser().parse(WITMOTION_NOTIFY, data)


@pytest.mark.parametrize(("stream", "characteristics"), STREAMS)
@given(data=st.lists(st.binary(max_size=60) | st.just(START_REPLY), max_size=8))
def test_any_bytes_give_samples_or_the_documented_error(
    stream: StampedStream, characteristics: tuple[str, ...], data: list[bytes]
) -> None:
    parser = stream.make_parser()
    for one in data:
        for characteristic in characteristics:
            try:
                parsed = parser.parse(characteristic, one)
            except InvalidNotificationError:
                continue
            if isinstance(parsed, SampleBatch):
                assert parsed.samples.shape[0] == 3
                assert parsed.samples.shape[1] > 0


@pytest.mark.parametrize(
    ("name", "services", "expected"),
    [
        ("Polar Sense 12345678", (), "polar_verity_sense"),
        ("Polar H10 12345678", (), "polar_h10"),
        ("Bangle.js 1234", ("6e400001-b5a3-f393-e0a9-e50e24dcca9e",), "banglejs"),
        ("ankle", ("6e400001-b5a3-f393-e0a9-e50e24dcca9e",), "limber"),
        (None, ("0000ffe5-0000-1000-8000-00805f9a34fb",), "witmotion"),
        ("Headphones", (), None),
    ],
)
def test_models_are_recognized(
    name: str | None, services: tuple[str, ...], expected: str | None
) -> None:
    assert find_profile(name, services) == expected
