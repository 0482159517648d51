"""Pictures of the demonstration's dashboard: phone and desktop, light and dark."""

import asyncio
import sys
from typing import Final

from house import dashboard
from house.browser import WIDTHS, browsing, picture
from house.demo import FOLDER, check, demonstration, say
from house.process import ROOT, HouseError

PICTURES: Final = FOLDER / "pictures"
README: Final = ROOT / "docs/images/dashboard.png"
"""The one that the README shows: desktop, light."""


async def run() -> None:
    """Wait until there is something to see, and take the pictures."""
    async with demonstration() as demo:
        if not await check(demo):
            raise HouseError("there is nothing to see")
        PICTURES.mkdir(exist_ok=True)
        README.parent.mkdir(exist_ok=True)
        for name, width in WIDTHS.items():
            for mode in ("light", "dark"):
                path = README if (name, mode) == ("desktop", "light") else PICTURES / f"{name}-{mode}.png"
                async with browsing(demo.home, width=width, dark=mode == "dark") as sight:
                    await sight.page.goto(f"{demo.home.url}/{dashboard.PATH}/legs")
                    await picture(sight, path)
                    say(f"{path}{''.join(f'\n  console: {error}' for error in sight.errors)}")


def main() -> int:
    """Take the pictures."""
    try:
        asyncio.run(run())
    except HouseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
