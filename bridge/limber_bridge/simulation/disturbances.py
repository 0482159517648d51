"""Disturbances that make a night hard to score, each by a name.

They are what other people and loose sensors do, and what resembles a cramp. Kinds, rates and
amplitudes follow docs/science.md#simulated-signals where something is published; the others are
chosen and only plausible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.simulation.mattress import (
    PARTNER_KICKS_PER_HOUR,
    couple_legs,
    kicks_of_a_close_partner,
)
from limber_bridge.simulation.night import (
    ClockError,
    Distractor,
    ElectrodePop,
    Kick,
    MainsHum,
    NightPlan,
    PartnerMovement,
    StrapKnock,
    StrapSlip,
    TimeRange,
)


class Disturbance(StrEnum):
    """What a night may contain besides leg movements and cramps.

    The order matters: a disturbance draws its random numbers by its position in this list.
    """

    APNOEA = "apnoea"
    """Arousals after pauses in breathing: strong, periodic movements of both legs, which count."""
    ECG = "ecg"
    """The ECG in EMG."""
    FAINT = "faint"
    """A third of the movements are faint."""
    GAPS = "gaps"
    """Samples are lost, for 0.2 s to minutes."""
    HUM = "hum"
    """Mains hum in EMG, at times strong."""
    JITTER = "jitter"
    """The sensor's clock is wrong and the recorded times are uneven."""
    LARGE = "large"
    """Gross movements of 15 to 45 s, with and without a change of position."""
    LOOSE_STRAP = "loose-strap"
    """The strap turns slowly about the leg, slips at times, and the sensor knocks after kicks."""
    PARTNER = "partner"
    """Another person is in the bed."""
    POPS = "pops"
    """An electrode loses contact for a moment."""
    RESTLESS = "restless"
    """Stretching and pacing, as with restless legs."""
    RHYTHMS = "rhythms"
    """Rhythmic feet, high-frequency leg movements, alternating leg movements."""
    TOILET = "toilet"
    """Out of bed for some minutes."""
    TONIC = "tonic"
    """The calf is tense for a while without a cramp."""
    TWITCHING = "twitching"
    """Many twitches, as in REM sleep without atonia."""
    COUPLING = "coupling"
    """A kick shakes the other leg through the mattress and may leave it lying elsewhere."""
    CLOSE_PARTNER = "close-partner"
    """A second sleeper kicks, and the mattress carries it to both legs."""


LOOK_ALIKES: Final = frozenset(
    {
        Disturbance.APNOEA, Disturbance.LARGE, Disturbance.PARTNER, Disturbance.POPS,
        Disturbance.RESTLESS, Disturbance.RHYTHMS, Disturbance.TOILET, Disturbance.TONIC,
        Disturbance.TWITCHING,
    }
)  # fmt: skip
"""Disturbances that may be mistaken for a cramp; docs/science.md#cramps."""
GROUPS: Final = {"look-alikes": LOOK_ALIKES, "everything": frozenset(Disturbance)}
"""Names for several disturbances together."""
AFFECTED_SENSOR: Final = {
    Disturbance.ECG: "EMG", Disturbance.HUM: "EMG", Disturbance.POPS: "EMG",
    Disturbance.TONIC: "EMG of the calf",
    Disturbance.LOOSE_STRAP: "an accelerometer at the ankle",
    Disturbance.COUPLING: "accelerometers at both ankles",
    Disturbance.CLOSE_PARTNER: "an accelerometer at the ankle",
}  # fmt: skip
"""The kind of sensor that a disturbance affects, if it affects only one kind."""
BILATERAL_ONSET_S: Final = 0.25
"""The legs of one bilateral movement start within this time of each other."""


def affects(disturbance: Disturbance, sensor: Sensor) -> bool:
    """Return whether a disturbance changes the signal of a sensor."""
    match disturbance:
        case Disturbance.ECG | Disturbance.HUM | Disturbance.POPS:
            return sensor.quantity is Quantity.EMG
        case Disturbance.TONIC:
            return sensor.placement is Placement.CALF
        case Disturbance.LOOSE_STRAP | Disturbance.COUPLING | Disturbance.CLOSE_PARTNER:
            return sensor.placement is Placement.ANKLE
        case _:
            return True


def add_overlays(
    plan: NightPlan, disturbances: frozenset[Disturbance], legs: Sequence[Side]
) -> NightPlan:
    """Return a night with those disturbances that need no time of their own in the plan.

    Each draws from its own random numbers, so that adding one does not change the others.
    """
    for disturbance in [one for one in OVERLAYS if one in disturbances]:
        rng = np.random.default_rng([plan.seed, 1 + list(Disturbance).index(disturbance)])
        plan = OVERLAYS[disturbance](_Overlay(plan, rng, tuple(legs)))
    return replace(plan, distractors=tuple(sorted(plan.distractors, key=lambda one: one.onset)))


@dataclass(frozen=True, slots=True)
class _Overlay:
    """A night, the random numbers of one disturbance, and the legs that wear a sensor."""

    plan: NightPlan
    rng: np.random.Generator
    legs: tuple[Side, ...]

    def random_times(self, per_hour: float) -> Iterator[float]:
        """Yield random times at this average rate, at least 1 s apart."""
        time = float(self.rng.exponential(3600 / per_hour))
        while time < self.plan.duration - 30:
            yield round(time, 3)
            time += 1 + float(self.rng.exponential(3600 / per_hour))

    def random_leg(self) -> Side:
        """Return one of the legs."""
        return self.legs[int(self.rng.integers(len(self.legs)))]

    def with_distractors(self, distractors: Iterator[Distractor]) -> NightPlan:
        """Return the night with these distractors added."""
        return replace(self.plan, distractors=(*self.plan.distractors, *distractors))


def make_movements_faint(overlay: _Overlay) -> NightPlan:
    """Return the night with a third of its movements faint.

    They are slow, reach 0.5 to 2.4 degrees at the ankle, and have 12 to 24 uV of EMG.
    """
    rng = overlay.rng
    kicks: list[Kick] = []
    is_faint = False
    strength = 1.0
    reach = 1.0
    onset = -1.0
    for kick in overlay.plan.kicks:
        # Both legs of a bilateral movement are faint, or neither.
        if kick.onset - onset > BILATERAL_ONSET_S:
            onset = kick.onset
            is_faint = rng.random() < 1 / 3
            strength = float(rng.uniform(0.2, 0.4))
            reach = float(rng.uniform(0.4, 1.0))
        faint = replace(kick, strength=strength, rise=0.5, reach=reach)
        kicks.append(faint if is_faint else kick)
    return replace(overlay.plan, kicks=tuple(kicks))


def add_partner(overlay: _Overlay) -> NightPlan:
    """Return the night with a partner who turns over and kicks, eight times an hour."""
    return overlay.with_distractors(
        _partner_movement(time, overlay.rng) for time in overlay.random_times(8.0)
    )


def _partner_movement(time: float, rng: np.random.Generator) -> PartnerMovement:
    turns_over = rng.random() < 0.4
    duration = rng.uniform(3, 8) if turns_over else rng.uniform(0.5, 2.5)
    strength = float(np.clip(rng.lognormal(0.0, 0.4), 0.4, 2.0))
    return PartnerMovement(time, round(float(duration), 3), strength)


def couple_both_legs(overlay: _Overlay) -> NightPlan:
    """Return the night with kicks that reach the other leg, by up to 60 %."""
    return overlay.with_distractors(couple_legs(overlay.plan, overlay.rng))


def add_close_partner(overlay: _Overlay) -> NightPlan:
    """Return the night with a second sleeper close by whose kicks reach both legs."""
    times = overlay.random_times(PARTNER_KICKS_PER_HOUR)
    return overlay.with_distractors(
        kicks_of_a_close_partner(overlay.plan, times, overlay.legs, overlay.rng)
    )


def loosen_strap(overlay: _Overlay) -> NightPlan:
    """Return the night with a strap that turns, slips, and lets the sensor knock."""
    plan = overlay.with_distractors(_slips_and_knocks(overlay))
    return replace(plan, strap_wander=float(overlay.rng.uniform(0.15, 0.4)))


def _slips_and_knocks(overlay: _Overlay) -> Iterator[Distractor]:
    rng = overlay.rng
    for time in overlay.random_times(3.0):
        angle = float(np.radians(rng.uniform(0.5, 4.0)) * rng.choice([-1, 1]))
        leg = overlay.random_leg()
        yield StrapSlip(leg, time, round(float(rng.uniform(0.2, 1.5)), 3), angle)
    for kick in overlay.plan.kicks:
        if kick.duration >= 0.5 and rng.random() < 0.3:
            onset = kick.end + float(rng.uniform(0.8, 1.5))
            yield StrapKnock(kick.side, round(onset, 3), 0.2, float(rng.uniform(0.02, 0.06)))


def add_electrode_pops(overlay: _Overlay) -> NightPlan:
    """Return the night with four electrode pops an hour."""
    return overlay.with_distractors(
        _electrode_pop(time, overlay) for time in overlay.random_times(4.0)
    )


def _electrode_pop(time: float, overlay: _Overlay) -> ElectrodePop:
    rng = overlay.rng
    leg = overlay.random_leg()
    duration = round(float(rng.uniform(0.05, 0.45)), 3)
    amplitude = rng.choice([-1, 1]) * np.exp(rng.uniform(np.log(200), np.log(3000)))
    return ElectrodePop(leg, time, duration, float(amplitude))


def add_mains_hum(overlay: _Overlay) -> NightPlan:
    """Return the night with 1 uV of hum, and every two hours 5 to 30 uV for some minutes."""
    rng = overlay.rng
    hum: list[Distractor] = [MainsHum(0.0, overlay.plan.duration, 1.0)]
    for time in overlay.random_times(0.5):
        duration = round(float(rng.uniform(60, 900)), 3)
        amplitude = float(np.exp(rng.uniform(np.log(5), np.log(30))))
        hum.append(MainsHum(time, duration, amplitude))
    return overlay.with_distractors(iter(hum))


def add_ecg(overlay: _Overlay) -> NightPlan:
    """Return the night with an ECG of 10 to 30 uV (peak) at the leg."""
    return replace(overlay.plan, ecg_amplitude=float(overlay.rng.uniform(10, 30)))


def add_clock_error(overlay: _Overlay) -> NightPlan:
    """Return the night with a clock that is up to 1 % wrong, as real ones are, and uneven times."""
    error = ClockError(float(overlay.rng.uniform(-0.01, 0.01)), 2e-4, 0.15)
    return replace(overlay.plan, clock_error=error)


def add_gaps(overlay: _Overlay) -> NightPlan:
    """Return the night with lost samples.

    Each hour has four losses that are too short to be a gap, and one of up to 5 min; a few more cut
    movements.
    """
    rng = overlay.rng
    losses = [(time, float(rng.uniform(0.2, 0.42))) for time in overlay.random_times(4.0)]
    losses += [
        (time, float(np.exp(rng.uniform(np.log(0.8), np.log(300)))))
        for time in overlay.random_times(1.0)
    ]
    cut_kicks = [
        kick for kick in overlay.plan.kicks if kick.duration >= 1.5 and rng.random() < 0.02
    ]
    losses += [_loss_within(kick, rng) for kick in cut_kicks]
    gaps: list[TimeRange] = []
    for onset, duration in sorted(losses):
        begin = round(onset, 3)
        end = round(onset + duration, 3)
        earliest = gaps[-1][1] + 20 if gaps else 60
        if begin > earliest and _is_far_from_walks_and_cramps(overlay.plan, begin, end):
            gaps.append((begin, end))
    return replace(overlay.plan, gaps=tuple(gaps))


def _loss_within(kick: Kick, rng: np.random.Generator) -> tuple[float, float]:
    """Return onset and duration of a loss that starts within a kick."""
    onset = kick.onset + float(rng.uniform(0.2, 0.8)) * kick.duration
    return onset, float(rng.uniform(0.8, 2 * kick.duration + 1))


def _is_far_from_walks_and_cramps(plan: NightPlan, begin: float, end: float) -> bool:
    """Return whether a gap is clear of walks, cramps and the end of the night.

    With a gap there the truth would be unknown, for example when the sleeper got up.
    """
    busy = [(walk.onset, walk.end) for walk in plan.walks]
    busy += [(cramp.onset, cramp.end) for cramp in plan.cramps]
    return end < plan.duration - 60 and all(
        end < start - 400 or begin > stop + 400 for start, stop in busy
    )


OVERLAYS: Final = {
    # First, because others depend on the strength of a movement.
    Disturbance.FAINT: make_movements_faint,
    Disturbance.PARTNER: add_partner,
    Disturbance.COUPLING: couple_both_legs,
    Disturbance.CLOSE_PARTNER: add_close_partner,
    Disturbance.LOOSE_STRAP: loosen_strap,
    Disturbance.POPS: add_electrode_pops,
    Disturbance.HUM: add_mains_hum,
    Disturbance.ECG: add_ecg,
    Disturbance.JITTER: add_clock_error,
    Disturbance.GAPS: add_gaps,
}
"""Disturbances that are added to a finished plan; the others take time of their own (`plan`)."""
