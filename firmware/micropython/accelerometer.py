"""Drivers for accelerometers with a FIFO, on I2C, for MicroPython.

The chip samples at its own even rate and keeps the samples, so that a program that is busy for a
moment loses none. Registers: LSM6DS3 and LSM6DS3TR-C data sheets (ST); MPU-6000/6050 register map
4.2 and MPU-6886 data sheet (TDK InvenSense).
"""

import struct
import time

RESET_MS = 100
MAX_READ = 32
"""Samples read at once. Chosen: small against the memory of a board."""


class ChipNotFoundError(Exception):
    """No known accelerometer answers on the bus."""


class Lsm6ds3:
    """LSM6DS3 or LSM6DS3TR-C: 52 Hz, range 8 g."""

    RATE = 52.0
    ADDRESSES = (0x6A, 0x6B)
    WHO_AM_I = 0x0F
    IDS = (0x69, 0x6A)
    MG_PER_COUNT = 0.244
    """At a range of 8 g."""

    SETUP = (
        (0x12, 0x01),  # CTRL3_C: software reset
        (0x12, 0x44),  # CTRL3_C: whole samples only, addresses count up
        (0x10, 0x3C),  # CTRL1_XL: 52 Hz, 8 g
        (0x08, 0x01),  # FIFO_CTRL3: every sample of acceleration, no angular velocity
        (0x0A, 0x00),  # FIFO_CTRL5: off, which empties it
        (0x0A, 0x1E),  # FIFO_CTRL5: 52 Hz, the oldest samples are overwritten
    )
    STATUS = 0x3A
    DATA = 0x3E

    def __init__(self, i2c: object, address: int) -> None:
        """Set up the chip at an address."""
        self._i2c = i2c
        self._address = address
        self._status = bytearray(4)
        self.waiting = 0
        """Samples that the last read left in the FIFO."""
        self.restart()

    def restart(self) -> None:
        """Set up the chip and empty its FIFO."""
        for register, value in self.SETUP:
            self._i2c.writeto_mem(self._address, register, bytes([value]))
            time.sleep_ms(RESET_MS if value == 0x01 and register == 0x12 else 0)

    def read(self) -> list:
        """Return the samples since the last call in mg; None if the FIFO has overrun."""
        self._i2c.readfrom_mem_into(self._address, self.STATUS, self._status)
        words, pattern = struct.unpack("<HH", self._status)
        if words & 0x4000:
            return None
        if words & 0x1000:
            self.waiting = 0
            return []
        if pattern & 0x03FF:
            # The first word is not the first axis: the words before it were overwritten.
            return None
        count = min((words & 0x0FFF) // 3, MAX_READ)
        self.waiting = (words & 0x0FFF) // 3 - count
        data = self._i2c.readfrom_mem(self._address, self.DATA, count * 6)
        values = struct.unpack("<%dh" % (count * 3), data)  # noqa: UP031 - plain MicroPython
        return [scaled(values, at, self.MG_PER_COUNT) for at in range(0, count * 3, 3)]


class Mpu:
    """MPU-6050, 6500, 9250 or 6886: 50 Hz, range 8 g."""

    RATE = 50.0
    ADDRESSES = (0x68, 0x69)
    WHO_AM_I = 0x75
    IDS = (0x68, 0x70, 0x71, 0x19)
    MPU6886 = 0x19
    """Its FIFO also contains the temperature."""
    MG_PER_COUNT = 1000 / 4096
    """At a range of 8 g."""

    SETUP = (
        (0x6B, 0x80),  # PWR_MGMT_1: reset
        (0x6B, 0x01),  # PWR_MGMT_1: awake, clock of the gyroscope
        (0x1A, 0x03),  # CONFIG: low-pass at 44 Hz, 1 kHz inside
        (0x19, 19),  # SMPLRT_DIV: 50 Hz
        (0x1C, 0x10),  # ACCEL_CONFIG: 8 g
        (0x1D, 0x03),  # ACCEL_CONFIG2 of the later chips: low-pass at 45 Hz
        (0x6A, 0x04),  # USER_CTRL: empty the FIFO while it is off
        (0x6A, 0x40),  # USER_CTRL: FIFO on
        (0x23, 0x08),  # FIFO_EN: acceleration
    )
    INT_STATUS = 0x3A
    OVERFLOW = 0x10
    COUNT = 0x72
    DATA = 0x74

    def __init__(self, i2c: object, address: int) -> None:
        """Set up the chip at an address."""
        self._i2c = i2c
        self._address = address
        chip = i2c.readfrom_mem(address, self.WHO_AM_I, 1)[0]
        self.waiting = 0
        """Samples that the last read left in the FIFO."""
        self._sample_bytes = 8 if chip == self.MPU6886 else 6
        self.restart()

    def restart(self) -> None:
        """Set up the chip and empty its FIFO."""
        for register, value in self.SETUP:
            self._i2c.writeto_mem(self._address, register, bytes([value]))
            time.sleep_ms(RESET_MS if value == 0x80 else 0)

    def read(self) -> list:
        """Return the samples since the last call in mg; None if the FIFO has overrun."""
        if self._i2c.readfrom_mem(self._address, self.INT_STATUS, 1)[0] & self.OVERFLOW:
            return None
        waiting = struct.unpack(">H", self._i2c.readfrom_mem(self._address, self.COUNT, 2))[0]
        # A sample that the chip is writing is left for the next time.
        count = min(waiting // self._sample_bytes, MAX_READ)
        self.waiting = waiting // self._sample_bytes - count
        data = self._i2c.readfrom_mem(self._address, self.DATA, count * self._sample_bytes)
        return [
            scaled(struct.unpack_from(">hhh", data, at), 0, self.MG_PER_COUNT)
            for at in range(0, count * self._sample_bytes, self._sample_bytes)
        ]


def scaled(values: tuple, at: int, scale: float) -> tuple:
    """Return three counts as mg."""
    return round(values[at] * scale), round(values[at + 1] * scale), round(values[at + 2] * scale)


def find_accelerometer(i2c: object) -> object:
    """Return the driver of the first known chip on a bus; ChipNotFoundError without one."""
    present = i2c.scan()
    for driver in (Lsm6ds3, Mpu):
        for address in driver.ADDRESSES:
            if address not in present:
                continue
            if i2c.readfrom_mem(address, driver.WHO_AM_I, 1)[0] in driver.IDS:
                return driver(i2c, address)
    raise ChipNotFoundError(
        f"no LSM6DS3 or MPU6050 among the addresses {present} on the bus; check the wires and the "
        "pins in main.py"
    )
