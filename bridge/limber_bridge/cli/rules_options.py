"""Options that select the scoring rules."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limber_bridge.detection.rules import RuleSet


def add_rules_options(command: argparse.ArgumentParser) -> None:
    """Add the options that select the scoring rules."""
    command.add_argument(
        "--rules",
        choices=("wasm-2016", "aasm"),
        default="wasm-2016",
        help="scoring rules (default: %(default)s)",
    )
    command.add_argument(
        "--short-interval-starts",
        action="store_true",
        help="a movement less than 10 s after the previous one may start a series; "
        "wasm-2016 leaves this open",
    )


def selected_rules(args: argparse.Namespace) -> RuleSet:
    """Return the selected rule set."""
    from dataclasses import replace

    from limber_bridge.detection.rules import RULE_SETS

    rules = RULE_SETS[args.rules]
    # Under AASM a convention settles this, with or without the option: docs/science.md#aasm.
    starts = rules.short_interval_starts_series or args.short_interval_starts
    return replace(rules, short_interval_starts_series=starts)
