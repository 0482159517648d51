"""The section of docs/accuracy.md on the held-out nights of the battery."""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from devtools.battery.parts import PARTS

FIRST_HELD_OUT: Final = 1000
HELD_OUT: Final[Mapping[str, int]] = {
    "two_ankles": 20,
    "one_ankle": 14,
    "quiet": 12,
    "emg": 12,
    "index": 24,
    "probable": 14,
    "possible": 20,
    "awakening": 4,
    "trips": 16,
    "bed": 12,
    "bed_sensor": 12,
    "sleep": 18,
}
"""Seeds of each part. Chosen: a few minutes in total; cramps have two nights per seed."""
ABOUT: Final = """\
Nights of 1 to 4 h from `devtools/battery`, computed from the mechanics of a shank that carries a
sensor, with a mattress that couples the legs. It shares no code with the simulator or with the
generator above, and the rules were not fitted to these seeds (`python -m devtools.battery --seeds
1000-1019`). A movement must be found if it reaches 3 times the noise of one axis and 8 mg; a
movement of the other leg, felt by a single sensor, may be found or not."""
HEAD: Final = "| figure | value | |\n|---|---|---|"


def held_out() -> Iterator[str]:
    """Yield the table of the held-out nights."""
    yield HEAD
    for name, count in HELD_OUT.items():
        print(f"  {name} …", file=sys.stderr)
        for figure in PARTS[name](range(FIRST_HELD_OUT, FIRST_HELD_OUT + count)).figures:
            yield f"| {figure.name} | {figure.value:.{figure.digits}f} | {figure.text} |"
