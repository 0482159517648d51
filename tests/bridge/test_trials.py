"""Personal trials in the bridge: started, answered, stopped; across restarts and clock steps."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import FactorKind
from limber_bridge.detection.signal import HOUR
from limber_bridge.domain.trial import Arm, Trial, TrialStatus
from tests.bridge.examples import local
from tests.bridge.trial_home import TrialHome, trial_home

FIRST = date(2026, 12, 1)


@pytest.fixture
def home() -> Iterator[TrialHome]:
    with trial_home() as found:
        yield found


def start(home: TrialHome, **fields: Any) -> dict[str, Any]:
    return home.ask("start_trial", **({"factor": "stretching", "weeks": 2} | fields))


def tonight(home: TrialHome) -> Any:
    return home.decoded(home.state)["trial"]


def test_a_trial_begins_with_the_next_night(home: TrialHome) -> None:
    trial = start(home)["trial"]
    assert (trial["start"], trial["end"], trial["nights"]) == ("2026-12-01", "2026-12-14", 14)
    assert (trial["status"], trial["night_number"], trial["result"]) == ("running", 1, None)
    shown = tonight(home)
    assert shown["tonight"] == home.trials[0].plan.schedule[0]
    assert (shown["night_number"], shown["question"]) == (1, None)
    assert [phase.phase for phase in home.phases] == ["started"]


@pytest.mark.parametrize(
    ("time", "first"),
    [
        ("2026-11-30T07:00", "2026-12-01"),
        ("2026-11-30T13:00", "2026-12-01"),
        ("2026-11-30T23:50", "2026-12-01"),
        ("2026-12-01T00:10", "2026-12-02"),
        ("2026-12-01T09:00", "2026-12-02"),
    ],
)
def test_the_next_night_is_the_one_that_is_still_to_come(
    home: TrialHome, time: str, first: str
) -> None:
    home.sleep_until(time)
    assert start(home)["trial"]["start"] == first


def test_a_trial_that_starts_in_bed_begins_with_the_night_after(home: TrialHome) -> None:
    home.sleep_until("2026-11-30T22:00")
    report = home.monitor.add_bed_report(home.now, 1000, in_bed=True)
    assert not report
    home.sleep_until("2026-11-30T22:04")
    assert home.state.in_bed
    assert start(home)["trial"]["start"] == "2026-12-02"
    assert (tonight(home)["tonight"], tonight(home)["night_number"]) == (None, None)


def test_slow_factors_have_a_wash_out_unless_it_is_chosen(home: TrialHome) -> None:
    assert start(home, factor="magnesium", weeks=8)["trial"]["washout_nights"] == 3
    home.ask("stop_trial")
    chosen = start(home, factor="magnesium", weeks=8, washout_nights=1)
    assert chosen["trial"]["washout_nights"] == 1
    home.ask("stop_trial")
    assert start(home, factor="alcohol", weeks=8)["trial"]["washout_nights"] == 0


def test_only_one_trial_runs(home: TrialHome) -> None:
    start(home)
    assert start(home)["error"] == "trial_running"
    assert home.ask("stop_trial")["ok"]
    assert start(home)["ok"]
    assert len(home.trials) == 2


@pytest.mark.parametrize("command", ["stop_trial", "answer_trial"])
def test_without_a_trial_there_is_nothing_to_stop_or_answer(home: TrialHome, command: str) -> None:
    fields = {"done": True} if command == "answer_trial" else {}
    assert home.ask(command, **fields)["error"] == "no_trial"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"weeks": 9}, "<= 8"),
        ({"weeks": 1}, ">= 2"),
        ({"factor": "other"}, "`name` is required"),
        ({"factor": "other", "name": "  "}, "`name` is required"),
        ({"name": "Wool socks"}, "only for that one"),
        ({"factor": "other", "name": "x" * 41}, "length <= 40"),
        ({"weeks": 5, "early_look": True}, "`early_look` needs `weeks` of at least 6"),
        ({"outcome": "mood"}, "enum value 'mood'"),
        ({"washout_nights": 8}, "<= 7"),
        ({"washout_nights": 3}, "choose more weeks or fewer wash-out nights"),
        ({"factor": "magnesium", "weeks": 8, "early_look": True}, "an early look finds nothing"),
    ],
)
def test_impossible_trials_are_refused(
    home: TrialHome, fields: dict[str, Any], expected: str
) -> None:
    refusal = start(home, **fields)
    assert refusal["error"] == "malformed"
    assert expected in refusal["message"]
    assert home.trials == []


def test_no_trial_starts_while_the_clock_is_not_set(home: TrialHome) -> None:
    home.now = local("1970-01-02T20:00")
    home.start()
    assert start(home)["error"] == "clock_not_set"


def test_no_trial_is_stopped_while_the_clock_is_not_set(home: TrialHome) -> None:
    start(home)
    home.now = local("1970-01-02T20:00")
    home.start()
    assert home.ask("stop_trial")["error"] == "clock_not_set"
    assert home.trials[0].status is TrialStatus.RUNNING


def test_an_answer_is_about_the_oldest_night_without_one(home: TrialHome) -> None:
    start(home)
    home.sleep_until("2026-12-03T13:00")
    assert tonight(home)["question"] == "2026-12-01"
    assert home.ask("answer_trial", done=True)["night"] == "2026-12-01"
    assert home.ask("answer_trial", done=False)["night"] == "2026-12-02"
    assert home.ask("answer_trial", done=False)["night"] == "2026-12-03"
    assert tonight(home)["question"] is None


def test_a_night_is_asked_about_in_the_morning_after_it(home: TrialHome) -> None:
    start(home)
    home.sleep_until("2026-11-30T23:00")
    assert tonight(home)["question"] is None
    home.sleep_until("2026-12-01T09:30")
    assert tonight(home)["question"] == "2026-12-01"
    assert home.ask("answer_trial", done=True)["night"] == "2026-12-01"
    home.sleep_until("2026-12-14T09:30")
    for _ in range(7):
        home.ask("answer_trial", done=True)
    assert max(home.trials[0].answers) == date(2026, 12, 14)


def test_nights_of_more_than_a_week_ago_are_not_asked_about(home: TrialHome) -> None:
    start(home, weeks=4)
    home.sleep_until("2026-12-15T08:00")
    assert tonight(home)["question"] == "2026-12-09"
    assert home.ask("answer_trial", done=True, night="2026-12-02")["ok"]


@pytest.mark.parametrize("night", ["2026-11-30", "2026-12-05", "2026-12-15"])
def test_nights_outside_of_the_trial_or_to_come_cannot_be_answered(
    home: TrialHome, night: str
) -> None:
    start(home)
    home.sleep_until("2026-12-03T22:00")
    refusal = home.ask("answer_trial", done=True, night=night)
    assert refusal["error"] == "malformed"
    assert "from 2026-12-01 to 2026-12-04" in refusal["message"]


def test_what_was_done_is_logged_once(home: TrialHome) -> None:
    start(home)
    home.sleep_until("2026-12-02T08:00")
    for _ in range(2):
        home.ask("answer_trial", done=True, night="2026-12-01")
    (factor,) = home.factors(FIRST)
    assert (factor.factor, factor.onset) == (FactorKind.STRETCHING, local("2026-11-30T21:00"))
    home.ask("answer_trial", done=False, night="2026-12-01")
    assert home.factors(FIRST) == []
    home.ask("answer_trial", done=True, night="2026-12-01")
    assert home.factors(FIRST) == [factor]


def test_what_is_logged_already_is_not_logged_again(home: TrialHome) -> None:
    start(home, factor="other", name="Wool  socks")
    home.ask("log", factor="other", note="wool socks")
    home.ask("answer_trial", done=True)
    assert len(home.factors(FIRST)) == 1
    home.ask("answer_trial", done=False)
    assert len(home.factors(FIRST)) == 1


def test_a_stopped_trial_ends_with_the_last_night(home: TrialHome) -> None:
    start(home)
    home.sleep_until("2026-12-05T20:00")
    home.ask("stop_trial")
    assert tonight(home) is None
    (trial,) = home.ask("trials")["trials"]
    assert (trial["status"], trial["end"], trial["stopped"]) == (
        "stopped",
        "2026-12-05",
        "2026-12-05",
    )
    assert [phase.phase for phase in home.phases] == ["started", "stopped"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["answer", "restart", "clock", "day", "log"]),
            st.integers(-40, 40),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_the_plan_never_changes_and_no_answer_is_lost_or_doubled(
    steps: list[tuple[str, int, bool]],
) -> None:
    with trial_home() as home:
        start(home, weeks=8)
        plan = home.trials[0].plan
        known: dict[date, bool] = {}
        for kind, number, done in steps:
            match kind:
                case "answer":
                    night = plan.start + timedelta(days=number)
                    answer = home.ask("answer_trial", done=done, night=str(night))
                    if answer["ok"]:
                        known[night] = done
                case "restart":
                    home.start()
                case "clock":
                    step = number * HOUR
                    change = home.monitor.apply_clock_step(home.now + step, step)
                    home.now += step
                    home.journal.write([])
                    assert not change.trials
                case "day":
                    home.pass_days(abs(number) % 3)
                case _:
                    home.ask("log", factor="stretching")
            (trial,) = home.trials
            assert trial.plan == plan
            assert {night: one.done for night, one in trial.answers.items()} == known
            assert home.monitor.trials.all == (trial,)
            check_logged(home, trial)


def check_logged(home: TrialHome, trial: Trial) -> None:
    """Check that what was answered with yes is logged, and that answers log it once at most."""
    if trial.status is not TrialStatus.RUNNING:
        return
    for night, answer in trial.answers.items():
        found = home.factors(night)
        own = [factor for factor in found if factor.onset == answer.logged]
        assert len(own) <= 1
        if answer.done:
            assert found
        else:
            assert not own


def test_the_plan_says_something_for_each_night_and_nothing_for_others(home: TrialHome) -> None:
    start(home)
    plan = home.trials[0].plan
    assert [plan.arm(plan.start + timedelta(days=day)) for day in (-1, 14)] == [None, None]
    assert {plan.arm(plan.start + timedelta(days=day)) for day in range(14)} == {
        Arm.WITH,
        Arm.WITHOUT,
    }
