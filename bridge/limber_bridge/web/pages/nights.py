"""The list of nights, and one night: timeline, figures, cramps, downloads."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from aiohttp import web

from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import HOUR
from limber_bridge.domain.nights import to_us, to_utc
from limber_bridge.offline.report.files import PAPERS
from limber_bridge.offline.stored_night import NightNotFoundError
from limber_bridge.protocol.messages import Refusal
from limber_bridge.protocol.request_messages import ChangeRequest, LabelRequest
from limber_bridge.protocol.version import PROTOCOL
from limber_bridge.web.exports import CONTENT_TYPES, send_file, write_temporary_export
from limber_bridge.web.figures import written_figures
from limber_bridge.web.formats import format_clock
from limber_bridge.web.night_lists import (
    hourly_counts,
    logged_factors,
    placement_checks,
    shown_cramps,
)
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.pages.report import DEFAULT_RANGE, RANGES, can_report
from limber_bridge.web.reading import NightView, read_night, read_nights
from limber_bridge.web.routes import Route, form, page
from limber_bridge.web.sleepers import named_night, named_sleeper, parse_date
from limber_bridge.web.timeline import make_timeline
from limber_bridge.web.visit import Visit

NIGHTS: Final = "/nights"
BED_TOLERANCE_US: Final = HOUR // 2
"""us before going to bed and after getting up in which a missed cramp is accepted. Chosen: people
remember the time of a cramp roughly, and lie down before the sensors show it."""
PAGE_REQUEST: Final = "page"
"""Id of the requests of pages, which get their answer directly."""


async def show_first_sleeper(visit: Visit) -> web.StreamResponse:
    """Send a visitor to the nights of the first sleeper."""
    return visit.redirect(f"{NIGHTS}/{visit.bridge.config.sleepers[0].id}")


async def show_nights(visit: Visit) -> web.StreamResponse:
    """Show a page of the nights of a sleeper."""
    sleeper = named_sleeper(visit)
    bridge = visit.bridge
    until = parse_date(visit.request.query.get("until", ""))
    nights = await visit.services.workers.read(
        read_nights, bridge.config, sleeper, until, bridge.host_clock.now()
    )
    return visit.page(
        "nights.html",
        sleeper=sleeper,
        sleepers=bridge.config.sleepers,
        nights=nights,
        clock=clock_of(visit),
        report_ranges=RANGES if can_report() else (),
        default_range=DEFAULT_RANGE,
        papers=PAPERS,
    )


async def show_night(visit: Visit) -> web.StreamResponse:
    """Show one night."""
    return await night_page(visit, error=None)


async def label_cramp(visit: Visit) -> web.StreamResponse:
    """Store what the sleeper says of a cramp that was recognized."""
    cramp = visit.form.get("cramp") == "yes"
    request = LabelRequest(
        v=PROTOCOL,
        id=PAGE_REQUEST,
        reply_to="",
        sleeper=named_sleeper(visit).id,
        cramp=cramp,
        event=visit.form.get("event", ""),
    )
    await ask(visit, request)
    done = "nights.done_cramp" if cramp else "nights.done_no_cramp"
    if visit.form.get("reported"):
        done = "nights.done_taken_back"
    return visit.redirect(night_path(visit), done=done)


async def report_cramp(visit: Visit) -> web.StreamResponse:
    """Store a cramp that no sensor recognized, at a time that the sleeper gives."""
    moment = moment_in_night(visit, visit.form.get("time", ""))
    view = await read_view(visit)
    if moment is None or not may_hold_cramp(view, moment):
        return await night_page(visit, error="nights.time_not_in_night")
    request = LabelRequest(
        v=PROTOCOL,
        id=PAGE_REQUEST,
        reply_to="",
        sleeper=named_sleeper(visit).id,
        cramp=True,
        time=to_utc(moment),
    )
    await ask(visit, request)
    return visit.redirect(night_path(visit), done="nights.done_reported")


async def download(visit: Visit) -> web.StreamResponse:
    """Send a night as a file."""
    sleeper = named_sleeper(visit)
    day = named_night(visit)
    format_ = visit.arguments["format"]
    if format_ not in CONTENT_TYPES:
        raise web.HTTPNotFound
    workers = visit.services.workers
    try:
        file = await workers.read(
            write_temporary_export, visit.bridge.config, sleeper, day, format_
        )
    except NightNotFoundError as error:
        raise web.HTTPNotFound from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise PageError("nights.export_failed", 503, reason=reason) from error
    return await send_file(visit, file, f"{sleeper.id}-{day}.{format_}", CONTENT_TYPES[format_])


async def night_page(visit: Visit, error: str | None) -> web.Response:
    """Return the page of the night in the path, with an error of its form."""
    sleeper = named_sleeper(visit)
    day = named_night(visit)
    view = await read_view(visit)
    zone = visit.bridge.config.calendar.zone
    stored = view.stored
    return visit.page(
        "night.html",
        status=422 if error else 200,
        sleeper=sleeper,
        day=day,
        view=view,
        figures=written_figures(measures_of(view), visit.language),
        timeline=None if stored is None else make_timeline(stored, zone),
        hours=[] if stored is None else hourly_counts(stored, zone),
        cramps=[] if stored is None else shown_cramps(stored),
        factors=[] if stored is None else logged_factors(stored),
        checks=[] if stored is None else placement_checks(stored),
        gaps=() if stored is None else stored.score.gaps,
        clock=clock_of(visit),
        error=error,
        entered=visit.form.get("time", ""),
    )


async def read_view(visit: Visit) -> NightView:
    """Return what is stored of the night in the path; HTTPNotFound if that is nothing."""
    view = await visit.services.workers.read(
        read_night, visit.bridge.config, named_sleeper(visit), named_night(visit)
    )
    if view is None:
        raise web.HTTPNotFound
    return view


def may_hold_cramp(view: NightView, moment: int) -> bool:
    """Return whether a night may have had a cramp at a time (us): while the sleeper was in bed.

    Where going to bed or getting up is not known, it is not limited on that side.
    """
    night = view.night
    if night is None:
        return True
    after = night.start is None or moment >= night.start - BED_TOLERANCE_US
    return after and (night.end is None or moment <= night.end + BED_TOLERANCE_US)


def measures_of(view: NightView) -> Measures:
    """Return the measures of a night, those so far if it is not finished; none without events."""
    if view.night is not None:
        return view.night.measures
    return Measures() if view.stored is None else view.stored.score.measures


def clock_of(visit: Visit) -> Callable[[int | None], str]:
    """Return a function that writes a time (us) on the clock of the bridge."""
    return partial(format_clock, zone=visit.bridge.config.calendar.zone)


def night_path(visit: Visit) -> str:
    """Return the path of the night in the path of a request."""
    return f"{NIGHTS}/{named_sleeper(visit).id}/{named_night(visit)}"


def moment_in_night(visit: Visit, text: str) -> int | None:
    """Return when (us) in the night in the path a local clock shows a time; None if never."""
    calendar = visit.bridge.config.calendar
    day = named_night(visit)
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return None
    if clock.tzinfo is not None:
        return None
    for candidate in (day - timedelta(days=1), day):
        moment = to_us(datetime.combine(candidate, clock, calendar.zone))
        if calendar.night_of(moment) == day:
            return moment
    return None


async def ask(visit: Visit, request: ChangeRequest) -> None:
    """Have the daemon do what a form asks for; PageError where it refuses."""
    answer = await visit.bridge.requests.ask(request)
    if isinstance(answer, Refusal):
        raise PageError("nights.refused", 409, reason=answer.message)


ROUTES: Final[tuple[Route, ...]] = (
    page(NIGHTS, show_first_sleeper),
    page(f"{NIGHTS}/{{sleeper}}", show_nights),
    page(f"{NIGHTS}/{{sleeper}}/{{night}}", show_night),
    form(f"{NIGHTS}/{{sleeper}}/{{night}}/label", label_cramp),
    form(f"{NIGHTS}/{{sleeper}}/{{night}}/cramp", report_cramp),
    page(f"{NIGHTS}/{{sleeper}}/{{night}}/download/{{format}}", download),
)
