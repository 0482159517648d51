"""A `limber.yaml` for measurements: a bridge that sensors and pages reach on this machine."""

from typing import Final

SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: {broker}}}
network: {{address: 127.0.0.1, port: {sensor}}}
web: {{address: 127.0.0.1, port: {web}}}
sleepers:
{sleepers}"""
