"""Finds sleepers and nights that an address names."""

from datetime import date

from aiohttp import web

from limber_bridge.config.model import Sleeper
from limber_bridge.web.visit import Visit


def named_sleeper(visit: Visit) -> Sleeper:
    """Return the sleeper whose id is in the path; HTTPNotFound."""
    for sleeper in visit.bridge.config.sleepers:
        if sleeper.id == visit.arguments["sleeper"]:
            return sleeper
    raise web.HTTPNotFound


def named_night(visit: Visit) -> date:
    """Return the date in the path; HTTPNotFound."""
    found = parse_date(visit.arguments["night"])
    if found is None:
        raise web.HTTPNotFound
    return found


def parse_date(text: str) -> date | None:
    """Return a date as our addresses contain it; None for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # Only one way to write a date, so that a night has one address; and days around it exist.
    return found if found.isoformat() == text and 1970 <= found.year <= 9000 else None
