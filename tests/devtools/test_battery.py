"""The generated nights show what their truth says."""

from itertools import pairwise

import numpy as np
import pytest

from devtools.battery import behaviour, upright
from devtools.battery.bed import bed_acceleration, bed_load, presence
from devtools.battery.emg import GRID, Electrodes, Muscle, record_emg
from devtools.battery.emg_nights import emg
from devtools.battery.leg_nights import two_ankles
from devtools.battery.motion import Limb, Path
from devtools.battery.series import count_plm
from devtools.battery.sleep_nights import sleep
from devtools.battery.sleeper import draw_sleeper
from devtools.battery.truth import Item, Kind

RATE = 50.0


def seconds(duration: float) -> np.ndarray:
    return np.arange(round(duration * RATE)) / RATE


def test_resting_limb_shows_gravity_in_its_own_frame() -> None:
    force = Limb("left", pitch=0.3, roll=-0.4, lever=0.35).render(seconds(2))
    np.testing.assert_allclose(np.linalg.norm(force, axis=0), 1.0)
    np.testing.assert_allclose(force[0], np.sin(0.3))


def test_path_ends_at_its_last_angle_and_stays() -> None:
    limb = Limb("left", pitch=0.0, roll=0.0, lever=0.35)
    limb.add(Path((1.0, 1.5, 2.0), (0.0, 0.2, 0.05), (0.0, 0.0, 0.0)))
    force = limb.render(seconds(5))
    np.testing.assert_allclose(force[0, 150:], np.sin(0.05), atol=1e-6)
    assert limb.pitch == pytest.approx(0.05)


def test_acceleration_is_the_second_derivative_of_the_path() -> None:
    limb = Limb("left", pitch=0.0, roll=0.0, lever=0.4)
    limb.add(Path((1.0, 1.4), (0.0, 0.1), (0.0, 0.0)))
    force = limb.render(seconds(3))
    # A path of least jerk has a peak acceleration of 5.77 times its length over its time squared.
    expected = 0.4 * 5.77 * 0.1 / 0.4**2 / 9.81
    assert force[2].max() - 1 == pytest.approx(expected, rel=0.1)


def test_kick_of_one_leg_leaves_the_other_within_what_the_mattress_does() -> None:
    sleeper = draw_sleeper(np.random.default_rng(3), 60.0)
    behaviour.kick(sleeper, 20.0, 2.0, "left")
    (item,) = sleeper.items
    assert (item.kind, item.side) == (Kind.KICK, "left")
    before = sleeper.legs["right"].render(seconds(60))[:, 500:900].mean(axis=1)
    after = sleeper.legs["right"].render(seconds(60))[:, 1400:].mean(axis=1)
    assert np.degrees(np.arccos(np.clip(before @ after, -1, 1))) < 5.5


def test_short_trip_lasts_45_to_120_s_and_stands_upright() -> None:
    sleeper = draw_sleeper(np.random.default_rng(5), 300.0)
    upright.short_trip(sleeper, 60.0)
    ((begin, end),) = sleeper.out_of_bed
    assert 45 <= end - begin <= 130
    force = sleeper.legs["left"].render(seconds(300))
    inside = force[0, round((begin + 5) * RATE) : round((end - 5) * RATE)]
    assert np.median(inside) < -0.85


def test_same_seed_gives_the_same_night() -> None:
    one = two_ankles(7, 900.0)
    other = two_ankles(7, 900.0)
    assert one.items == other.items
    np.testing.assert_array_equal(one.recorded[1].samples, other.recorded[1].samples)


def test_items_are_in_order_and_movements_do_not_overlap() -> None:
    kicks = two_ankles(8, 1800.0).kinds(Kind.KICK)
    assert len(kicks) > 3
    assert all(one.end + 0.5 <= other.onset for one, other in pairwise(kicks))


def test_rising_tension_shows_in_the_level_of_the_emg() -> None:
    muscle = Muscle(5.0, 120.0)
    muscle.tension(np.array([40.0, 80.0, 120.0]), np.array([0.0, 20.0, 20.0]), cramping=True)
    electrodes = Electrodes(rate=250.0, noise=1.0, heart=0.0, step=0.1, offset=10.0)
    samples = record_emg(np.random.default_rng(1), electrodes, muscle)[0]
    rest = float(np.std(samples[: 30 * 250]))
    tense = float(np.std(samples[90 * 250 : 115 * 250]))
    assert tense / rest == pytest.approx(20.6 / 5.0, rel=0.3)
    assert len(muscle.level) == 120 * GRID + 1


def test_load_cells_show_the_weight_only_in_bed() -> None:
    sleeper = draw_sleeper(np.random.default_rng(6), 300.0)
    upright.trip(sleeper, 60.0, (20.0, 20.0), 60.0, "toilet")
    ((begin, end),) = sleeper.out_of_bed
    recorded, _ = bed_load(sleeper, 300.0)
    load = recorded.samples[0]
    lying = np.median(load[: round(50 * recorded.rate)])
    away = np.median(load[round((begin + 5) * recorded.rate) : round((end - 5) * recorded.rate)])
    assert lying - away > 40


def test_bed_feels_a_kick_but_not_a_walk() -> None:
    sleeper = draw_sleeper(np.random.default_rng(7), 300.0)
    behaviour.kick(sleeper, 30.0, 2.0, "left")
    upright.trip(sleeper, 100.0, (40.0,), 0.0, "walk")
    _, items = bed_acceleration(sleeper, 300.0)
    sizes = {item.kind: item.size for item in items}
    assert sizes[Kind.KICK] > 0.0002
    ((begin, end),) = sleeper.out_of_bed
    grid = np.arange(300 * 50) / 50
    inside = (grid > begin + 2) & (grid < end - 2)
    assert not presence(grid, sleeper.out_of_bed)[inside].any()


def test_emg_burst_has_its_size_and_place() -> None:
    night = emg(2)
    recorded = night.recorded[0]
    strong = max(night.kinds(Kind.KICK), key=lambda item: item.size)
    first = round(strong.onset * recorded.rate)
    piece = recorded.samples[0, first : round(strong.end * recorded.rate)]
    assert float(np.std(piece)) == pytest.approx(strong.size, rel=0.35)


@pytest.mark.parametrize(
    ("onsets", "expected"),
    [
        ([0, 20, 40], 0),
        ([0, 20, 40, 60], 4),
        ([0, 20, 40, 131, 150], 0),
        ([0, 20, 40, 60, 69, 89, 109, 129], 4),
        ([0, 20, 40, 60, 69, 89, 109, 129, 149], 8),
        ([0, 90, 180, 270], 4),
    ],
)
def test_periodic_movements_are_counted_by_the_rules(onsets: list[float], expected: int) -> None:
    items = [Item(Kind.KICK, onset, onset + 2) for onset in onsets]
    assert count_plm(items) == expected


def test_quiet_wake_lies_in_bed_and_before_sleep() -> None:
    night = sleep(1)
    (falling_asleep, *_) = night.awake
    assert night.out_of_bed[0][1] <= falling_asleep[0] + 9
    assert 4 * 60 <= falling_asleep[1] - falling_asleep[0] <= 25 * 60
