"""Words for the stages of sleep, as programs and technicians write them."""

import re
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """What is known about an epoch."""

    WAKE = "W"
    NREM = "NREM"
    REM = "R"
    UNKNOWN = "?"
    """Not scored, or not to be scored. It is neither sleep nor wakefulness."""
    BARE_FOUR = "4"
    """The number 4 alone: deep sleep after Rechtschaffen and Kales, REM in programs that count the
    stages of the AASM (YASA)."""


STAGE_WORDS: Final = {
    **dict.fromkeys(
        ("w", "wk", "wake", "awake", "wakefulness", "wach", "éveil", "eveil", "s0", "0", "n0"),
        Stage.WAKE,
    ),
    **dict.fromkeys(
        (
            "n",
            "n1",
            "n2",
            "n3",
            "n4",
            "s1",
            "s2",
            "s3",
            "s4",
            "1",
            "2",
            "3",
            "nrem",
            "nrem1",
            "nrem2",
            "nrem3",
            "nrem4",
            "nonrem",
            "nonrem1",
            "nonrem2",
            "nonrem3",
            "nonrem4",
            "sws",
            "light",
            "deep",
            "i",
            "ii",
            "iii",
            "iv",
        ),
        Stage.NREM,
    ),
    **dict.fromkeys(("r", "rem", "sr", "srem", "sp", "paradoxal", "5", "n5", "s5"), Stage.REM),
    **dict.fromkeys(
        (
            "",
            "?",
            "u",
            "un",
            "unknown",
            "unscored",
            "notscored",
            "nonscored",
            "unstaged",
            "undef",
            "undefined",
            "none",
            "nan",
            "na",
            "n/a",
            "a",
            "art",
            "artefact",
            "artifact",
            "m",
            "mt",
            "movement",
            "movementtime",
            "6",
            "7",
            "8",
            "9",
            "-1",
            "-2",
        ),
        Stage.UNKNOWN,
    ),
    "4": Stage.BARE_FOUR,
}
"""Stages by their words, without prefixes, spaces and case: those of the AASM, those of
Rechtschaffen and Kales, EDF+, NSRR, and their numbers. REM is `SP` in French. Movement time
is unknown: it hides whether the sleeper woke."""
PREFIX: Final = re.compile(
    r"^(sleep[\s_-]*stages?|stages?|sleep|schlafstadium|stadium|stade|stadio|fase)[\s_:.-]*"
)
NSRR_CODE: Final = re.compile(r"^(.*)\|\s*-?\d+$")
"""A word and its number, as NSRR writes it: `Stage 2 sleep|2`."""


def parse_stage(text: str) -> tuple[Stage | None, bool]:
    """Return the stage that a text stands for, and whether the text says that it is a stage.

    `Sleep stage 2` says so, `2` does not. None: it is no stage that is known.
    """
    # "@@" and the name of a signal may follow the text of an EDF+ annotation.
    plain = text.partition("@@")[0].strip().strip('"').casefold()
    coded = NSRR_CODE.match(plain)
    plain = (coded[1] if coded else plain).strip()
    word = PREFIX.sub("", plain)
    has_prefix = word != plain
    word = re.sub(r"\s*sleep$", "", word)
    word = re.sub(r"[\s_-]+(?=\w)", "", word) if not re.fullmatch(r"-\d", word) else word
    # Spreadsheets and data frames write 2.0.
    word = re.sub(r"^(-?\d)\.0+$", r"\1", word)
    stage = STAGE_WORDS.get(word)
    if stage is Stage.BARE_FOUR and has_prefix:
        # "Sleep stage 4" is a text of EDF+, for the stages of Rechtschaffen and Kales.
        stage = Stage.NREM
    return stage, has_prefix
