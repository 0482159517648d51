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
    min_duration: int = SECOND // 2
    """A leg movement lasts so long, included."""
    min_pause: int = SECOND // 2
    """Marks on one leg closer than this are one movement, as its end needs so much quiet [D];
    excluded."""
    max_candidate_duration: int = 10 * SECOND
    """A candidate movement of one leg, or a part of a bilateral one, lasts so long at most,
    included."""
    discards_longer: bool
    """Movements of a leg longer than `max_candidate_duration` do not exist; else they are nonCLM and end a series.
    """
    bilateral_onset_window: int | None
    """Legs belong together when their onsets are less than this apart and each leg takes part once
    [D]; None: when they overlap or are less than `min_pause` apart."""
    max_bilateral_duration: int = 15 * SECOND
    max_bilateral_parts: int = 4
    """Limits of a bilateral candidate, included (PubMed 28366320); they do not apply with
    `bilateral_onset_window`."""
    min_interval: int
    max_interval: int = 90 * SECOND
    """From onset to onset within a series, both included."""
    min_series_length: int = 4
    short_interval_starts_series: bool
    """Whether a movement that follows too soon may begin the next series."""
    scores_wake: bool
    """Whether movements with their onset in wake count."""
    respiratory: RespiratoryRule


WASM_2016: Final = RuleSet(
    name="wasm-2016",
    discards_longer=False,
    bilateral_onset_window=None,
    min_interval=10 * SECOND,
    # Unsettled in the texts that could be read; the 2016 abstract and SOMAS say no (science
    # reference 1.3).
    short_interval_starts_series=False,
    scores_wake=True,
    respiratory=RespiratoryRule(from_start=False, before=2 * SECOND, after=10_250_000),
)
AASM: Final = RuleSet(
    name="aasm",
    discards_longer=True,
    bilateral_onset_window=5 * SECOND,
    min_interval=5 * SECOND,
    short_interval_starts_series=True,
    scores_wake=False,
    respiratory=RespiratoryRule(from_start=True, before=SECOND // 2, after=SECOND // 2),
)
RULE_SETS: Final[Mapping[str, RuleSet]] = {rules.name: rules for rules in (WASM_2016, AASM)}
