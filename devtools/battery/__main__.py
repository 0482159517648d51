"""Print how well the detector does on the nights of the battery.

One row for each figure, then the worst nights and every mistake: when, how large, which side, and
what was there.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from devtools.battery.figures import HEAD, Result
from devtools.battery.parts import PARTS

QUICK: Final = range(1, 5)
USUAL: Final = range(1, 13)
SHOWN: Final = 40
"""Mistakes shown of each part, unless all are asked for."""


def parse_seeds(text: str) -> range:
    """Return the seeds of `A-B`, both included, or of a single number.

    Raises:
        argparse.ArgumentTypeError: the text is neither.
    """
    first, _, last = text.partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: expected A-B") from error


def show(name: str, result: Result, shown: int) -> None:
    """Print the worst nights and the mistakes of a part."""
    if not result.mistakes:
        return
    nights = Counter(mistake.night for mistake in result.mistakes)
    worst = ", ".join(f"{night} ({count})" for night, count in nights.most_common(5))
    print(f"\n{name}: worst nights: {worst}")
    for mistake in result.mistakes[:shown]:
        print(f"  {mistake}")
    if len(result.mistakes) > shown:
        print(f"  and {len(result.mistakes) - shown} more (--all)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for; return 0."""
    parser = argparse.ArgumentParser(prog="python -m devtools.battery", description=__doc__)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="default: all")
    parser.add_argument("--seeds", type=parse_seeds, default=USUAL, help="A-B; default 1-12")
    parser.add_argument("--quick", action="store_true", help="seeds 1-4")
    parser.add_argument("--json", action="store_true", help="one object, instead of tables")
    parser.add_argument("--all", action="store_true", help="show every mistake")
    options = parser.parse_args(arguments)
    seeds = QUICK if options.quick else options.seeds
    results = {name: PARTS[name](seeds) for name in options.part or PARTS}
    if options.json:
        print(json.dumps({name: asdict(result) for name, result in results.items()}))
        return 0
    print(HEAD)
    for result in results.values():
        for figure in result.figures:
            print(figure.row())
    for name, result in results.items():
        show(name, result, len(result.mistakes) if options.all else SHOWN)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
