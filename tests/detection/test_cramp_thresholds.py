"""Labels of cramps, and the personal thresholds that follow from them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.detection.cramp_thresholds import (
    THRESHOLD_MAX,
    THRESHOLD_MIN,
    UNMATCHED_WAIT_US,
    Label,
    Labels,
    UnknownEventError,
    best_threshold,
    cramp_meant_by,
    weakest_possible_cramps,
)
from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Method,
    Movement,
    UnilateralMovement,
)
from limber_bridge.detection.possible_cramps import PossibleCrampDetector
from limber_bridge.detection.signal import LATEST_TIME, SECOND, Side

MINUTE = 60 * SECOND
AT = 2000 * SECOND


def cramp(
    onset: int, strength: float | None = 1.2, certainty: Certainty = Certainty.POSSIBLE
) -> Cramp:
    return Cramp(onset, onset + MINUTE, certainty, "sudden movement", strength)


def label(
    strength: float | None, said: bool, number: int = 0, certainty: Certainty = Certainty.POSSIBLE
) -> Label:
    about = cramp(AT + number, strength, certainty)
    return Label(f"cramp-{about.onset}", about.onset, said, about)


def labels(cramps: list[float], none: list[float]) -> list[Label]:
    said = [(strength, True) for strength in cramps] + [(strength, False) for strength in none]
    return [label(strength, yes, number) for number, (strength, yes) in enumerate(said)]


STRENGTHS = st.lists(st.floats(0.3, 6.0), max_size=12)


@pytest.mark.parametrize(
    ("cramps", "none", "expected"),
    [
        ([], [], 1.0),
        ([], [1.2, 1.3], 1.0),
        ([], [1.2, 1.3, 1.1], 1.35),
        ([2.0, 2.4], [1.2, 1.3, 1.1], 1.35),
        ([1.25, 2.4], [1.2, 1.3, 1.1], 1.25),
        ([1.0, 1.1, 1.2, 1.3], [1.15, 1.25, 1.35], 1.0),
        ([0.6, 0.7], [], 1.0),
        ([0.6, 0.7, 0.9], [], 0.6),
        ([0.6, 0.7, 0.9], [0.62], 0.7),
        ([0.1, 0.2, 0.3], [], 1.0),
        ([], [9.0, 9.0, 9.0], 1.0),
        ([], [2.9, 2.9, 9.0], 2.95),
    ],
    ids=[
        "no labels",
        "two of none",
        "three of none",
        "some that were",
        "between them",
        "no threshold sorts better",
        "two overlooked",
        "three overlooked",
        "one of them beside none",
        "too weakest_possible_cramps for any",
        "too strong for any",
        "as good as it gets",
    ],
)
def test_the_threshold_sorts_most_labels_correctly(
    cramps: list[float], none: list[float], expected: float
) -> None:
    assert best_threshold(labels(cramps, none)) == expected


@given(STRENGTHS, STRENGTHS)
def test_the_threshold_stays_within_limits_and_needs_three_labels(
    cramps: list[float], none: list[float]
) -> None:
    found = best_threshold(labels(cramps, none))
    assert (
        (THRESHOLD_MIN if len(cramps) >= 3 else 1.0)
        <= found
        <= (THRESHOLD_MAX if len(none) >= 3 else 1.0)
    )


@given(STRENGTHS, STRENGTHS, st.floats(0.3, 6.0))
def test_a_denied_cramp_never_lowers_the_threshold_and_a_confirmed_one_never_raises_it(
    cramps: list[float], none: list[float], more: float
) -> None:
    before = best_threshold(labels(cramps, none))
    assert best_threshold(labels(cramps, [*none, more])) >= before
    assert best_threshold(labels([*cramps, more], none)) <= before


@given(STRENGTHS, STRENGTHS, st.randoms(use_true_random=False))
def test_the_order_of_labels_does_not_matter(
    cramps: list[float], none: list[float], random: object
) -> None:
    said = labels(cramps, none)
    mixed = [*said]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert best_threshold(mixed) == best_threshold(said)


@given(STRENGTHS, STRENGTHS)
def test_no_other_threshold_sorts_more_labels_correctly(
    cramps: list[float], none: list[float]
) -> None:
    def wrong(at: float) -> int:
        return sum(one < at for one in cramps) + sum(one >= at for one in none)

    own = wrong(best_threshold(labels(cramps, none)))
    free = [number / 20 for number in range(10, 61)] if min(len(cramps), len(none)) >= 3 else [1.0]
    assert own <= min(wrong(at) for at in free)


def test_labels_without_a_strength_have_no_effect() -> None:
    assert best_threshold([*labels([], [1.2, 1.3]), label(None, said=False, number=9)]) == 1.0


def test_each_certainty_has_its_own_threshold() -> None:
    probable = [
        label(strength, said=False, number=strength, certainty=Certainty.PROBABLE)
        for strength in (1, 2, 2)
    ]
    said = Labels(
        replace(one, id=str(number)) for number, one in enumerate([*probable, *labels([], [1.4])])
    )
    assert said.thresholds == {Certainty.POSSIBLE: 1.0, Certainty.PROBABLE: 2.05}


def test_a_label_replaces_the_previous_one_for_the_same_event() -> None:
    said = Labels()
    said.add(label(1.5, said=True))
    said.add(label(1.5, said=False))
    assert (len(said), said.answers) == (1, {f"cramp-{AT}": False})


def moves(onset: int, seconds: float, peak: float = 0.3) -> Movement:
    part = UnilateralMovement(Side.LEFT, onset, onset + round(seconds * SECOND), peak)
    return Movement(part.onset, part.end, (part,), candidate=False)


def night(*movements: Movement, up: int) -> list[Event]:
    """Return the events of a person who goes to bed at 0 and gets up at a time (us)."""
    return [
        BedTransition(0, in_bed=True, method=Method.ANKLE),
        *movements,
        BedTransition(up, in_bed=False, method=Method.ANKLE),
    ]


FAINT = night(moves(AT, 9.0), up=AT + MINUTE)
STRONG = night(moves(AT, 30.0), up=AT + MINUTE)


def test_an_unreported_cramp_is_found_with_its_features() -> None:
    (found,) = weakest_possible_cramps(FAINT)
    assert (found.onset, found.strength) == (AT, 0.6)
    assert found.features == {
        "moving_1min_s": 9.0,
        "moving_3min_s": 9.0,
        "stretch_s": 9.0,
        "up_after_s": 60.0,
    }


@given(
    st.lists(
        st.tuples(st.integers(6, 120), st.floats(1.0, 100.0)),
        max_size=8,
        unique_by=lambda one: one[0],
    ),
    st.integers(6, 120),
    st.sampled_from([0.5, 0.8, 1.0, 2.0, 3.0]),
)
def test_a_possible_cramp_is_reported_up_to_its_strength(
    at: list[tuple[int, float]], up: int, at_least: float
) -> None:
    events = night(
        *[moves(minute * MINUTE, seconds) for minute, seconds in sorted(at)], up=up * MINUTE + 1
    )
    possible = PossibleCrampDetector(at_least, refractory=0)
    for event in events:
        if isinstance(event, BedTransition):
            possible.on_bed_change(event, event.onset)
        else:
            possible.add_event(event)
    told = list(possible.advance_to(LATEST_TIME))
    assert told == [
        one
        for one in weakest_possible_cramps(events)
        if one.strength is not None and one.strength >= at_least
    ]


@pytest.mark.parametrize(
    ("after", "is_found"),
    [(-61, False), (-59, True), (0, True), (300, True), (900, True), (960, True), (970, False)],
)
def test_a_time_means_a_cramp_that_ended_at_most_15_minutes_before(
    after: int, is_found: bool
) -> None:
    told = [cramp(AT)]
    assert (cramp_meant_by(AT + after * SECOND, told, unreported=True) == told[0]) is is_found


def test_a_time_means_a_reported_cramp_before_an_unreported_one() -> None:
    told = cramp(AT - 5 * MINUTE, certainty=Certainty.PROBABLE)
    assert cramp_meant_by(AT, [told, *STRONG], unreported=True) == told
    near = cramp(AT)
    far = cramp(AT - 3 * MINUTE)
    assert cramp_meant_by(AT + MINUTE, [far, near], unreported=True) == near


def test_a_label_for_a_moment_finds_its_cramp() -> None:
    said = Labels()
    found = said.for_moment(AT + MINUTE, FAINT, cramp=True)
    assert (found.id, found.time, found.about) == (
        f"cramp-{AT}",
        AT + MINUTE,
        next(iter(weakest_possible_cramps(FAINT))),
    )
    nothing = said.for_moment(AT + MINUTE, [], cramp=True)
    assert (nothing.id, nothing.about) == (f"moment-{AT + MINUTE}", None)
    with pytest.raises(UnknownEventError, match="no cramp was reported shortly before"):
        said.for_moment(AT + MINUTE, FAINT, cramp=False)


def test_a_label_for_an_event_is_found_by_the_id_of_an_earlier_label() -> None:
    said = Labels()
    with pytest.raises(UnknownEventError, match="unknown cramp `cramp-7`"):
        said.for_event("cramp-7", None, cramp=True)
    with pytest.raises(UnknownEventError):
        said.for_event("movement-7-left", moves(7, 2.0), cramp=True)
    said.add(said.for_moment(AT, FAINT, cramp=True))
    said.add(said.for_event(f"cramp-{AT}", None, cramp=False))
    assert said.answers == {f"cramp-{AT}": False}


def test_an_unmatched_moment_is_judged_again_later() -> None:
    said = Labels()
    said.add(said.for_moment(AT, [], cramp=True))
    assert said.take_due(AT + UNMATCHED_WAIT_US - 1) == []
    (due,) = said.take_due(AT + UNMATCHED_WAIT_US)
    assert said.take_due(AT + 2 * UNMATCHED_WAIT_US) == []
    said.add(replace(due, about=cramp(AT)))
    assert (len(said), said.answers) == (1, {f"cramp-{AT}": True})
    said.add(said.for_event(f"cramp-{AT}", cramp(AT), cramp=True))
    assert len(said) == 1
