"""What remains of a personal trial when nights, or everything, of a person is deleted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest

from limber_bridge.storage.deletion import Deletion, delete_records
from tests.bridge.trial_home import TrialHome, trial_home

FIRST = date(2026, 12, 1)


@pytest.fixture
def home() -> Iterator[TrialHome]:
    with trial_home() as found:
        found.ask("start_trial", factor="stretching", weeks=2)
        found.sleep_until("2026-12-03T08:00")
        for _ in range(2):
            found.ask("answer_trial", done=True)
        yield found


def test_a_deleted_night_takes_its_answer_along(home: TrialHome) -> None:
    (before,) = home.trials
    delete_records(home.journal, Deletion("anna", (FIRST,)))
    home.monitor.trials.forget(FIRST)
    (trial,) = home.trials
    assert list(trial.answers) == [date(2026, 12, 2)]
    assert trial.plan == before.plan
    assert home.monitor.trials.all == (trial,)
    assert home.factors(FIRST) == []


def test_all_nights_take_the_trials_along(home: TrialHome) -> None:
    delete_records(home.journal, Deletion("anna", (FIRST,), trials=True))
    home.monitor.trials.forget(None)
    assert home.trials == []
    assert home.state.trial is None
    home.tick()
    assert home.ask("start_trial", factor="stretching", weeks=2)["ok"]


def test_a_person_takes_the_trials_along(home: TrialHome) -> None:
    delete_records(home.journal, Deletion("anna", (), person=True))
    assert home.trials == []


def test_a_trial_that_cannot_be_read_is_deleted_with_a_night(home: TrialHome) -> None:
    with closing(sqlite3.connect(home.journal.path)) as database, database:
        database.execute("UPDATE trial SET payload = '{}'")
    assert home.trials == []
    delete_records(home.journal, Deletion("anna", (FIRST,)))
    with closing(sqlite3.connect(home.journal.path)) as database:
        assert database.execute("SELECT count(*) FROM trial").fetchone() == (0,)
