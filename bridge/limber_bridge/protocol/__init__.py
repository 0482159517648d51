"""MQTT messages: their fields, and how events, nights and requests are encoded. Pure."""
