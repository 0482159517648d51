"""What the user states about a recording besides its path: `ReadOptions`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from limber_bridge.domain.recording import UnreadableRecordingError

IGNORED: Final = "ignore"
"""Value of `ReadOptions.channels` for a label that is left out."""
OPTION_NAMES: Final = {
    "channels": "--channel",
    "columns": "--column",
    "units": "--unit",
    "rate": "--rate",
}
"""Options by the field of `ReadOptions` that they fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read recordings: facts that their files lack or state wrongly."""

    zone: ZoneInfo | None = None
    """Time zone of local times without a zone, as in EDF."""
    channels: Mapping[str, str] = field(default_factory=dict)
    """Name in `domain.recording.COLUMNS`, or `IGNORED`, by label."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Header or number (from 1) of a table's column, by `time` or a name in `COLUMNS`."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit by label."""
    rate: float | None = None
    """Hz, of a table whose rows have no time."""

    @property
    def given(self) -> frozenset[str]:
        """Names of the fields that are set."""
        return frozenset(one.name for one in fields(self) if getattr(self, one.name))

    @property
    def provenance(self) -> dict[str, Any]:
        """The options as JSON values."""
        return {
            "channels": dict(self.channels),
            "columns": dict(self.columns),
            "units": dict(self.units),
            "rate": self.rate,
            "time_zone": None if self.zone is None else self.zone.key,
        }


NO_OPTIONS: Final = ReadOptions()


def match_labels(
    path: Path, option: str, wanted: Mapping[str, str], labels: Iterable[str]
) -> dict[str, str]:
    """Return the values of an option by the label as the file writes it.

    `wanted` has the labels of the command line; neither case nor spaces around them matter.
    `option` is the name of the option, such as `--channel`. Raises UnreadableRecordingError for one
    that no label of the file matches.
    """
    labels = list(labels)
    by_key: dict[str, list[str]] = {}
    for label in labels:
        by_key.setdefault(label_key(label), []).append(label)
    found: dict[str, str] = {}
    for text, value in wanted.items():
        # Two labels of a file may differ in their case alone: the exact one comes first.
        matching = [text] if text in labels else by_key.get(label_key(text), [])
        if not matching:
            known = ", ".join(f"`{one}`" for one in labels)
            raise UnreadableRecordingError(
                f"{path}: {option} {text}={value}: the file has no `{text}`; it has {known}"
            )
        found |= dict.fromkeys(matching, value)
    return found


def label_key(label: str) -> str:
    """Return a label in the form in which labels are compared."""
    return " ".join(label.split()).casefold()
