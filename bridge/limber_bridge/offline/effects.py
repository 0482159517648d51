"""Compare the nights in a journal with and without what was logged, and remember the result."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

from limber_bridge.config.model import Config
from limber_bridge.domain.factor_effects import MAX_NIGHTS, FactorEffect, compare_factors
from limber_bridge.domain.trial_result import factor_on_trial
from limber_bridge.offline.report_nights import compared_nights, read_report_nights
from limber_bridge.storage.journal_reader import JournalReader, open_journal_reader


@dataclass(frozen=True, slots=True)
class Effects:
    """How nights with and without each factor differ."""

    effects: tuple[FactorEffect, ...] = ()
    nights: int = 0
    """Number of nights that were compared."""

    def without(self, factor: str | None) -> Self:
        """Return the effects of all factors but one."""
        return replace(self, effects=tuple(one for one in self.effects if one.factor != factor))


class EffectsCache:
    """Compute the effects of each sleeper once, until what the journal holds of them changes.

    To be used from any thread. Another thread that asks meanwhile waits for the result.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._found: dict[str, tuple[Hashable, Effects]] = {}

    def read(self, config: Config, sleeper: str, latest: date) -> Effects:
        """Return the effects up to a date; JournalError. It blocks, for seconds."""
        with self._lock, open_journal_reader(config.journal) as record:
            on_trial = factor_on_trial(record.trials(sleeper))
            key = (record.history_mark(sleeper), latest, on_trial)
            known = self._found.get(sleeper)
            if known is not None and known[0] == key:
                return known[1]
            effects = find_effects(config, record, sleeper, latest).without(on_trial)
            self._found[sleeper] = (key, effects)
            return effects


def find_effects(config: Config, record: JournalReader, sleeper: str, latest: date) -> Effects:
    """Return the effects in the year before the last night up to a date; JournalError."""
    stored = [night for night in record.stored_nights(sleeper) if night <= latest]
    if not stored:
        return Effects()
    days = range(MAX_NIGHTS - 1, -1, -1)
    dates = [stored[-1] - timedelta(days=number) for number in days]
    nights = read_report_nights(record, sleeper, config.calendar, dates)
    compared = compared_nights(nights)
    effects = compare_factors(compared, {one.date: one.factors for one in nights})
    return Effects(tuple(effects), len(compared))
