"""Fit effects and reports into responses of a limited size; pure functions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from limber_bridge.domain.factor_effects import FactorEffect
from limber_bridge.protocol.effect_messages import EffectsRequest, EffectsResponse
from limber_bridge.protocol.report_messages import ReportPart, ReportRequest, ReportResponse

DECIMALS: Final = 4
"""Decimal places of effects; chosen: more than they deserve."""
MIN_PART_BYTES: Final = 48
"""Bytes of a report in a response at least, however little the broker accepts."""


def effects_response(
    request: EffectsRequest, effects: Sequence[FactorEffect], nights: int, max_bytes: int
) -> EffectsResponse:
    """Return the effects of the factors that were logged most often, as many as fit."""
    by_factor: dict[str, list[FactorEffect]] = {}
    for effect in effects:
        by_factor.setdefault(effect.factor, []).append(rounded(effect))
    ranked = sorted(by_factor.values(), key=lambda found: -max(one.nights_with for one in found))
    size = 0
    kept: list[FactorEffect] = []
    for found in ranked:
        size += len(msgspec.json.encode(found))
        if kept and size > max_bytes:
            break
        kept += found
    return EffectsResponse(
        id=request.id,
        effects=tuple(sorted(kept, key=lambda one: one.factor)),
        nights=nights,
    )


def rounded(effect: FactorEffect) -> FactorEffect:
    """Return an effect with fewer decimal places."""
    return replace(
        effect,
        effect=shortened(effect.effect),
        low=shortened(effect.low),
        high=shortened(effect.high),
    )


def shortened(value: float | None) -> float | None:
    """Return a number with `DECIMALS`; None for None."""
    return None if value is None else round(value, DECIMALS)


def report_response(
    request: ReportRequest, id_: str, named: tuple[str, str], content: bytes, max_bytes: int
) -> ReportResponse:
    """Return the part of a report after `request.after` that fits.

    `named`: the name of its file and its media type.
    """
    file_name, media_type = named
    part = ReportPart(
        id=id_, file_name=file_name, media_type=media_type, size=len(content), data=b""
    )
    response = ReportResponse(id=request.id, report=part, next=len(content))
    room = max_bytes - len(msgspec.json.encode(response))
    # Base64 writes three bytes as four characters.
    end = request.after + max(MIN_PART_BYTES, room // 4 * 3)
    data = content[request.after : end]
    return replace(
        response,
        report=replace(part, data=data),
        next=end if end < len(content) else None,
    )
