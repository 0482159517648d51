"""Make a report from the journal in memory, for a page or a client."""

from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.offline.report.facts import DateRange, collect_facts
from limber_bridge.offline.report.files import make_csv, make_pdf
from limber_bridge.storage.journal_reader import open_journal_reader

TYPESETTER: Final = "typst"
PDF: Final = "pdf"
MEDIA_TYPES: Final = {PDF: "application/pdf", "csv": "text/csv"}
"""By kind of report, which is the suffix of its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    """Which report is wanted."""

    range: DateRange
    kind: str = PDF
    """One of `MEDIA_TYPES`."""
    language: str
    paper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """A report as a file."""

    file_name: str
    media_type: str
    content: bytes


def can_typeset() -> bool:
    """Return whether the package that typesets reports is installed."""
    return find_spec(TYPESETTER) is not None


def render_report(config: Config, sleeper: Sleeper, order: ReportOrder) -> RenderedReport:
    """Return a report; NoNightError, MissingPackageError, JournalError. It blocks, for seconds."""
    with open_journal_reader(config.journal) as record:
        facts = collect_facts(config, record, sleeper, order.range)
    if order.kind == PDF:
        now = datetime.now(config.calendar.zone)
        content = make_pdf(facts, paper=order.paper, language=order.language, now=now)
    else:
        content = make_csv(facts).encode()
    return RenderedReport(
        file_name=f"limber-{sleeper.id}-{facts.nights[-1].date}.{order.kind}",
        media_type=MEDIA_TYPES[order.kind],
        content=content,
    )
