"""Find and open the pages of the bridge on this machine."""

import ipaddress
import os
import sys
import webbrowser
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import voluptuous as vol

from limber_bridge.config.schema import WEB
from limber_bridge.config.yaml_loader import ConfigError, load_yaml

ANSWER_TIMEOUT_S: Final = 5.0
"""s for each step of a request. chosen: the bridge is on this machine."""


def page_address(config: Path) -> str | None:
    """Return the address of the pages; None if they are switched off.

    A configuration that cannot be read, or has errors, counts as one without `web`: the setup
    page is there to complete it.
    """
    section = web_section(config)
    if section is False:
        return None
    try:
        values: Mapping[str, Any] = WEB(section or {})
    except vol.Invalid:
        values = WEB({})
    address = ipaddress.ip_address(values["address"])
    local = address.is_loopback or address.is_unspecified
    host = "localhost" if local else f"[{address}]" if address.version == 6 else str(address)
    return f"http://{host}:{values['port']}/"


def web_section(config: Path) -> object:
    """Return the section `web` of a file; None if there is none."""
    try:
        data = load_yaml(config, allow_missing_values=True).data
    except ConfigError:
        return None
    return data.get("web") if isinstance(data, dict) else None


def page_answers(address: str) -> bool:
    """Return whether a bridge answers at an address."""
    split = urlsplit(address)
    connection = HTTPConnection(split.hostname or "", split.port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status in (200, 503)
    except OSError, HTTPException:
        return False
    finally:
        connection.close()


def has_display(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a browser could be shown here."""
    if sys.platform != "linux":
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_browser(address: str) -> bool:
    """Open an address in the browser of this user; return whether that was possible."""
    return webbrowser.open(address)
