"""Style sheets, scripts and pictures of the pages.

The address of a file contains a hash of its content, so that browsers may keep it for ever and
still load a newer one after an update.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

FOLDER: Final = Path(__file__).parent / "static"
CONTENT_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}
"""By suffix; files with others are not served."""
HASH_CHARACTERS: Final = 12
"""Characters of the hash in an address; chosen: 48 bits tell all versions of a file apart."""
CACHE_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file with its content."""

    address: str
    """Below `/static/`, with the hash."""
    content_type: str
    content: bytes


@cache
def load_files() -> Mapping[str, StaticFile]:
    """Return all files by their path in the folder: read once, when the server starts."""
    return {
        path.relative_to(FOLDER).as_posix(): load_file(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in CONTENT_TYPES
    }


def load_file(path: Path) -> StaticFile:
    """Return one file of the folder."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:HASH_CHARACTERS]
    hashed = path.relative_to(FOLDER).with_suffix(f".{digest}{path.suffix}")
    return StaticFile(hashed.as_posix(), CONTENT_TYPES[path.suffix], content)


@cache
def files_by_address() -> Mapping[str, StaticFile]:
    """Return all files by their address below `/static/`."""
    return {file.address: file for file in load_files().values()}


def static_address(name: str) -> str:
    """Return the address of a file, for example of `style.css`; KeyError if there is none."""
    return f"/static/{load_files()[name].address}"


def static_response(address: str) -> web.Response:
    """Return the file at an address below `/static/`; HTTPNotFound."""
    file = files_by_address().get(address)
    if file is None:
        raise web.HTTPNotFound
    response = web.Response(
        body=file.content,
        content_type=file.content_type,
        charset="utf-8" if file.content_type.startswith("text/") else None,
    )
    response.headers["Cache-Control"] = CACHE_FOR_EVER
    return response
