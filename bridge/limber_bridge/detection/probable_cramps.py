"""Probable cramps: a calf that becomes tense without movement, and then a response.

The tension rises slowly (`tension_rise`), or begins suddenly and lasts. The rules follow the only
EMG of natural nocturnal cramps, of six women (Chaney and Sherman). They are experimental and have
not been validated; docs/science.md#probable-cramps.

What is measured of a cramp does not depend on the strength from which cramps are reported, so that
cramps reported under different thresholds can be compared.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from limber_bridge.detection.calf_baseline import CalfBaseline
from limber_bridge.detection.cramp_bins import BIN_US, CrampBin
from limber_bridge.detection.cramp_limits import ALERT_REFRACTORY_US, CRAMP_MAX_US
from limber_bridge.detection.events import Certainty, Cramp
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.signal import EARLIEST_TIME, SECOND, Quantity
from limber_bridge.detection.tension_rise import TensionHistory, TensionRise

TENSE_RATIO: Final = 2.0
"""A tense calf reaches this multiple of its baseline. Chaney and Sherman: a rise by 100 %."""
TENSE_EXCESS_UV: Final = 8.0
"""A tense calf is this far above its baseline. As for the onset of leg movements."""
TONIC_BINS: Final = 30 * SECOND // BIN_US
"""Bins for which the calf has to be tense: 30 s. Chaney and Sherman: 41 s (SD 11); no candidate
lasts as long."""
TONIC_MIN_SHARE: Final = 0.8
"""Share of them in which it has to be."""
TONIC_MIN_BINS: Final = round(TONIC_MIN_SHARE * TONIC_BINS)
"""Number of them in which it has to be."""
STILL_ONSET_US: Final = 15 * SECOND
"""Time from the beginning in which nothing moves. Chosen: a cramp is isometric, everything else
begins with movement."""
STILL_ONSET_MAX_BINS: Final = 2 * SECOND // BIN_US
"""Bins of movement in that time that are allowed."""
TONIC_RESPONSE_MAX_US: Final = 120 * SECOND
"""Time from the beginning within which the person must respond. Chosen: wakes, stretches, gets up.
"""
RESPONSE_MIN_BINS: Final = 10 * SECOND // BIN_US
"""Bins of movement that are a response."""
RESPONSE_MIN_TURN_DEGREES: Final = 20.0
"""Turn of a limb that is a response. Chosen: a leg movement turns it less."""
RESPONSE_LEVEL: Final = {Quantity.ACCELERATION: 0.02, Quantity.EMG: 20.0, Quantity.LOAD: 1.0}
"""Level (g, uV, kg) of another sensor from which a bin is movement. Chosen: well above the
thresholds of a leg movement."""
OVER_RATIO: Final = 1.5
"""A cramp is over below this multiple of the baseline. Chosen: halfway back."""
OVER_BINS: Final = 30 * SECOND // BIN_US
"""Bins in a row for which the calf must be below."""


type Centers = Mapping[int, tuple[float, ...]]
"""Mean acceleration of each limb, by the id of its sensor."""


@dataclass(slots=True)
class PartialBin:
    """What the sensors of one person show in one bin, as far as it is known."""

    calf: float | None = None
    """uV; highest RMS of the calves."""
    moves: bool = False
    centers: dict[int, tuple[float, ...]] = field(default_factory=dict)
    """Mean acceleration of each limb, by the id of its sensor."""


@dataclass(frozen=True, slots=True)
class CompleteBin:
    """A bin in which the calf was measured."""

    start: int
    calf: float
    """uV."""
    is_tense: bool
    moves: bool
    centers: Centers


@dataclass(slots=True)
class TonicActivity:
    """A calf that has been tense for a while."""

    onset: int
    baseline: float
    """uV; the baseline at the onset."""
    centers: Centers
    """Mean acceleration of each limb at the onset."""
    is_ignored: bool
    """Whether it began with movement, so that it is not a cramp."""
    levels: deque[float] = field(default_factory=lambda: deque(maxlen=TONIC_BINS))
    """uV; the calf in the last bins."""
    kept_strength: float = 0.0
    """Highest multiple of the tense level that the calf kept before the response, in most bins of
    any 30 s."""
    rise: TensionRise | None = None
    """The rise up to the first movement, if the tension rose slowly."""
    responded_at: int | None = None
    """us."""
    is_reported: bool = False
    low_bins: int = 0
    """Bins in a row below the level at which it is over."""
    low_since: int = 0
    """us; start of the first of them."""
    moving_bins: int = 0
    """Bins with movement so far."""

    @property
    def strength(self) -> float:
        """By how much it exceeds the rules; docs/science.md#cramp-strength."""
        return max(self.kept_strength, 0.0 if self.rise is None else self.rise.strength)

    @property
    def cramp(self) -> Cramp:
        """The event for it, without an end."""
        reason = "the calf was tense without movement, then the leg was moved"
        return Cramp(self.onset, None, Certainty.PROBABLE, reason, self.strength, self._features)

    @property
    def _features(self) -> dict[str, float]:
        tense_us = 0 if self.responded_at is None else self.responded_at - self.onset
        features = {
            "baseline_uv": self.baseline,
            "level_uv": self.kept_strength * tense_level(self.baseline),
            "tense_s": tense_us / SECOND,
        }
        if self.rise is not None:
            features["top_uv"] = self.rise.top
        return features

    def is_replaced_by(self, rise: TensionRise) -> bool:
        """Return whether a rise begins a new tension, and this one can no longer become a cramp."""
        is_late = rise.onset > self.onset + TONIC_RESPONSE_MAX_US
        return self.is_ignored or (is_late and not self.is_reported)

    def add_bin(self, one: CompleteBin) -> None:
        """Add the next bin."""
        # The baseline stays that of the onset, as it must not follow the tension.
        is_low = one.calf < OVER_RATIO * self.baseline
        if is_low and not self.low_bins:
            self.low_since = one.start
        self.low_bins = self.low_bins + 1 if is_low else 0
        self.moving_bins += one.moves
        if self.responded_at is None and one.start - self.onset <= TONIC_RESPONSE_MAX_US:
            self._look_for_response(one)

    def _look_for_response(self, one: CompleteBin) -> None:
        """Measure how tense the calf is, and see whether the person responds."""
        self.levels.append(one.calf)
        if len(self.levels) >= TONIC_MIN_BINS:
            # The level that was reached in enough of the bins.
            kept = sorted(self.levels, reverse=True)[TONIC_MIN_BINS - 1]
            self.kept_strength = max(self.kept_strength, kept / tense_level(self.baseline))
        # A person who gets up or stretches moves for long, or the limb points elsewhere.
        if self.moving_bins >= RESPONSE_MIN_BINS or has_turned(self.centers, one.centers):
            self.responded_at = one.start


class ProbableCrampDetector:
    """Follows the calves of a person, and what else moves."""

    def __init__(
        self,
        calves: Iterable[int],
        limbs: Iterable[tuple[int, Quantity]],
        baseline: Iterable[float] = (),
    ) -> None:
        """Start with the sensors at the calves and at the limbs, by their ids.

        Without a calf nothing is ever detected. With the `baseline` (uV) of a previous run the
        first minute is not lost.
        """
        self.threshold = 1.0
        """Strength from which a cramp is reported; weaker tension than 1.0 is not followed."""
        self._calves = set(calves)
        self._limbs = dict(limbs)
        self._partial_bins: dict[int, PartialBin] = {}
        self._baseline = CalfBaseline(baseline)
        self._last_bins: deque[CompleteBin] = deque(maxlen=TONIC_BINS)
        self._history = TensionHistory()
        self._still_centers: dict[int, tuple[float, ...]] = {}
        """Mean acceleration of each limb when nothing moved last."""
        self._tonic: TonicActivity | None = None
        self._last_alert = EARLIEST_TIME

    def set_sensors(
        self, calves: Iterable[int], limbs: Iterable[tuple[int, Quantity]], until: int
    ) -> Iterator[Cramp]:
        """Go on with other sensors from a time (us) on.

        Other calves have another baseline, which is learnt again. Yields a cramp that was reported
        and lasts, as ending then.
        """
        wanted = set(calves)
        if wanted != self._calves:
            yield from self.calibrate(until)
        self._calves = wanted
        self._limbs = dict(limbs)
        self._still_centers = {
            sensor: center
            for sensor, center in self._still_centers.items()
            if sensor in self._limbs
        }

    @property
    def sensors(self) -> set[int]:
        """The sensors whose bins are needed."""
        return self._calves | set(self._limbs) if self._calves else set()

    @property
    def baseline(self) -> tuple[float, ...]:
        """The calf (uV) in the bins that make the baseline; it must be kept across restarts."""
        return self._baseline.levels

    def after_clock_step(self) -> ProbableCrampDetector:
        """Return a detector that starts again, for the time after the clock was set back."""
        detector = ProbableCrampDetector(self._calves, self._limbs.items())
        detector.threshold = self.threshold
        return detector

    def calibrate(self, until: int) -> Iterator[Cramp]:
        """Forget the baseline and learn it again.

        Yields a cramp that was reported and lasts, as ending at a time (us).
        """
        tonic = self._tonic
        self._tonic = None
        self._baseline.clear()
        self._last_bins.clear()
        self._history.clear()
        if tonic is not None and tonic.is_reported:
            yield replace(tonic.cramp, end=max(tonic.onset, until))

    def add_previous_cramps(self, cramps: Iterable[Cramp]) -> None:
        """Add the cramps that a previous run reported."""
        onsets = [cramp.onset for cramp in cramps if cramp.certainty is Certainty.PROBABLE]
        self._last_alert = max([self._last_alert, *onsets])

    def add_bins(self, sensor: int, bins: Iterable[CrampBin]) -> None:
        """Add the next bins of one sensor."""
        for one in bins:
            partial = self._partial_bins.setdefault(one.start, PartialBin())
            if sensor in self._calves:
                # Of two calves the tenser one counts.
                known = partial.calf
                partial.calf = one.level if known is None else max(known, one.level)
                continue
            quantity = self._limbs[sensor]
            partial.moves = partial.moves or one.level >= RESPONSE_LEVEL[quantity]
            if quantity is Quantity.ACCELERATION:
                partial.centers[sensor] = one.center

    def advance_to(self, until: int) -> Iterator[Cramp]:
        """Yield what the bins show that have ended for every sensor before a time (us)."""
        complete = sorted(start for start in self._partial_bins if start + BIN_US <= until)
        for start in complete:
            yield from self._process_bin(start, self._partial_bins.pop(start))

    def _process_bin(self, start: int, partial: PartialBin) -> Iterator[Cramp]:
        """Yield what one bin of all sensors shows."""
        if partial.calf is None:
            # Not measured, or left out because of mains hum.
            return
        baseline = self._baseline.level
        is_tense = baseline is not None and partial.calf >= tense_level(baseline)
        one = CompleteBin(start, partial.calf, is_tense, partial.moves, partial.centers)
        self._follow_rise(one, baseline)
        if self._tonic is not None:
            yield from self._continue_tonic(self._tonic, one)
            return
        self._last_bins.append(one)
        if not is_tense:
            self._baseline.add_level(partial.calf)
        elif baseline is not None:
            # Tense for long enough: from now on a response is awaited.
            tense_bins = sum(known.is_tense for known in self._last_bins)
            if tense_bins >= TONIC_MIN_BINS:
                self._tonic = self._begin_tonic(baseline)
                self._last_bins.clear()

    def _follow_rise(self, one: CompleteBin, baseline: float | None) -> None:
        """Note a bin, and follow a tension that has risen slowly up to a movement."""
        if not one.moves:
            self._still_centers |= one.centers
        elif baseline is not None:
            rest = max(baseline, self._baseline.recent_level or 0.0)
            rise = self._history.rise_before(one.start, rest)
            if rise is not None:
                self._add_rise(rise)
        self._history.add_bin(one.start, one.calf, moves=one.moves)

    def _add_rise(self, rise: TensionRise) -> None:
        """Wait for a response to a rise, or note that the current tension rose slowly."""
        tonic = self._tonic
        if tonic is None or tonic.is_replaced_by(rise):
            levels = deque((known.calf for known in self._last_bins), maxlen=TONIC_BINS)
            self._tonic = TonicActivity(
                rise.onset, rise.rest, dict(self._still_centers), False, levels, rise=rise
            )
            self._last_bins.clear()
        elif tonic.responded_at is None and rise.strength > tonic.strength:
            tonic.rise = rise

    def _begin_tonic(self, baseline: float) -> TonicActivity:
        """Return the tension of the last bins; a response is awaited from now on."""
        bins = self._last_bins
        # The tension began with the first tense bin, and movement counts from there.
        onset = next(one.start for one in bins if one.is_tense)
        still_until = onset + STILL_ONSET_US
        moving_bins = sum(one.moves for one in bins if onset <= one.start < still_until)
        centers: dict[int, tuple[float, ...]] = {}
        for one in bins:
            # The first position that is known of each limb.
            centers = {**one.centers, **centers}
        tonic = TonicActivity(
            onset,
            baseline,
            centers,
            is_ignored=moving_bins > STILL_ONSET_MAX_BINS,
            kept_strength=1.0,
        )
        tonic.levels.extend(one.calf for one in bins)
        return tonic

    def _continue_tonic(self, tonic: TonicActivity, one: CompleteBin) -> Iterator[Cramp]:
        """Yield the cramp that a tension turns out to be, and its end."""
        tonic.add_bin(one)
        # Reported once, as soon as the person responds.
        if not tonic.is_reported and self._is_cramp(tonic):
            tonic.is_reported = True
            self._last_alert = tonic.onset
            yield tonic.cramp
        is_over = tonic.low_bins >= OVER_BINS
        if not is_over and one.start - tonic.onset < CRAMP_MAX_US:
            return
        if tonic.is_reported:
            yield replace(tonic.cramp, end=tonic.low_since if is_over else one.start)
        if not is_over:
            # The level of the sensor has changed for good, so it has another baseline.
            self._baseline.clear()
        self._tonic = None

    def _is_cramp(self, tonic: TonicActivity) -> bool:
        """Return whether a tension is to be reported."""
        if tonic.responded_at is None or tonic.is_ignored or tonic.strength < self.threshold:
            return False
        return tonic.onset - self._last_alert >= ALERT_REFRACTORY_US


def has_turned(before: Centers, after: Centers) -> bool:
    """Return whether a limb points elsewhere; each is compared with itself only."""
    return any(
        angle_degrees(center, after[sensor]) > RESPONSE_MIN_TURN_DEGREES
        for sensor, center in before.items()
        if sensor in after
    )


def tense_level(baseline: float) -> float:
    """Return the level (uV) from which a calf with a baseline is tense."""
    return max(TENSE_RATIO * baseline, baseline + TENSE_EXCESS_UV)
