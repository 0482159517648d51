"""How much of the journal and of the raw signal is kept. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """Limits on what is kept."""

    nights: int | None = None
    """Nights of each sleeper with all events; None: all nights. Measures are kept forever."""
    size: int = 1000
    """MB; largest size of the journal."""
    backups: int = 7
    """Daily backups of the journal; 0: none."""
    raw: int = 7
    """Nights of each sleeper with the raw signal; 0: none."""
    raw_size: int = 2000
    """MB; largest size of the raw signal of all sleepers."""
