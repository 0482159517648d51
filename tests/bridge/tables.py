"""Make tables as people have them: two quiet minutes with three kicks."""

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

RATE = 50.0
SECONDS = 120.0
KICKS = (40.0, 65.0, 90.0)
UNIX = 1_795_212_000.0
"""2026-11-20 22:00:00 UTC."""


def samples(rate: float = RATE, seconds: float = SECONDS, *, gravity: bool = True) -> np.ndarray:
    """Return acceleration in g, shape (3, n), that kicks for a second at each of `KICKS`."""
    rng = np.random.default_rng(5)
    times = np.arange(round(rate * seconds)) / rate
    values = rng.normal(0, 0.002, (3, len(times)))
    for onset in KICKS:
        inside = (times >= onset) & (times < onset + 1)
        values[0, inside] += 0.2 * np.sin(2 * np.pi * 3 * (times[inside] - onset))
    values[2] += gravity * 1.0
    return np.round(values, 5)


def table(
    header: str | None,
    times: Sequence[str],
    values: np.ndarray,
    *,
    separator: str = ",",
    decimal: str = ".",
    number: str = "{:.5f}",
    end: str = "\n",
) -> str:
    """Return rows of a time and the values, under a header; no times: rows of values."""
    rows = [] if header is None else [header]
    axes = [written(axis.tobytes(), number, decimal) for axis in values.astype(float)]
    rows += map(separator.join, zip(*([times] if times else []), *axes, strict=True))
    return end.join(rows) + end


@cache
def written(values: bytes, number: str, decimal: str) -> tuple[str, ...]:
    """Return numbers (as float64) as text; kept, because most tables hold the same ones."""
    return tuple(
        number.format(value).replace(".", decimal) for value in np.frombuffer(values).tolist()
    )


def seconds(rate: float = RATE, count: int | None = None, *, scale: float = 1.0) -> list[str]:
    """Return times from 0, in units of which one is `scale` seconds."""
    count = round(rate * SECONDS) if count is None else count
    if scale == 1.0:
        return [f"{index / rate:.4f}" for index in range(count)]
    return [f"{round(index / rate / scale)}" for index in range(count)]


def iso(form: Callable[[int], str]) -> list[str]:
    """Return the times of all samples, each formed from the ms since the start."""
    return [form(round(1000 * index / RATE)) for index in range(round(RATE * SECONDS))]


def clock(form: str, ms: int, hour: int = 22) -> str:
    """Return a time of day in a form with the fields h, m, s and f."""
    second, fraction = divmod(ms, 1000)
    return form.format(h=hour, m=second // 60, s=second % 60, f=fraction)


def zipped(path: Path, members: dict[str, str]) -> Path:
    """Write a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def gzipped(text: str, *, cut: int = 0) -> bytes:
    """Return a text gzipped, without its last bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as out:
        out.write(text.encode())
    data = packed.getvalue()
    return data[: len(data) - cut]
