"""A hidden Markov model of sleep and wakefulness, given the movements in each half minute.

Each epoch is in one of four states, each of which has its own rates of movements. The probability
of sleep in an epoch follows from all epochs of a stay in bed (forward-backward algorithm; Li 2020
does the same with the counts of a wrist sensor). Everything is plain Python in a fixed order, so
the result is the same on every machine; docs/science.md#sleep.
"""

import math
from collections.abc import Sequence
from enum import IntFlag
from typing import Final

from limber_bridge.detection.signal import HOUR, SECOND

EPOCH_US: Final = 30 * SECOND
"""us; epochs begin at whole multiples of it. Chosen: the epoch of sleep scoring."""


class Seen(IntFlag):
    """What begins, or goes on, in an epoch."""

    NOTHING = 0
    GROSS = 1
    """A position change, or a movement of more than 10 s."""
    LONG = 2
    """A movement of 5 to 10 s."""
    SINGLE = 4
    """A shorter one that is not periodic."""
    PERIODIC = 8
    """A shorter one within a periodic run."""


type Row = tuple[float, float, float, float]
"""A value for each state: quiet sleep, sleep with periodic movements, quiet wakefulness, restless
wakefulness."""

SLEEP_STATES: Final = 2
"""Number of states that are sleep; they come first."""
RATES_PER_HOUR: Final[tuple[tuple[Seen, Row], ...]] = (
    (Seen.GROSS, (3.0, 3.0, 6.0, 15.0)),
    (Seen.LONG, (1.5, 2.0, 5.0, 12.0)),
    (Seen.SINGLE, (6.0, 30.0, 10.0, 32.0)),
    (Seen.PERIODIC, (6.0, 60.0, 8.0, 15.0)),
)
"""How often each kind of movement begins, by state.

Chosen, after 6.8 gross movements an hour of sleep (Ibrahim 2023), of which not all turn a limb;
people who lie awake move about once a minute. docs/science.md#sleep.
"""
CHANGES_PER_HOUR: Final[tuple[Row, Row, Row, Row]] = (
    (0.0, 0.8, 0.3, 0.8),
    (4.0, 0.0, 0.2, 0.8),
    (6.0, 0.5, 0.0, 6.0),
    (1.5, 0.5, 4.0, 0.0),
)
"""How often each state (row) changes to each other state (column).

Chosen: about one awakening an hour that lasts longer than an epoch; most are shorter (Lo 2004).
"""
FIRST_EPOCH: Final[Row] = (0.02, 0.02, 0.36, 0.6)
"""Probability of each state on going to bed. Chosen: people go to bed awake."""
LIKELY_ASLEEP: Final = 0.5
"""Smallest probability at which an epoch is sleep. Chosen: this minimizes the expected number of
wrong epochs."""


def sleep_probabilities(seen: Sequence[Seen | None]) -> list[float]:
    """Return the probability of sleep in each epoch of a stay in bed.

    None: nothing was measured in the epoch.
    """
    if not seen:
        return []
    forward = [normalized(times(FIRST_EPOCH, LIKELIHOODS[seen[0]]))]
    for one in seen[1:]:
        forward.append(normalized(times(moved_on(forward[-1]), LIKELIHOODS[one])))
    backward: Row = (1.0, 1.0, 1.0, 1.0)
    probabilities = [sleep_share(forward[-1])]
    for index in range(len(seen) - 2, -1, -1):
        backward = normalized(moved_back(times(backward, LIKELIHOODS[seen[index + 1]])))
        probabilities.append(sleep_share(normalized(times(forward[index], backward))))
    return probabilities[::-1]


def sleep_share(row: Row) -> float:
    """Return the sum over the states of sleep."""
    return math.fsum(row[:SLEEP_STATES])


def times(first: Row, second: Row) -> Row:
    """Return the products of the values of each state."""
    return (
        first[0] * second[0],
        first[1] * second[1],
        first[2] * second[2],
        first[3] * second[3],
    )


def normalized(row: Row) -> Row:
    """Return values as shares of their sum."""
    total = row[0] + row[1] + row[2] + row[3]
    return (row[0] / total, row[1] / total, row[2] / total, row[3] / total)


def moved_on(row: Row) -> Row:
    """Return the probabilities of the states one epoch later."""
    return combined(row, ARRIVALS)


def moved_back(row: Row) -> Row:
    """Return, for each state, the value that is expected one epoch later."""
    return combined(row, DEPARTURES)


def combined(row: Row, weights: Sequence[Row]) -> Row:
    """Return the weighted sums of values, one for each row of weights."""
    a, b, c, d = row
    p, q, r, s = weights
    return (
        a * p[0] + b * p[1] + c * p[2] + d * p[3],
        a * q[0] + b * q[1] + c * q[2] + d * q[3],
        a * r[0] + b * r[1] + c * r[2] + d * r[3],
        a * s[0] + b * s[1] + c * s[2] + d * s[3],
    )


def as_row(values: Sequence[float]) -> Row:
    """Return four values as a row."""
    first, second, third, fourth = values
    return (first, second, third, fourth)


def departures() -> tuple[Row, ...]:
    """Return the probabilities of the next state (column) after each state (row)."""
    share = EPOCH_US / HOUR
    rows = []
    for state, row in enumerate(CHANGES_PER_HOUR):
        chances = [rate * share for rate in row]
        chances[state] = 1.0 - math.fsum(chances)
        rows.append(as_row(chances))
    return tuple(rows)


def likelihood(seen: Seen | None) -> Row:
    """Return the likelihood, for each state, of what was seen in an epoch."""
    product: Row = (1.0, 1.0, 1.0, 1.0)
    if seen is None:
        return product
    for kind, rates in RATES_PER_HOUR:
        # The probability that no such movement begins, if the rate is constant.
        none = as_row([math.exp(-rate * EPOCH_US / HOUR) for rate in rates])
        some = as_row([1.0 - chance for chance in none])
        product = times(product, some if kind in seen else none)
    return product


DEPARTURES: Final = departures()
ARRIVALS: Final = tuple(as_row(column) for column in zip(*DEPARTURES, strict=True))
"""The same by the state that follows."""
LIKELIHOODS: Final = {
    seen: likelihood(seen) for seen in (None, *(Seen(number) for number in range(16)))
}
"""By what was seen in an epoch."""
