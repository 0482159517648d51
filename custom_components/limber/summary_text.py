"""Describes a night in words, in the language of the reader. Pure.

Counts are compared with the same person's average, unmeasured time is mentioned, and nothing is
diagnosed. The texts are those of `selector.words` in the translations.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from .trends import is_restless, restless_in_a_row
from .wire import CrampEvent, FactorEvent, GapEvent, Night, Spread

type Texts = Mapping[str, str]

AVERAGE_MIN_NIGHTS: Final = 5
"""Chosen: the nights of one person differ too much for an average of fewer nights."""
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
    average: Spread | None
    """Of the last weeks."""
    restless_above: float
    """The PLM index above which a night counts as restless."""
    zone: tzinfo
    cramps: Sequence[CrampEvent] = ()
    factors: Sequence[FactorEvent] = ()
    gaps: Sequence[GapEvent] = ()

    @property
    def real_cramps(self) -> list[CrampEvent]:
        """Return the cramps without those that the sleeper rejected."""
        return [cramp for cramp in self.cramps if cramp.label is not False]


def describe_night(texts: Texts, facts: NightFacts, *, is_last: bool) -> str:
    """Describe a night in words; `is_last`: it is the one that people call "last night"."""
    return " ".join(_sentences(texts, facts, is_last=is_last))


def _sentences(texts: Texts, facts: NightFacts, *, is_last: bool) -> Iterator[str]:
    """Yield the sentences about a night, the most important first."""
    measures = facts.night.measures
    when = texts["last_night"]
    if not is_last:
        when = texts["that_night"].format(date=format_date(texts, facts.night.night))
    if measures.movements is None:
        yield texts["movements_unknown"].format(when=when)
    elif measures.plm_index is None:
        yield texts["movements"].format(when=when, movements=measures.movements)
    else:
        index = format_number(texts, measures.plm_index)
        yield texts["figures"].format(when=when, movements=measures.movements, index=index)
        if is_last:
            # The average is that of the last weeks, not of the weeks before an older night.
            yield from _compared_with_average(texts, facts.average, measures.plm_index)
    if measures.time_in_bed_h is not None and measures.sleep_h is not None:
        yield texts["sleep"].format(
            bed=format_number(texts, measures.time_in_bed_h),
            sleep=format_number(texts, measures.sleep_h),
        )
    yield from _about_cramps(texts, facts)
    yield from _about_factors(texts, facts)
    unmeasured = unmeasured_time(facts.night, facts.gaps)
    if unmeasured >= UNMEASURED_MIN:
        yield texts["not_measured"].format(minutes=round(unmeasured / timedelta(minutes=1)))
    yield from _advice(texts, facts)


def _compared_with_average(texts: Texts, average: Spread | None, index: float) -> Iterator[str]:
    mean = None if average is None else average.mean.get("plm_index")
    sd = None if average is None else average.sd.get("plm_index")
    if average is None or mean is None or sd is None or average.nights < AVERAGE_MIN_NIGHTS:
        yield texts["usual_unknown"]
        return
    yield texts["usual"].format(
        mean=format_number(texts, mean), sd=format_number(texts, sd), nights=average.nights
    )
    if index > mean + sd:
        yield texts["more_than_usual"]
    elif index < mean - sd:
        yield texts["less_than_usual"]


def _about_cramps(texts: Texts, facts: NightFacts) -> Iterator[str]:
    count = facts.night.measures.cramps
    if facts.real_cramps:
        listed = (
            f"{format_time(cramp.start, facts.zone)} ({describe_certainty(texts, cramp)})"
            for cramp in facts.real_cramps
        )
        yield texts["cramps"].format(cramps=", ".join(listed))
    elif facts.cramps or count == 0:
        yield texts["no_cramps"]
    elif count:
        # The bridge did not return the events, or has deleted them to free disk space.
        yield texts["cramps_counted"].format(cramps=count)


def describe_certainty(texts: Texts, cramp: CrampEvent) -> str:
    """Describe how certain a cramp is; a word that only a newer bridge knows stays as it is."""
    certainty = texts.get(cramp.certainty, cramp.certainty)
    if cramp.label and cramp.certainty != REPORTED:
        return f"{certainty}, {texts['confirmed']}"
    return certainty


def _about_factors(texts: Texts, facts: NightFacts) -> Iterator[str]:
    in_order = sorted(facts.factors, key=lambda factor: factor.start)
    if in_order:
        listed = (describe_factor(texts, factor, facts.zone) for factor in in_order)
        yield texts["logged"].format(factors=", ".join(listed))


def describe_factor(texts: Texts, factor: FactorEvent, zone: tzinfo) -> str:
    """Describe what was logged, with its time and note."""
    note = f" ({quote(factor.note)})" if factor.note else ""
    # A factor that only a newer bridge knows has no text here.
    name = texts.get(factor.factor) or quote(factor.factor)
    return f"{name} {format_time(factor.start, zone)}{note}"


def quote(text: str) -> str:
    """Return a text that a person typed, in quotation marks and shortened.

    A notification or a language model can tell it from what Limber says.
    """
    shown = text.translate(WITHOUT_QUOTES)
    if len(shown) > QUOTE_MAX:
        shown = f"{shown[: QUOTE_MAX - 1].rstrip()}…"
    return f"\N{LEFT DOUBLE QUOTATION MARK}{shown}\N{RIGHT DOUBLE QUOTATION MARK}"


def _advice(texts: Texts, facts: NightFacts) -> Iterator[str]:
    """Yield what the figures may mean, and when to see a doctor."""
    until_then = [night for night in facts.recent_nights if night.night <= facts.night.night]
    in_a_row = restless_in_a_row(until_then, facts.restless_above)
    restless = is_restless(facts.night, facts.restless_above)
    if in_a_row > 1:
        yield texts["restless_in_a_row"].format(nights=in_a_row)
    if restless:
        yield texts["meaning_restless"]
    if facts.real_cramps:
        yield texts["meaning_cramps"]
    if facts.real_cramps or restless:
        yield texts["doctor"]


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


def format_number(texts: Texts, value: float) -> str:
    """Return a number with the decimal separator of the language."""
    text = str(value) if isinstance(value, int) else f"{value:.1f}"
    return text.replace(".", texts["decimal"])


def format_date(texts: Texts, day: date) -> str:
    """Return a date in the format of the language."""
    return texts["date"].format(year=day.year, month=f"{day.month:02}", day=f"{day.day:02}")


def format_time(moment: datetime, zone: tzinfo) -> str:
    """Return a local time of day."""
    return f"{moment.astimezone(zone):%H:%M}"
