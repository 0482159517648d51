"""What makes a night hard to read, each by a name: what other people and loose sensors do, and what
looks like a cramp.

Kinds, rates and sizes follow the science reference (1.6, 3.1, 4.3, 5.2) where it gives any; the
others are guesses that only have to be possible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.simulation.night import (
    Decoy,
    Hum,
    Jolt,
    Kick,
    Partner,
    Plan,
    Pop,
    Quartz,
    Slip,
    Stretch,
)


class Disturbance(StrEnum):
    """What a night may have besides leg movements and cramps."""

    APNOEA = "apnoea"
    """Arousals after pauses in breathing: strong movements of both legs, periodic, which count."""
    ECG = "ecg"
    """The heart beat in EMG."""
    FAINT = "faint"
    """A third of the movements are faint."""
    GAPS = "gaps"
    """Samples are lost, for 0.2 s to minutes."""
    HUM = "hum"
    """Mains in EMG, now and then much of it."""
    JITTER = "jitter"
    """The sensor's clock is wrong and the times written are not even."""
    LARGE = "large"
    """Large movements of 15 to 45 s, with and without a change of posture."""
    LOOSE_STRAP = "loose-strap"
    """It turns slowly about the leg, slips now and then, and knocks after kicks."""
    PARTNER = "partner"
    """Somebody else is in the bed."""
    POPS = "pops"
    """An electrode loses its hold for a moment."""
    RESTLESS = "restless"
    """Stretching and pacing, as in restless legs."""
    RHYTHMS = "rhythms"
    """Rhythmic feet, high-frequency movements, legs in turn."""
    TOILET = "toilet"
    """Out of bed for some minutes."""
    TONIC = "tonic"
    """The calf is tense for a while and nothing comes of it."""
    TWITCHING = "twitching"
    """Many twitches, as in REM sleep without atonia."""


LOOK_ALIKES: Final = frozenset(
    {
        Disturbance.APNOEA, Disturbance.LARGE, Disturbance.PARTNER, Disturbance.POPS, Disturbance.RESTLESS, Disturbance.RHYTHMS,
        Disturbance.TOILET, Disturbance.TONIC, Disturbance.TWITCHING,
    }
)  # fmt: skip
"""What may be taken for a cramp (science reference 5.2)."""
GROUPS: Final = {"look-alikes": LOOK_ALIKES, "everything": frozenset(Disturbance)}
SHOWN: Final = {
    Disturbance.ECG: "EMG", Disturbance.HUM: "EMG", Disturbance.POPS: "EMG", Disturbance.TONIC: "EMG of the calf",
    Disturbance.LOOSE_STRAP: "an accelerometer at the ankle",
}  # fmt: skip
"""Troubles that only one kind of sensor has."""
BOTH: Final = 0.25
"""s; both legs of one movement begin within this time."""


def shows(trouble: Disturbance, sensor: Sensor) -> bool:
    """Return whether a trouble makes any difference to a sensor."""
    match trouble:
        case Disturbance.ECG | Disturbance.HUM | Disturbance.POPS:
            return sensor.quantity is Quantity.EMG
        case Disturbance.TONIC:
            return sensor.placement is Placement.CALF
        case Disturbance.LOOSE_STRAP:
            return sensor.placement is Placement.ANKLE
        case _:
            return True


def troubled(night: Plan, troubles: frozenset[Disturbance], legs: Sequence[Side]) -> Plan:
    """Return a night with the troubles that need no time of their own, each by random numbers of
    its own.
    """
    for trouble in sorted(troubles & OVERLAYS.keys()):
        rng = np.random.default_rng([night.seed, 1 + list(Disturbance).index(trouble)])
        night = OVERLAYS[trouble](_Overlay(night, rng, tuple(legs)))
    return replace(night, decoys=tuple(sorted(night.decoys, key=lambda decoy: decoy.onset)))


@dataclass(frozen=True, slots=True)
class _Overlay:
    """A night, random numbers, and the legs that wear something."""

    night: Plan
    rng: np.random.Generator
    legs: tuple[Side, ...]

    def times(self, an_hour: float) -> Iterator[float]:
        """Yield times at which something happens so often."""
        time = float(self.rng.exponential(3600 / an_hour))
        while time < self.night.duration - 30:
            yield round(time, 3)
            time += 1 + float(self.rng.exponential(3600 / an_hour))

    def leg(self) -> Side:
        """Return one of the legs."""
        return self.legs[int(self.rng.integers(len(self.legs)))]

    def added(self, decoys: Iterator[Decoy]) -> Plan:
        """Return the night with decoys."""
        return replace(self.night, decoys=(*self.night.decoys, *decoys))


def faint(on: _Overlay) -> Plan:
    """Return the night with a third of its movements faint: slow, half a degree to 2.4 degrees, 12
    to 24 uV.
    """
    kicks: list[Kick] = []
    weak = False
    strength = 1.0
    reach = 1.0
    begun = -1.0
    for kick in on.night.kicks:
        if kick.onset - begun > BOTH:
            begun = kick.onset
            weak = on.rng.random() < 1 / 3
            strength = float(on.rng.uniform(0.2, 0.4))
            reach = float(on.rng.uniform(0.4, 1.0))
        kicks.append(replace(kick, strength=strength, rise=0.5, reach=reach) if weak else kick)
    return replace(on.night, kicks=tuple(kicks))


def partner(on: _Overlay) -> Plan:
    """Return the night with a partner who turns over and kicks, eight times an hour."""
    return on.added(
        Partner(
            time,
            round(
                float(on.rng.uniform(3, 8) if on.rng.random() < 0.4 else on.rng.uniform(0.5, 2.5)),
                3,
            ),
            float(np.clip(on.rng.lognormal(0.0, 0.4), 0.4, 2.0)),
        )
        for time in on.times(8.0)
    )


def loose_strap(on: _Overlay) -> Plan:
    """Return the night with a strap that turns, slips and lets the sensor knock."""
    night = on.added(_slips_and_jolts(on))
    return replace(night, wander=float(on.rng.uniform(0.15, 0.4)))


def _slips_and_jolts(on: _Overlay) -> Iterator[Decoy]:
    for time in on.times(3.0):
        turn = float(np.radians(on.rng.uniform(0.5, 4.0)) * on.rng.choice([-1, 1]))
        yield Slip(on.leg(), time, round(float(on.rng.uniform(0.2, 1.5)), 3), turn)
    for kick in on.night.kicks:
        if kick.duration >= 0.5 and on.rng.random() < 0.3:
            onset = kick.end + float(on.rng.uniform(0.8, 1.5))
            yield Jolt(kick.side, round(onset, 3), 0.2, float(on.rng.uniform(0.02, 0.06)))


def pops(on: _Overlay) -> Plan:
    """Return the night with electrode pops, four an hour."""
    return on.added(
        Pop(
            on.leg(),
            time,
            round(float(on.rng.uniform(0.05, 0.45)), 3),
            float(on.rng.choice([-1, 1]) * np.exp(on.rng.uniform(np.log(200), np.log(3000)))),
        )
        for time in on.times(4.0)
    )


def hum(on: _Overlay) -> Plan:
    """Return the night with 1 uV of hum, and once in two hours 5 to 30 uV for some minutes."""
    always = Hum(0.0, on.night.duration, 1.0)
    episodes = [
        Hum(
            time,
            round(float(on.rng.uniform(60, 900)), 3),
            float(np.exp(on.rng.uniform(np.log(5), np.log(30)))),
        )
        for time in on.times(0.5)
    ]
    return on.added(iter([always, *episodes]))


def ecg(on: _Overlay) -> Plan:
    """Return the night with the heart beat at the leg: 10 to 30 uV at its peak."""
    return replace(on.night, heart=float(on.rng.uniform(10, 30)))


def jitter(on: _Overlay) -> Plan:
    """Return the night with a clock up to 1 % off, as real rates are, and uneven times."""
    return replace(on.night, quartz=Quartz(float(on.rng.uniform(-0.01, 0.01)), 2e-4, 0.15))


def gaps(on: _Overlay) -> Plan:
    """Return the night with lost samples: four short losses an hour, one of up to 5 min, and a few
    within movements.
    """
    lost = [(time, float(on.rng.uniform(0.2, 0.42))) for time in on.times(4.0)]
    lost += [
        (time, float(np.exp(on.rng.uniform(np.log(0.8), np.log(300))))) for time in on.times(1.0)
    ]
    cut = [kick for kick in on.night.kicks if kick.duration >= 1.5 and on.rng.random() < 0.02]
    lost += [
        (kick.onset + float(on.rng.uniform(0.2, 0.8)) * kick.duration, _length(on, kick))
        for kick in cut
    ]
    kept: list[Stretch] = []
    for onset, lasts in sorted(lost):
        begin = round(onset, 3)
        end = round(onset + lasts, 3)
        if _is_free(on.night, begin, end) and begin > (kept[-1][1] + 20 if kept else 60):
            kept.append((begin, end))
    return replace(on.night, gaps=tuple(kept))


def _length(on: _Overlay, kick: Kick) -> float:
    return float(on.rng.uniform(0.8, 2 * kick.duration + 1))


def _is_free(night: Plan, begin: float, end: float) -> bool:
    """Return whether nobody goes to bed, gets up or has a cramp around a gap: what cannot be known
    is not asked.
    """
    busy = [(walk.onset, walk.end) for walk in night.walks] + [
        (spasm.onset, spasm.end) for spasm in night.spasms
    ]
    return end < night.duration - 60 and all(
        end < start - 400 or begin > stop + 400 for start, stop in busy
    )


OVERLAYS: Final = {
    Disturbance.FAINT: faint, Disturbance.PARTNER: partner, Disturbance.LOOSE_STRAP: loose_strap, Disturbance.POPS: pops,
    Disturbance.HUM: hum, Disturbance.ECG: ecg, Disturbance.JITTER: jitter, Disturbance.GAPS: gaps,
}  # fmt: skip
"""Troubles that lie over a night; the others take their own time in it (`plan`)."""
