"""Read the annotations of a polysomnogram from XML: NSRR and Profusion.

A document type declaration is refused: it may define entities, which expand without limit or read
other files. Neither format has one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn
from xml.parsers import expat

from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.annotation_table import MAX_TEXT_BYTES, MAX_TIME_S

MAX_DEPTH: Final = 20
"""Nested elements; both formats have five."""
EVENT_FIELDS: Final = frozenset(("eventtype", "eventconcept", "name", "start", "duration"))


@dataclass(frozen=True, slots=True)
class XmlEvent:
    """A scored event."""

    kind: str
    """Type and name, in small letters."""
    name: str
    start: float
    """s."""
    duration: float
    """s."""


@dataclass(slots=True)
class XmlAnnotations:
    """What a document holds."""

    events: list[XmlEvent] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    """One for each epoch (Profusion)."""
    epoch_s: float = 30.0


def is_xml(head: bytes) -> bool:
    """Return whether a file begins like XML."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<"))


class DocumentReader:
    """Collects events and stages while a document is parsed."""

    def __init__(self, path: Path) -> None:
        """Start before the document."""
        self.found = XmlAnnotations()
        self._path = path
        self._tags: list[str] = []
        self._text: list[str] = []
        self._fields: dict[str, str] = {}
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def parse(self, data: bytes) -> XmlAnnotations:
        """Parse a document; UnreadableRecordingError."""
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise UnreadableRecordingError(
                f"{self._path}: line {error.lineno}: not a complete XML document "
                f"({expat.errors.messages[error.code]}); export it again"
            ) from error
        return self.found

    def _refuse_doctype(self, *_declaration: object) -> NoReturn:
        raise UnreadableRecordingError(
            f"{self._path}: line {self._parser.CurrentLineNumber}: a document type declaration, "
            "which NSRR and Profusion XML do not have; remove it"
        )

    def _start(self, tag: str, _attributes: object) -> None:
        self._tags.append(tag.lower())
        if len(self._tags) > MAX_DEPTH:
            raise UnreadableRecordingError(
                f"{self._path}: line {self._parser.CurrentLineNumber}: more than {MAX_DEPTH} "
                "nested elements; use NSRR or Profusion XML"
            )
        self._text.clear()
        if tag.lower() == "scoredevent":
            self._fields = {}

    def _end(self, tag: str) -> None:
        tag = self._tags.pop() if self._tags else tag.lower()
        text = "".join(self._text).strip()
        self._text.clear()
        if tag == "sleepstage":
            self.found.stages.append(text)
        elif tag == "epochlength":
            self.found.epoch_s = self._number(tag, text)
        elif tag in EVENT_FIELDS:
            self._fields[tag] = text
        elif tag == "scoredevent":
            self._add_event(self._fields)

    def _add_event(self, fields: dict[str, str]) -> None:
        name = fields.get("eventconcept") or fields.get("name") or ""
        self.found.events.append(
            XmlEvent(
                f"{fields.get('eventtype', '')} {name}".casefold(),
                name,
                self._number("Start", fields.get("start") or "0"),
                self._number("Duration", fields.get("duration") or "0"),
            )
        )

    def _number(self, name: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= MAX_TIME_S:
            raise UnreadableRecordingError(
                f"{self._path}: line {self._parser.CurrentLineNumber}: `{name}` is "
                f"`{printable(text)}`; write seconds"
            )
        return value


def read_xml(path: Path) -> XmlAnnotations:
    """Read a document; UnreadableRecordingError or OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise UnreadableRecordingError(
            f"{path}: too large for the annotations of a night; check the path"
        )
    found = DocumentReader(path).parse(data)
    if not found.events and not found.stages:
        raise UnreadableRecordingError(
            f"{path}: no scored events and no stages found; export NSRR or Profusion XML"
        )
    return found


def events_of_kind(found: XmlAnnotations, words: tuple[str, ...]) -> Iterator[XmlEvent]:
    """Yield the events whose type or name has one of some words."""
    for event in found.events:
        if any(word in event.kind for word in words):
            yield event
