"""Delete a night or everything of a person for good, after a page that says exactly what goes."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from aiohttp import web

from limber_bridge.daemon.deleter import DeletionPlan, NotDeletedError
from limber_bridge.web.disk_use import total_size
from limber_bridge.web.formats import format_date
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.routes import Route, form, page
from limber_bridge.web.sleepers import named_night
from limber_bridge.web.visit import Visit

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a page is about."""

    sleeper: str
    """Id of the sleeper."""
    name: str
    """Name of the sleeper, or the id of one who is not configured any more."""
    night: date | None
    """None: all nights."""
    configured: bool


@dataclass(frozen=True, slots=True)
class ShownFiles:
    """Files that a deletion deletes."""

    names: tuple[str, ...]
    megabytes: float


async def confirm(visit: Visit) -> web.StreamResponse:
    """Show what would be deleted."""
    return await confirmation(visit, await named_target(visit), None)


async def delete(visit: Visit) -> web.StreamResponse:
    """Delete what the confirmation showed."""
    target = await named_target(visit)
    written = " ".join(visit.form.get("name", "").split())
    if target.night is None and written.casefold() != target.name.casefold():
        return await confirmation(visit, target, "deletion.wrong_name")
    try:
        await visit.bridge.deleter.delete(target.sleeper, target.night)
    except NotDeletedError as error:
        raise PageError("deletion.not_deleted", 503, reason=str(error)) from error
    if target.night is None:
        return visit.redirect("/your-data", done="deletion.done_person")
    return visit.redirect(f"/nights/{target.sleeper}", done="deletion.done_night")


async def confirmation(visit: Visit, target: Target, error: str | None) -> web.Response:
    """Return the page that says what goes; HTTPNotFound if nothing is stored."""
    read = visit.services.workers.read
    plan: DeletionPlan = await read(visit.bridge.deleter.plan, target.sleeper, target.night)
    stored = await read(visit.bridge.deleter.is_stored, plan)
    if not stored:
        raise web.HTTPNotFound
    return visit.page(
        "deletion.html",
        status=422 if error else 200,
        target=target,
        nights=[format_date(visit.language, day) for day in plan.deletion.nights],
        labels=len(plan.deletion.labels),
        raw=await read(shown_files, plan.raw),
        copies=await read(shown_files, plan.copies),
        error=error,
        entered=visit.form.get("name", ""),
    )


async def named_target(visit: Visit) -> Target:
    """Return what the path names; HTTPNotFound."""
    night = named_night(visit) if "night" in visit.arguments else None
    wanted = visit.arguments["sleeper"]
    for sleeper in visit.bridge.config.sleepers:
        if sleeper.id == wanted:
            return Target(wanted, sleeper.name, night, configured=True)
    unconfigured = await visit.services.workers.read(visit.bridge.deleter.unconfigured)
    if wanted in unconfigured and night is None:
        return Target(wanted, wanted, None, configured=False)
    raise web.HTTPNotFound


def shown_files(paths: tuple[Path, ...]) -> ShownFiles:
    """Return the names and the size of files."""
    return ShownFiles(tuple(path.name for path in paths), total_size(paths) / MEGABYTE)


ROUTES: Final[tuple[Route, ...]] = (
    page("/nights/{sleeper}/{night}/delete", confirm),
    form("/nights/{sleeper}/{night}/delete", delete),
    page("/your-data/{sleeper}/delete", confirm),
    form("/your-data/{sleeper}/delete", delete),
)
