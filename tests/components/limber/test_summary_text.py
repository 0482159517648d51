"""A night in words: against the own usual, honest about what is missing, and no diagnosis."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.limber.summary_text import Account, told
from custom_components.limber.wire import (
    CrampEvent,
    FactorEvent,
    GapEvent,
    Measures,
    Methods,
    Night,
    Spread,
)

TEXTS = Path(__file__).parents[3] / "custom_components/limber/translations"
DAY = date(2026, 11, 22)
START = datetime(2026, 11, 21, 22, tzinfo=UTC)
NIGHT = Night(
    night=DAY, revision=1, start=START, end=START + timedelta(hours=8), rules="wasm-2016",
    methods=Methods(in_bed="ankle", asleep="sustained_inactivity"),
    measures=Measures(
        movements=212, plm_index=21.4, time_in_bed_h=7.9, sleep_h=6.7, cramps_possible=0, cramps_probable=0
    ),
)  # fmt: skip
USUAL = Spread(nights=12, mean={"plm_index": 14.2}, sd={"plm_index": 4.5})
ACCOUNT = Account(night=NIGHT, recent=(NIGHT,), usual=USUAL, limit=15.0, zone=UTC)


def words(account: Account, language: str = "en", *, is_last: bool = True) -> str:
    texts = json.loads((TEXTS / f"{language}.json").read_text())["selector"]["words"]["options"]
    return told(texts, account, is_last=is_last)


def cramp(hour: int, *, label: bool | None = None) -> CrampEvent:
    at = START + timedelta(hours=hour)
    return CrampEvent(
        id=f"c{hour}",
        night=DAY,
        start=at,
        end=at,
        certainty="possible",
        reason="kicks",
        strength=1.2,
        label=label,
    )


def test_a_night_stands_against_what_is_usual() -> None:
    said = words(ACCOUNT)
    assert said.startswith("Last night: 212 leg movements, 21.4 periodic ones per hour in bed.")
    assert (
        "Usual for you are 14.2 ± 4.5 an hour (mean of 12 nights). That is more than usual." in said
    )
    assert "Time in bed: 7.9 h, estimated sleep: 6.7 h. No cramp was seen." in said
    assert "One night says little" in said
    assert "reason to see a doctor" in said


def test_of_an_older_night_it_is_not_said_what_was_usual_then() -> None:
    assert "sual for you" not in words(ACCOUNT, is_last=False)


def test_a_quiet_night_is_told_without_advice() -> None:
    assert "doctor" not in words(
        replace(ACCOUNT, night=replace(NIGHT, measures=Measures(movements=9, plm_index=2.0)))
    )


@pytest.mark.parametrize(
    ("index", "said"),
    [(8.0, "That is less than usual."), (14.0, ""), (19.0, "That is more than usual.")],
)
def test_what_is_usual_is_a_standard_deviation_wide(index: float, said: str) -> None:
    account = replace(
        ACCOUNT, night=replace(NIGHT, measures=Measures(plm_index=index, movements=100))
    )
    assert ("than usual" in words(account)) == bool(said)
    assert said in words(account)


def test_after_few_nights_nothing_is_usual() -> None:
    assert "too few nights" in words(replace(ACCOUNT, usual=replace(USUAL, nights=4)))
    assert "too few nights" in words(replace(ACCOUNT, usual=None))


def test_cramps_are_told_with_their_time_and_when_to_see_a_doctor() -> None:
    said = words(replace(ACCOUNT, cramps=(cramp(1), cramp(5, label=True), cramp(6, label=False))))
    assert "Cramps: 23:00 (possible), 03:00 (possible, confirmed)." in said
    assert "reason to see a doctor" in said
    assert "it does not diagnose" in said


def test_a_cramp_that_only_the_sleeper_noticed_is_told_as_such() -> None:
    felt = replace(cramp(4, label=True), certainty="reported")
    assert "Cramps: 02:00 (reported by you)." in words(replace(ACCOUNT, cramps=(felt,)))
    newer = replace(cramp(4), certainty="nearly")
    assert "Cramps: 02:00 (nearly)." in words(replace(ACCOUNT, cramps=(newer,)))


def test_a_cramp_that_was_none_is_none() -> None:
    said = words(replace(ACCOUNT, cramps=(cramp(1, label=False),)))
    assert "No cramp was seen." in said


def test_restless_nights_in_a_row_are_counted() -> None:
    row = tuple(replace(NIGHT, night=DAY - timedelta(days=days)) for days in (2, 1, 0))
    assert "Restless nights in a row: 3." in words(replace(ACCOUNT, recent=row))
    assert "in a row" not in words(replace(ACCOUNT, recent=row[2:]))


def test_cramps_whose_times_are_not_at_hand_are_counted() -> None:
    measures = replace(NIGHT.measures, cramps_possible=2)
    assert "Cramps: 2." in words(replace(ACCOUNT, night=replace(NIGHT, measures=measures)))


def test_what_was_logged_is_told() -> None:
    factor = FactorEvent(id="f", night=DAY, start=START - timedelta(minutes=20), factor="warm_bath")
    assert "Logged: Warm bath 21:40." in words(replace(ACCOUNT, factors=(factor,)))
    earlier = replace(
        factor, start=START - timedelta(minutes=40), factor="other", note="foot massage"
    )
    said = words(replace(ACCOUNT, factors=(factor, earlier)))
    assert "Logged: Something else 21:20 (foot massage), Warm bath 21:40." in said


def test_what_was_not_measured_is_told_once_for_all_sensors() -> None:
    def gap(begin: float, end: float, sensor: int = 1) -> GapEvent:
        times = [START + timedelta(hours=hours) for hours in (begin, end)]
        return GapEvent(id=f"g{begin}", night=DAY, start=times[0], end=times[1], sensor=sensor)

    assert "Not measured were 90 min" in words(
        replace(ACCOUNT, gaps=(gap(1, 2), gap(1.5, 2.5, 2), gap(-3, -1)))
    )
    assert "Not measured" not in words(replace(ACCOUNT, gaps=(gap(1, 1.1),)))


def test_what_is_unknown_is_never_zero() -> None:
    account = replace(ACCOUNT, night=replace(NIGHT, measures=Measures()))
    assert words(account) == "Last night: the leg movements are not known."


def test_an_earlier_night_is_told_by_its_date() -> None:
    assert words(ACCOUNT, is_last=False).startswith("The night to 2026-11-22:")
    assert "22.11.2026" in words(ACCOUNT, "de", is_last=False)


@pytest.mark.parametrize("language", ["de", "es", "fr", "it", "nl"])
def test_every_language_tells_all_of_it(language: str) -> None:
    row = tuple(replace(NIGHT, night=DAY - timedelta(days=days)) for days in (2, 1, 0))
    said = words(replace(ACCOUNT, recent=row, cramps=(cramp(5),)), language=language)
    assert "21,4" in said
    assert "03:00" in said
    assert "{" not in said
