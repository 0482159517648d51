"""Write EDF and BDF files byte by byte, so that a test can choose every field and every onset."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)


@dataclass(frozen=True, kw_only=True)
class RawSignal:
    label: str | bytes = "LAT"
    unit: str | bytes = "uV"
    samples: np.ndarray
    """In its unit."""
    rate: float = 250.0
    count_value: float = 0.1
    physical: tuple[str, str] | None = None
    """Texts of the physical range, if they are not the right ones."""


@dataclass(frozen=True, kw_only=True)
class RawEdf:
    signals: Sequence[RawSignal]
    record_s: float = 1.0
    record_field: str | None = None
    onsets: Sequence[str] | None = None
    """What each record states; None: no annotation signal."""
    texts: dict[int, bytes] = field(default_factory=dict)
    """More annotations, by record."""
    reserved: str = ""
    date: str = "21.11.26"
    time: str = "22.10.00"
    recording: str = "Startdate X X X X"
    stated_records: str | None = None
    bdf: bool = False
    tail: bytes = b""


def pad(value: str | bytes, width: int) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    assert len(data) <= width, value
    return data.ljust(width)


def number(value: float) -> str:
    return f"{value:.8f}"[:8].rstrip("0").rstrip(".")


def write_raw_edf(path: Path, edf: RawEdf) -> Path:
    """Write a file; samples that do not fill a record are left out."""
    top = 2**23 - 1 if edf.bdf else 32767
    sizes = [round(one.rate * edf.record_s) for one in edf.signals]
    count = min(one.samples.size // size for one, size in zip(edf.signals, sizes, strict=True))
    with_onsets = edf.onsets is not None
    rows = [
        (
            one.label,
            "",
            one.unit,
            one.physical[0] if one.physical else number(-top * one.count_value),
            one.physical[1] if one.physical else number(top * one.count_value),
            str(-top),
            str(top),
            "",
            str(size),
            "",
        )
        for one, size in zip(edf.signals, sizes, strict=True)
    ]
    kind = "BDF" if edf.bdf else "EDF"
    width = 3 if edf.bdf else 2
    text_samples = 60
    if with_onsets:
        rows.append(
            (
                f"{kind} Annotations",
                "",
                "",
                "-1",
                "1",
                str(-top - 1),
                str(top),
                "",
                str(text_samples),
                "",
            )
        )
    header = pad(b"\xffBIOSEMI" if edf.bdf else "0", 8) + pad("X X X X", 80)
    header += pad(edf.recording, 80) + pad(edf.date, 8) + pad(edf.time, 8)
    header += pad(str(256 * (len(rows) + 1)), 8) + pad(edf.reserved, 44)
    header += pad(str(count) if edf.stated_records is None else edf.stated_records, 8)
    header += pad(number(edf.record_s) if edf.record_field is None else edf.record_field, 8)
    header += pad(str(len(rows)), 4)
    for column, column_width in enumerate(WIDTHS):
        header += b"".join(pad(row[column], column_width) for row in rows)
    parts = [header]
    counts = [np.rint(one.samples / one.count_value).astype("<i4") for one in edf.signals]
    for record in range(count):
        for one, size in zip(counts, sizes, strict=True):
            part = np.ascontiguousarray(one[record * size : (record + 1) * size])
            parts.append(part.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
        if edf.onsets is not None:
            text = edf.onsets[record].encode() + b"\x14\x14\0" + edf.texts.get(record, b"")
            parts.append(text.ljust(width * text_samples, b"\0"))
    path.write_bytes(b"".join(parts) + edf.tail)
    return path
