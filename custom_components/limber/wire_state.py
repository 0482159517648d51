"""The current state of a sleeper, of their sensors and of the bridge. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .json_decoding import Name
from .wire_diary import RecentDiary
from .wire_nights import Methods, Night, Spread, Tonight
from .wire_trials import RunningTrial, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Cramp:
    """A probable cramp in progress."""

    start: datetime
    certainty: Name
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHealth:
    """Health of a sensor."""

    connected: bool
    last_sample: datetime | None
    rate: float | None
    """Measured rate (Hz)."""
    battery: int | None
    """Percent."""
    lost: int
    problem: str | None
    quality: int | None = None
    """Usable samples of the last minute (percent)."""
    refused: int = 0
    error_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHealth:
    """Health of the bridge's journal."""

    problem: str | None = None
    message: str | None = None
    """The problem and its remedy, for a person."""
    warning: str | None = None
    unconfigured_sleepers: tuple[str, ...] = ()
    """Ids of sleepers with nights in the journal who are not in the bridge's configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeProblem:
    """A current problem of the bridge itself."""

    key: str
    message: str
    """The problem and its remedy, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """A period in which the bridge had no connection to the broker."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerHealth:
    """Health of the connection between bridge and broker."""

    last_disconnect: Disconnect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeHealth:
    """Health of the bridge itself."""

    problems: tuple[BridgeProblem, ...]
    broker: BrokerHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Current state of a sleeper."""

    time: datetime
    """When it was published."""
    in_bed: bool | None
    asleep: bool | None
    cramp: Cramp | None
    tonight: Tonight
    last_night: Night | None
    methods: Methods
    sensors: Mapping[int, SensorHealth]
    """By sensor id."""
    bridge: BridgeHealth | None = None
    """The same for all sleepers of a bridge; None from an older bridge."""
    averages: Mapping[int, Spread | None] = field(default_factory=dict)
    """By number of days."""
    recording: bool = True
    journal: JournalHealth = field(default_factory=JournalHealth)
    paused: bool = False
    calibrating: bool = False
    sensitivity: float | None = None
    """None from an older bridge."""
    cramp_labels: int = 0
    diary: RecentDiary | None = None
    """None from an older bridge."""
    trial: RunningTrial | None = None
    """None: no trial is running."""
    last_trial: Trial | None = None
    """The newest trial that has ended."""

    @property
    def is_live(self) -> bool:
        """Whether any sensor is connected."""
        return any(health.connected for health in self.sensors.values())
