"""The commands. Heavy modules are imported by the command that needs them, so that `--help` answers at once."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from limber_bridge import __version__

DONE, FAILED, WRONG = 0, 1, 2
"""Exit statuses: done; some input could not be used; wrong usage or configuration (contracts, section 1)."""
DESCRIPTION: Final = (
    "Leg movements and cramps at night: reads sensors at the ankle or the bed, detects movements as they happen, and "
    "publishes them over MQTT. Limber is not a medical device; it informs and never diagnoses."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = parser().parse_args(arguments)
    command: Final = COMMANDS[chosen.command]
    try:
        return command(chosen)
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="limber", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"limber {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="the daemon: read, detect, keep, publish")
    check = commands.add_parser("check", help="check the configuration, then try the broker and every sensor")
    for command in (run, check):
        command.add_argument("--config", type=Path, default=Path("limber.yaml"), help="default: %(default)s")
    check.add_argument("--wait", type=float, default=10.0, help="seconds to wait for each sensor (default: 10)")

    simulate = commands.add_parser("simulate", help="write a synthetic night together with its ground truth")
    simulate.add_argument("--out", type=Path, required=True, help="NIGHT.csv, NIGHT.csv.gz or NIGHT.edf")
    simulate.add_argument("--hours", type=float, default=8.0, help="default: %(default)s")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed writes the same bytes (default: 1)")
    simulate.add_argument("--plm-index", type=float, default=25.0, help="periodic movements an hour (default: 25)")
    simulate.add_argument("--cramps", type=int, default=1, help="default: %(default)s")
    simulate.add_argument("--sensor", choices=("ankle", "bed", "emg"), default="ankle", help="default: %(default)s")
    simulate.add_argument("--rate", type=float, default=50.0, help="Hz (default: 50)")
    return top


def run(chosen: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop."""
    import asyncio
    import logging
    import signal

    from limber_bridge.app import Bridge
    from limber_bridge.clock import HostClock
    from limber_bridge.config import read
    from limber_bridge.document import ConfigError
    from limber_bridge.journal import Journal, JournalError

    async def serve(journal: Journal) -> None:
        serving = asyncio.ensure_future(Bridge(config, journal, HostClock()).run())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            logging.getLogger(__name__).info("stopped")

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        config = read(chosen.config)
        with Journal(config.journal) as journal:
            asyncio.run(serve(journal))
    except ConfigError as error:
        return complain(str(error), WRONG)
    except JournalError as error:
        return complain(str(error), FAILED)
    return DONE


def check(chosen: argparse.Namespace) -> int:
    """Check the configuration, then try everything it names."""
    import asyncio

    from limber_bridge.check import check as trials
    from limber_bridge.config import read
    from limber_bridge.document import ConfigError

    async def tell() -> bool:
        well = True
        async for finding in trials(config, chosen.wait):
            print("ok     " if finding.well else "FAILED ", finding.text, flush=True)  # noqa: T201 - its answer
            well = well and finding.well
        return well

    try:
        config = read(chosen.config)
    except ConfigError as error:
        return complain(str(error), WRONG)
    print("ok     ", f"configuration {chosen.config}")  # noqa: T201
    return DONE if asyncio.run(tell()) else FAILED


def simulate(chosen: argparse.Namespace) -> int:
    """Write a synthetic night and its truth."""
    from limber_bridge.simulate import NotWritableError, Order, write
    from limber_bridge.simulation.plan import Wishes

    try:
        wishes = Wishes(hours=chosen.hours, plm_index=chosen.plm_index, cramps=chosen.cramps)
        write(Order(out=chosen.out, wishes=wishes, seed=chosen.seed, sensor=chosen.sensor, rate=chosen.rate))
    except (NotWritableError, ValueError) as error:
        return complain(f"limber simulate: {error}", WRONG)
    return DONE


def complain(text: str, status: int) -> int:
    """Say what is wrong on stderr and return the exit status."""
    print(text, file=sys.stderr)  # noqa: T201
    return status


COMMANDS: Final = {"run": run, "check": check, "simulate": simulate}
