"""Write a report as PDF, and its nights as CSV."""

import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from limber_bridge.detection.measures import Measures
from limber_bridge.domain.diary import DIARY_COLUMNS, diary_cells
from limber_bridge.domain.factor_effects import factor_name
from limber_bridge.domain.nights import to_utc
from limber_bridge.offline.report.document import as_data, make_document
from limber_bridge.offline.report.facts import ReportFacts
from limber_bridge.offline.report.texts import load_texts
from limber_bridge.offline.report_nights import ReportNight

PAPERS: Final = {"a4": "a4", "letter": "us-letter"}
"""Names of the paper sizes on the command line, and those of Typst."""
CSV_COLUMNS: Final = (
    "night",
    "recorded",
    "start",
    "end",
    "revision",
    "rules",
    "cramps",
    "factors",
    *DIARY_COLUMNS,
    *(field.name for field in fields(Measures)),
)


class MissingPackageError(Exception):
    """The typesetter is not installed; the text says how to install it."""


def write_report(
    facts: ReportFacts, out: Path, *, paper: str, language: str, now: datetime
) -> None:
    """Write the report and, beside it, the CSV: both or none; OSError or MissingPackageError."""
    pdf = make_pdf(facts, paper=paper, language=language, now=now)
    table = make_csv(facts)
    written = {out: pdf, out.with_suffix(".csv"): table.encode()}
    parts = {path: path.with_name(f".{os.getpid()}.{path.name}") for path in written}
    try:
        for path, content in written.items():
            parts[path].write_bytes(content)
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def make_pdf(facts: ReportFacts, *, paper: str, language: str, now: datetime) -> bytes:
    """Return the report as PDF; the same facts at the same time give the same bytes."""
    compile_ = _typesetter()
    texts = load_texts(language)
    document = make_document(facts, texts, now.date())
    template = (files(__package__) / "report.typ").read_bytes()
    pdf: bytes = compile_(
        template,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(as_data(document, texts)), "paper": PAPERS[paper]},
        timestamp=int(now.astimezone(UTC).timestamp()),
    )
    return pdf


def _typesetter() -> Callable[..., Any]:
    try:
        import typst  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise MissingPackageError(
            "`limber report` needs one more package: run `script/setup bridge-report`, or install"
            " `limber-bridge[report]`"
        ) from error
    return typst.compile


def make_csv(facts: ReportFacts) -> str:
    """Return every date of the range as a row of a table, also those that were not recorded."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(csv_row(night) for night in facts.nights)
    return out.getvalue()


def csv_row(one: ReportNight) -> dict[str, object]:
    """Return the row of a date; cells of unknown values are empty. Times are UTC in ISO 8601."""
    row: dict[str, object] = {
        "night": one.date.isoformat(),
        "recorded": one.night is not None,
        "cramps": "" if one.had_cramp is None else len(one.cramps),
        "factors": "; ".join(sorted({as_cell(factor_name(factor)) for factor in one.factors})),
        **diary_cells(one.diary),
    }
    if one.night is None:
        return row
    measures = {
        name: " ".join(map(str, value)) if isinstance(value, tuple | list) else value
        for name, value in asdict(one.night.measures).items()
        if value is not None
    }
    return (
        row
        | measures
        | {
            "start": _iso(one.night.start),
            "end": _iso(one.night.end),
            "revision": one.night.revision,
            "rules": one.night.rules,
        }
    )


def as_cell(text: str) -> str:
    """Return a text of a person that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _iso(moment: int | None) -> str:
    return "" if moment is None else to_utc(moment).isoformat().replace("+00:00", "Z")
