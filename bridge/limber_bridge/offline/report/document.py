"""Turn the facts of a report into what is printed: sentences, tables and charts."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from operator import attrgetter
from statistics import fmean, median, stdev
from typing import Final

from limber_bridge import __version__
from limber_bridge.detection.events import FactorKind
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Sensor
from limber_bridge.domain.factor_effects import FactorEffect, Verdict
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.nights import to_local
from limber_bridge.offline.report.charts import (
    TrendPoint,
    hour_chart,
    interval_chart,
    trend_chart,
)
from limber_bridge.offline.report.facts import ReportFacts
from limber_bridge.offline.report.texts import Texts
from limber_bridge.offline.report.trial_text import MAX_TRIALS, trial_line
from limber_bridge.offline.report_nights import ReportedCramp, ReportNight

PLM_INDEX_LIMIT: Final = 15.0
"""PLM per hour above which a night is counted (docs/science.md#reference-values)."""
MAX_CRAMPS: Final = 8
MAX_FACTORS: Final = 6
MAX_MEDICINES: Final = 6
"""Rows that fit on two pages; the rest is counted or named."""
NAME_LENGTH: Final = 40
"""Characters of a name that a person gave to a factor or medicine."""
MEASURES: Final = (
    ("time_in_bed_h", 1),
    ("sleep_h", 1),
    ("movement_index", 1),
    ("plm_index", 1),
    ("plms_index", 1),
    ("periodicity_index", 2),
    ("imi_median", 1),
)
"""Measures of the summary, and their decimals."""
RATINGS: Final = ("evening_symptoms", "sleep_quality")
"""Ratings of the diary in the summary."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its heading and its rows, cell by cell."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The first page."""

    method: str
    table: Table
    counts: str
    reference: str
    sources: str
    trend: str
    """SVG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The second page."""

    by_hour: str | None
    """SVG; None: unknown."""
    intervals: str | None
    """SVG; None: no events are stored."""
    intervals_title: str
    cramps: Table | None
    cramps_note: str
    factors: Table | None
    factors_note: str
    trials: tuple[str, ...]
    medicines: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is printed."""

    title: str
    subtitle: str
    made: str
    summary: Summary
    details: Details


def make_document(facts: ReportFacts, texts: Texts, today: date) -> Document:
    """Return what a report prints in one language."""
    return Document(
        title=texts("title"),
        subtitle=texts(
            "subtitle",
            name=printable(facts.sleeper),
            first=texts.full_date(facts.nights[0].date),
            last=texts.full_date(facts.nights[-1].date),
        ),
        made=texts("made", version=__version__, date=texts.full_date(today)),
        summary=make_summary(facts, texts),
        details=make_details(facts, texts),
    )


def make_summary(facts: ReportFacts, texts: Texts) -> Summary:
    """Return the first page."""
    return Summary(
        method=" ".join(method_sentences(facts, texts)),
        table=summary_table(facts, texts),
        counts=" ".join(count_sentences(facts, texts)),
        reference=texts("reference"),
        sources=texts("sources"),
        trend=trend_chart(
            [
                TrendPoint(
                    texts.short_date(night.date),
                    night.measures.plm_index,
                    recorded=night.night is not None,
                    cramp=bool(night.had_cramp),
                )
                for night in facts.nights
            ]
        ),
    )


def method_sentences(facts: ReportFacts, texts: Texts) -> Iterator[str]:
    """Yield how the nights were measured."""
    recorded = facts.recorded
    yield texts("nights_recorded", recorded=len(recorded), asked=len(facts.nights))
    yield texts("sensors", sensors="; ".join(sensor_text(one, texts) for one in facts.sensors))
    rules = sorted({night.rules for night in recorded})
    yield texts("rules", rules=", ".join(one.upper().replace("-", " ") for one in rules))
    methods = sorted({night.in_bed_method for night in recorded if night.in_bed_method})
    if methods:
        yield texts("in_bed", methods=", ".join(texts(f"method_{one}") for one in methods))
    if any(night.measures.sleep_h is not None for night in recorded):
        yield texts("sleep_estimated")


def sensor_text(sensor: Sensor, texts: Texts) -> str:
    """Return what a sensor is, and where."""
    quantity = texts(sensor.quantity.value)
    placement = texts(sensor.placement.value)
    if sensor.side is None:
        return texts("sensor", quantity=quantity, placement=placement)
    side = texts(sensor.side.value)
    return texts("sensor_side", quantity=quantity, placement=placement, side=side)


def summary_table(facts: ReportFacts, texts: Texts) -> Table:
    """Return measures and ratings over all nights; those that no night knows are left out."""
    heading = tuple(texts(key) for key in ("measure", "mean_sd", "median", "range", "known"))
    rows = []
    for key, decimals in MEASURES:
        values = known_values(facts, attrgetter(key))
        if values:
            rows.append((texts(key), *statistics(values, decimals, texts), str(len(values))))
    for key in RATINGS:
        ratings = [getattr(night.diary, key) for night in facts.nights]
        known = [one for one in ratings if one is not None]
        if known:
            rows.append((texts(key), *statistics(known, 1, texts), str(len(known))))
    return Table(heading, tuple(rows))


def known_values(facts: ReportFacts, value: Callable[[Measures], float | None]) -> list[float]:
    """Return a measure of each night that knows it."""
    found = (value(night.measures) for night in facts.recorded)
    return [one for one in found if one is not None]


def statistics(values: Sequence[float], decimals: int, texts: Texts) -> tuple[str, str, str]:
    """Return mean with standard deviation (n - 1), median and range."""
    mean = texts.number(fmean(values), decimals)
    if len(values) > 1:
        mean = f"{mean} ± {texts.number(stdev(values), decimals)}"
    low, high = (texts.number(one, decimals) for one in (min(values), max(values)))
    return mean, texts.number(median(values), decimals), texts("range_values", low=low, high=high)


def count_sentences(facts: ReportFacts, texts: Texts) -> Iterator[str]:
    """Yield how many nights were above the limit, and with a cramp."""
    indices = known_values(facts, lambda measures: measures.plm_index)
    if indices:
        above = sum(index > PLM_INDEX_LIMIT for index in indices)
        yield texts("nights_above", count=above, nights=len(indices))
    cramps = [night.had_cramp for night in facts.nights if night.had_cramp is not None]
    if cramps:
        yield texts("nights_with_cramp", count=sum(cramps), nights=len(cramps))


def make_details(facts: ReportFacts, texts: Texts) -> Details:
    """Return the second page."""
    cramps, cramps_note = cramp_table(facts, texts)
    factors, factors_note = factor_table(facts, texts)
    means = plm_by_hour(facts.nights)
    return Details(
        by_hour=hour_chart(means, texts("hour_axis")) if means else None,
        intervals=(
            interval_chart(facts.intervals, texts("interval_axis"))
            if len(facts.intervals)
            else None
        ),
        intervals_title=texts("intervals", nights=facts.nights_with_intervals),
        cramps=cramps,
        cramps_note=cramps_note,
        factors=factors,
        factors_note=factors_note,
        trials=tuple(trial_line(one, texts) for one in facts.trials[:MAX_TRIALS]),
        medicines=medicine_text(facts, texts),
        questions=tuple(texts(key) for key in question_keys(facts)),
    )


def plm_by_hour(nights: Sequence[ReportNight]) -> list[float]:
    """Return the mean number of PLM in each hour since going to bed.

    Only the nights that lasted that long count; hours that fewer than half of them reached are
    left out, because few nights would look like many.
    """
    found = [night.measures.plm_by_hour for night in nights]
    known = [counts for counts in found if counts is not None]
    means = []
    for hour in range(max(map(len, known), default=0)):
        counts = [one[hour] for one in known if len(one) > hour]
        if 2 * len(counts) < len(known):
            break
        means.append(fmean(counts))
    return means


def cramp_table(facts: ReportFacts, texts: Texts) -> tuple[Table | None, str]:
    """Return the latest cramps, and a sentence where there is none, or more of them."""
    rows = [row for night in facts.nights for row in cramp_rows(night, facts, texts)]
    if not rows:
        known = any(night.had_cramp is not None for night in facts.nights)
        return None, texts("no_cramps" if known else "cramps_unknown")
    heading = tuple(texts(key) for key in ("cramp_night", "cramp_time", "cramp_certainty"))
    shown = tuple(rows[-MAX_CRAMPS:])
    more = len(rows) - len(shown)
    return Table(heading, shown), texts("more_cramps", count=more) if more else ""


def cramp_rows(night: ReportNight, facts: ReportFacts, texts: Texts) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the cramps of a night.

    One that only the diary knows has no time.
    """
    day = texts.full_date(night.date)
    for cramp in night.cramps:
        clock = f"{to_local(cramp.time, facts.calendar.zone):%H:%M}"
        yield day, clock, certainty_text(cramp, texts)
    if night.diary.cramp and not night.cramps:
        pain = night.diary.cramp_pain
        said = texts("in_diary") if pain is None else texts("in_diary_pain", pain=pain)
        yield day, texts("unknown"), said


def certainty_text(cramp: ReportedCramp, texts: Texts) -> str:
    """Return how a cramp is known."""
    certainty = texts(cramp.certainty)
    if cramp.confirmed and cramp.certainty != "reported":
        return texts("confirmed", certainty=certainty)
    return certainty


def factor_table(facts: ReportFacts, texts: Texts) -> tuple[Table | None, str]:
    """Return the factors with the most nights, and what to know about the comparison."""
    effects = [one for one in facts.effects if one.outcome == index_outcome(facts.effects)]
    effects.sort(key=lambda effect: -effect.nights_with)
    if not effects:
        return None, texts("no_factors")
    heading = tuple(
        texts(key) for key in ("factor", "factor_nights", "factor_difference", "factor_result")
    )
    rows = tuple(factor_row(effect, texts) for effect in effects[:MAX_FACTORS])
    more = [factor_label(one.factor, texts) for one in effects[MAX_FACTORS:]]
    note = texts("factor_note", nights=facts.compared_nights)
    if more:
        note = f"{texts('more_factors', factors=', '.join(more[:MAX_FACTORS]))} {note}"
    return Table(heading, rows), note


def index_outcome(effects: Sequence[FactorEffect]) -> str | None:
    """Return which index of the nights is compared; None: no night has one."""
    known = {effect.outcome for effect in effects}
    return next((name for name in ("plm_index", "movement_index") if name in known), None)


def factor_row(effect: FactorEffect, texts: Texts) -> tuple[str, ...]:
    """Return the row of a factor."""
    result = finding_text(effect, texts)
    if effect.together_with:
        others = ", ".join(factor_label(one, texts) for one in effect.together_with)
        result = f"{result} {texts('together', others=others)}"
    return (
        factor_label(effect.factor, texts),
        f"{effect.nights_with} / {effect.nights_without}",
        difference_text(effect, texts),
        result,
    )


def finding_text(effect: FactorEffect, texts: Texts) -> str:
    """Return what the nights show, or how many more are needed."""
    counts = (("needed_with", effect.more_with), ("needed_without", effect.more_without))
    needed = ", ".join(texts(key, count=count) for key, count in counts if count > 0)
    if effect.verdict is Verdict.TOO_EARLY and needed:
        return texts("nights_needed", needed=needed)
    return texts(effect.verdict.value)


def difference_text(effect: FactorEffect, texts: Texts) -> str:
    """Return a relative difference in percent with its interval.

    It is not shown where it would say nothing: too early, or mixed with other changes.
    """
    if effect.effect is None or effect.verdict in {Verdict.TOO_EARLY, Verdict.TOO_FEW_PERIODS}:
        return texts("unknown")
    change = percent(effect.effect)
    if effect.low is None or effect.high is None:
        return texts("difference_alone", effect=change)
    low, high = (percent(limit) for limit in (effect.low, effect.high))
    return texts("difference", effect=change, low=low, high=high)


def percent(share: float) -> str:
    """Return a relative change in percent, with its sign."""
    return f"{100 * share:+.0f}".replace("-", "\N{MINUS SIGN}")


def factor_label(name: str, texts: Texts) -> str:
    """Return the name of a factor as it is printed."""
    return printable(texts.factor(name), NAME_LENGTH)


def medicine_text(facts: ReportFacts, texts: Texts) -> str:
    """Return the medicines that were logged within the range, with the number of nights."""
    counts = Counter(name for night in facts.nights for name in medicines_of(night))
    if not counts:
        return texts("no_medicines")
    return "; ".join(
        texts(
            "medicine_nights",
            medicine=printable(name, NAME_LENGTH) or texts("unnamed_medicine"),
            count=count,
        )
        for name, count in counts.most_common(MAX_MEDICINES)
    )


def medicines_of(night: ReportNight) -> set[str]:
    """Return the notes of the medicines that were logged for a night."""
    return {
        " ".join((factor.note or "").split())
        for factor in night.factors
        if factor.factor is FactorKind.MEDICINE
    }


def question_keys(facts: ReportFacts) -> Iterator[str]:
    """Yield which questions fit these nights.

    Sources: docs/science.md#what-to-ask-a-doctor.
    """
    indices = known_values(facts, lambda measures: measures.plm_index)
    if indices and median(indices) > PLM_INDEX_LIMIT:
        yield "question_iron"
        yield "question_breathing"
    yield "question_medicines"
    if any(night.had_cramp for night in facts.nights):
        yield "question_cramps"
    yield "question_day"


def as_data(document: Document, texts: Texts) -> dict[str, object]:
    """Return the document and the fixed texts of the template, ready for JSON."""
    return {
        **asdict(document),
        "language": texts.language,
        "words": dict(texts.words),
    }
