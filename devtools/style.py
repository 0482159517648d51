"""Print figures on the style of our code beside those of others, or check the style rules.

`script/style` prints a table with one row for each package; `script/style --check` prints what the
rules of `devtools.style_rules` forbid, one line each, and returns 1 if there is anything.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from devtools.style_figures import (
    ClassFigures,
    ModuleFigures,
    PackageFigures,
    SharedNames,
    measure_module,
    measure_package,
    python_files,
    shared_names,
)
from devtools.style_rules import Finding, check_tree

BRIDGE: Final = "bridge/limber_bridge"
PACKAGES: Final = (BRIDGE, "custom_components/limber", "devtools", "tests")
"""Our packages, relative to the root. Those that do not exist are left out."""
HEADINGS: Final = (
    "package",
    "lines",
    "tokens/line",
    "function median",
    "p90",
    "max",
    "comments/100",
    "single words",
    "odd/1000",
    "methods",
    "attributes",
)
LEGEND: Final = """\
tokens/line: per line of code. function: lines without docstrings. comments/100: per 100 lines of
code. single words: share of functions and methods. odd/1000: odd phrases per 1,000 words of
docstrings and comments. methods, attributes: of the largest class of each kind."""
SHOWN: Final = 6
"""Places shown of a name that has more."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A package or folder with its figures."""

    figures: PackageFigures
    names: SharedNames


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 if a check finds anything."""
    options = read_arguments(arguments)
    root = options.root.resolve()
    if options.check:
        return print_findings(check_tree(root), options.json)
    ours = measure_ours(root)
    if not ours:
        print(f"{root}: none of our packages is here; give --root", file=sys.stderr)
        return 2
    others = [measure(path.resolve(), path.resolve().name) for path in options.compare]
    counts = Counter(finding.rule for finding in check_tree(root))
    print(as_json(ours, others, counts) if options.json else as_text(ours, others, counts))
    return 0


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; ends the process when they make no sense."""
    parser = argparse.ArgumentParser(prog="script/style", description=__doc__)
    parser.add_argument("--check", action="store_true", help="check the style rules instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--compare",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="other packages or folders to measure beside ours",
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(),
        help="repository to read; default: the current folder",
    )
    options = parser.parse_args(arguments)
    for path in (options.root, *options.compare):
        if not path.exists():
            parser.error(f"{path}: no such file or folder")
    return options


def measure_ours(root: Path) -> list[Measured]:
    """Measure each of our packages, and each part of the bridge."""
    measured: list[Measured] = []
    for name in PACKAGES:
        folder = root / name
        if not folder.is_dir():
            continue
        modules = measure_files(folder)
        measured.append(summarize(folder.name, modules))
        if name == BRIDGE:
            parts = sorted({path.parts[0] for path in modules if len(path.parts) > 1})
            for part in parts:
                chosen = {path: one for path, one in modules.items() if path.parts[0] == part}
                measured.append(summarize(f"  {part}", chosen))
            alone = {path: one for path, one in modules.items() if len(path.parts) == 1}
            measured.append(summarize("  (top level)", alone))
    return measured


def measure(folder: Path, name: str) -> Measured:
    """Measure a package or folder."""
    return summarize(name, measure_files(folder))


def measure_files(folder: Path) -> dict[Path, ModuleFigures]:
    """Measure the modules of a package, by their path in it."""
    return {path.relative_to(folder): measure_module(path, folder) for path in python_files(folder)}


def summarize(name: str, modules: dict[Path, ModuleFigures]) -> Measured:
    """Put the figures of modules together."""
    return Measured(measure_package(name, modules.values()), shared_names(modules.values()))


def print_findings(findings: list[Finding], in_json: bool) -> int:
    """Print what the rules forbid; return the exit status."""
    if in_json:
        rows = [asdict(finding) | {"path": finding.path.as_posix()} for finding in findings]
        print(json.dumps(rows, indent=1))
    else:
        print("\n".join(map(str, findings)) or "style: nothing found")
    if findings:
        print(counted(Counter(finding.rule for finding in findings)), file=sys.stderr)
    return 1 if findings else 0


def counted(counts: Counter[str]) -> str:
    """Return the number of findings of each rule as one line."""
    each = ", ".join(f"{rule} {count}" for rule, count in counts.most_common())
    return f"Style findings: {counts.total()}" + (f" ({each})" if each else "")


def as_json(ours: list[Measured], others: list[Measured], counts: Counter[str]) -> str:
    """Return all figures as one JSON object."""
    return json.dumps(
        {
            "packages": [figures_of(one) for one in ours],
            "compared": [figures_of(one) for one in others],
            "findings": dict(counts.most_common()),
        },
        indent=1,
    )


def figures_of(measured: Measured) -> dict[str, object]:
    """Return one package as a JSON object."""
    figures = asdict(measured.figures)
    return figures | {"name": measured.figures.name.strip(), "shared_names": asdict(measured.names)}


def as_text(ours: list[Measured], others: list[Measured], counts: Counter[str]) -> str:
    """Return all figures for a person to read."""
    rows = [HEADINGS, *(row_of(one.figures) for one in (*ours, *others))]
    packages = [one.figures for one in ours if not one.figures.name.startswith(" ")]
    blocks = (
        table(rows),
        LEGEND,
        *map(largest_classes, packages),
        two_things(ours[0]),
        counted(counts),
    )
    return "\n\n".join(blocks)


def row_of(figures: PackageFigures) -> tuple[str, ...]:
    """Return the cells of one package."""
    return (
        figures.name,
        f"{figures.lines}",
        f"{figures.tokens_per_line:.1f}",
        f"{figures.function_lines.median:g}",
        f"{figures.function_lines.p90:g}",
        f"{figures.function_lines.maximum}",
        f"{figures.comments_per_100_lines:.1f}",
        f"{figures.single_word_share:.0f} %",
        f"{figures.odd_phrases_per_1000_words:.1f}",
        cell(figures.largest_classes.by_methods, "methods"),
        cell(figures.largest_classes.by_attributes, "attributes"),
    )


def cell(classes: Sequence[ClassFigures], what: str) -> str:
    """Return the size and the name of the first class."""
    return f"{getattr(classes[0], what)} {classes[0].name}" if classes else "-"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as aligned columns: names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = {0, len(HEADINGS) - 2, len(HEADINGS) - 1}
    return "\n".join(
        "  ".join(
            text.ljust(width) if column in left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def largest_classes(figures: PackageFigures) -> str:
    """Return the lists of the largest classes of a package."""
    methods = (f"{one.name} {one.methods}" for one in figures.largest_classes.by_methods)
    attributes = (f"{one.name} {one.attributes}" for one in figures.largest_classes.by_attributes)
    return "\n".join(
        (
            f"Largest classes of {figures.name}",
            f"  by methods: {', '.join(methods) or '-'}",
            f"  by attributes: {', '.join(attributes) or '-'}",
        )
    )


def two_things(measured: Measured) -> str:
    """Return the names that a package uses for two things."""
    names = measured.names
    kinds = (
        ("classes", names.classes),
        ("functions", names.functions),
        ("constants", names.constants),
        ("of different kinds", names.mixed),
        ("methods of three or more classes", names.methods),
    )
    lines = [f"Names used for two things in {measured.figures.name}"]
    for kind, found in kinds:
        lines.append(f"  {kind}: {len(found) or 'none'}")
        lines.extend(f"    {name} ({len(uses)}): {places(uses)}" for name, uses in found.items())
    return "\n".join(lines)


def places(uses: Iterable[str]) -> str:
    """Return the first of the modules or classes that use a name."""
    all_uses = list(uses)
    shown = ", ".join(all_uses[:SHOWN])
    return shown + (", ..." if len(all_uses) > SHOWN else "")


if __name__ == "__main__":
    sys.exit(main())
