"""What people enter has limits of its own, which hold at once; no night is deleted for it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from devtools.processes import free_port
from limber_bridge.daemon.change_limits import (
    CHANGES_AT_ONCE,
    FACTORS_MAX,
    FACTORS_PER_NIGHT,
    LABELS_MAX,
    LABELS_PER_NIGHT,
    ChangeRate,
    EntryCounts,
    TooManyError,
    check_factors,
    check_labels,
)
from limber_bridge.detection.events import Factor, FactorKind, PositionChange
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_upkeep import run_upkeep
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import local
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, listen_on, online

TODAY = date(2026, 11, 29)


@hypothesis_settings(deadline=None)
@given(st.lists(st.integers(0, 10 * SECOND), max_size=200))
def test_no_minute_has_more_than_twice_the_changes_at_once(pauses: list[int]) -> None:
    rate = ChangeRate()
    now = 0
    allowed = []
    for pause in pauses:
        now += pause
        try:
            rate.note("anna", now)
        except TooManyError:
            continue
        allowed.append(now)
    for first in allowed:
        minute = [one for one in allowed if first <= one < first + 60 * SECOND]
        assert len(minute) <= 2 * CHANGES_AT_ONCE


def test_each_sleeper_has_a_rate_of_their_own() -> None:
    rate = ChangeRate()
    for _ in range(CHANGES_AT_ONCE):
        rate.note("anna", 0)
    with pytest.raises(TooManyError, match="30 changes in a minute"):
        rate.note("anna", 0)
    rate.note("bert", 0)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    rate = ChangeRate()
    for _ in range(CHANGES_AT_ONCE):
        rate.note("anna", 10**15)
    with pytest.raises(TooManyError):
        rate.note("anna", 0)
    rate.note("anna", 3 * SECOND)


@pytest.mark.parametrize(
    ("check", "counts"),
    [
        (check_factors, EntryCounts(FACTORS_PER_NIGHT, 50)),
        (check_factors, EntryCounts(0, FACTORS_MAX)),
        (check_labels, EntryCounts(LABELS_PER_NIGHT, 50)),
        (check_labels, EntryCounts(0, LABELS_MAX)),
    ],
)
def test_a_full_night_and_a_full_journal_are_refused(check: object, counts: EntryCounts) -> None:
    assert callable(check)
    with pytest.raises(TooManyError, match="already"):
        check(counts)


@pytest.mark.parametrize("limits", [RetentionLimits(nights=30), RetentionLimits(size=1)])
def test_thirty_thousand_factors_delete_no_night(tmp_path: Path, limits: RetentionLimits) -> None:
    at = local("2026-10-01T23:00")
    with Journal(tmp_path / "limber.db") as journal:
        for number in range(30):
            start = at + number * 86_400 * SECOND
            night = date(2026, 10, 2) + timedelta(days=number)
            journal.append(
                "anna",
                [(night, PositionChange(start + one, start + one + 7)) for one in range(40)],
                PipelineState({}),
            )
        for day in range(600):
            moment = at - (day + 400) * 86_400 * SECOND
            night = date(2026, 10, 2) - timedelta(days=day + 400)
            factors = [Factor(moment + one, FactorKind.OTHER, "x" * 200) for one in range(50)]
            journal.append("anna", [(night, factor) for factor in factors], PipelineState({}))
        assert run_upkeep(journal, TODAY, limits).dropped == ()
        assert len(journal.nights_with_events()) == 30


def test_the_factors_of_a_night_stay_when_its_events_are_deleted(tmp_path: Path) -> None:
    at = local("2026-10-01T23:00")
    factor = Factor(at, FactorKind.ALCOHOL, None)
    with Journal(tmp_path / "limber.db") as journal:
        for number in range(9):
            start = at + number * 86_400 * SECOND
            night = date(2026, 10, 2) + timedelta(days=number)
            journal.append("anna", [(night, PositionChange(start, start + 7))], PipelineState({}))
        journal.append("anna", [(date(2026, 10, 2), factor)], PipelineState({}))
        assert len(run_upkeep(journal, TODAY, RetentionLimits(nights=7)).dropped) == 2
        assert journal.events("anna", date(2026, 10, 2)) == [factor]


def test_a_flood_of_log_requests_is_refused_at_once(
    broker: Broker, start_bridge: StartBridge
) -> None:
    begin = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        answers = [
            listener.request(
                command="log",
                factor="magnesium",
                time=(begin + timedelta(minutes=number)).isoformat(),
            )
            for number in range(CHANGES_AT_ONCE + 20)
        ]
    refused = [answer for answer in answers if not answer["ok"]]
    assert {answer["error"] for answer in refused} == {"too_many"}
    assert len(answers) - len(refused) >= CHANGES_AT_ONCE
