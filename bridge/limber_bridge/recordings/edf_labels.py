"""Recognise the EMG of the legs by the labels of sleep laboratories.

A label is read word by word. It must have one word for the muscle, one for the side, and no unknown
word. The known labels come from published data sets and the manuals of recorders. Labels such as
`EMG L` or `Leg 1` do not say which side it is, or whether it is a leg. They are reported and not
used.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from limber_bridge.detection.signal import Side


class Muscle(StrEnum):
    """A muscle of the leg, with the name that columns have for it."""

    TIBIALIS = "emg"
    CALF = "calf_emg"


SIDE_WORDS: Final = {
    **dict.fromkeys(
        ("l", "left", "lt", "li", "links", "sin", "sn", "sx", "sinistra", "gauche", "izq",
         "izquierda"),
        Side.LEFT,
    ),
    **dict.fromkeys(
        ("r", "right", "rt", "re", "rechts", "dx", "dex", "dxt", "destra", "droite", "droit",
         "der", "derecha"),
        Side.RIGHT,
    ),
}  # fmt: skip
"""Words for a side: English, German, Dutch, Italian, French, Spanish."""
MUSCLE_WORDS: Final = {
    **dict.fromkeys(
        ("tib", "tibialis", "tibial", "tibant", "ta", "leg", "legs", "plm", "plms", "bein",
         "jambe", "gamba", "pierna", "been"),
        Muscle.TIBIALIS,
    ),
    **dict.fromkeys(("calf", "gastroc", "gastrocnemius", "gas", "wade"), Muscle.CALF),
}  # fmt: skip
"""Words for a muscle. Leg electrodes of sleep laboratories lie on the tibialis anterior (AASM)."""
WHOLE_WORDS: Final = {
    "lat": (Muscle.TIBIALIS, Side.LEFT),
    "rat": (Muscle.TIBIALIS, Side.RIGHT),
    "latib": (Muscle.TIBIALIS, Side.LEFT),
    "ratib": (Muscle.TIBIALIS, Side.RIGHT),
}
"""Words for both: left and right anterior tibialis."""
FILLER_WORDS: Final = frozenset(("emg", "ant", "anterior", "muscle", "bipolar", "surface", "ref"))
"""Words that change nothing."""
OTHER_EMG_WORDS: Final = (
    "chin", "ment", "mental", "subm", "kinn", "mentum", "menton", "arm", "fds", "edc", "masseter",
    "bic", "intercost", "dia", "neck",
)  # fmt: skip
"""Parts of the labels of EMG that is not of a leg."""
MIN_GLUED_LENGTH: Final = 2
"""Letters of a muscle's word to which the letter of a side may be attached."""


@dataclass(frozen=True, slots=True)
class LegLabel:
    """What a label says about a signal of a leg."""

    column: str | None
    """Name in `domain.recording.COLUMNS`; None: it does not say which side."""
    is_bipolar: bool
    """Whether the label names two electrodes, of which the signal is the difference."""


def parse_leg_label(label: str) -> LegLabel | None:
    """Return what a label says about a leg; None if it is no label of a leg's EMG."""
    words, electrodes = split_label(label)
    muscles: set[Muscle] = set()
    sides: set[Side] = set()
    for word in words:
        meaning = word_meaning(word)
        if meaning is None:
            return None
        muscle, side = meaning
        if muscle is not None:
            muscles.add(muscle)
        if side is not None:
            sides.add(side)
    if len(muscles) != 1:
        return None
    (muscle,) = muscles
    column = f"{sides.pop()}_{muscle}" if len(sides) == 1 else None
    return LegLabel(column, is_bipolar=len(electrodes) > 1)


def split_label(label: str) -> tuple[list[str], set[str]]:
    """Return the words of a label in small letters, and the numbers of its electrodes."""
    decomposed = unicodedata.normalize("NFKD", label.casefold())
    # "TIBl" and "LegLeft" are two words each, but "lTIB" in small letters is found by its parts.
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    words = re.findall(r"[a-z]+", plain)
    return words, set(re.findall(r"\d+", plain))


def word_meaning(word: str) -> tuple[Muscle | None, Side | None] | None:
    """Return the muscle and the side that a word stands for; None if it is not understood."""
    if word in FILLER_WORDS:
        return None, None
    if word in WHOLE_WORDS:
        return WHOLE_WORDS[word]
    if word in SIDE_WORDS:
        return None, SIDE_WORDS[word]
    if word in MUSCLE_WORDS:
        return MUSCLE_WORDS[word], None
    return glued_meaning(word)


def glued_meaning(word: str) -> tuple[Muscle | None, Side | None] | None:
    """Return what a word without spaces stands for, such as `lleg`, `tibdx` or `emgrat`."""
    for filler in FILLER_WORDS:
        if word.startswith(filler) and len(word) > len(filler):
            return word_meaning(word.removeprefix(filler))
    for name, muscle in MUSCLE_WORDS.items():
        if len(name) < MIN_GLUED_LENGTH or name not in word:
            continue
        if word.startswith(name) and word.removeprefix(name) in SIDE_WORDS:
            return muscle, SIDE_WORDS[word.removeprefix(name)]
        if word.endswith(name) and word.removesuffix(name) in SIDE_WORDS:
            return muscle, SIDE_WORDS[word.removesuffix(name)]
    return None


def may_be_leg_emg(label: str) -> bool:
    """Return whether an unused label may be EMG of a leg, so that the user should be informed."""
    plain = label.casefold()
    if any(word in plain for word in OTHER_EMG_WORDS):
        return False
    words, electrodes = split_label(label)
    meanings = [word_meaning(word) for word in words]
    if any(meaning is not None and meaning[0] is not None for meaning in meanings):
        return True
    # "DX1-DX2" is a muscle between two electrodes on one side.
    names_side = all(meaning is not None and meaning[1] is not None for meaning in meanings)
    return "emg" in plain or (bool(words) and names_side and len(electrodes) > 1)
