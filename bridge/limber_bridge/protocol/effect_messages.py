"""Define the messages about what helps, described in docs/protocol.md."""

from dataclasses import dataclass

import msgspec

from limber_bridge.domain.factor_effects import FactorEffect
from limber_bridge.protocol.version import PROTOCOL


class EffectsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="effects"):
    """Request how nights with and without each logged factor differ."""

    v: int
    id: str
    reply_to: str
    sleeper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsResponse:
    """Return how nights with and without the most often logged factors differ."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    effects: tuple[FactorEffect, ...]
    nights: int
    """Number of nights that were compared."""
