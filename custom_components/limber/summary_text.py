"""A night in words, in the language of whoever reads them.

Law: pure. Counts stand against what is usual for the same person; what was not measured is said;
nothing is diagnosed. The texts are those of `selector.words` in the translations.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from .trends import is_restless, restless_in_a_row
from .wire import CrampEvent, FactorEvent, GapEvent, Night, Spread

type Texts = Mapping[str, str]

ENOUGH: Final = 5
"""Nights that it takes to say what is usual: nights of one person differ a lot [D]."""
WORTH_TELLING: Final = timedelta(minutes=10)
"""What was not measured in a night is told from here on [D]."""
REPORTED: Final = "reported"
"""The bridge's word for a cramp that nobody saw and somebody felt: docs/protocol.md, section 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What there is to say of a night."""

    night: Night
    recent: Sequence[Night]
    """The nights up to this one, and perhaps later ones, oldest first."""
    usual: Spread | None
    """Of the last weeks."""
    limit: float
    """The PLM index above which a night counts as restless."""
    zone: tzinfo
    cramps: Sequence[CrampEvent] = ()
    factors: Sequence[FactorEvent] = ()
    gaps: Sequence[GapEvent] = ()


def told(texts: Texts, account: Account, *, is_last: bool) -> str:
    """Return a night in words; `is_last`: it is the one that people mean by "last night"."""
    return " ".join(sentences(texts, account, is_last=is_last))


def sentences(texts: Texts, account: Account, *, is_last: bool) -> Iterator[str]:
    """Yield what there is to say, the most important first."""
    measures = account.night.measures
    day = account.night.night
    when = texts["last_night"] if is_last else texts["that_night"].format(date=written(texts, day))
    if measures.movements is None:
        yield texts["movements_unknown"].format(when=when)
    elif measures.plm_index is None:
        yield texts["movements"].format(when=when, movements=measures.movements)
    else:
        index = known(texts, measures.plm_index)
        yield texts["figures"].format(when=when, movements=measures.movements, index=index)
        if is_last:
            # What is usual is known of these weeks, and not of those of an older night.
            yield from against_usual(texts, account, measures.plm_index)
    if measures.time_in_bed_h is not None and measures.sleep_h is not None:
        yield texts["sleep"].format(
            bed=known(texts, measures.time_in_bed_h), sleep=known(texts, measures.sleep_h)
        )
    yield from of_cramps(texts, account)
    yield from of_factors(texts, account)
    missing = unmeasured(account)
    if missing >= WORTH_TELLING:
        yield texts["not_measured"].format(minutes=round(missing / timedelta(minutes=1)))
    yield from advice(texts, account)


def against_usual(texts: Texts, account: Account, index: float) -> Iterator[str]:
    """Yield how an index stands against the last weeks."""
    usual = account.usual
    mean = None if usual is None else usual.mean.get("plm_index")
    sd = None if usual is None else usual.sd.get("plm_index")
    if usual is None or mean is None or sd is None or usual.nights < ENOUGH:
        yield texts["usual_unknown"]
        return
    yield texts["usual"].format(mean=known(texts, mean), sd=known(texts, sd), nights=usual.nights)
    if index > mean + sd:
        yield texts["more_than_usual"]
    elif index < mean - sd:
        yield texts["less_than_usual"]


def of_cramps(texts: Texts, account: Account) -> Iterator[str]:
    """Yield which cramps there were; those that the sleeper called none are left out."""
    cramps = [cramp for cramp in account.cramps if cramp.label is not False]
    if cramps:
        listed = (
            f"{clock(cramp.start, account.zone)} ({kind_of_cramp(texts, cramp)})"
            for cramp in cramps
        )
        yield texts["cramps"].format(cramps=", ".join(listed))
    elif account.cramps or account.night.measures.cramps == 0:
        yield texts["no_cramps"]
    elif account.night.measures.cramps:
        # What happened could not be asked for, or was dropped to make room.
        yield texts["cramps_counted"].format(cramps=account.night.measures.cramps)


def kind_of_cramp(texts: Texts, cramp: CrampEvent) -> str:
    """Return how sure a cramp is: what a newer bridge may say besides stands as it is."""
    kind = texts.get(cramp.certainty, cramp.certainty)
    return f"{kind}, {texts['confirmed']}" if cramp.label and cramp.certainty != REPORTED else kind


def of_factors(texts: Texts, account: Account) -> Iterator[str]:
    """Yield what was logged, in the order in which it was done."""
    logged = [
        factor_in_words(texts, one, account.zone)
        for one in sorted(account.factors, key=lambda one: one.start)
    ]
    if logged:
        yield texts["logged"].format(factors=", ".join(logged))


def factor_in_words(texts: Texts, factor: FactorEvent, zone: tzinfo) -> str:
    """Return what was done, when, and what was noted of it."""
    noted = f" ({factor.note})" if factor.note else ""
    return f"{texts[factor.factor]} {clock(factor.start, zone)}{noted}"


def advice(texts: Texts, account: Account) -> Iterator[str]:
    """Yield what it may mean, and when to see a doctor."""
    cramps = [cramp for cramp in account.cramps if cramp.label is not False]
    in_a_row = restless_in_a_row(
        [one for one in account.recent if one.night <= account.night.night], account.limit
    )
    if in_a_row > 1:
        yield texts["restless_in_a_row"].format(nights=in_a_row)
    if is_restless(account.night, account.limit):
        yield texts["meaning_restless"]
    if cramps:
        yield texts["meaning_cramps"]
    if cramps or is_restless(account.night, account.limit):
        yield texts["doctor"]


def unmeasured(account: Account) -> timedelta:
    """Return how much of the time between going to bed and getting up was not measured by some
    sensor.
    """
    begin = account.night.start
    end = account.night.end
    if begin is None or end is None:
        return timedelta()
    total = timedelta()
    until = begin
    for gap in sorted(account.gaps, key=lambda gap: gap.start):
        start = max(gap.start, until)
        stop = min(gap.end, end)
        if stop > start:
            total = total + (stop - start)
            until = stop
    return total


def known(texts: Texts, value: float) -> str:
    """Return a number as it is written in the language."""
    text = str(value) if isinstance(value, int) else f"{value:.1f}"
    return text.replace(".", texts["decimal"])


def written(texts: Texts, day: date) -> str:
    """Return a date as it is written in the language."""
    return texts["date"].format(year=day.year, month=f"{day.month:02}", day=f"{day.day:02}")


def clock(moment: datetime, zone: tzinfo) -> str:
    """Return a time of day."""
    return f"{moment.astimezone(zone):%H:%M}"


def only[T](kind: type[T], events: Iterable[object]) -> list[T]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]
