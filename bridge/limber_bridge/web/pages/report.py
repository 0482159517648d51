"""The report on a range of nights for a doctor's visit, as PDF."""

from functools import cache
from typing import Final

from aiohttp import web

from limber_bridge.offline.report.facts import DateRange, NoNightError
from limber_bridge.offline.report.files import PAPERS, MissingPackageError
from limber_bridge.offline.report.render import ReportOrder, can_typeset, render_report
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.routes import Route, page
from limber_bridge.web.sleepers import named_sleeper
from limber_bridge.web.visit import NO_STORE, Visit

RANGES: Final = (7, 14, 30, 90)
"""Numbers of nights to choose from; `limber report` takes any."""
DEFAULT_RANGE: Final = 30


@cache
def can_report() -> bool:
    """Return whether the package that typesets reports is installed."""
    return can_typeset()


async def send_report(visit: Visit) -> web.StreamResponse:
    """Send the report on the last nights of a sleeper."""
    if not can_report():
        raise web.HTTPNotFound
    sleeper = named_sleeper(visit)
    nights = number_of_nights(visit.request.query.get("nights", ""))
    paper = visit.request.query.get("paper", "")
    if nights is None or paper not in PAPERS:
        raise web.HTTPBadRequest
    order = ReportOrder(range=DateRange(nights), language=visit.language, paper=paper)
    try:
        report = await visit.services.workers.read(
            render_report, visit.bridge.config, sleeper, order
        )
    except (NoNightError, MissingPackageError) as error:
        raise PageError("report.no_report", 404, reason=str(error)) from error
    return web.Response(
        body=report.content,
        content_type=report.media_type,
        headers={"Content-Disposition": f'attachment; filename="{report.file_name}"', **NO_STORE},
    )


def number_of_nights(text: str) -> int | None:
    """Return one of the numbers to choose from; None for anything else."""
    return next((one for one in RANGES if str(one) == text), None)


ROUTES: Final[tuple[Route, ...]] = (page("/report/{sleeper}", send_report),)
