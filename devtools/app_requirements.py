"""Write bridge/requirements.txt: what the container image installs, with checksums, from uv.lock.

The image is Alpine (musl) on x86-64 and 64-bit ARM, and compiles nothing: each dependency must have
a wheel for both. `python -m devtools.app_requirements`; `--check` only compares.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from devtools.processes import ROOT

TARGET: Final = ROOT / "bridge" / "requirements.txt"
EXTRAS: Final = ("bluetooth", "report", "serial")
"""Extras of the bridge that the image has."""
PYTHON: Final = "3.14"
MACHINES: Final = ("x86_64", "aarch64")
HEAD: Final = """\
# Written by script/app-requirements from uv.lock. Do not edit.
"""

type Package = Mapping[str, Any]


def main() -> int:
    """Write or check the file; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    args = parser.parse_args()
    text = requirements()
    if not args.check:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        print(f"{TARGET} differs from uv.lock: run script/app-requirements", file=sys.stderr)
        return 1
    return 0


def requirements() -> str:
    """Return the text of the file; ValueError if a dependency has no wheel for a machine."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = {str(package["name"]): package for package in lock["package"]}
    names = closure(packages, "limber-bridge", EXTRAS)
    lines = [line for name in sorted(names) for line in pinned(packages[name])]
    return HEAD + "".join(f"{line}\n" for line in lines)


def closure(packages: Mapping[str, Package], root: str, extras: Sequence[str]) -> set[str]:
    """Return the names of all packages that a package needs on Linux, without itself."""
    found: set[str] = set()
    waiting = list(needed(packages[root], extras))
    while waiting:
        name, more = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needed(packages[name], more)
    return found


def needed(package: Package, extras: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the dependencies of one package, each with its own extras."""
    optional = package.get("optional-dependencies", {})
    listed = [*package.get("dependencies", []), *(one for name in extras for one in optional[name])]
    for dependency in listed:
        marker = dependency.get("marker")
        if marker is None or any(applies(marker, machine) for machine in MACHINES):
            yield dependency["name"], dependency.get("extra", [])


def applies(marker: str, machine: str) -> bool:
    """Return whether the condition of a dependency is true on a machine with Linux."""
    environment = {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": machine,
        "python_version": PYTHON,
        "python_full_version": f"{PYTHON}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        # uv adds conditions about the groups of this repository, which conflict.
        "extra": "",
    }
    return Marker(marker).evaluate(environment)


def pinned(package: Package) -> Iterator[str]:
    """Yield the lines of one package: its version, and the checksum of each wheel that fits."""
    wheels = package.get("wheels", [])
    chosen = [one for machine in MACHINES for one in wheels if fits(one, machine)]
    for machine in MACHINES:
        if not any(fits(one, machine) for one in wheels):
            raise ValueError(f"{package['name']} {package['version']}: no wheel for {machine}")
    hashes = sorted({one["hash"] for one in chosen})
    yield f"{package['name']}=={package['version']} \\"
    yield from (f"    --hash={one} \\" for one in hashes[:-1])
    yield f"    --hash={hashes[-1]}"


def fits(wheel: Package, machine: str) -> bool:
    """Return whether Python on Alpine can use a wheel."""
    filename = str(wheel["url"]).rpartition("/")[2]
    _, _, _, tags = parse_wheel_filename(filename.replace("%2B", "+"))
    return any(usable(tag, machine) for tag in tags)


def usable(tag: Tag, machine: str) -> bool:
    """Return whether Python on Alpine supports a tag."""
    platform = tag.platform == "any" or (
        tag.platform.startswith("musllinux_1_") and tag.platform.endswith(machine)
    )
    version = PYTHON.replace(".", "")
    if tag.abi == "abi3":
        number = tag.interpreter.removeprefix("cp3")
        return platform and number.isdecimal() and int(number) <= int(PYTHON.partition(".")[2])
    interpreter = tag.interpreter in ("py3", f"py{version}", f"cp{version}")
    return platform and interpreter and tag.abi in ("none", f"cp{version}")


if __name__ == "__main__":
    sys.exit(main())
