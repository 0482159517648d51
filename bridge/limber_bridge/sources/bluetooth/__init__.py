"""Bluetooth sensors. A new model is a row in `profiles`, and a parser if its format is new.

`source` joins the parts: `radio` and `link` keep sensors connected through BlueZ, `relay` takes
what Home Assistant relays, and `decoder` turns the notifications of both into samples.
"""

from limber_bridge.sources.bluetooth.relay import relay_profile
from limber_bridge.sources.bluetooth.source import SOURCE

__all__ = ["SOURCE", "relay_profile"]
