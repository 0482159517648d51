"""EDF and BDF files as sleep laboratories have them: the right count, or the reason why not."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Quantity, SampleBlock, Side
from limber_bridge.domain.recording import LazyBlocks, Recording, UnreadableRecordingError
from limber_bridge.offline.detect import detect_recording
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from tests.bridge.edf_files import RawEdf, RawSignal, write_raw_edf

BURSTS = 12
MINUTES = 5


def emg(rate: float = 250.0, seed: int = 1) -> np.ndarray:
    """Rest of 2 uV, and a burst of 2 s and 60 uV every 20 s."""
    times = np.arange(round(60 * MINUTES * rate)) / rate
    noise = np.random.default_rng(seed).normal(0.0, 1.0, len(times))
    is_burst = (times % 20 >= 10) & (times % 20 < 12) & (times < 20 * BURSTS)
    samples: np.ndarray = np.round(noise * np.where(is_burst, 60.0, 2.0), 1)
    return samples


def signal(label: str | bytes = "LAT", **fields: object) -> RawSignal:
    return RawSignal(**{"label": label, "samples": emg(), **fields})  # type: ignore[arg-type]


def onsets(
    count: int, length: float = 1.0, first: float = 0.0, form: str = "{:+.6f}", jitter: float = 0.0
) -> list[str]:
    noise = np.random.default_rng(2).uniform(-jitter, jitter, count)
    return [form.format(first + index * length + noise[index]) for index in range(count)]


def read(tmp_path: Path, edf: RawEdf, **options: object) -> Recording:
    path = write_raw_edf(tmp_path / "n.edf", edf)
    return read_recording(path, ReadOptions(**options))  # type: ignore[arg-type]


def figures(recording: Recording) -> tuple[int, int, int]:
    """Return the numbers of movements, of periodic ones, and of gaps."""
    detected = detect_recording(recording, WASM_2016)
    gaps = [event for event in detected.events if type(event).__name__ == "Gap"]
    movements = detected.night.measures
    return movements.movements or 0, movements.plm or 0, len(gaps)


def refusal(tmp_path: Path, edf: RawEdf, **options: object) -> str:
    with pytest.raises(UnreadableRecordingError) as error:
        read(tmp_path, edf, **options)
    assert str(error.value).startswith(f"{tmp_path / 'n.edf'}: ")
    assert "\n" not in str(error.value)
    return str(error.value)


def blocks(recording: Recording) -> list[SampleBlock]:
    return list(recording.signals[0].blocks)


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
@pytest.mark.parametrize("first", [0.0, 0.25, 600.0, 3600.0])
def test_onsets_count_from_the_first_record(tmp_path: Path, kind: str, first: float) -> None:
    zone = ZoneInfo("Europe/Berlin")
    edf = RawEdf(signals=[signal()], reserved=kind, onsets=onsets(60 * MINUTES, first=first))
    recording = read(tmp_path, edf, zone=zone)
    assert recording.duration == 60.0 * MINUTES
    assert recording.notes == ()
    start = datetime(2026, 11, 21, 21, 10, tzinfo=UTC).timestamp() + first
    assert recording.start == round(start * SECOND)
    assert blocks(recording)[0].clock.time_of(0) == recording.start
    assert figures(recording) == (BURSTS, BURSTS, 0)


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
@pytest.mark.parametrize("form", ["{:+.3f}", "{:+.2f}", "{:+g}", "{:+.0f}", "{:.4f}", "{:+.6e}"])
def test_rounded_onsets_are_neither_gaps_nor_overlaps(tmp_path: Path, kind: str, form: str) -> None:
    """Records of 250 samples at 256 Hz last 0.9765625 s."""
    length = 250 / 256
    count = int(60 * MINUTES / length)
    edf = RawEdf(
        signals=[signal(samples=emg(256.0), rate=256.0)],
        record_s=length,
        reserved=kind,
        onsets=onsets(count, length, form=form),
    )
    recording = read(tmp_path, edf)
    assert recording.notes == ()
    assert sum(block.samples.shape[1] for block in blocks(recording)) == 250 * count
    assert blocks(recording)[-1].end == 250 * count
    assert figures(recording) == (BURSTS, BURSTS, 0)


@pytest.mark.parametrize("jitter", [0.001, 0.004])
def test_jittering_onsets_are_neither_gaps_nor_overlaps(tmp_path: Path, jitter: float) -> None:
    count = 60 * MINUTES
    edf = RawEdf(signals=[signal()], reserved="EDF+D", onsets=onsets(count, jitter=jitter))
    recording = read(tmp_path, edf)
    assert recording.notes == ()
    assert blocks(recording)[-1].end == 250 * count
    assert figures(recording) == (BURSTS, BURSTS, 0)


def test_times_follow_a_clock_that_drifts(tmp_path: Path) -> None:
    edf = RawEdf(
        signals=[signal()], reserved="EDF+D", onsets=onsets(60 * MINUTES, 1.001, form="{:+.4f}")
    )
    recording = read(tmp_path, edf)
    assert figures(recording) == (BURSTS, BURSTS, 0)
    last = blocks(recording)[-1]
    assert last.clock.time_of(last.first) == pytest.approx(240 * 1.001 * SECOND, abs=0.04 * SECOND)


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
def test_a_gap_between_records_is_a_gap_whatever_the_header_says(tmp_path: Path, kind: str) -> None:
    stated = onsets(120) + onsets(180, first=150)
    recording = read(tmp_path, RawEdf(signals=[signal()], reserved=kind, onsets=stated))
    assert recording.duration == 60 * MINUTES + 30
    assert figures(recording) == (BURSTS, BURSTS, 1)


def test_what_overlaps_is_left_out_and_named(tmp_path: Path) -> None:
    stated = onsets(60) + onsets(240, first=57.5)
    recording = read(tmp_path, RawEdf(signals=[signal()], reserved="EDF+D", onsets=stated))
    (note,) = recording.notes
    assert "record 61, at 57.5 s: starts before the previous record has ended" in note
    assert sum(block.samples.shape[1] for block in blocks(recording)) == round(297.5 * 250)


@pytest.mark.parametrize("length", [0.5, 1.02, 2.0])
def test_a_rate_that_the_onsets_contradict_is_refused(tmp_path: Path, length: float) -> None:
    for kind in ("EDF+C", "EDF+D"):
        if kind == "EDF+D" and length == 2.0:
            continue  # A second of signal and a second of gap is possible.
        edf = RawEdf(
            signals=[signal()], reserved=kind, onsets=onsets(60 * MINUTES, length, form="{:+g}")
        )
        assert f"records of 1 s that start {length:g} s apart: the rates are wrong" in refusal(
            tmp_path, edf
        )


def test_onsets_that_are_all_the_same_say_nothing(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal()], reserved="EDF+C", onsets=["+0"] * (60 * MINUTES))
    recording = read(tmp_path, edf)
    assert "all records state the onset +0 s; read as if there were no gaps" in recording.notes[0]
    assert figures(recording) == (BURSTS, BURSTS, 0)


def test_gaps_at_unknown_places_are_refused(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal()], reserved="EDF+D", onsets=["?"] * (60 * MINUTES))
    with pytest.raises(UnreadableRecordingError, match="state no onset, so it is unknown where"):
        read(tmp_path, edf)


def test_a_record_with_a_damaged_onset_follows_the_one_before_it(tmp_path: Path) -> None:
    stated = onsets(60 * MINUTES)
    stated[100] = "?"
    recording = read(tmp_path, RawEdf(signals=[signal()], reserved="EDF+D", onsets=stated))
    assert figures(recording) == (BURSTS, BURSTS, 0)


@pytest.mark.parametrize("name", ["n.bdf", "n.edf", "n.rec", "n", "n.bdf.gz"])
def test_24_bits_are_read_by_content(tmp_path: Path, name: str) -> None:
    edf = RawEdf(
        signals=[signal(count_value=262144 / (2**23 - 1))],
        bdf=True,
        reserved="BDF+D",
        onsets=onsets(60 * MINUTES, first=600),
    )
    path = write_raw_edf(tmp_path / name, edf)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    recording = read_recording(path)
    found = np.concatenate([block.samples[0] for block in blocks(recording)])
    np.testing.assert_allclose(found, emg(), atol=0.02)
    assert recording.name == name


@pytest.mark.parametrize(
    "unit",
    ["uV", "UV", "µV", "μV", b"\xb5V", b"\xe6V", b"\xecV", "microV", "uVolt"],
)
def test_microvolts_in_any_encoding(tmp_path: Path, unit: str | bytes) -> None:
    recording = read(tmp_path, RawEdf(signals=[signal(unit=unit)]))
    assert np.abs(blocks(recording)[0].samples - emg()[: 60 * 250]).max() < 0.06


@pytest.mark.parametrize(
    ("unit", "gravity"),
    [
        ("g", 1.0),
        ("G", 1.0),
        ("mG", 1000.0),
        ("m/s²", 9.80665),
        (b"m/s\xb2", 9.80665),
        ("m/s^2", 9.80665),
        ("m.s-2", 9.80665),
    ],
)
def test_units_of_acceleration(tmp_path: Path, unit: str | bytes, gravity: float) -> None:
    names = ("left_acc_x", "Left_Acc_Y", "LEFT ACC Z")
    rng = np.random.default_rng(2)
    signals = [
        RawSignal(
            label=name,
            unit=unit,
            rate=50.0,
            samples=gravity * (share + rng.normal(0, 0.002, 60 * 50)),
            count_value=gravity / 5000,
        )
        for name, share in zip(names, (0.0, 0.6, 0.8), strict=True)
    ]
    recording = read(tmp_path, RawEdf(signals=signals))
    (one,) = recording.signals
    assert (one.quantity, one.side) == (Quantity.ACCELERATION, Side.LEFT)
    np.testing.assert_allclose(blocks(recording)[0].samples[:, 0], [0, 0.6, 0.8], atol=0.01)


def acceleration(samples: np.ndarray, unit: str = "g") -> RawEdf:
    names = ("left_acc_x", "left_acc_y", "left_acc_z")
    count_value = float(np.abs(samples).max()) / 30_000
    return RawEdf(
        signals=[
            RawSignal(label=name, unit=unit, rate=50.0, samples=axis, count_value=count_value)
            for name, axis in zip(names, samples, strict=True)
        ]
    )


def test_what_gravity_says_about_acceleration(tmp_path: Path) -> None:
    """A wrong unit is refused, a zero vector is a gap, and without gravity only movements count."""
    noise = np.random.default_rng(4).normal(0, 0.002, (3, 120 * 50))
    lying = noise + np.array([[0.0], [0.6], [0.8]])
    for wrong, samples in (("mg", lying), ("g", 9.80665 * lying), ("m/s2", lying)):
        assert "at rest, which is not gravity" in refusal(tmp_path, acceleration(samples, wrong))
    asleep = lying.copy()
    asleep[:, 2000:4000] = 0.0
    found = np.concatenate([one.samples for one in blocks(read(tmp_path, acceleration(asleep)))], 1)
    assert np.isnan(found).all(axis=0).nonzero()[0].tolist() == list(range(2000, 4000))
    user = read(tmp_path, acceleration(9.80665 * noise, "m/s2"))
    assert not user.signals[0].has_gravity
    assert "is acceleration without gravity: movements are counted" in user.notes[0]


def test_a_decimal_comma_is_named_with_field_and_signal(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal("C3"), signal(physical=("-3276,7", "3276,7"))])
    assert "signal 2 `LAT`: `-3276,7`: the physical minimum has a decimal comma" in refusal(
        tmp_path, edf
    )
    assert "`1,0`: the duration of a record has a decimal comma" in refusal(
        tmp_path, RawEdf(signals=[signal()], record_field="1,0")
    )
    # In a signal that is not used it does no harm.
    edf = RawEdf(signals=[signal("C3", physical=("-3276,7", "3276,7")), signal()])
    assert read(tmp_path, edf).notes == ()


@pytest.mark.parametrize(
    ("date", "time", "reason"),
    [
        ("00.00.00", "22.10.00", "byte 168: `00.00.00` is no date"),
        ("31.11.26", "22.10.00", "byte 168: `31.11.26` is no date"),
        ("01.01.85", "22.10.00", "byte 168: `01.01.85` stands for a date that was removed"),
        ("21.11.26", "22.10.75", "byte 176: `22.10.75` is no time of day"),
        ("21.11.26", "", "byte 176: `` is no time of day"),
    ],
)
def test_a_start_that_cannot_be_has_its_reason(
    tmp_path: Path, date: str, time: str, reason: str
) -> None:
    edf = RawEdf(signals=[signal()], date=date, time=time)
    recording = read(tmp_path, edf, zone=ZoneInfo("Europe/Berlin"))
    assert recording.start is None
    (note,) = recording.notes
    assert "start unknown" in note
    assert reason in note


def test_blocks_are_decoded_for_any_time(tmp_path: Path) -> None:
    recording = read(tmp_path, RawEdf(signals=[signal()]))
    (one,) = recording.signals
    assert isinstance(one.blocks, LazyBlocks)
    first, second, *_ = blocks(recording)
    boundary = second.clock.time_of(second.first)
    assert [block.first for block in one.blocks.decode(0, boundary)] == [first.first]
    assert [block.first for block in one.blocks.decode(boundary, boundary + 1)] == [second.first]


def test_zero_bytes_at_the_end_are_no_records(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal()], stated_records="-1", tail=bytes(500 * 20 + 7))
    recording = read(tmp_path, edf)
    assert recording.duration == 60.0 * MINUTES
    assert "its last 20 records are zero bytes; left out" in recording.notes[0]


@pytest.mark.parametrize(
    ("unit", "factor", "fitting"),
    [("mV", 1.0, "uV"), ("V", 1.0, "uV"), ("uV", 1e-3, "mV"), ("uV", 1e-6, "V"), ("nV", 1.0, "uV")],
)
def test_emg_in_a_wrong_unit_is_refused_with_the_one_that_fits(
    tmp_path: Path, unit: str, factor: float, fitting: str
) -> None:
    """The numbers are uV times a factor."""
    samples = emg() * factor
    physical = (f"{-3000 * factor:g}", f"{3000 * factor:g}")
    count = 3000 / 32767 * factor
    edf = RawEdf(signals=[signal(unit=unit, samples=samples, count_value=count, physical=physical)])
    message = refusal(tmp_path, edf)
    assert (
        f"so its unit is not {unit}; {fitting} would fit: write --unit 'LAT={fitting}'" in message
    )
    recording = read(tmp_path, edf, units={"lat": fitting})
    assert figures(recording) == (BURSTS, BURSTS, 0)


def test_a_wrong_unit_of_one_leg_is_named_and_refused_if_an_option_states_it(
    tmp_path: Path,
) -> None:
    edf = RawEdf(signals=[signal("LAT"), signal("RAT")])
    stated = refusal(tmp_path, edf, units={"LAT": "mV"})
    assert "`LAT` reads" in stated
    assert stated.endswith("write --unit 'LAT=uV'")
    edf = RawEdf(signals=[signal("LAT", unit="mV"), signal("RAT")])
    recording = read(tmp_path, edf)
    assert len(recording.signals) == 1
    assert recording.notes[0].endswith("write --unit 'LAT=uV'; this signal is left out")


@pytest.mark.parametrize("offset", [0.0, 2000.0])
def test_neither_hum_nor_an_offset_is_a_wrong_unit(tmp_path: Path, offset: float) -> None:
    times = np.arange(60 * MINUTES * 250) / 250
    hum = 400 * np.sin(2 * np.pi * 50 * times)
    drift = offset * np.sin(2 * np.pi * 0.05 * times)
    assert read(tmp_path, RawEdf(signals=[signal(samples=emg() + hum + drift)])).signals


# --- Labels ---


@pytest.mark.parametrize(
    "label",
    [
        "LAT",
        "EMG LAT",
        "Leg L",
        "L-LEG",
        "LLEG",
        "Left Leg",
        "LegLeft",
        "TIB L",
        "TIBsx",
        "TIB Sx",
        "PLM l",
        "PLMl",
        "EMG LLEG+",
        "EMG-LLEG",
        "Tib. ant. li",
        "LAT1-LAT2",
        "lleg1_2",
        "lleg1",
        "L TA",
        "Bein links",
        "Jambe gauche",
        "EMG Tib. ant. L",
    ],
)
def test_labels_of_the_left_tibialis(tmp_path: Path, label: str) -> None:
    recording = read(tmp_path, RawEdf(signals=[signal("EMG Chin"), signal(label)]))
    assert [(one.quantity, one.side) for one in recording.signals] == [(Quantity.EMG, Side.LEFT)]
    assert recording.notes == ()


@pytest.mark.parametrize("label", ["RAT", "PLM r", "TIB Dx", "R Leg", "EMG RLEG+", "rleg1_2"])
def test_labels_of_the_right_tibialis(tmp_path: Path, label: str) -> None:
    (one,) = read(tmp_path, RawEdf(signals=[signal(label)])).signals
    assert (one.quantity, one.side) == (Quantity.EMG, Side.RIGHT)


@pytest.mark.parametrize("label", ["EMG L", "EMG TIB", "L/R-LEG", "Leg 1", "EMG", "DX1-DX2"])
def test_a_label_that_does_not_say_which_leg_is_named_and_not_used(
    tmp_path: Path, label: str
) -> None:
    recording = read(tmp_path, RawEdf(signals=[signal("PLM r"), signal(label), signal("EMG Chin")]))
    assert [one.side for one in recording.signals] == [Side.RIGHT]
    (note,) = recording.notes
    assert f"not used: `{label}`; if a leg is among them, write for example --channel" in note
    assert f"--channel '{label}=left_emg'" in refusal(tmp_path, RawEdf(signals=[signal(label)]))
    # The person may say so, in any case.
    chosen = {label.lower(): "left_emg"}
    recording = read(tmp_path, RawEdf(signals=[signal("PLM r"), signal(label)]), channels=chosen)
    assert {one.side for one in recording.signals} == set(Side)
    assert recording.notes == ()


def test_an_explicit_channel_wins_over_what_labels_say(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal("lleg1", samples=emg(seed=5)), signal("lleg2")])
    assert "`lleg1`, `lleg2`: the same quantity twice" in refusal(tmp_path, edf)
    for channels in ({"LLEG2": "left_emg"}, {"lleg1": "ignore"}):
        recording = read(tmp_path, edf, channels=channels)
        assert np.abs(blocks(recording)[0].samples - emg()[: 60 * 250]).max() < 0.06


def test_the_signal_between_two_electrodes_wins_over_its_parts(tmp_path: Path) -> None:
    labels = ("lleg1", "lleg2", "lleg1_2")
    signals = [signal(label, samples=emg(seed=seed)) for seed, label in enumerate(labels)]
    recording = read(tmp_path, RawEdf(signals=signals))
    assert np.abs(blocks(recording)[0].samples - emg(seed=2)[: 60 * 250]).max() < 0.06
    assert "not used: `lleg1`, `lleg2`" in recording.notes[0]


def test_a_channel_or_unit_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal("PLM l"), signal("PLM r")])
    message = refusal(tmp_path, edf, channels={"PML r": "right_emg"})
    assert "--channel PML r=right_emg: the file has no `PML r`; it has `PLM l`, `PLM r`" in message
    assert "--unit PML r=mV: the file has no `PML r`" in refusal(
        tmp_path, edf, units={"PML r": "mV"}
    )


def test_a_unit_that_the_header_lacks_can_be_given(tmp_path: Path) -> None:
    edf = RawEdf(signals=[signal("PLM l", unit="")])
    assert "`PLM l`: unknown unit ``; the header must have one of uV" in refusal(tmp_path, edf)
    for name in ("plm L", "left_emg"):
        assert read(tmp_path, edf, units={name: "uV"}).signals


@pytest.mark.parametrize("option", [{"columns": {"time": "t"}}, {"rate": 50.0}])
def test_an_option_for_tables_is_refused(tmp_path: Path, option: dict[str, object]) -> None:
    assert "has no meaning for EDF; leave it out for this file" in refusal(
        tmp_path, RawEdf(signals=[signal()]), **option
    )


def test_an_electrode_that_measured_nothing_is_refused(tmp_path: Path) -> None:
    flat = np.full(120 * 250, 3.0)
    assert "never changes: it measured nothing" in refusal(
        tmp_path, RawEdf(signals=[signal(samples=flat)])
    )


@pytest.mark.parametrize("dead", [slice(60 * 250, None), slice(None, 50 * 250)])
def test_the_time_in_which_an_electrode_measured_nothing_is_a_gap(
    tmp_path: Path, dead: slice
) -> None:
    samples = np.random.default_rng(1).normal(0, 3.0, 120 * 250)
    samples[dead] = 3.0
    (read_signal,) = read(tmp_path, RawEdf(signals=[signal(samples=samples)])).signals
    values = np.concatenate([block.samples[0] for block in read_signal.blocks])
    missing = np.isnan(values)
    expected = np.zeros(len(values), bool)
    expected[dead] = True
    # The first of the equal samples may have been measured.
    assert np.count_nonzero(missing != expected) <= 1
