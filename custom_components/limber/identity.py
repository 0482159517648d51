"""Ids of entities, devices, statistics and issues. Pure.

Two different things never share an id. The ids of bridges and sleepers consist of lower-case
letters, digits and single underscores, so joining them with underscores would be ambiguous: bridge
`a_b` with sleeper `c` and bridge `a` with sleeper `b_c` would both become `a_b_c`. Where any
character is allowed, the parts are joined with a slash, which no part contains. Ids of long-term
statistics allow only letters, digits and single underscores, so they start with the lengths of the
parts.
"""

from typing import Final

SEPARATOR: Final = "/"
"""Occurs in no id of a bridge, sleeper or sensor, and in no key."""


def bridge_key(bridge: str, key: str) -> str:
    """Return the unique id of an entity of a bridge."""
    return _join(bridge, "bridge", key)


def sleeper_key(bridge: str, sleeper: str, key: str) -> str:
    """Return the unique id of an entity of a sleeper."""
    return _join(bridge, "sleeper", sleeper, key)


def sensor_key(bridge: str, sensor: int, key: str) -> str:
    """Return the unique id of an entity of a sensor."""
    return _join(bridge, "sensor", str(sensor), key)


def bridge_device(bridge: str) -> str:
    """Return the device identifier of a bridge."""
    return _join(bridge)


def sleeper_device(bridge: str, sleeper: str) -> str:
    """Return the device identifier of a sleeper."""
    return _join(bridge, "sleeper", sleeper)


def sensor_device(bridge: str, sensor: int) -> str:
    """Return the device identifier of a sensor."""
    return _join(bridge, "sensor", str(sensor))


def issue_id(kind: str, bridge: str, subject: str = "") -> str:
    """Return the id of a repair issue about a bridge, or about a sleeper or sensor of it."""
    return _join(kind, bridge, subject) if subject else _join(kind, bridge)


def statistic_key(bridge: str, sleeper: str, measure: str) -> str:
    """Return the part behind the colon in the id of a long-term statistic.

    The lengths of both ids come first and say where each part ends.
    """
    return f"{len(bridge)}_{len(sleeper)}_{bridge}_{sleeper}_{measure}"


def _join(*parts: str) -> str:
    return SEPARATOR.join(parts)
