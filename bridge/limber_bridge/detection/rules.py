"""The two sets of rules for leg movements during sleep, as data.

Sources: WASM 2016 (Ferri et al.) and the AASM manual, version 2, as compared in PMC9619152,
table 3. Where the texts leave something open, docs/science.md#wasm-2016 and #aasm say what was
chosen. All durations are whole microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class RespiratoryRule:
    """Which movements belong to a respiratory event (docs/science.md#respiratory-events).

    Those with any part in a window around the event. Touching the window counts.
    """

    from_event_start: bool
    """Whether the window begins `before` the start of the event; else `before` its end."""
    before: int
    """us."""
    after: int
    """us after the end of the event at which the window ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """When leg movements count, when they belong together, and when they are periodic.

    LM are leg movements, CLM those that are candidates for a series
    (docs/science.md#leg-movement-candidates).
    """

    name: str
    min_duration: int = SECOND // 2
    """us, included; of an LM."""
    min_pause: int = SECOND // 2
    """us, excluded. Movements of one leg with a shorter pause are one movement: an LM ends with so
    much quiet (docs/science.md#leg-movement-candidates)."""
    max_candidate_duration: int = 10 * SECOND
    """us, included; of a CLM of one leg, and of each part of a bilateral CLM."""
    discards_longer: bool
    """Whether longer movements of a leg are left out; else they are LM that end a series."""
    bilateral_onset_window: int | None
    """us, excluded. Legs make one movement where their onsets are closer than this and each leg
    takes part once (chosen; docs/science.md#aasm). None: where they overlap, or the pause between
    them is shorter than `min_pause`."""
    max_bilateral_duration: int = 15 * SECOND
    """us, included; of a bilateral CLM. Not used with `bilateral_onset_window`.
    Ferri 2017 (PubMed 28366320); docs/science.md#bilateral-movements."""
    max_bilateral_parts: int = 4
    """Movements of single legs in a bilateral CLM, included. Source and use as above."""
    min_interval: int
    """us, included; from onset to onset within a series."""
    max_interval: int = 90 * SECOND
    """us, included."""
    min_series_length: int = 4
    """Movements."""
    short_interval_starts_series: bool
    """Whether a CLM less than `min_interval` after the one before it begins the next series."""
    scores_wake: bool
    """Whether movements with their onset in wakefulness count."""
    respiratory: RespiratoryRule


WASM_2016: Final = RuleSet(
    name="wasm-2016",
    discards_longer=False,
    bilateral_onset_window=None,
    min_interval=10 * SECOND,
    # Chosen: the texts that could be read leave it open; the abstract of 2016 and SOMAS say no
    # (docs/science.md#short-intervals).
    short_interval_starts_series=False,
    scores_wake=True,
    respiratory=RespiratoryRule(from_event_start=False, before=2 * SECOND, after=10_250_000),
)
AASM: Final = RuleSet(
    name="aasm",
    discards_longer=True,
    bilateral_onset_window=5 * SECOND,
    min_interval=5 * SECOND,
    short_interval_starts_series=True,
    scores_wake=False,
    respiratory=RespiratoryRule(from_event_start=True, before=SECOND // 2, after=SECOND // 2),
)
RULE_SETS: Final[Mapping[str, RuleSet]] = {rules.name: rules for rules in (WASM_2016, AASM)}
