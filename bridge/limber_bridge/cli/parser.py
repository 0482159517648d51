"""The parser of the command line, and options that several commands share."""

import argparse
from typing import NoReturn, override

from limber_bridge.cli.argument_types import seconds
from limber_bridge.cli.exit_status import USAGE_ERROR
from limber_bridge.domain.foreign_text import printable


class Parser(argparse.ArgumentParser):
    """A parser that reports wrong usage in one line."""

    @override
    def error(self, message: str) -> NoReturn:
        """Exit with an error, and say how to get help."""
        self.exit(
            USAGE_ERROR, f"{self.prog}: {printable(message, None)}; see `{self.prog} --help`\n"
        )


type Commands = argparse._SubParsersAction[Parser]  # noqa: SLF001 - it has no public name
"""Each group of commands adds its parsers to it."""


def add_seconds_option(command: argparse.ArgumentParser, default: float, purpose: str) -> None:
    """Add `--seconds`."""
    command.add_argument(
        "--seconds",
        type=seconds,
        default=default,
        metavar="S",
        help=f"{purpose}, in seconds (default: %(default)g)",
    )
