"""The names of enumeration members in persisted payloads.

They are listed here, and not taken from the enumerations, so that a change to an enumeration does
not change what is persisted. Append only.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from limber_bridge.detection.events import (
    Certainty,
    FactorKind,
    FaultKind,
    Grade,
    Method,
    PlacementVerdict,
)
from limber_bridge.detection.signal import Side
from limber_bridge.storage.records.payload import UnreadableRecordError


class EnumNames[Member: Enum]:
    """A two-way table of members and their persisted names."""

    def __init__(self, what: str, members: Mapping[str, Member]) -> None:
        """Take over a table; `what` names the quantity in errors."""
        self._what = what
        self._members = dict(members)
        self._names = {member: name for name, member in members.items()}

    def name(self, member: Member) -> str:
        """Return the persisted name of a member."""
        return self._names[member]

    def optional_name(self, member: Member | None) -> str | None:
        """Return the persisted name of a member, or None."""
        return None if member is None else self._names[member]

    def member(self, name: str) -> Member:
        """Return the member with a name; UnreadableRecordError if there is no such member."""
        if name not in self._members:
            raise UnreadableRecordError(f"unknown {self._what} {name!r}")
        return self._members[name]

    def optional_member(self, name: str | None) -> Member | None:
        """Return the member with a name, or None; UnreadableRecordError."""
        return None if name is None else self.member(name)

    def names(self) -> Mapping[str, Member]:
        """Return the table."""
        return self._members


SIDES: Final = EnumNames("side", {"left": Side.LEFT, "right": Side.RIGHT})
GRADES: Final = EnumNames(
    "grade", {"mild": Grade.MILD, "moderate": Grade.MODERATE, "strong": Grade.STRONG}
)
METHODS: Final = EnumNames(
    "in-bed method",
    {
        "external": Method.EXTERNAL,
        "load": Method.LOAD,
        "ankle": Method.ANKLE,
        "bed_movement": Method.BED_MOVEMENT,
        "recorded": Method.RECORDED,
    },
)
FAULTS: Final = EnumNames(
    "signal fault",
    {
        "heart_beat": FaultKind.HEART_BEAT,
        "mains_hum": FaultKind.MAINS_HUM,
        "not_worn": FaultKind.NOT_WORN,
        "strap_loose": FaultKind.STRAP_LOOSE,
    },
)
CERTAINTIES: Final = EnumNames(
    "certainty", {"possible": Certainty.POSSIBLE, "probable": Certainty.PROBABLE}
)
FACTORS: Final = EnumNames(
    "factor",
    {
        "stretching": FactorKind.STRETCHING,
        "magnesium": FactorKind.MAGNESIUM,
        "alcohol": FactorKind.ALCOHOL,
        "caffeine": FactorKind.CAFFEINE,
        "exercise": FactorKind.EXERCISE,
        "warm_bath": FactorKind.WARM_BATH,
        "water": FactorKind.WATER,
        "medicine": FactorKind.MEDICINE,
        "other": FactorKind.OTHER,
    },
)
PLACEMENT_VERDICTS: Final = EnumNames(
    "placement verdict",
    {
        "good": PlacementVerdict.GOOD,
        "loses_samples": PlacementVerdict.LOSES_SAMPLES,
        "wrong_unit": PlacementVerdict.WRONG_UNIT,
        "wrong_axis": PlacementVerdict.WRONG_AXIS,
        "too_noisy": PlacementVerdict.TOO_NOISY,
        "moves_when_still": PlacementVerdict.MOVES_WHEN_STILL,
        "loose": PlacementVerdict.LOOSE,
        "not_worn": PlacementVerdict.NOT_WORN,
        "no_movement": PlacementVerdict.NO_MOVEMENT,
        "pulls_too_short": PlacementVerdict.PULLS_TOO_SHORT,
        "too_few_pulls": PlacementVerdict.TOO_FEW_PULLS,
        "too_many_pulls": PlacementVerdict.TOO_MANY_PULLS,
        "turn_counted": PlacementVerdict.TURN_COUNTED,
        "turn_not_seen": PlacementVerdict.TURN_NOT_SEEN,
    },
)
