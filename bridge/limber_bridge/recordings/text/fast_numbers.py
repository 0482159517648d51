"""Parse decimal numbers in a text eight digits at a time, with whole arrays of fields.

The result is that of `float()`, to the last bit: a number of at most fifteen digits and the power
of ten by which it is divided are exact in double precision, so that the division rounds once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from limber_bridge.detection.signal import Floats, Times

type Bytes = npt.NDArray[np.uint8]
type Words = npt.NDArray[np.uint64]

WORD: Final = 8
"""Bytes that are parsed at once."""
PADDING: Final = b"0" * (2 * WORD)
"""Bytes that must come before the fields, because a short field is read together with the bytes
before it."""
MAX_FIELD_BYTES: Final = 15
"""Longest field, without its sign; two words hold it."""
ASCII_ZEROS: Final = np.uint64(0x3030303030303030)
EVERY_BYTE: Final = np.uint64(0x0101010101010101)
HIGH_BITS: Final = np.uint64(0x8080808080808080)
ABOVE_NINE: Final = np.uint64(0x7676767676767676)
"""Added to a byte from 0 to 9 it leaves the high bit 0, added to a larger one it sets it."""
JOINS: Final = (
    (np.uint64(10), np.uint64(8), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(100), np.uint64(16), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(10_000), np.uint64(32), np.uint64(0xFFFFFFFF)),
)
"""Steps that join neighbours: the factor of the first, the bits between them, the bits kept."""
POWERS_OF_TEN: Final = 10.0 ** np.arange(MAX_FIELD_BYTES + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The fields of one column."""

    data: bytes
    """Text with `PADDING` before it."""
    starts: Times
    """Shape (n,): first byte of each field in the data."""
    ends: Times
    """Shape (n,): the byte after the last one."""


def parse_decimals(fields: Fields) -> Floats | None:
    """Return the numbers in some fields; None if a field is anything but a short decimal number."""
    if not len(fields.starts):
        return np.empty(0)
    data = np.frombuffer(fields.data, np.uint8)
    negative = data[fields.starts] == ord("-")
    lengths = fields.ends - fields.starts
    decimals = common_decimals(fields, data, int(lengths.min()))
    lengths -= negative
    longest = int(lengths.max())
    if decimals is None or longest > MAX_FIELD_BYTES or int(lengths.min()) < 1:
        return None
    words = np.ndarray((len(data) - WORD + 1,), "<u8", fields.data, 0, (1,))
    low = words[fields.ends - WORD]
    high = words[fields.ends - 2 * WORD] if longest > WORD else np.zeros(1, np.uint64)
    if decimals:
        # Move the digits before the point up by one byte, over the point.
        fraction = np.uint64((2**64 - 1) ^ ((1 << 8 * (WORD - decimals)) - 1))
        moved = low << np.uint64(8)
        moved &= ~fraction
        low &= fraction
        low |= moved
        low |= high >> np.uint64(56)
        high <<= np.uint64(8)
        lengths -= 1
        longest -= 1
    numbers = join_words(low, high, lengths, longest)
    if numbers is None:
        return None
    values: Floats = numbers.view(np.int64).astype(np.float64)
    # The division gives the sign as well.
    power = POWERS_OF_TEN[decimals]
    values /= np.where(negative, -power, power)
    return values


def join_words(low: Words, high: Words, lengths: Times, longest: int) -> Words | None:
    """Return the numbers whose last eight digits are in `low`; None if a byte is not a digit."""
    if longest <= WORD:
        return parse_words(low, lengths)
    numbers = parse_words(low, np.minimum(lengths, WORD))
    upper = parse_words(high, np.maximum(lengths - WORD, 0))
    if numbers is None or upper is None:
        return None
    upper *= np.uint64(10**WORD)
    numbers += upper
    return numbers


def common_decimals(fields: Fields, data: Bytes, shortest: int) -> int | None:
    """Return the number of decimals that all fields have, at most 7; None if they differ.

    `shortest` is the length of the shortest field.
    """
    first = fields.data[int(fields.starts[0]) : int(fields.ends[0])]
    _, point, fraction = first.partition(b".")
    if not point:
        # A field with a point is found when its digits are parsed.
        return 0
    count = len(fraction)
    if not 0 < count < min(WORD, shortest):
        return None
    return count if (data[fields.ends - (count + 1)] == ord(".")).all() else None


def parse_words(words: Words, lengths: Times) -> Words | None:
    """Return the numbers in the last bytes of some words; None if a byte is not a digit.

    `lengths` has the number of digits of each word, 0 to 8.
    """
    digits = words ^ ASCII_ZEROS
    # Shift out the bytes before the field, in two steps: a shift by 64 bits is not defined.
    unused = (WORD - lengths).view(np.uint64)
    unused <<= np.uint64(2)
    digits >>= unused
    digits >>= unused
    digits <<= unused
    digits <<= unused
    check = digits + ABOVE_NINE
    check |= digits
    check &= HIGH_BITS
    if check.max():
        return None
    # Neighbours are joined: eight digits to four pairs, two fours, one number.
    for factor, bits, kept in JOINS:
        neighbours = digits >> bits
        digits *= factor
        digits += neighbours
        digits &= kept
    return digits
