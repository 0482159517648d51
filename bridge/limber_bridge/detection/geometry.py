"""Lengths of vectors, distances and angles between them."""

import math
from collections.abc import Sequence

import numpy as np

from limber_bridge.detection.signal import Floats


def squared_lengths(vectors: Floats) -> Floats:
    """Return the squared length of each column of an array of shape (axes, n)."""
    # One axis after the other: the same order of additions for any number of columns.
    squares = np.square(vectors)
    total: Floats = squares[0]
    for axis in squares[1:]:
        total += axis
    return total


def distances_to(point: Floats, vectors: Floats) -> Floats:
    """Return the distance of each column of an array (axes, n) from one point (axes,)."""
    distances: Floats = np.sqrt(squared_lengths(vectors - point[:, None]))
    return distances


def distance_between(first: Floats, second: Floats) -> float:
    """Return the distance between two points (axes,)."""
    return math.dist(first.tolist(), second.tolist())


def angle_degrees(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the angle between two vectors in degrees, or 0 if one of them has no length."""
    lengths = math.hypot(*first) * math.hypot(*second)
    if lengths == 0.0:
        return 0.0
    # Rounding may put the cosine of parallel vectors just outside -1 to 1.
    cosine = max(-1.0, min(1.0, math.sumprod(first, second) / lengths))
    return math.degrees(math.acos(cosine))
