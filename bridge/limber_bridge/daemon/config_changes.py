"""What differs between two configurations, and what of it a running bridge can take over. Pure."""

from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.config.model import Config, ConfiguredSensor

RESTARTING: Final = (
    ("bridge", lambda config: (config.bridge, config.calendar, config.rules, config.journal)),
    ("retention", lambda config: config.retention),
    ("broker.base_topic", lambda config: config.broker.base_topic),
)
"""Parts of limber.yaml for which the detection starts again, and what they hold."""


@dataclass(frozen=True, slots=True)
class ConfigChanges:
    """What a new configuration changes."""

    restarting: tuple[str, ...]
    """Parts of limber.yaml that cannot be changed while the bridge runs."""
    removed: frozenset[int]
    """Ids of the sensors that go, or are another sensor now."""
    added: tuple[ConfiguredSensor, ...]
    """The sensors that come, or are another sensor now."""
    reconnects: bool
    """Whether the broker is another one, or is reached in another way."""
    settings: frozenset[str]
    """Sources whose section of limber.yaml has changed."""


def find_changes(old: Config, new: Config) -> ConfigChanges:
    """Return what differs.

    A sensor of a source whose section has changed counts as another sensor, so that the source is
    opened with the new settings.
    """
    settings = frozenset(
        name
        for name in {*old.source_settings, *new.source_settings}
        if old.source_settings.get(name) != new.source_settings.get(name)
    )
    before = sensors_with_sleeper(old)
    after = sensors_with_sleeper(new)
    same = {
        sensor
        for sensor, one in before.items()
        if after.get(sensor) == one and one[1].source not in settings
    }
    return ConfigChanges(
        restarting=tuple(name for name, part in RESTARTING if part(old) != part(new)),
        removed=frozenset(before) - same,
        added=tuple(one for sensor, (_, one) in after.items() if sensor not in same),
        reconnects=without_base_topic(old) != without_base_topic(new),
        settings=settings,
    )


def sensors_with_sleeper(config: Config) -> dict[int, tuple[tuple[str, bool], ConfiguredSensor]]:
    """Return each sensor by its id, with the id of its sleeper and whether that one is live."""
    return {
        one.sensor.id: ((sleeper.id, sleeper.live), one)
        for sleeper in config.sleepers
        for one in sleeper.sensors
    }


def without_base_topic(config: Config) -> object:
    """Return how the broker is reached."""
    return replace(config.broker, base_topic="")
