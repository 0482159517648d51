"""What is known about whether a person is in bed. It is kept across restarts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from limber_bridge.detection.events import Method
from limber_bridge.detection.spans import Span

type GravityDirection = tuple[float, ...]
"""Mean acceleration of a sensor, which points along gravity."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one epoch shows about being in bed."""

    in_bed: bool | None
    """None: the epoch says nothing."""
    since: int | None = None
    """us; since when it is so. None: since the start of the epoch."""
    certain: bool = False
    """Whether it is accepted at once, without waiting for more epochs."""
    withdraws: bool = False
    """Whether a pending change is dropped although the epoch says nothing."""


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change that epochs have been showing, but not for long enough yet."""

    in_bed: bool
    since: int
    """us."""
    until: int
    """us; end of the last epoch that showed it."""
    onsets: int
    """Movements that began in those epochs."""


@dataclass(frozen=True, slots=True)
class BedReport:
    """What a sensor outside of the bridge shows about being in bed."""

    time: int
    """us; when the report was received."""
    in_bed: bool
    since: int
    """us; since when it has been so."""


@dataclass(frozen=True, slots=True)
class LoadState:
    """What the load cells under the bed have shown."""

    empty_kg: float | None = None
    """Load of the empty bed. None until a person came or went."""
    range_kg: tuple[float, float] | None = None
    """Lowest and highest load while the empty bed is not known."""
    tare_at: int | None = None
    """us; the first epoch from then on shows the empty bed, if it comes within a minute."""


@dataclass(frozen=True, slots=True)
class AnkleState:
    """What the sensors at the ankles have shown. Mappings are by the id of the sensor."""

    standing: Mapping[int, GravityDirection] = field(default_factory=dict)
    """Direction while walking, which is that of a standing leg."""
    lying: Mapping[int, GravityDirection] = field(default_factory=dict)
    """Direction in which the leg lay last."""
    lying_before: Mapping[int, GravityDirection] = field(default_factory=dict)
    """Direction in which it lay before it was turned to the current one."""
    recent_direction: GravityDirection | None = None
    """Direction in which the leg has been still recently."""
    still_since: int = 0
    """us; since when it has been still in that direction."""
    shaken_half_epochs: int = 0
    """Evidence of walking in a direction that is not known to be that of a standing leg.

    Each epoch with a level of walking adds two or more; each epoch without subtracts one.
    """
    shaking_since: int | None = None
    """us; start of the first of those epochs."""
    shaking_direction: GravityDirection | None = None
    """Direction in which the leg was shaken in them."""
    last_step: int | None = None
    """us; end of the last epoch with walking."""
    standing_since: int | None = None
    """us; since when the leg has pointed as while standing, without walking."""

    def without_times(self) -> AnkleState:
        """Return what stays true after an interruption or a step of the clock."""
        return AnkleState(self.standing, self.lying, self.lying_before)


@dataclass(frozen=True, slots=True)
class BedMovement:
    """A stretch of epochs in which something moved at the bed."""

    start: int
    """us."""
    end: int
    """us."""
    peak: float
    """Highest envelope, in g."""


@dataclass(frozen=True, slots=True)
class BedMovementState:
    """What an accelerometer at the bed has shown."""

    movements: tuple[BedMovement, ...] = ()
    """Recent movements, while it is not clear whether a person is in bed."""
    reliability: int = 0
    """Points for how well this sensor feels a person who is in bed.

    One point for each epoch in bed in which it did. Points are taken back for epochs in which it
    did not, once it turns out that the person was there.
    """
    missed_epochs: int = 0
    """Epochs in bed without breath or heartbeat since the last one with it."""
    streak: int = 0
    """Epochs in a row in which a person was felt; negative: in which no person was.

    Epochs covered by movement do not end a streak.
    """

    def without_times(self) -> BedMovementState:
        """Return what stays true after an interruption or a step of the clock."""
        return BedMovementState(reliability=self.reliability)


@dataclass(frozen=True, slots=True)
class BedState:
    """What is known about one person being in bed."""

    in_bed: bool | None = None
    """None: not known yet."""
    method: Method | None = None
    """What the last epoch was judged by."""
    last_epoch: int | None = None
    """us; start of the last epoch that a sensor of the bridge measured."""
    earliest_change: int = 0
    """us; no change is dated earlier: the last change, or the first epoch after an interruption."""
    pending: PendingChange | None = None
    last_since: int | None = None
    """us; since when it has been so, according to the last ankle or bed sensor. None: since now."""
    load: LoadState = field(default_factory=LoadState)
    ankle: AnkleState = field(default_factory=AnkleState)
    bed_movement: BedMovementState = field(default_factory=BedMovementState)
    reports: tuple[BedReport, ...] = ()
    """The last report, and those before it that an epoch may still need; the latest last."""
    reported: tuple[Span, ...] = ()
    """us; the last times for which a report was valid, in whole epochs."""

    def without_times(self) -> BedState:
        """Return what stays true after an interruption or a step of the clock."""
        return replace(
            self,
            last_epoch=None,
            pending=None,
            last_since=None,
            ankle=self.ankle.without_times(),
            bed_movement=self.bed_movement.without_times(),
        )

    def without_reports(self) -> BedState:
        """Return the state as if there had been no report; whether one is in bed is kept."""
        return replace(self, reports=(), reported=())

    def with_tare_at(self, time: int | None) -> BedState:
        """Return the state with a tare that is due at a time (us), or with none."""
        return replace(self, load=replace(self.load, tare_at=time))
