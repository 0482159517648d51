"""A night and its measures, as a bridge publishes them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from .json_decoding import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Measures of a night; None: the signals do not support it."""

    time_in_bed_h: float | None = None
    sleep_h: float | None = None
    movements: int | None = None
    candidates: int | None = None
    plm: int | None = None
    plm_left: int | None = None
    plm_right: int | None = None
    plm_index: float | None = None
    """Periodic movements per hour in bed."""
    plms_index: float | None = None
    """Periodic movements asleep, per hour asleep."""
    plmw_index: float | None = None
    """Periodic movements awake, per hour awake in bed."""
    movement_index: float | None = None
    """Leg movements per hour in bed."""
    periodicity_index: float | None = None
    series_count: int | None = None
    imi_mean: float | None = None
    """Mean interval between movements (s)."""
    longest_quiet_h: float | None = None
    cramps_possible: int | None = None
    cramps_probable: int | None = None

    @property
    def cramps(self) -> int | None:
        """Number of cramps of either certainty; None if no sensor can find any."""
        counts = [
            count for count in (self.cramps_possible, self.cramps_probable) if count is not None
        ]
        return sum(counts) if counts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """How `in_bed` and `asleep` are determined."""

    in_bed: Name | None
    asleep: Name | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The night that is not finished yet."""

    night: date
    measures: Measures
    start: datetime | None = None
    """When the sleeper went to bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Where an imported night comes from."""

    recording: str
    """Name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A finished night."""

    night: date
    revision: int
    start: datetime | None
    """When the sleeper went to bed."""
    end: datetime | None
    """When the sleeper finally left the bed."""
    rules: Name
    methods: Methods
    measures: Measures
    imported: Import | None = None
    """None: the sensors of the bridge measured the night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean and standard deviation of several nights, by measure."""

    nights: int
    mean: Mapping[str, float]
    sd: Mapping[str, float]
