"""How gaps are written into EDF+C, which cannot leave samples out."""

from typing import Final

GAP_ANNOTATION: Final = "gap "
"""Start of the annotation of a gap, followed by the name of the signal. The samples within a gap
are meaningless."""
