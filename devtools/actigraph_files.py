"""Write recordings as the actigraphs of Axivity, GENEActiv and ActiGraph store them.

For tests and benchmarks. Samples are acceleration in g, shape (3, n).
"""

import math
import struct
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]

CWA_BLOCK: Final = struct.Struct("<HHHIIIHHBBBBhH")
CWA_PACKED: Final = 0x30
CWA_WORDS: Final = 0x32
CWA_SIX_AXES: Final = 0x62
CWA_SAMPLES: Final = {CWA_PACKED: 120, CWA_WORDS: 80, CWA_SIX_AXES: 40}
GENEACTIV_PAGE: Final = 300
GENEACTIV_GAIN: Final = 25_600
GENEACTIV_OFFSET: Final = 400
GENEACTIV_HEADER: Final = f"""Device Identity
Device Unique Serial Code:000001
Device Type:GENEActiv

Configuration Info
Measurement Frequency:{{rate:g}} Hz
Time Zone:{{zone}}

Subject Info
Device Location Code:left ankle

Calibration Data
x gain:{GENEACTIV_GAIN}
x offset:{GENEACTIV_OFFSET}
y gain:{GENEACTIV_GAIN}
y offset:{GENEACTIV_OFFSET}
z gain:{GENEACTIV_GAIN}
z offset:{GENEACTIV_OFFSET}
Volts:300
Lux:800

Memory Status
Number of Pages:{{pages}}

"""
GENEACTIV_PAGE_HEAD: Final = """Recorded Data
Device Unique Serial Code:000001
Sequence Number:{number}
Page Time:{time}
Unassigned:
Temperature:30.1
Battery voltage:4.1000
Device Status:Recording
Measurement Frequency:{rate:.1f}
"""
GT3X_PACKED: Final = 0
GT3X_WORDS: Final = 26
NET_EPOCH: Final = datetime(1, 1, 1)  # noqa: DTZ001 - local time, as the device stores it


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """How a simulated device measures."""

    start: datetime = datetime(2026, 11, 20, 18, 0)  # noqa: DTZ001 - local time
    """Local time of the first sample, as the device stores it."""
    rate: float = 100.0
    """Hz, nominal."""
    drift: float = 0.0
    """Relative error of the oscillator; above 0: too fast."""

    def time_of(self, index: int) -> datetime:
        """Return the local time of a sample."""
        return self.start + timedelta(seconds=index / (self.rate * (1 + self.drift)))


# --- Axivity ---


def write_cwa(
    path: Path, samples: Iterable[Floats], device: Device, *, layout: int = CWA_PACKED
) -> None:
    """Write a CWA file from parts of a signal; the samples of all but the last fill whole blocks.

    The range is 8 g: in six axes with a gyroscope at rest, and 4,096 counts for 1 g.
    """
    code = round(math.log2(device.rate / 3200)) + 15 | 0x40
    header = struct.pack("<2sHB", b"MD", 1020, 0x64 if layout == CWA_SIX_AXES else 0)
    with path.open("wb") as out:
        out.write(header.ljust(36, b"\0") + bytes([code]) + bytes(27) + b" " * 448 + b"\xff" * 512)
        index = 0
        for part in samples:
            for begin in range(0, part.shape[1], CWA_SAMPLES[layout]):
                block = part[:, begin : begin + CWA_SAMPLES[layout]]
                out.write(cwa_block(block, index, device, layout, code))
                index += block.shape[1]


def cwa_block(samples: Floats, index: int, device: Device, layout: int, code: int) -> bytes:
    """Return a data block; it has the time of its middle, as that of a device may."""
    stamped = samples.shape[1] // 2
    moment = device.time_of(index + stamped)
    fraction = moment.microsecond * 32_768 // 1_000_000
    header = CWA_BLOCK.pack(
        0x5841,
        508,
        0x8000 | fraction,
        1,
        index // CWA_SAMPLES[layout],
        cwa_time(moment),
        0x8000 if layout == CWA_SIX_AXES else 0,
        256,
        0,
        180,
        code,
        layout,
        stamped - (fraction * 2 * int(device.rate) >> 16),
        samples.shape[1],
    )
    block = (header + cwa_samples(samples, layout)).ljust(510, b"\0")
    total = int(np.frombuffer(block, "<u2").sum(dtype=np.uint16))
    return block + (-total & 0xFFFF).to_bytes(2, "little")


def cwa_time(moment: datetime) -> int:
    """Return a time as it is stored in a block."""
    return (
        moment.year - 2000 << 26
        | moment.month << 22
        | moment.day << 17
        | moment.hour << 12
        | moment.minute << 6
        | moment.second
    )


def cwa_samples(samples: Floats, layout: int) -> bytes:
    """Return samples as they are stored in a block."""
    if layout == CWA_SIX_AXES:
        counts = np.clip(np.rint(samples * 4096), -32_768, 32_767)
        return np.vstack([np.zeros_like(counts), counts]).T.astype("<i2").tobytes()
    counts = np.clip(np.rint(samples * 256), -2048, 2047).astype(np.int64)
    if layout == CWA_WORDS:
        return counts.T.astype("<i2").tobytes()
    largest = np.abs(np.where(counts < 0, counts + 1, counts)).max(axis=0)
    exponent = np.sum([largest > 511, largest > 1023], axis=0)
    x, y, z = (counts >> exponent) & 0x3FF
    words: npt.NDArray[np.int64] = exponent << 30 | z << 20 | y << 10 | x
    return words.astype("<u4").tobytes()


# --- GENEActiv ---


def write_geneactiv(
    path: Path, samples: Floats, device: Device, *, zone: str = "GMT +01:00"
) -> None:
    """Write a GENEActiv file with gain and offset as those of a real device."""
    pages = -(-samples.shape[1] // GENEACTIV_PAGE)
    gain = GENEACTIV_GAIN
    offset = GENEACTIV_OFFSET
    header = GENEACTIV_HEADER.format(rate=device.rate, zone=zone, pages=pages)
    counts = np.clip(np.rint((samples * gain + offset) / 100), -2048, 2047).astype(np.int64) & 0xFFF
    x, y, z = counts
    with path.open("w", encoding="ascii", newline="\r\n") as out:
        out.write(header)
        for number in range(pages):
            begin = number * GENEACTIV_PAGE
            part = slice(begin, begin + GENEACTIV_PAGE)
            words = (x[part] << 36 | y[part] << 24 | z[part] << 12).tolist()
            out.write(page_head(number, device.time_of(begin), device.rate))
            out.write("".join(f"{word:012x}" for word in words).upper() + "\n")


def page_head(number: int, moment: datetime, rate: float) -> str:
    """Return the lines of a page before its samples."""
    time = f"{moment:%Y-%m-%d %H:%M:%S}:{moment.microsecond // 1000:03}"
    return GENEACTIV_PAGE_HEAD.format(number=number, time=time, rate=rate)


# --- ActiGraph ---


def write_gt3x(
    path: Path,
    samples: Floats,
    device: Device,
    *,
    kind: int = GT3X_WORDS,
    idle: Iterable[int] = (),
    info: str = "",
) -> None:
    """Write a GT3X file with `log.bin`; no record is written for the seconds in `idle`."""
    scale = 256.0 if kind == GT3X_WORDS else 341.0
    lines = (
        gt3x_info(device, samples.shape[1])
        + f"Acceleration Scale: {scale}\n"
        + ("Acceleration Min: -8.0\nAcceleration Max: 8.0\n" if kind == GT3X_WORDS else "")
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("info.txt", lines + info)
        records = gt3x_records(samples, device, kind, scale, frozenset(idle))
        archive.writestr("log.bin", b"".join(records))


def write_old_gt3x(path: Path, samples: Floats, device: Device) -> None:
    """Write a GT3X file with `activity.bin`, as in the NHANES studies."""
    info = gt3x_info(device, samples.shape[1]).replace("TAS1", "NEO1")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("info.txt", info)
        archive.writestr("activity.bin", packed_12_bits(np.rint(samples * 341)))


def gt3x_info(device: Device, count: int) -> str:
    """Return the text of `info.txt`."""
    end = device.time_of(count)
    ticks = [
        round((one - NET_EPOCH) / timedelta(microseconds=1)) * 10 for one in (device.start, end)
    ]
    return (
        f"Serial Number: TAS1E00000000\nSample Rate: {device.rate:g}\nStart Date: {ticks[0]}\n"
        f"Stop Date: {ticks[1]}\nTimeZone: 01:00:00\n"
    )


def gt3x_records(
    samples: Floats, device: Device, kind: int, scale: float, idle: frozenset[int]
) -> Iterator[bytes]:
    """Yield a record for each second, and a battery record now and then."""
    per_second = round(device.rate)
    first = round((device.start - datetime(1970, 1, 1)) / timedelta(seconds=1))  # noqa: DTZ001
    for second in range(-(-samples.shape[1] // per_second)):
        if second % 60 == 0:
            yield gt3x_record(2, first + second, (4100).to_bytes(2, "little"))
        if second in idle:
            continue
        counts = np.rint(samples[:, second * per_second : (second + 1) * per_second] * scale)
        payload = (
            packed_12_bits(counts) if kind == GT3X_PACKED else counts.T.astype("<i2").tobytes()
        )
        yield gt3x_record(kind, first + second, payload)


def gt3x_record(kind: int, time: int, payload: bytes) -> bytes:
    """Return a record with its checksum."""
    record = struct.pack("<BBIH", 0x1E, kind, time, len(payload)) + payload
    return record + bytes([int(np.bitwise_xor.reduce(np.frombuffer(record, np.uint8))) ^ 0xFF])


def packed_12_bits(counts: Floats) -> bytes:
    """Return counts, shape (3, n) with an even n, in 12 bits an axis in the order y, x, z."""
    values = np.clip(counts[[1, 0, 2]].T, -2048, 2047).astype(np.int64).ravel() & 0xFFF
    high, low = values.reshape(-1, 2).T
    bytes_: npt.NDArray[np.int64] = np.stack([high >> 4, (high & 15) << 4 | low >> 8, low & 0xFF])
    return bytes_.T.astype(np.uint8).tobytes()
