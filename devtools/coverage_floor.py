"""Check the component's test coverage: `python -m devtools.coverage_floor FILE`.

FILE is a JSON report of coverage.
"""

import json
import sys
from pathlib import Path
from typing import Final

LEAST: Final = 95.0
"""Percent that every module needs."""
WHOLE: Final = "config_flow.py"
"""The config flow needs full coverage: a user who meets an error there has no other information."""


def main(report: Path) -> int:
    """Print the modules with too little coverage; return the exit status."""
    files = json.loads(report.read_text())["files"]
    least = {name: 100.0 if name.endswith(WHOLE) else LEAST for name in files}
    short = {name: one["summary"]["percent_covered"] for name, one in files.items()}
    lacking = [
        f"{name}: {short[name]:.1f} % is run by tests, not {least[name]:g} %"
        for name in files
        if short[name] < least[name]
    ]
    print(
        "\n".join(lacking) or f"{len(files)} modules: {LEAST:g} % or more of each is run by tests"
    )
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
