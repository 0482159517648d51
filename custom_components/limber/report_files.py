"""Reports in the media folder of Home Assistant, and the links to them.

Home Assistant's own links to the media folder serve only pictures, sound and video, so the reports
have a view of their own. It serves a report to those who have its link, and to users who may read
the entities of the sleeper. The name of a report says whose it is.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.file import WriteError, write_utf8_file_atomic

from .access import may_access_sleeper
from .const import DOMAIN
from .limits import DETAIL_LENGTH, shorten

LOCAL: Final = "local"
"""Key of Home Assistant's own media folder."""
LINK_LIFETIME: Final = timedelta(days=1)
"""Chosen: long enough to read, print or send a report. The link needs no password."""
SUBJECT_LENGTH: Final = 80
"""Characters of what the bridge calls a report, such as the date of its last night."""
UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
UNSAFE_IN_ID: Final = re.compile(r"[^a-z0-9_]")
REPORT_NAME: Final = re.compile(
    rf"{DOMAIN}-(?P<bridge>[a-z0-9_]+)-(?P<sleeper>[a-z0-9_]+)-[A-Za-z0-9_-]{{1,80}}"
    r"\.(?P<kind>pdf|csv)"
)
"""Ids have no hyphen (docs/protocol.md), so it is clear whose report it is."""
CONTENT_TYPES: Final = {"pdf": "application/pdf", "csv": "text/csv"}


@dataclass(frozen=True, slots=True)
class ReportFolder:
    """The folder of the reports."""

    source: str
    """Key of the media folder in Home Assistant's configuration."""
    path: Path

    def media_content_id(self, name: str) -> str:
        """Return how Home Assistant identifies a file in the folder."""
        return f"media-source://media_source/{self.source}/{DOMAIN}/{name}"


def report_folder(hass: HomeAssistant) -> ReportFolder:
    """Return the folder of the reports; raise ServiceValidationError without a media folder."""
    folders = hass.config.media_dirs
    if not folders:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_media_folder")
    source = LOCAL if LOCAL in folders else next(iter(folders))
    return ReportFolder(source, Path(folders[source]) / DOMAIN)


def report_name(bridge: str, sleeper: str, wanted: str, kind: str) -> str:
    """Return the name of a report, such as `limber-bedroom-anna-2026-11-22.pdf`.

    `wanted`: what the bridge calls it; `kind`: `pdf` or `csv`. The file cannot leave its folder.
    Sleepers of the same id at different bridges do not overwrite each other's reports.
    """
    stem = UNSAFE.sub("-", wanted.rpartition(".")[0] or wanted).strip("-")
    subject = stem.removeprefix(f"{DOMAIN}-{sleeper}-")[:SUBJECT_LENGTH].strip("-") or "report"
    ids = (UNSAFE_IN_ID.sub("_", one) for one in (bridge, sleeper))
    return f"{'-'.join([DOMAIN, *ids, subject])}.{kind}"


async def async_store_report(
    hass: HomeAssistant, folder: ReportFolder, name: str, data: bytes
) -> dict[str, Any]:
    """Write a report and return its file, its link and its media content id.

    A file of the same name is replaced, or stays whole. Raise HomeAssistantError if the report
    cannot be written.
    """
    path = folder.path / name
    try:
        await hass.async_add_executor_job(_write, path, data)
    except (OSError, WriteError) as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="report_not_written",
            translation_placeholders={
                "file": str(path),
                "reason": shorten(str(error), DETAIL_LENGTH),
            },
        ) from error
    url = ReportView.url.format(name=name)
    return {
        "file": str(path),
        # Signed as Home Assistant's content user, who may read everything. With `auth/sign_path`,
        # users can sign any path, but only as themselves.
        "url": async_sign_path(hass, url, LINK_LIFETIME, use_content_user=True),
        "media_content_id": folder.media_content_id(name),
    }


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_utf8_file_atomic(str(path), data, mode="wb")


class ReportView(HomeAssistantView):
    """Serves the reports of the media folder."""

    url = "/api/limber/report/{name}"
    name = "api:limber:report"

    async def get(self, request: web.Request, name: str) -> web.StreamResponse:
        """Return a report; respond with 404 to every other name, and to those who may not read it.

        The user of the request is the one who is signed in, or the one of the link.
        """
        hass = request.app[KEY_HASS]
        known = REPORT_NAME.fullmatch(name)
        if known is None or not hass.config.media_dirs:
            raise web.HTTPNotFound
        if not may_access_sleeper(hass, request[KEY_HASS_USER], known["bridge"], known["sleeper"]):
            raise web.HTTPNotFound
        path = report_folder(hass).path / name
        if not await hass.async_add_executor_job(_is_plain_file, path):
            raise web.HTTPNotFound
        return web.FileResponse(
            path,
            headers={
                "Content-Type": CONTENT_TYPES[known["kind"]],
                "Content-Disposition": f'inline; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
