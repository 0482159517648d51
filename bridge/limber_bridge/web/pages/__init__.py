"""The pages, one module for each."""

from typing import Final

from limber_bridge.web.pages import (
    access,
    deletion,
    nights,
    place,
    report,
    setup,
    setup_sensors,
    status,
    your_data,
)
from limber_bridge.web.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *access.ROUTES,
    *deletion.ROUTES,
    *nights.ROUTES,
    *place.ROUTES,
    *report.ROUTES,
    *setup.ROUTES,
    *setup_sensors.ROUTES,
    *status.ROUTES,
    *your_data.ROUTES,
)
"""Every address that a page or a form has."""
