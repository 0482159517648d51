"""The published state of one sleeper, built from a snapshot. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from limber_bridge.config.model import ConfiguredSensor, Sleeper
from limber_bridge.daemon.night_closer import ScoredNight
from limber_bridge.detection.events import Certainty, Cramp, Event, Method
from limber_bridge.detection.measures import round_measures
from limber_bridge.detection.spans import Span
from limber_bridge.domain.nights import ImportHistory, Night, to_utc
from limber_bridge.domain.settings import Settings
from limber_bridge.domain.trends import NightAverages
from limber_bridge.protocol.diary_messages import NightDiaries
from limber_bridge.protocol.encoding import encode_methods, encode_night
from limber_bridge.protocol.health_messages import SensorHealth
from limber_bridge.protocol.messages import ActiveCramp, SensorInfo, SleeperInfo, State, Tonight
from limber_bridge.protocol.trial_messages import TonightTrial, TrialMessage
from limber_bridge.sources import SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeperSnapshot:
    """Everything that is known of one sleeper at one moment."""

    now: int
    """Host time in us."""
    in_bed: bool | None
    """None where no sensor measures that now."""
    in_bed_method: Method | None
    tonight: ScoredNight
    events_tonight: Sequence[Event]
    last_night: Night | None
    averages: Mapping[str, NightAverages | None]
    """By number of days."""
    cramp_thresholds: Mapping[Certainty, float]
    cramp_labels: int
    """Number of labels from which the thresholds were learnt."""
    sensors: Mapping[str, SensorHealth]
    """By sensor id."""
    settings: Settings
    calibrating: bool
    diary: NightDiaries
    trial: TonightTrial | None
    last_trial: TrialMessage | None


def build_state(snapshot: SleeperSnapshot) -> State:
    """Return the state message of a snapshot, without the health of the bridge."""
    thresholds = {str(name): value for name, value in snapshot.cramp_thresholds.items()}
    last_night = snapshot.last_night
    return State(
        time=to_utc(snapshot.now),
        in_bed=snapshot.in_bed,
        asleep=asleep_now(snapshot),
        cramp=cramp_in_progress(snapshot.events_tonight),
        cramp_thresholds=thresholds,
        cramp_labels=snapshot.cramp_labels,
        tonight=build_tonight(snapshot.tonight),
        last_night=None if last_night is None else encode_night(last_night),
        averages=snapshot.averages,
        methods=encode_methods(snapshot.in_bed_method),
        sensors=snapshot.sensors,
        paused=snapshot.settings.paused,
        calibrating=snapshot.calibrating,
        sensitivity=snapshot.settings.sensitivity,
        diary=snapshot.diary,
        trial=snapshot.trial,
        last_trial=snapshot.last_trial,
    )


def build_tonight(scored: ScoredNight) -> Tonight:
    """Return the part of the state about the night in progress."""
    return Tonight(
        night=scored.date,
        start=None if scored.start is None else to_utc(scored.start),
        end=None if scored.end is None else to_utc(scored.end),
        measures=round_measures(scored.score.measures),
    )


def asleep_now(snapshot: SleeperSnapshot) -> bool | None:
    """Return whether the sleeper is asleep; None if that, or who is in bed, is unknown."""
    if not snapshot.in_bed:
        return snapshot.in_bed
    asleep = snapshot.tonight.score.asleep
    return None if asleep is None else reaches(asleep, snapshot.tonight.until)


def reaches(spans: Sequence[Span], time: int) -> bool:
    """Return whether the last span lasts until a time (us)."""
    return bool(spans) and spans[-1][1] >= time


def cramp_in_progress(events: Iterable[Event]) -> ActiveCramp | None:
    """Return the cramp that has not ended, None where there is none."""
    active = [event for event in events if isinstance(event, Cramp) and event.end is None]
    if not active:
        return None
    cramp = active[-1]
    return ActiveCramp(start=to_utc(cramp.onset), certainty=cramp.certainty, reason=cramp.reason)


def describe_sleeper(
    sleeper: Sleeper, rates: Mapping[int, float | None], history: ImportHistory
) -> SleeperInfo:
    """Return a sleeper and the sensors; `rates` are nominal, in Hz by sensor id.

    `history`: how past nights have changed.
    """
    sensors = tuple(
        SensorInfo(
            id=configured.sensor.id,
            placement=configured.sensor.placement,
            side=configured.sensor.side,
            quantity=configured.sensor.quantity,
            rate=rates[configured.sensor.id],
            source=configured.source,
            relay=describe_relay(configured),
        )
        for configured in sleeper.sensors
    )
    return SleeperInfo(
        id=sleeper.id,
        name=sleeper.name,
        sensors=sensors,
        imports=history.imports,
        removed_nights=history.removed,
    )


def describe_relay(configured: ConfiguredSensor) -> Mapping[str, Any] | None:
    """Return what a client must do to relay a sensor; None if it is not relayed."""
    source = SOURCES.get(configured.source)
    if source is None or source.describe_relay is None:
        return None
    return source.describe_relay(configured.request.options)
