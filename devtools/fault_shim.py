"""The library `fault_shim.c`: in this process, or in one that is started with it."""

import ctypes
import errno
import mmap
import os
import struct
import subprocess
from pathlib import Path
from typing import Final

from devtools.processes import DevtoolError, find

SOURCE: Final = Path(__file__).with_name("fault_shim.c")
KINDS: Final = {"read": 0, "write": 1, "fsync": 2, "open": 3}
"""As in `fault_shim.c`."""
NEVER: Final = -1
"""Kind of call: none fails."""
CONTROL: Final = struct.Struct("<qqqqqiiii4q512s")
"""`struct control` of `fault_shim.c`."""
CLOCK: Final = struct.Struct("<q")
BAD: Final = struct.Struct("<qqq")
BAD_AT: Final = 8
RANDOM: Final = struct.Struct("<iiii")
RANDOM_AT: Final = 40


def compile_shim(folder: Path) -> Path:
    """Compile the library into a folder and return it; DevtoolError without a compiler."""
    if find("cc") is None:
        raise DevtoolError("no C compiler; install one (apt install gcc)")
    library = folder / "fault_shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-lpthread"]
    subprocess.run(command, check=True)
    return library


class FaultControl:
    """Faults of another process, which is started with `environment`."""

    def __init__(self, folder: Path, watched: Path) -> None:
        """Prepare in a folder; only calls on files below `watched` can fail. DevtoolError."""
        self._path = folder / "faults"
        library = compile_shim(folder)
        self._path.write_bytes(CONTROL.pack(*[0] * 13, os.fsencode(watched)))
        with self._path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), CONTROL.size)
        self.environment = {"LD_PRELOAD": str(library), "LIMBER_FAULTS": str(self._path)}
        """Of the process."""

    @property
    def fired(self) -> int:
        """How many calls have failed so far."""
        return int(CONTROL.unpack(self._shared[:])[4])

    def set_clock(self, ahead_s: float) -> None:
        """Set the wall clock of the process ahead of the true time."""
        CLOCK.pack_into(self._shared, 0, round(ahead_s * 1e9))

    def calls(self, kind: str) -> int:
        """Return how many calls of a kind there were."""
        return int(CONTROL.unpack(self._shared[:])[9 + KINDS[kind]])

    def fail(self, kind: str, one_in: int, error: int = errno.EIO, *, limit: int = 0) -> None:
        """Let every n-th call of a kind fail from now on; `limit`: that many at most, 0: all."""
        RANDOM.pack_into(self._shared, RANDOM_AT, 1 << KINDS[kind], one_in, error, limit)

    def heal(self) -> None:
        """Let no call fail."""
        RANDOM.pack_into(self._shared, RANDOM_AT, 0, 0, 0, 0)

    def spoil(self, path: Path, begin: int, end: int) -> None:
        """Let reads of some bytes of a file fail from now on."""
        BAD.pack_into(self._shared, BAD_AT, path.stat().st_ino, begin, end)


class Shim:
    """The functions of `fault_shim.c` in this process."""

    def __init__(self) -> None:
        """Find them; AttributeError where the library was not loaded."""
        self._library = ctypes.CDLL(None)
        self._library.limber_fired.restype = ctypes.c_long

    def watch(self, folder: Path) -> None:
        """Let only calls on files below a folder count."""
        self._library.limber_watch(os.fsencode(folder))

    def spoil(self, path: Path | None, begin: int = 0, end: int = 0) -> None:
        """Let reads of some bytes of a file fail from now on; None: no longer."""
        inode = 0 if path is None else path.stat().st_ino
        self._library.limber_spoil(
            ctypes.c_int64(inode), ctypes.c_int64(begin), ctypes.c_int64(end)
        )

    def arm(self, kind: int, at: int, count: int, error: int) -> None:
        """Let calls of a kind fail from the `at`-th on, `count` of them."""
        self._library.limber_arm(kind, ctypes.c_long(at), ctypes.c_long(count), error)

    def fired(self) -> int:
        """Return how many calls have failed."""
        return int(self._library.limber_fired())

    def record(self, path: Path | None) -> None:
        """Record changes in a file; None: no more."""
        self._library.limber_record(None if path is None else os.fsencode(path))

    def mark(self, number: int) -> None:
        """Record that a write has returned."""
        self._library.limber_mark(ctypes.c_long(number))
