"""The option `--config`, and which file it stands for where it is left out."""

import argparse
import os
from pathlib import Path
from typing import Final

SETUP_VARIABLE: Final = "LIMBER_SETUP"
"""Environment variable with which `limber run` does not give up where limber.yaml is missing or
incomplete: it serves the pages on which a person sets it up, and waits for them."""


def add_config_option(command: argparse.ArgumentParser, *, is_needed: bool = True) -> None:
    """Add `--config`; `is_needed`: whether the command fails without a file."""
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration (default: limber.yaml in the current folder, else that of the "
        "installed service)",
    )
    command.set_defaults(needs_config=is_needed, is_config_named=True)


def choose_config(args: argparse.Namespace) -> str | None:
    """Set `args.config` where it was left out; return the error if a needed file is missing."""
    if "needs_config" not in args:
        return None
    from limber_bridge.config.loader import is_missing
    from limber_bridge.service.configuration import find_config

    if args.config is None:
        args.config = find_config()
        args.is_config_named = False
    if not args.needs_config or waits_for_setup(args) or not is_missing(args.config):
        return None
    remedies = [*remedies_of_missing(args)]
    return f"{missing_file(args)}; {', '.join(remedies[:-1])}, or {remedies[-1]}"


def missing_file(args: argparse.Namespace) -> str:
    """Return which file is missing, or where all of them would be."""
    from limber_bridge.service.configuration import places

    if args.is_config_named:
        return f"{args.config}: there is no such file"
    here, *services = places()
    looked = [f"{here} in the current folder", *map(str, services)]
    return f"there is no configuration: looked for {', '.join(looked)}"


def remedies_of_missing(args: argparse.Namespace) -> list[str]:
    """Return what a person can do about a missing file."""
    if args.is_config_named:
        found = ["create it", "name another file with --config"]
    else:
        found = ["name the file with --config", "install a service (`limber service install`)"]
    if args.command == "run" and not args.forget:
        found.append(f"set {SETUP_VARIABLE}=1 to set it up in the browser")
    return found


def waits_for_setup(args: argparse.Namespace) -> bool:
    """Return whether the command waits for the file instead of failing."""
    return args.command == "run" and not args.forget and bool(os.environ.get(SETUP_VARIABLE))
