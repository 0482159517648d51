"""Errors that a page shows in plain words."""

from typing import Final

from aiohttp import web

KNOWN_STATUS: Final = (400, 403, 404, 405, 413, 415, 429, 500, 503)
"""Those with texts of their own; others are shown with the text of 400 or 500."""


class PageError(Exception):
    """A request that cannot be answered; a page says why and what to do."""

    def __init__(self, key: str, status: int = 400, **values: object) -> None:
        """Show the text with this key."""
        super().__init__(key)
        self.key = key
        self.status = status
        self.values = values


def error_key(error: web.HTTPException) -> str:
    """Return the key of the text for an error of HTTP."""
    status = error.status
    if status not in KNOWN_STATUS:
        status = 500 if status >= 500 else 400
    return f"errors.{status}"
