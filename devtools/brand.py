"""Draw the brand images of the integration and of the app from docs/brand, with Chromium."""

import sys
from typing import Final

from playwright.sync_api import sync_playwright

from devtools.browser import ARGUMENTS
from devtools.processes import ROOT, need

INTEGRATION: Final = "custom_components/limber/brand"
IMAGES: Final = (
    ("icon", 256, 256, f"{INTEGRATION}/icon.png"),
    ("icon", 512, 512, f"{INTEGRATION}/icon@2x.png"),
    ("icon", 128, 128, "bridge/icon.png"),
    ("logo", 250, 100, "bridge/logo.png"),
)
"""Drawing, width and height in pixels, and file."""


def main() -> int:
    """Draw all images."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        for drawing, width, height, target in IMAGES:
            page = browser.new_page(viewport={"width": width, "height": height})
            source = ROOT / "docs" / "brand" / f"{drawing}.svg"
            svg = source.read_text().replace("<svg ", '<svg style="width:100vw;height:100vh" ', 1)
            page.set_content(f'<body style="margin:0;overflow:hidden">{svg}</body>')
            page.screenshot(path=ROOT / target, omit_background=True)
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
