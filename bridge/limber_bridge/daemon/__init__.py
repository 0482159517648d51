"""The running bridge: wiring, sleepers, broker, health and requests."""
