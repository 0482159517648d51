"""Reads the forms of the pages, and proves that they come from a page of this server."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

FORM_MAX_BYTES: Final = 256 * 1024
"""Chosen: more than the largest limber.yaml that a person writes."""
FIELDS_MAX: Final = 500
CONTENT_TYPE: Final = "application/x-www-form-urlencoded"
TOKEN_FIELD: Final = "csrf"  # noqa: S105 - a name


async def read_form(request: web.BaseRequest) -> Mapping[str, str]:
    """Return the fields of a form, the last value of each; HTTPException."""
    if request.content_type != CONTENT_TYPE:
        raise web.HTTPUnsupportedMediaType
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > FORM_MAX_BYTES:
            raise web.HTTPRequestEntityTooLarge(FORM_MAX_BYTES, len(body))
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise web.HTTPBadRequest from error
    # Browsers end lines with CR LF.
    return {name: value.replace("\r\n", "\n") for name, value in fields}


def form_token(key: bytes, identity: str) -> str:
    """Return what every form of a visitor contains: no other page can know it."""
    return hmac.new(key, identity.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def has_token(form: Mapping[str, str], key: bytes, identity: str) -> bool:
    """Return whether a form contains the token of its visitor."""
    given = form.get(TOKEN_FIELD, "").encode("utf-8", "replace")
    return hmac.compare_digest(given, form_token(key, identity).encode("ascii"))
