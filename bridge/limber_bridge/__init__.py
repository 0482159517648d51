"""Limber's bridge: from a sensor at the ankle or the bed to leg movements on MQTT."""

__version__ = "0.1.0"
