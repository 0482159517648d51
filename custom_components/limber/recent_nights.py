"""The nights of the last weeks, which the integration keeps in memory. Pure."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from .wire_nights import Night

RECENT_PERIOD: Final = timedelta(days=40)
"""Chosen: covers the averages of 30 days with some days to spare."""


def merge_nights(known: Iterable[Night], new: Iterable[Night], today: date) -> tuple[Night, ...]:
    """Return the nights of the last weeks, oldest first; a new night replaces a known one."""
    nights = {night.night: night for night in (*known, *new)}
    oldest = today - RECENT_PERIOD
    return tuple(nights[day] for day in sorted(nights) if day > oldest)
