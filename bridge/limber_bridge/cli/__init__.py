"""The command line `limber`.

One module for each group of commands. Heavy modules are imported by the command that needs them, so
that `--help` answers at once.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, TextIO

from limber_bridge import __version__
from limber_bridge.cli import (
    app,
    daemon,
    import_nights,
    journal,
    report,
    rescore,
    score,
    service,
    simulate,
)
from limber_bridge.cli.config_option import choose_config
from limber_bridge.cli.exit_status import (
    BROKEN_PIPE,
    DONE,
    FAILED,
    INTERRUPTED,
    USAGE_ERROR,
    report_error,
)
from limber_bridge.cli.parser import Commands, Parser

__all__ = ["DONE", "FAILED", "USAGE_ERROR", "create_parser", "main"]

DESCRIPTION: Final = (
    "Detect leg movements and cramps at night: read sensors at the ankle or the bed, detect "
    "movements as they happen, and publish them over MQTT. Limber is not a medical device and "
    "makes no diagnosis."
)
COMMAND_GROUPS: Final[Sequence[Callable[[Commands], None]]] = (
    daemon.add_parsers,
    score.add_parsers,
    rescore.add_parsers,
    simulate.add_parsers,
    import_nights.add_parsers,
    journal.add_parsers,
    report.add_parsers,
    service.add_parsers,
    app.add_parsers,
)
"""Functions that add the parsers of their commands, in the order of `limber --help`. The default
`function` of each parser runs its command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    replace_unknown_characters(sys.stdout)
    args = create_parser().parse_args(arguments)
    problem = choose_config(args)
    if problem is not None:
        return report_error(problem, USAGE_ERROR)
    command: Final = args.function
    try:
        status = int(command(args))
        if sys.stdout is not None:
            # Report a failed write here; otherwise Python reports it on exit.
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does when it has enough lines.
        discard_stdout()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        discard_stdout()
        return report_error(
            f"limber {args.command}: cannot write the output: {error.strerror}; free some space",
            FAILED,
        )
    return status


def replace_unknown_characters(stream: TextIO | None) -> None:
    """Make a stream write `?` for a character that its encoding lacks, instead of an error.

    Names of files and people may have any character, and a terminal or a pipe any encoding.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def discard_stdout() -> None:
    """Discard buffered output, which would raise an error when Python exits."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)


def create_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(prog="limber", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"limber {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add_parsers in COMMAND_GROUPS:
        add_parsers(commands)
    return parser
