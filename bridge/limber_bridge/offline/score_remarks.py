"""Remarks on a scored recording: which figures are missing or uncertain, why, and what helps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.signal import Quantity
from limber_bridge.domain.recording import Recording

RELIABLE_INDEX_MIN_H: Final = 0.5
"""Time in bed from which an index per hour is shown without a remark.

Chosen: one periodic series more or less changes the index of half an hour by about 20.
"""


def remarks_on_score(path: Path, recording: Recording, night: NightScore) -> Iterator[str]:
    """Yield one line for each reason why figures of a night are missing or uncertain."""
    hours = night.measures.time_in_bed_h
    if hours is None:
        yield f"{path}: without an index per hour, because {in_bed_reason(recording)}"
        return
    if hours == 0:
        yield (
            f"{path}: without an index per hour, because the person was never measured in bed; a "
            "recording of a part of a night, or of a day, is scored only where the person lies"
        )
        return
    if hours < RELIABLE_INDEX_MIN_H and night.measures.plm_index is not None:
        yield (
            f"{path}: only {hours * 60:.0f} min in bed; an index per hour from so short a time is "
            "not reliable"
        )
    if night.measures.sleep_h is None:
        yield (
            f"{path}: sleep is unknown, so there is no index for sleep; `limber rescore` scores "
            "the movements with the sleep stages of a file (--stages)"
        )


def in_bed_reason(recording: Recording) -> str:
    """Return why it is unknown when the person was in bed."""
    acceleration = [one for one in recording.signals if one.quantity is Quantity.ACCELERATION]
    if acceleration and not any(one.has_gravity for one in acceleration):
        return (
            "acceleration without gravity does not show whether the person lies; record the "
            "acceleration with gravity (on a phone: the total, not the linear acceleration)"
        )
    if acceleration:
        return (
            "the signals do not show whether the person was in bed: a sensor that is worn moves "
            "now and then; check that this is the recording of a sensor that was worn"
        )
    return (
        "nothing in the recording shows when the person was in bed; add the acceleration at an "
        "ankle or the bed, or score the movements with sleep stages (`limber rescore --stages`)"
    )
