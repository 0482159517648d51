"""The parser of the command line, and options that several commands share."""

import argparse
import difflib
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, override

from limber_bridge.cli.argument_types import seconds
from limber_bridge.cli.exit_status import USAGE_ERROR
from limber_bridge.domain.foreign_text import printable


class Parser(argparse.ArgumentParser):
    """A parser that reports wrong usage in one line."""

    @override
    def parse_known_args(  # type: ignore[override]  # its overloads know only any namespace
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Exit with an error for arguments that are left over, which names the command.

        A command would hand them to its parent, whose help does not list them.
        """
        found, left_over = super().parse_known_args(args, namespace)
        if left_over:
            hints = [*self._hints(left_over, [] if args is None else args)]
            explained = f" ({'; '.join(hints)})" if hints else ""
            self.error(f"unrecognized arguments: {' '.join(left_over)}{explained}")
        return found, left_over

    def _hints(self, left_over: Sequence[str], given: Sequence[str]) -> Iterator[str]:
        """Yield what may be wrong with each argument that is left over."""
        options: dict[str, Any] = self._option_string_actions
        for one in left_over:
            if one.startswith("-"):
                nearest = difflib.get_close_matches(one.partition("=")[0], options, 1)
                yield from (f"did you mean `{option}`?" for option in nearest)
                continue
            before = given[given.index(one) - 1] if one in given[1:] else ""
            if before in options and options[before].nargs == 0:
                yield f"`{before}` takes no value"

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
