"""Take a picture of the cards with generated data, without Home Assistant.

The options in the address of the page are in frontend/dev/page.ts:
`python -m devtools.card_page night.png card=night lang=de dark=1 movements=2000`. The script builds
the page first, and prints errors on its console. `--width` is that of the window.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

from playwright.sync_api import ConsoleMessage, Error, sync_playwright

from devtools.browser import ARGUMENTS, WIDTHS
from devtools.processes import ROOT, need

FRONTEND: Final = ROOT / "frontend"
PAGE: Final = FRONTEND / "build/dev/index.html"
SETTLING_MS: Final = 500
"""Chosen: the data are generated at once, and what moves has come to rest."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the picture; return 1 if there is an error on the console of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("options", nargs="*", help="name=value, for the address of the page")
    parser.add_argument("--width", type=int, default=WIDTHS["phone"], help="of the window (px)")
    chosen = parser.parse_args(arguments)
    subprocess.run([need("node"), FRONTEND / "build.mjs", "dev"], check=True)
    query = dict(parse_qsl("&".join(chosen.options), keep_blank_values=True, strict_parsing=True))
    errors = take(chosen.picture, query, chosen.width)
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


def take(picture: Path, query: dict[str, str], width: int) -> list[str]:
    """Take the picture of the whole page; return the errors on its console."""
    errors: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def failed(error: Error) -> None:
        errors.append(str(error))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": width, "height": 600},
            color_scheme="dark" if query.get("dark") == "1" else "light",
            device_scale_factor=2,
        )
        page.on("console", console)
        page.on("pageerror", failed)
        page.goto(f"{PAGE.as_uri()}?{urlencode(query)}")
        page.wait_for_timeout(SETTLING_MS)
        page.screenshot(path=picture, full_page=True)
        browser.close()
    return errors


if __name__ == "__main__":
    sys.exit(main())
