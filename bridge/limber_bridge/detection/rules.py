"""The two rule sets for leg movements in sleep, as data.

Every limit is in whole microseconds and says whether it is included. Sources: WASM/IRLSSG 2016
(Ferri et al.), AASM manual version 2, as compared in PMC9619152, table 3; where the texts leave a
gap, the convention is marked [D].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class RespiratoryRule:
    """Which movements belong to a respiratory event: onset <= its end + `after` and end >= its
    anchor - `before`.
    """

    from_start: bool
    """The anchor is the event's start; else its end."""
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """When leg movements count, belong together, and are periodic."""

    name: str
    shortest: int = SECOND // 2
    """A leg movement lasts so long, included."""
    hold: int = SECOND // 2
    """Marks on one leg closer than this are one movement, as its end needs so much quiet [D];
    excluded."""
    longest: int = 10 * SECOND
    """A candidate movement of one leg, or a part of a bilateral one, lasts so long at most,
    included."""
    drops_longer: bool
    """Movements of a leg longer than `longest` do not exist; else they are nonCLM and end a series.
    """
    joins_onsets: int | None
    """Legs belong together when their onsets are less than this apart and each leg takes part once
    [D]; None: when they overlap or are less than `hold` apart."""
    longest_bilateral: int = 15 * SECOND
    most_parts: int = 4
    """Limits of a bilateral candidate, included (PubMed 28366320); they do not apply with
    `joins_onsets`."""
    shortest_interval: int
    longest_interval: int = 90 * SECOND
    """From onset to onset within a series, both included."""
    smallest_series: int = 4
    short_starts: bool
    """Whether a movement that follows too soon may begin the next series."""
    scores_wake: bool
    """Whether movements with their onset in wake count."""
    respiratory: RespiratoryRule


WASM_2016: Final = RuleSet(
    name="wasm-2016",
    drops_longer=False,
    joins_onsets=None,
    shortest_interval=10 * SECOND,
    # Unsettled in the texts that could be read; the 2016 abstract and SOMAS say no (science
    # reference 1.3).
    short_starts=False,
    scores_wake=True,
    respiratory=RespiratoryRule(from_start=False, before=2 * SECOND, after=10_250_000),
)
AASM: Final = RuleSet(
    name="aasm",
    drops_longer=True,
    joins_onsets=5 * SECOND,
    shortest_interval=5 * SECOND,
    short_starts=True,
    scores_wake=False,
    respiratory=RespiratoryRule(from_start=True, before=SECOND // 2, after=SECOND // 2),
)
RULE_SETS: Final[Mapping[str, RuleSet]] = {rules.name: rules for rules in (WASM_2016, AASM)}
