"""Random recordings for `devtools.fuzz`, in every format that Limber reads.

Some formats have checksums or are packed. Their parts are changed and then put together, as hardly
any input would get past the checksums otherwise.
"""

import contextlib
import gzip
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from devtools.actigraph_files import Device, Floats

PART_END: Final = b"|next|"
"""Separates the parts of an input; one of the words of `devtools.fuzz`."""
CWA_BYTES: Final = 512
CWA_HEADER_BYTES: Final = 1024
SECONDS: Final = 30
"""Length of the recordings of actigraphs."""
RAW_START_US: Final = 1_795_300_000_000_000
"""us UTC at which the raw signal begins: in the night of its file."""


def unchanged(path: Path, data: bytes) -> None:
    """Write an input as it is."""
    path.write_bytes(data)


def recording(
    suffix: str, write: Callable[[Path, bytes], None] = unchanged
) -> Callable[[Path], Callable[[bytes], None]]:
    """Return a function that writes an input with `write` and reads the recording to its end."""

    def prepare(folder: Path) -> Callable[[bytes], None]:
        from limber_bridge.domain.recording import UnreadableRecordingError
        from limber_bridge.recordings import read_recording
        from limber_bridge.recordings.read_options import ReadOptions

        path = folder / f"night{suffix}"
        options = ReadOptions(zone=ZoneInfo("Europe/Berlin"))

        def take(data: bytes) -> None:
            write(path, data)
            with contextlib.suppress(UnreadableRecordingError):
                for one in read_recording(path, options).signals:
                    for _ in one.blocks:
                        pass

        return take

    return prepare


def recording_seeds(suffix: str) -> Callable[[], list[bytes]]:
    """Return a function that makes short nights of every kind of sensor."""

    def seeds() -> list[bytes]:
        from limber_bridge.offline.simulate import SimulateOptions, simulate_night
        from limber_bridge.simulation.plan import NightSpec

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"night{suffix}"
            found = []
            for sensor, rate in (("ankle", 10.0), ("bed", 10.0), ("emg", 200.0)):
                simulate_night(
                    SimulateOptions(
                        out=path,
                        spec=NightSpec(hours=0.25, cramps=0),
                        seed=1,
                        sensor=sensor,
                        rate=rate,
                    )
                )
                data = (
                    gzip.decompress(path.read_bytes()) if suffix == ".csv.gz" else path.read_bytes()
                )
                few = data if suffix == ".edf" else b"".join(data.splitlines(keepends=True)[:40])
                found.append(gzip.compress(few) if suffix == ".csv.gz" else few)
            return found

    return seeds


def edf_plus_seeds() -> list[bytes]:
    """Return short EDF+D and BDF+D recordings of EMG, the second one packed."""
    import numpy as np

    from tests.bridge.edf_files import RawEdf, RawSignal, write_raw_edf

    samples = np.random.default_rng(1).normal(0, 5, 20 * 100)
    signals = [RawSignal(label="lleg1_2", unit="\u00b5V", samples=samples, rate=100.0)]
    onsets = [f"+{600 + record * 1.0}" for record in range(20)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "night"
        edf = write_raw_edf(path, RawEdf(signals=signals, reserved="EDF+D", onsets=onsets))
        found = [edf.read_bytes()]
        bdf = RawEdf(signals=signals, reserved="BDF+D", onsets=onsets, bdf=True)
        found.append(gzip.compress(write_raw_edf(path, bdf).read_bytes()))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("night.edf", found[0])
        return [*found, path.read_bytes()]


# --- Actigraphs ---


def actigraph_seeds(kind: str) -> Callable[[], list[bytes]]:
    """Return a function that makes short recordings of an actigraph; `kind` is a suffix."""

    def seeds() -> list[bytes]:
        import numpy as np

        from devtools import actigraph_files as files

        noise = np.random.default_rng(1).normal(0, 0.01, (3, SECONDS * 50))
        samples = noise + np.array([[0.0], [0.0], [1.0]])
        device = files.Device(rate=50.0)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "night"
            match kind:
                case ".cwa":
                    return [cwa_file(path, samples, device, layout) for layout in files.CWA_SAMPLES]
                case ".bin":
                    files.write_geneactiv(path, samples, device)
                    return [path.read_bytes()]
                case _:
                    return [gt3x_parts(samples, device, code) for code in (0, 26)]

    return seeds


def cwa_file(path: Path, samples: Floats, device: Device, layout: int) -> bytes:
    """Return a file of Axivity."""
    from devtools.actigraph_files import write_cwa

    write_cwa(path, [samples], device, layout=layout)
    return path.read_bytes()


def write_cwa_checked(path: Path, data: bytes) -> None:
    """Write a file of Axivity whose blocks have the right checksum."""
    import numpy as np

    blocks = [
        data[begin : begin + CWA_BYTES] for begin in range(CWA_HEADER_BYTES, len(data), CWA_BYTES)
    ]
    with path.open("wb") as out:
        out.write(data[:CWA_HEADER_BYTES])
        for block in blocks:
            if len(block) < CWA_BYTES:
                out.write(block)
                continue
            total = int(np.frombuffer(block[:-2], "<u2").sum(dtype=np.uint16))
            out.write(block[:-2] + (-total & 0xFFFF).to_bytes(2, "little"))


def gt3x_parts(samples: Floats, device: Device, code: int) -> bytes:
    """Return `info.txt`, and kind, time and payload of each record of a file of ActiGraph."""
    from devtools.actigraph_files import gt3x_info, gt3x_records

    scale = 256.0 if code else 341.0
    info = f"{gt3x_info(device, samples.shape[1])}Acceleration Scale: {scale}\n"
    records = gt3x_records(samples, device, code, scale, frozenset())
    # Without the separator, the length and the checksum of each record.
    parts = [record[1:6] + record[8:-1] for record in records]
    return PART_END.join([info.encode(), *parts])


def write_gt3x_checked(path: Path, data: bytes) -> None:
    """Write a file of ActiGraph with the right lengths and checksums from its parts."""
    from devtools.actigraph_files import gt3x_record

    info, *parts = data.split(PART_END)
    records = []
    for part in parts:
        kind, time = struct.unpack("<BI", part[:5].ljust(5, b"\0"))
        records.append(gt3x_record(kind, time, part[5:65_000]))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("info.txt", info)
        archive.writestr("log.bin", b"".join(records))


# --- The raw signal of the bridge ---


def raw_seeds() -> list[bytes]:
    """Return a short raw signal."""
    from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
    from limber_bridge.simulation.plan import NightSpec, plan_night
    from limber_bridge.simulation.signals import signal_blocks
    from limber_bridge.storage.raw_format import RawFile, RawFileInfo

    ankle = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "anna-2026-11-22.db"
        file = RawFile(path, RawFileInfo("anna", "2026-11-22", "1"), 0)
        night = plan_night(1, NightSpec(hours=0.25, cramps=0))
        file.write([(ankle, list(signal_blocks(night, ankle, 10.0, RAW_START_US)))])
        file.close()
        return [path.read_bytes()]


RECORDING_TARGETS: Final = {
    "csv": (recording_seeds(".csv"), recording(".csv")),
    "csv.gz": (recording_seeds(".csv.gz"), recording(".csv.gz")),
    "edf": (recording_seeds(".edf"), recording(".edf")),
    "edf+": (edf_plus_seeds, recording(".edf")),
    "cwa": (actigraph_seeds(".cwa"), recording(".cwa", write_cwa_checked)),
    "geneactiv": (actigraph_seeds(".bin"), recording(".bin")),
    "gt3x": (actigraph_seeds(".gt3x"), recording(".gt3x", write_gt3x_checked)),
    "raw": (raw_seeds, recording(".db")),
}
"""Valid examples and the parser under test, by the name of the target."""
