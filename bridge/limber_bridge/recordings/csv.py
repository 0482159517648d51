"""Write recordings as CSV, and open the texts of a scorer: a header row and rows below it."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from limber_bridge.detection.signal import Floats, Quantity, SampleBlock
from limber_bridge.domain.recording import UnreadableRecordingError


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file, gzipped or not; UnreadableRecordingError for anything else."""
    with path.open("rb") as raw:
        plain = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        try:
            yield io.TextIOWrapper(plain, encoding="utf-8-sig")
        except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
            raise UnreadableRecordingError(
                f"{path}: not a complete UTF-8 text ({error}); export it again"
            ) from error


def find_separator(header_row: str) -> str:
    """Return the separator of the columns: a semicolon if the header row has no comma."""
    return ";" if ";" in header_row and "," not in header_row else ","


# --- Writing ---


def write_csv(
    path: Path, quantity: Quantity, names: Sequence[str], blocks: Iterable[SampleBlock]
) -> None:
    """Write the blocks of one sensor; times are s from sample 0.

    The same samples always give the same bytes.
    """
    decimals = {Quantity.ACCELERATION: 4, Quantity.EMG: 1, Quantity.LOAD: 3}[quantity]
    rows = ((np.arange(block.first, block.end) / block.rate, block.samples) for block in blocks)
    write_rows(path, dict.fromkeys(names, decimals), rows)


def write_rows(
    path: Path, columns: Mapping[str, int], rows: Iterable[tuple[Floats, Floats]]
) -> None:
    """Write times in s and samples (columns, n); `columns` has the decimals of each column."""
    row = ",".join(["%.6f", *(f"%.{decimals}f" for decimals in columns.values())]) + "\n"
    with create_text(path) as out:
        out.write(",".join(["time", *columns]) + "\n")
        for times, samples in rows:
            out.writelines(row % tuple(values) for values in np.vstack([times, samples]).T.tolist())


@contextmanager
def create_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file for writing, gzipped if its name ends in .gz."""
    if path.suffix != ".gz":
        with path.open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    with (
        path.open("wb") as raw,
        # No date in the gzip header, so that the same samples give the same bytes.
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as out,
    ):
        yield out
