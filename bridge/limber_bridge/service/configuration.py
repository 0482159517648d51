"""Where the configuration of the bridge on this machine is."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from limber_bridge.config.loader import is_missing
from limber_bridge.service.unit import SYSTEM_PATHS, user_paths

LOCAL: Final = Path("limber.yaml")
"""In the current folder."""


def places() -> Iterator[Path]:
    """Yield where a configuration is looked for: here, then of a service of this user, or of all.

    A user without a home directory has no service.
    """
    yield LOCAL
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails without a home
    if home.is_absolute():
        yield user_paths(home).config
    yield SYSTEM_PATHS.config


def find_config() -> Path:
    """Return the first configuration there is; the one in the current folder if there is none.

    One that this user may not read counts: its error says what to do.
    """
    return next((path for path in places() if not is_missing(path)), LOCAL)
