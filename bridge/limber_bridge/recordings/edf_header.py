"""Parse the header of an EDF or BDF file.

The layout is that of the EDF+ specification (https://www.edfplus.info/specs/edfplus.html); BDF
differs in its first field and has 24 bits a sample (https://www.biosemi.com/faq/file_format.htm). A
field is parsed only when it is needed, so a wrong field of an unused signal does no harm.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError

MAIN_HEADER_BYTES: Final = 256
"""Each signal adds another 256 bytes."""
BDF_VERSION: Final = b"\xffBIOSEMI"
EDF_VERSION: Final = b"0"
ANNOTATION_LABELS: Final = ("edf annotations", "bdf annotations")
"""Labels of signals with texts instead of samples, in small letters."""
NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SIGNAL_FIELDS: Final = (
    ("label", 16),
    ("transducer", 80),
    ("physical dimension", 8),
    ("physical minimum", 8),
    ("physical maximum", 8),
    ("digital minimum", 8),
    ("digital maximum", 8),
    ("prefiltering", 80),
    ("samples in a record", 8),
    ("reserved", 32),
)
"""Fields of a signal and their bytes. The header has the first field of all signals, then the
second field of all signals, and so on."""


@dataclass(frozen=True, slots=True)
class EdfField:
    """One field of a header."""

    path: Path
    place: str
    """Where it is, for errors."""
    name: str
    text: str

    def number(self) -> float:
        """Return the field as a number; UnreadableRecordingError for anything else."""
        if NUMBER.fullmatch(self.text):
            value = float(self.text)
            if abs(value) < float("inf"):
                return value
        shown = f"{self.place}: `{printable(self.text)}`"
        if NUMBER.fullmatch(self.text.replace(",", ".")):
            raise UnreadableRecordingError(
                f"{self.path}: {shown}: the {self.name} has a decimal comma; export it again with "
                "a decimal point"
            )
        raise UnreadableRecordingError(
            f"{self.path}: {shown}: the {self.name} must be a number; export it again"
        )

    def whole_number(self) -> int:
        """Return the field as a whole number; UnreadableRecordingError for anything else."""
        value = self.number()
        if not value.is_integer():
            raise UnreadableRecordingError(
                f"{self.path}: {self.place}: `{self.text}`: the {self.name} must be a whole "
                "number; export it again"
            )
        return int(value)


@dataclass(frozen=True, slots=True)
class EdfSignal:
    """One signal in the header."""

    label: str
    fields: dict[str, EdfField]
    """By the name in `SIGNAL_FIELDS`."""
    samples: int
    """In one record."""
    offset: int
    """Bytes of the signals before it in a record."""

    @property
    def is_annotations(self) -> bool:
        """Whether it holds texts."""
        return self.label.lower() in ANNOTATION_LABELS

    @property
    def unit(self) -> str:
        """Physical dimension, as written."""
        return self.fields["physical dimension"].text

    def physical_range(self) -> tuple[float, float]:
        """Return the values at the ends of the digital range; UnreadableRecordingError."""
        low = self.fields["physical minimum"].number()
        high = self.fields["physical maximum"].number()
        self._check_ends("physical minimum", low, high)
        return low, high

    def digital_range(self) -> tuple[int, int]:
        """Return the ends of the range of counts; UnreadableRecordingError."""
        low = self.fields["digital minimum"].whole_number()
        high = self.fields["digital maximum"].whole_number()
        self._check_ends("digital minimum", low, high)
        return low, high

    def _check_ends(self, name: str, low: float, high: float) -> None:
        if low == high:
            field = self.fields[name]
            raise UnreadableRecordingError(
                f"{field.path}: {field.place}: `{self.label}`: a range with equal ends; "
                "export it again"
            )


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """The header of a file."""

    path: Path
    sample_bytes: int
    """2 for EDF, 3 for BDF."""
    recording: str
    """Identification of the recording; EDF+ has the date with four digits of the year in it."""
    date: str
    time: str
    reserved: str
    stated_records: int
    """-1: unknown, as while a recording is written."""
    record_duration: float
    """s; 0 for a file with annotations alone."""
    signals: tuple[EdfSignal, ...]

    @property
    def data_offset(self) -> int:
        """Bytes before the first record."""
        return MAIN_HEADER_BYTES * (len(self.signals) + 1)

    @property
    def record_bytes(self) -> int:
        """Bytes of a record."""
        return self.sample_bytes * sum(signal.samples for signal in self.signals)

    @property
    def has_timekeeping(self) -> bool:
        """Whether each record states its onset: EDF+ and BDF+."""
        return self.reserved.startswith(("EDF+", "BDF+"))

    @property
    def is_discontinuous(self) -> bool:
        """Whether there may be gaps between records."""
        return self.reserved.startswith(("EDF+D", "BDF+D"))

    def rate(self, signal: EdfSignal) -> float:
        """Return the sampling rate of a signal in Hz."""
        return signal.samples / self.record_duration


def parse_header(path: Path) -> EdfHeader:
    """Read and parse the header of a file; UnreadableRecordingError or OSError."""
    with path.open("rb") as file:
        data = file.read(MAIN_HEADER_BYTES)
        check_main_header(path, data)
        count = main_number(path, data, 252, 4, "number of signals")
        header_bytes = MAIN_HEADER_BYTES * (count + 1)
        data += file.read(MAIN_HEADER_BYTES * max(0, count))
    if count < 1:
        raise UnreadableRecordingError(f"{path}: a header without signals; export it again")
    if len(data) < header_bytes:
        raise UnreadableRecordingError(
            f"{path}: ends within its header of {header_bytes} bytes; export it again"
        )
    sample_bytes = 3 if data.startswith(BDF_VERSION) else 2
    signals = parse_signals(path, data, count, sample_bytes)
    duration = main_field(path, data, 244, 8, "duration of a record").number()
    if duration <= 0 and not (duration == 0 and all(one.is_annotations for one in signals)):
        raise UnreadableRecordingError(
            f"{path}: header, byte 244: records of {duration:g} s, so the rate is unknown; "
            "export it again"
        )
    return EdfHeader(
        path=path,
        sample_bytes=sample_bytes,
        recording=decode(data[88:168]),
        date=decode(data[168:176]),
        time=decode(data[176:184]),
        reserved=decode(data[192:236]),
        stated_records=main_number(path, data, 236, 8, "number of records"),
        record_duration=duration,
        signals=signals,
    )


def check_main_header(path: Path, data: bytes) -> None:
    """Raise UnreadableRecordingError if a file does not begin like EDF or BDF."""
    if not data:
        raise UnreadableRecordingError(f"{path}: empty; export it again")
    version = data[:8].strip(b"\0 ")
    if version not in (EDF_VERSION, BDF_VERSION):
        raise UnreadableRecordingError(
            f"{path}: begins with `{printable(decode(version))}`, but an EDF file begins with `0`; "
            "export it again, or correct its suffix"
        )
    if len(data) < MAIN_HEADER_BYTES:
        raise UnreadableRecordingError(
            f"{path}: ends within its header of at least 256 bytes; export it again"
        )


def parse_signals(path: Path, data: bytes, count: int, sample_bytes: int) -> tuple[EdfSignal, ...]:
    """Return the signals in a header; UnreadableRecordingError for one without samples."""
    signals: list[EdfSignal] = []
    offset = 0
    for index in range(count):
        fields = signal_fields(path, data, count, index)
        samples = fields["samples in a record"].whole_number()
        label = fields["label"].text
        if samples < 1:
            place = fields["samples in a record"].place
            raise UnreadableRecordingError(
                f"{path}: {place}: a signal without samples, so the rate is unknown; "
                "export it again"
            )
        signals.append(EdfSignal(label, fields, samples, offset))
        offset += sample_bytes * samples
    return tuple(signals)


def signal_fields(path: Path, data: bytes, count: int, index: int) -> dict[str, EdfField]:
    """Return the fields of one signal by name."""
    start = MAIN_HEADER_BYTES
    fields: dict[str, EdfField] = {}
    label = ""
    for name, width in SIGNAL_FIELDS:
        byte = start + width * index
        text = decode(data[byte : byte + width])
        label = label or text
        place = f"header, byte {byte}, signal {index + 1} `{printable(label)}`"
        fields[name] = EdfField(path, place, name, text)
        start += width * count
    return fields


def main_field(path: Path, data: bytes, offset: int, width: int, name: str) -> EdfField:
    """Return a field of the whole file."""
    return EdfField(path, f"header, byte {offset}", name, decode(data[offset : offset + width]))


def main_number(path: Path, data: bytes, offset: int, width: int, name: str) -> int:
    """Return a field of the whole file as a whole number; UnreadableRecordingError."""
    return main_field(path, data, offset, width, name).whole_number()


def decode(data: bytes) -> str:
    """Return the text of a field. It should be ASCII, but some programs use other encodings."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.strip("\0 \t\r\n")
