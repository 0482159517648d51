"""Point out sensors for which anyone can send, with a key for each. Pure, but for random keys.

A key that is too weak is an error of limber.yaml (`limber_bridge.domain.signing_keys`).
"""

from collections.abc import Iterator

from limber_bridge.config.model import Config
from limber_bridge.daemon.check_result import CheckResult, note
from limber_bridge.daemon.check_sensors import sensor_name
from limber_bridge.domain.signing_keys import new_key
from limber_bridge.sources import SOURCES


def check_keys(config: Config) -> Iterator[CheckResult]:
    """Yield a note for each sensor that could have a key and has none."""
    for sleeper in config.sleepers:
        for configured in sleeper.sensors:
            settings = config.source_settings.get(configured.source)
            if SOURCES[configured.source].lacks_key(configured.request.options, settings):
                yield note(
                    f"{sensor_name(sleeper, configured)}: any device in range can send for it; "
                    f'write key: "{new_key()}" in limber.yaml, and the same key in the sensor'
                )
