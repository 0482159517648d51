"""The links at the top of every page."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """One link."""

    path: str
    text: str
    """Key of its text."""


NAVIGATION: Final = (
    NavigationLink("/nights", "common.nav_nights"),
    NavigationLink("/place", "place.nav"),
    NavigationLink("/status", "common.nav_health"),
    NavigationLink("/your-data", "common.nav_your_data"),
    NavigationLink("/setup", "common.nav_setup"),
)


def is_current(link: NavigationLink, path: str) -> bool:
    """Return whether a page belongs to a link."""
    return path == link.path or path.startswith(f"{link.path}/")
