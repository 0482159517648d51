"""The module `machine` of a board, with a simulated chip on its bus."""

import os
import time


class Pin:
    """A pin that does nothing."""

    def __init__(self, number: int) -> None:
        """Keep the number."""
        self.number = number


class SimulatedChip:
    """A chip on I2C that samples in real time: 1 g on one axis, a little noise on the others."""

    ADDRESS = 0
    RATE = 0
    CAPACITY = 0
    COUNTS_PER_G = 4096
    """At a range of 8 g."""

    def __init__(self) -> None:
        """Start as after power on."""
        self.registers = {}
        self._begin = None
        self._read = 0
        self._started = time.ticks_ms()
        self._stall_at_ms = int(os.getenv("STALL_AT_MS", "0"))
        self._silent_at_ms = int(os.getenv("SILENT_AT_MS", "0"))

    def scan(self) -> list:
        """Return the addresses that answer."""
        return [self.ADDRESS]

    def switch_fifo(self, *, on: bool) -> None:
        """Switch the FIFO on, empty, or off."""
        self._begin = time.ticks_ms() if on else None
        self._read = 0

    def waiting(self) -> int:
        """Return how many samples the FIFO contains; more than its capacity: it has overrun."""
        if self._begin is None:
            return 0
        now = time.ticks_ms()
        if self._stall_at_ms and time.ticks_diff(now, self._started) > self._stall_at_ms:
            # The board was busy for longer than the FIFO holds.
            self._stall_at_ms = 0
            return self.CAPACITY + 1
        return time.ticks_diff(now, self._begin) * self.RATE // 1000 - self._read

    def samples(self, count: int) -> list:
        """Return the next samples as counts."""
        numbers = range(self._read, self._read + count)
        self._read += count
        return [(number * 7 % 13, self.COUNTS_PER_G, number * 5 % 11) for number in numbers]

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        """Write a register."""
        self.check(address)
        self.registers[register] = data[0]
        self.written(register, data[0])

    def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
        """Return the values of registers."""
        self.check(address)
        return self.values(register, count)

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        """Read the values of registers into a buffer."""
        buffer[:] = self.readfrom_mem(address, register, len(buffer))

    def check(self, address: int) -> None:
        """Raise OSError for another address, and after a wire has broken."""
        age_ms = time.ticks_diff(time.ticks_ms(), self._started)
        broken = 0 < self._silent_at_ms < age_ms
        if broken or address != self.ADDRESS:
            raise OSError(19)


class SimulatedLsm6ds3(SimulatedChip):
    """LSM6DS3TR-C: words, little endian."""

    ADDRESS = 0x6A
    RATE = 52
    CAPACITY = 682
    COUNTS_PER_G = 4098

    def written(self, register: int, value: int) -> None:
        """Follow FIFO_CTRL5; the FIFO also needs acceleration that is on and not left out."""
        if register == 0x0A:
            ready = self.registers.get(0x10) == 0x3C and self.registers.get(0x08) == 0x01
            self.switch_fifo(on=value == 0x1E and ready)

    def values(self, register: int, count: int) -> bytes:
        """Return WHO_AM_I, the status of the FIFO, or its words."""
        if register == 0x0F:
            return b"\x6a"
        if register == 0x3A:
            waiting = self.waiting()
            words = 0x4000 if waiting > self.CAPACITY else waiting * 3
            words |= 0x1000 if waiting == 0 else 0
            return bytes([words & 0xFF, words >> 8, 0, 0])
        return packed(self.samples(count // 6), "little")


class SimulatedMpu6050(SimulatedChip):
    """MPU-6050: bytes, big endian; its count may lie within a sample."""

    ADDRESS = 0x68
    RATE = 50
    CAPACITY = 170

    def written(self, register: int, value: int) -> None:
        """Follow FIFO_EN; the FIFO also needs a chip that is awake and USER_CTRL."""
        if register == 0x23:
            ready = self.registers.get(0x6B) == 0x01 and self.registers.get(0x6A) == 0x40
            self.switch_fifo(on=value == 0x08 and ready)

    def values(self, register: int, count: int) -> bytes:
        """Return WHO_AM_I, INT_STATUS, the number of bytes in the FIFO, or its bytes."""
        if register == 0x75:
            return b"\x68"
        if register == 0x3A:
            return b"\x10" if self.waiting() > self.CAPACITY else b"\x00"
        if register == 0x72:
            return (self.waiting() * 6 + 3).to_bytes(2, "big")
        return packed(self.samples(count // 6), "big")


def packed(samples: list, order: str) -> bytes:
    """Return samples as 16 bits for each axis."""
    data = b""
    for sample in samples:
        for value in sample:
            data += value.to_bytes(2, order)
    return data


def chip_on_bus(number: int, scl: Pin, sda: Pin, freq: int) -> SimulatedChip:  # noqa: ARG001
    """Return the bus with the chip that the test asks for."""
    return SimulatedMpu6050() if os.getenv("CHIP") == "mpu6050" else SimulatedLsm6ds3()


I2C = chip_on_bus
