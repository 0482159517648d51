"""Define the messages about reports, described in docs/protocol.md."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal

import msgspec

from limber_bridge.protocol.version import PROTOCOL

REPORT_NIGHTS_MAX: Final = 365
"""Nights of a requested report at most; chosen: a year."""

type Language = Literal["en", "de", "fr", "es", "nl", "it"]
type Paper = Literal["a4", "letter"]
type ReportKind = Literal["pdf", "csv"]


class ReportRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="report"):
    """Request a report on some nights, or the next part of it."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    nights: Annotated[int, msgspec.Meta(ge=1, le=REPORT_NIGHTS_MAX)] | None = None
    first: date | None = msgspec.field(name="from", default=None)
    last: date | None = msgspec.field(name="to", default=None)
    language: Language = "en"
    paper: Paper = "a4"
    kind: ReportKind = "pdf"
    report: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """Id of a report of which the first part has arrived; null: a new one."""
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0

    def __post_init__(self) -> None:
        """Raise ValueError for contradictory values."""
        if (self.first is None) != (self.last is None):
            raise ValueError("`from` and `to` belong together")
        if self.report is None and self.after:
            raise ValueError("`after` without `report`")
        if self.first is None or self.last is None:
            return
        if self.nights is not None:
            raise ValueError("`nights` or `from` and `to`, not both")
        if not timedelta() <= self.last - self.first < timedelta(days=REPORT_NIGHTS_MAX):
            raise ValueError(f"`from` to `to` must be 1 to {REPORT_NIGHTS_MAX} nights")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPart:
    """Hold a part of a report."""

    id: str
    """Id under which the other parts can be requested for some minutes."""
    file_name: str
    media_type: str
    size: int
    """Bytes of the whole report."""
    data: bytes
    """In base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResponse:
    """Return a part of a report."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    report: ReportPart
    next: int | None
    """Value of `after` for the next part; null with the last one."""
