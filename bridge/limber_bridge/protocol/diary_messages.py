"""Define the messages about the diary, described in docs/protocol.md."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from limber_bridge.domain.diary import RATING_MAX, DiaryEntry
from limber_bridge.protocol.version import PROTOCOL

type Rating = Annotated[int, msgspec.Meta(ge=0, le=RATING_MAX)]
DIARY_FIELDS: Final = ("evening_symptoms", "sleep_quality", "cramp", "cramp_pain")


@dataclass(frozen=True, slots=True, kw_only=True)
class NightDiaries:
    """Hold what is said of the nights that a person speaks of now; they may be the same."""

    tonight: DiaryEntry
    last_night: DiaryEntry


class DiaryRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="diary"):
    """Say something of a night; a missing value stays as it is, null deletes it."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    night: date | None = None
    evening_symptoms: Rating | UnsetType | None = UNSET
    sleep_quality: Rating | UnsetType | None = UNSET
    cramp: bool | UnsetType | None = UNSET
    cramp_pain: Rating | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """Raise ValueError where nothing is said, or a pain without a cramp."""
        if not self.values:
            raise ValueError(f"give one of {', '.join(f'`{name}`' for name in DIARY_FIELDS)}")
        if not self.values.get("cramp", True) and self.values.get("cramp_pain"):
            raise ValueError("`cramp_pain` without a cramp")

    @property
    def values(self) -> dict[str, Any]:
        """What is said, by name of the field; None deletes a value."""
        given = {name: getattr(self, name) for name in DIARY_FIELDS}
        return {name: value for name, value in given.items() if value is not UNSET}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryResponse:
    """Confirm that something was noted in the diary."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    night: date
    diary: DiaryEntry
    """Everything that is said of this night."""
