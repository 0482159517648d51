"""How much of the journal and of the raw signal is kept. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """How much is kept."""

    nights: int | None = None
    """Of each sleeper, with every event; None: all. The figures of a night are kept for ever."""
    size: int = 1000
    """MB that the journal may take."""
    backups: int = 7
    """One a day; 0: none."""
    raw: int = 7
    """Nights of each sleeper with the raw signal; 0: none."""
    raw_size: int = 2000
    """MB that the raw signal may take."""
