"""The end of a personal trial: when it comes, what it shows, and what may still change it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from limber_bridge.daemon import trial_runner
from limber_bridge.detection.signal import HOUR
from limber_bridge.domain.trial import Arm
from limber_bridge.offline.trial_results import trial_results
from tests.bridge.examples import IMPORTED, night
from tests.bridge.trial_home import TrialHome, trial_home

FIRST = date(2026, 12, 1)
DAY = 24 * HOUR
SEED = 1


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[TrialHome]:
    """Yield a bridge that draws the same plans each time: some plans show an effect by chance."""
    monkeypatch.setattr("limber_bridge.daemon.requests.secrets.randbits", lambda _bits: SEED)
    with trial_home() as found:
        yield found


def index_by(home: TrialHome, with_factor: float, without: float) -> Callable[[int], float]:
    """An index that depends on the plan, and a little on the night."""
    schedule = home.trials[0].plan.schedule

    def index(number: int) -> float:
        base = with_factor if schedule[number] is Arm.WITH else without
        return base * (1 + 0.02 * (number % 5))

    return index


def measure(home: TrialHome, index: Callable[[int], float], numbers: range) -> None:
    for number in numbers:
        one = night(FIRST + timedelta(days=number))
        home.measured(replace(one, measures=replace(one.measures, plm_index=index(number))))


def last_trial(home: TrialHome) -> dict[str, Any]:
    found: dict[str, Any] = home.decoded(home.state)["last_trial"]
    return found


def looked(home: TrialHome) -> bool:
    return home.trials[0].looked


def test_a_trial_finishes_after_its_last_night_with_a_result(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=4)
    measure(home, index_by(home, 14, 20), range(28))
    home.sleep_until("2026-12-28T11:59")
    home.tick()
    assert home.state.last_trial is None
    assert home.ask("trials")["trials"][0]["result"] is None
    home.sleep_until("2026-12-28T12:00")
    home.tick()
    assert home.state.trial is None
    assert [phase.phase for phase in home.phases] == ["started", "finished"]
    found = last_trial(home)
    assert (found["status"], found["end"]) == ("finished", "2026-12-28")
    result = found["result"]
    assert (result["verdict"], result["nights_with"], result["nights_without"]) == ("lower", 14, 14)
    assert result["effect"] == pytest.approx(-0.29, abs=0.02)
    assert result["low"] < result["effect"] < result["high"] < 0
    assert result["p"] < 0.01
    assert home.ask("trials")["trials"] == [found]


def test_the_result_is_there_at_once_after_a_restart(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=2)
    measure(home, index_by(home, 20, 20), range(14))
    home.sleep_until("2026-12-14T12:00")
    home.tick()
    before = last_trial(home)
    assert before["result"]["verdict"] == "no_difference"
    home.start()
    assert last_trial(home) == before


def test_a_bridge_that_was_off_finishes_the_trial_when_it_is_back(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=2)
    home.now += 60 * DAY
    home.start()
    home.tick()
    assert last_trial(home)["result"]["verdict"] == "too_few"
    home.tick()
    assert [phase.phase for phase in home.phases] == ["started", "finished"]


def test_a_clock_that_was_ahead_does_not_end_a_trial(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=2)
    plan = home.trials[0].plan
    for change in (100 * DAY, -100 * DAY):
        home.monitor.apply_clock_step(home.now + change, change)
        home.now += change
        home.tick()
    assert home.state.trial is not None
    assert home.trials[0].plan == plan
    assert home.trials[0].last_night is None


def test_a_clock_that_is_not_set_yet_changes_nothing(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=2)
    home.now += 60 * DAY
    home.tick()
    home.now = 5 * DAY
    home.start()
    home.tick()
    assert last_trial(home)["status"] == "finished"


def test_nights_that_are_imported_later_count(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=2)
    measure(home, index_by(home, 14, 20), range(4))
    home.sleep_until("2026-12-14T12:00")
    home.tick()
    assert last_trial(home)["result"]["verdict"] == "too_few"
    index = index_by(home, 14, 20)
    for number in range(4, 14):
        one = night(FIRST + timedelta(days=number))
        measures = replace(one.measures, plm_index=index(number))
        home.measured(replace(one, measures=measures, imported=IMPORTED))
    home.tick()
    assert last_trial(home)["result"]["verdict"] == "lower"


@pytest.mark.parametrize(
    ("effect", "ends_early"), [(14.0, True), (20.0, False)], ids=["clear", "none"]
)
def test_the_early_look_ends_a_trial_only_if_the_difference_is_clear(
    home: TrialHome, effect: float, ends_early: bool
) -> None:
    home.ask("start_trial", factor="stretching", weeks=6, early_look=True)
    measure(home, index_by(home, effect, 20), range(21))
    home.sleep_until("2026-12-21T11:59")
    home.tick()
    assert not looked(home)
    home.sleep_until("2026-12-21T12:00")
    home.tick()
    assert looked(home)
    assert (home.state.trial is None) is ends_early
    if ends_early:
        found = last_trial(home)
        assert (found["end"], found["status"], found["stopped"]) == ("2026-12-21", "finished", None)
        assert found["result"]["at_early_look"]


def test_the_early_look_is_taken_once(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=6, early_look=True)
    measure(home, index_by(home, 20, 20), range(21))
    home.sleep_until("2026-12-21T12:00")
    home.tick()
    measure(home, index_by(home, 10, 20), range(21))
    home.start()
    home.tick()
    assert home.state.trial is not None


def test_a_trial_that_was_stopped_compares_the_nights_up_to_then(home: TrialHome) -> None:
    home.ask("start_trial", factor="stretching", weeks=8)
    measure(home, index_by(home, 14, 20), range(28))
    home.sleep_until("2026-12-28T20:00")
    home.ask("stop_trial")
    assert last_trial(home)["result"] is None
    home.tick()
    result = last_trial(home)["result"]
    assert (result["verdict"], result["nights_with"] + result["nights_without"]) == ("lower", 28)


def test_a_result_that_is_out_of_date_when_it_is_computed_is_computed_again(
    home: TrialHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.ask("start_trial", factor="stretching", weeks=2)
    home.sleep_until("2026-12-14T12:00")

    def deleted_meanwhile(*arguments: Any) -> Any:
        found = trial_results(*arguments)
        home.monitor.trials.forget(FIRST)
        return found

    monkeypatch.setattr(trial_runner, "trial_results", deleted_meanwhile)
    home.tick()
    assert home.state.trial is not None
    monkeypatch.undo()
    home.tick()
    assert last_trial(home)["result"]["verdict"] == "too_few"
