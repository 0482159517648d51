"""Describes a night in words, in the language of the reader. Pure.

A night is compared with what is usual for the same person, unmeasured time is mentioned, and
nothing is diagnosed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import islice
from typing import Final

from .limits import plain_text
from .trends import is_doctor_due, is_restless, restless_in_a_row, usual_index
from .wire_events import CrampEvent, FactorEvent, GapEvent
from .wire_nights import Night
from .words import UNMARK, Words

NOTABLE_ROW: Final = 3
"""Restless nights in a row that are mentioned in a summary. Chosen: two are common."""
UNMEASURED_MIN: Final = timedelta(minutes=10)
"""Less unmeasured time is not mentioned. Chosen: it hardly changes the index of a night."""
QUOTE_MAX: Final = 60
"""Characters of a note that are shown. Chosen: a sentence."""
WITHOUT_QUOTES: Final = str.maketrans(
    dict.fromkeys('"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}`', "'")
)
REPORTED: Final = "reported"
"""Certainty of a cramp that only the sleeper noticed: docs/protocol.md#4-events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFacts:
    """What the description of a night is made of."""

    night: Night
    recent_nights: Sequence[Night]
    """Nights up to this one, and perhaps later ones, oldest first."""
    restless_above: float
    """The PLM index above which a night counts as restless."""
    cramps: Sequence[CrampEvent] = ()
    factors: Sequence[FactorEvent] = ()
    gaps: Sequence[GapEvent] = ()

    @property
    def real_cramps(self) -> list[CrampEvent]:
        """Return the cramps without those that the sleeper rejected."""
        return [cramp for cramp in self.cramps if cramp.label is not False]


class Length(Enum):
    """How much is said about a night: the largest number of sentences."""

    SPOKEN = 2
    """What a person can listen to."""
    SUMMARY = 5
    """What a person reads in the morning."""
    FULL = 0
    """Everything, on request."""


def describe_night(
    words: Words,
    facts: NightFacts,
    length: Length = Length.SUMMARY,
    *,
    is_last: bool,
    preface: str | None = None,
) -> str:
    """Describe a night in words.

    `is_last`: it is the one that people call "last night"; `preface`: a sentence that has to come
    first, and counts.
    """
    begin = [] if preface is None else [preface]
    if length is Length.FULL:
        return " ".join([*begin, *_everything(words, facts, is_last=is_last)])
    room = length.value - len(begin)
    if length is Length.SPOKEN:
        return " ".join([*begin, *islice(_spoken(words, facts, is_last=is_last), room)])
    return " ".join([*begin, *_summary(words, facts, room, is_last=is_last)])


def _spoken(words: Words, facts: NightFacts, *, is_last: bool) -> Iterator[str]:
    """Yield the most important sentences: movements, cramps, and sleep where these are unknown."""
    comparison = compare_with_usual(facts) if is_last else None
    index = facts.night.measures.plm_index
    if comparison is None or index is None:
        yield from _about_movements(words, facts, is_last=is_last)
    else:
        yield words[f"spoken_{comparison}"].format(index=words.number(index))
    yield from _about_cramps(words, facts)
    yield from _about_sleep(words, facts)


def _summary(words: Words, facts: NightFacts, room: int, *, is_last: bool) -> list[str]:
    """Return what stood out, in at most `room` sentences, the advice last."""
    sentences = [
        *_about_movements(words, facts, is_last=is_last),
        *(_compared_with_usual(words, facts) if is_last else ()),
        *_about_cramps(words, facts),
        *_about_unmeasured_time(words, facts),
        *_about_row(words, facts, NOTABLE_ROW),
        *_about_factors(words, facts),
        *_about_sleep(words, facts),
    ]
    if is_last and is_doctor_due(facts.recent_nights, facts.night.night, facts.restless_above):
        return [*sentences[: room - 1], words["doctor"]]
    return sentences[:room]


def _everything(words: Words, facts: NightFacts, *, is_last: bool) -> Iterator[str]:
    """Yield all sentences about a night."""
    yield from _about_movements(words, facts, is_last=is_last)
    if is_last and facts.night.measures.plm_index is not None:
        usual = [*_compared_with_usual(words, facts)]
        yield from usual or [words["usual_unknown"]]
    yield from _about_sleep(words, facts)
    yield from _about_cramps(words, facts)
    yield from _about_factors(words, facts)
    yield from _about_unmeasured_time(words, facts)
    yield from _about_row(words, facts, 2)
    yield from _meaning(words, facts)


def _about_movements(words: Words, facts: NightFacts, *, is_last: bool) -> Iterator[str]:
    measures = facts.night.measures
    when = words["last_night"]
    if not is_last:
        when = words["that_night"].format(date=words.date(facts.night.night))
    if measures.movements is None:
        yield words["movements_unknown"].format(when=when)
        return
    movements = words.number(measures.movements)
    if measures.plm_index is None:
        yield words["movements"].format(when=when, movements=movements)
    else:
        index = words.number(measures.plm_index)
        yield words["figures"].format(when=when, movements=movements, index=index)


def compare_with_usual(facts: NightFacts) -> str | None:
    """Return whether the PLM index is `above`, `within` or `below` the usual range.

    None: it is unknown, or nothing is usual yet.
    """
    index = facts.night.measures.plm_index
    usual = usual_index(facts.recent_nights, facts.night.night)
    if index is None or usual is None:
        return None
    if index > usual.high:
        return "above"
    return "below" if index < usual.low else "within"


def _compared_with_usual(words: Words, facts: NightFacts) -> Iterator[str]:
    comparison = compare_with_usual(facts)
    usual = usual_index(facts.recent_nights, facts.night.night)
    if comparison is not None and usual is not None:
        yield words[f"usual_{comparison}"].format(
            median=words.number(usual.median),
            low=words.number(usual.low),
            high=words.number(usual.high),
        )


def _about_sleep(words: Words, facts: NightFacts) -> Iterator[str]:
    sentence = describe_sleep(words, facts.night)
    if sentence is not None:
        yield sentence


def describe_sleep(words: Words, night: Night) -> str | None:
    """Describe the time in bed and asleep; None if it is unknown."""
    bed = night.measures.time_in_bed_h
    sleep = night.measures.sleep_h
    if bed is None or sleep is None:
        return None
    return words["sleep"].format(
        bed=words.duration(timedelta(hours=bed)), sleep=words.duration(timedelta(hours=sleep))
    )


def _about_unmeasured_time(words: Words, facts: NightFacts) -> Iterator[str]:
    unmeasured = unmeasured_time(facts.night, facts.gaps)
    if unmeasured >= UNMEASURED_MIN:
        yield words["not_measured"].format(duration=words.duration(unmeasured))


def _about_row(words: Words, facts: NightFacts, least: int) -> Iterator[str]:
    """Yield how many nights in a row were restless, from a number of nights on."""
    until_then = [night for night in facts.recent_nights if night.night <= facts.night.night]
    in_a_row = restless_in_a_row(until_then, facts.restless_above)
    if in_a_row >= least:
        yield words["restless_in_a_row"].format(nights=words.number(in_a_row))


def _about_cramps(words: Words, facts: NightFacts) -> Iterator[str]:
    count = facts.night.measures.cramps
    if facts.real_cramps:
        listed = (
            f"{words.time(cramp.start)} ({describe_certainty(words, cramp)})"
            for cramp in facts.real_cramps
        )
        yield words["cramps"].format(cramps=", ".join(listed))
    elif facts.cramps or count == 0:
        yield words["no_cramps"]
    elif count:
        # The bridge did not return the events, or has deleted them to free disk space.
        yield words["cramps_counted"].format(cramps=words.number(count))


def describe_certainty(words: Words, cramp: CrampEvent) -> str:
    """Describe how certain a cramp is; a word that only a newer bridge knows stays as it is."""
    certainty = words.get(cramp.certainty) or quote(cramp.certainty)
    if cramp.label and cramp.certainty != REPORTED:
        return f"{certainty}, {words['confirmed']}"
    return certainty


def _about_factors(words: Words, facts: NightFacts) -> Iterator[str]:
    in_order = sorted(facts.factors, key=lambda factor: factor.start)
    if in_order:
        listed = (describe_factor(words, factor) for factor in in_order)
        yield words["logged"].format(factors=", ".join(listed))


def describe_factor(words: Words, factor: FactorEvent) -> str:
    """Describe what was logged, with its time and note."""
    note = f" ({quote(factor.note)})" if factor.note else ""
    # A factor that only a newer bridge knows has no text here.
    name = words.get(factor.factor) or quote(factor.factor)
    return f"{name} {words.time(factor.start)}{note}"


def quote(text: str) -> str:
    """Return a text that a person typed, in quotation marks and shortened.

    A reader or a language model can tell it from what Limber says, and no notification makes a link
    or an image of it.
    """
    shown = plain_text(text.translate(WITHOUT_QUOTES).translate(UNMARK), QUOTE_MAX)
    return f"\N{LEFT DOUBLE QUOTATION MARK}{shown}\N{RIGHT DOUBLE QUOTATION MARK}"


def _meaning(words: Words, facts: NightFacts) -> Iterator[str]:
    """Yield what the figures may mean, and when to see a doctor."""
    restless = is_restless(facts.night, facts.restless_above)
    if restless:
        yield words["meaning_restless"]
    if facts.real_cramps:
        yield words["meaning_cramps"]
    if facts.real_cramps or restless:
        yield words["doctor"]


def unmeasured_time(night: Night, gaps: Iterable[GapEvent]) -> timedelta:
    """Return how much time between going to bed and getting up at least one sensor missed."""
    if night.start is None or night.end is None:
        return timedelta()
    total = timedelta()
    counted_until = night.start
    for gap in sorted(gaps, key=lambda gap: gap.start):
        # Gaps of several sensors may overlap.
        start = max(gap.start, counted_until)
        end = min(gap.end, night.end)
        if end > start:
            total += end - start
            counted_until = end
    return total
