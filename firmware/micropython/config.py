"""Settings of the sensor. Change them, then copy all files to the board."""

WIFI_NAME = "name of your Wi-Fi"
WIFI_PASSWORD = "password of your Wi-Fi"  # noqa: S105 - to be replaced by the user

BRIDGE = "192.168.1.10"
"""Name or address of the machine on which the bridge runs."""
PORT = 47800
PROTOCOL = "tcp"
"""`tcp` loses nothing while the link is away for less than RING_SECONDS; `udp` uses less power."""

SENSOR_ID = 1
"""The same as `id` in limber.yaml."""
KEY = ""
"""The same as `key` in limber.yaml, 8 characters or more; empty: the frames are not signed."""
RING_SECONDS = 60
"""Signal that is kept in memory, about 400 bytes a second."""


def i2c() -> object:
    """Return the bus to the accelerometer; the pins are those of a Seeed XIAO ESP32-C3."""
    from machine import I2C, Pin  # noqa: PLC0415 - only on a board

    return I2C(0, scl=Pin(7), sda=Pin(6), freq=400_000)


def battery() -> int:
    """Return the charge in percent; 255: unknown."""
    return 255
