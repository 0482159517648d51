"""The topics of the configured bridge."""

from limber_bridge.config.model import Config
from limber_bridge.protocol.encoding import Topics
from limber_bridge.sources import SOURCES


def bridge_topics(config: Config) -> Topics:
    """Return the topics of a bridge with this configuration."""
    senders = tuple(
        configured.sensor.id
        for sleeper in config.sleepers
        for configured in sleeper.sensors
        if SOURCES[configured.source].receives_mqtt(configured.request.options)
    )
    return Topics(config.broker.base_topic, config.bridge, senders)
