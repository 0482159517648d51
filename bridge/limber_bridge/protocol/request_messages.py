"""Define the requests to the bridge, described in docs/protocol.md."""

from datetime import UTC, date, datetime
from typing import Annotated, Final

import msgspec

from limber_bridge.detection.events import FactorKind
from limber_bridge.domain.settings import DEFAULT_SENSITIVITY, MAX_SENSITIVITY, MIN_SENSITIVITY
from limber_bridge.protocol.diary_messages import DiaryRequest
from limber_bridge.protocol.effect_messages import EffectsRequest
from limber_bridge.protocol.report_messages import ReportRequest
from limber_bridge.protocol.trend_messages import LastNights, TrendRequest
from limber_bridge.protocol.trial_messages import (
    AnswerTrialRequest,
    StartTrialRequest,
    StopTrialRequest,
    TrialsRequest,
)

NOTE_MAX_CHARACTERS: Final = 200
"""Chosen: a sentence or two about a factor, short enough for a notification."""
RELAY_MAX_NOTIFICATIONS: Final = 64
"""Notifications in a `relay` request; chosen: some seconds of a fast sensor."""
RELAY_MAX_NUMBER: Final = 2**53 - 1
"""Largest number that JSON holds exactly everywhere."""
RELAY_MAX_BYTES: Final = 600
"""Chosen: a Bluetooth attribute has at most 512 bytes."""
RELAY_MAX_AGE_MS: Final = 600_000
"""Chosen: ten minutes; clients keep less."""
SIGNAL_STRENGTH_DBM: Final = (-127, 20)
"""What Bluetooth can report."""


def check_not_before_1970(time: datetime | None) -> None:
    """Raise ValueError for a time before 1970, which can only be a mistake."""
    if time is not None and time < datetime(1970, 1, 1, tzinfo=UTC):
        raise ValueError("`time` before 1970")


class NightsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="nights"):
    """Request the nights that finished after a date, or only the `last` ones of them."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    after: date | None = None
    last: LastNights | None = None


class EventsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="events"):
    """Request the events of a night; `after` is `next` of the previous page."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    night: date
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class EndNightRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="end_night"
):
    """End the current night now."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class LabelRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="label"):
    """Label an event, or the event at a time, as a cramp or not; without both, the time is now."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    cramp: bool
    event: str | None = None
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for contradictory or impossible values."""
        if self.event is not None and self.time is not None:
            raise ValueError("`event` or `time`, not both")
        check_not_before_1970(self.time)


class ResetLabelsRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="reset_labels"
):
    """Delete all labels of a sleeper and the thresholds that were learned from them."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="pause"):
    """Pause measuring, or resume it."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    paused: bool


class CalibrateRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="calibrate"
):
    """Learn the noise of a quiet minute, and the weight of the empty bed from load cells."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class SetRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="set"):
    """Set the sensitivity of movement detection."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    sensitivity: float

    def __post_init__(self) -> None:
        """Raise ValueError for a sensitivity that would count noise, or nothing."""
        if not MIN_SENSITIVITY <= self.sensitivity <= MAX_SENSITIVITY:
            raise ValueError(
                f"`sensitivity` must be a number from {MIN_SENSITIVITY} to {MAX_SENSITIVITY};"
                f" {DEFAULT_SENSITIVITY} is the threshold of the scoring rules"
            )


class LogRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="log"):
    """Log something that the sleeper did or took, at a time or now."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    factor: FactorKind
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX_CHARACTERS)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an impossible time."""
        check_not_before_1970(self.time)


class BedRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="bed"):
    """Report whether the sleeper is in bed, as a sensor of the client shows it."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    in_bed: bool
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    """Since when it is so, by the clock of the client."""
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    """When the request was sent, by the same clock: so the clocks need not agree."""

    def __post_init__(self) -> None:
        """Raise ValueError for impossible times."""
        check_not_before_1970(self.since)
        if self.since > self.time:
            raise ValueError("`since` after `time`")


type RelayedNotification = tuple[
    Annotated[int, msgspec.Meta(ge=0, le=RELAY_MAX_NUMBER)],
    Annotated[int, msgspec.Meta(ge=0, le=RELAY_MAX_AGE_MS)],
    Annotated[str, msgspec.Meta(min_length=1, max_length=64)],
    Annotated[bytes, msgspec.Meta(max_length=RELAY_MAX_BYTES)],
]
"""Number, which rises in each run; age in ms when the request was sent; channel: the UUID of a
characteristic, `connected` or `disconnected`; payload, in base64."""


class RelayRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="relay"):
    """Pass on what a sensor notified to the client, unparsed and in order."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    sensor: int
    run: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """Chosen at random when the client begins to number the notifications of this sensor."""
    notifications: Annotated[
        tuple[RelayedNotification, ...], msgspec.Meta(max_length=RELAY_MAX_NOTIFICATIONS)
    ]
    signal_strength: (
        Annotated[int, msgspec.Meta(ge=SIGNAL_STRENGTH_DBM[0], le=SIGNAL_STRENGTH_DBM[1])] | None
    ) = None
    """dBm; null: unknown."""


type Command = (
    EndNightRequest | ResetLabelsRequest | PauseRequest | CalibrateRequest | SetRequest | BedRequest
)
"""Requests whose response only confirms that the command was carried out."""
type TrialChange = StartTrialRequest | StopTrialRequest | AnswerTrialRequest
"""Requests that change a trial."""
type ReadRequest = (
    NightsRequest | EventsRequest | TrendRequest | EffectsRequest | ReportRequest | TrialsRequest
)
"""Requests that only read the journal."""
READ_REQUESTS: Final = (
    NightsRequest,
    EventsRequest,
    TrendRequest,
    EffectsRequest,
    ReportRequest,
    TrialsRequest,
)
type ChangeRequest = LabelRequest | LogRequest | DiaryRequest | TrialChange | Command
"""Requests that change something."""
type Request = ReadRequest | ChangeRequest | RelayRequest
