"""Parse a table with polars, where it is installed: the extra `limber-bridge[fast]`.

The numbers are the same, to the last bit. A table that is not perfectly regular is left to the
parser of Limber, which says what is wrong with it.
"""

import importlib.util
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from limber_bridge.detection.signal import Floats

MIN_BYTES: Final = 1 << 23
"""Smallest table for which it is worth importing polars (chosen: 0.1 s)."""


def parse_with_polars(
    body: bytes, columns: int, numeric: Sequence[int], textual: Sequence[int]
) -> tuple[dict[int, Floats], dict[int, npt.NDArray[np.bytes_]]] | None:
    """Return some columns of a table with commas; None without polars, or if it is irregular."""
    if len(body) < MIN_BYTES or textual or importlib.util.find_spec("polars") is None:
        return None
    return parse_regular(body, columns, numeric)


def parse_regular(
    body: bytes, columns: int, numeric: Sequence[int]
) -> tuple[dict[int, Floats], dict[int, npt.NDArray[np.bytes_]]] | None:
    """Return columns of numbers of a table; None if it is not perfectly regular."""
    import polars  # noqa: PLC0415 - an extra, and heavy

    names = [f"column_{index + 1}" for index in range(columns)]
    # The last column shows whether each row has all its fields.
    wanted = sorted({*numeric, columns - 1})
    schema: dict[str, Any] = dict.fromkeys(names, polars.String)
    schema |= {names[index]: polars.Float64 for index in numeric}
    try:
        frame = polars.read_csv(
            io.BytesIO(body),
            has_header=False,
            columns=wanted,
            schema=schema,
            quote_char=None,
        )
    except polars.exceptions.PolarsError:
        return None
    if any(frame[names[index]].null_count() for index in wanted):
        return None
    return {index: frame[names[index]].to_numpy() for index in numeric}, {}
