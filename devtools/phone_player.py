"""Post a signal to a bridge in real time, as the app Sensor Logger does.

The signal is a file of 32-bit floats, three axes in g for each sample. Messages that the bridge did
not take are posted again; whether the app does so is not known.
"""

import argparse
import http.client
import sys
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from devtools.phone_messages import NS, PLATFORMS, Floats, PhoneRecording
from devtools.processes import LOOPBACK

TIMEOUT_S: Final = 5.0
"""For the bridge to answer a post."""
MAX_WAITING: Final = 600
"""Messages that are kept while the bridge cannot be reached; the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class IngestAddress:
    """Where a phone posts."""

    port: int
    sensor: int
    secret: str

    def post(self, body: bytes) -> tuple[int, str]:
        """Post a body; return the status and the text of the response, or OSError."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=TIMEOUT_S)) as opened:
            path = f"/ingest/{self.sensor}/{self.secret}"
            opened.request("POST", path, body, {"Content-Type": "application/json"})
            response = opened.getresponse()
            return response.status, response.read().decode()


def read_signal(file: Path) -> Floats:
    """Return the signal in a file, shape (3, n) in g."""
    return np.fromfile(file, "<f4").astype(np.float64).reshape(-1, 3).T


def play(
    signal: Floats, phone: PhoneRecording, address: IngestAddress, begin: float | None = None
) -> None:
    """Post a signal of shape (3, n) in g, one message a second, until it ends.

    `begin`: time of the first sample in s since 1970; None: now.
    """
    begin = time.time() if begin is None else begin
    waiting: deque[bytes] = deque(maxlen=MAX_WAITING)
    for number, body in enumerate(phone.messages(signal, round(begin * NS)), 1):
        time.sleep(max(0.0, begin + number - time.time()))
        waiting.append(body)
        post_waiting(waiting, address)


def post_waiting(waiting: deque[bytes], address: IngestAddress) -> None:
    """Post the messages that wait, in order, as long as the bridge takes them."""
    while waiting:
        try:
            status, text = address.post(waiting[0])
        except OSError as error:
            print(f"not posted: {error}", flush=True)
            return
        waiting.popleft()
        if status != 200:
            print(f"refused ({status}): {text}", flush=True)


def main() -> int:
    """Parse the command line and play."""
    parser = argparse.ArgumentParser(prog="python -m devtools.phone_player", description=__doc__)
    parser.add_argument("signal", type=Path)
    parser.add_argument("--port", type=int, required=True, help="of the bridge's HTTP server")
    parser.add_argument("--sensor", type=int, default=1, help="id in limber.yaml")
    parser.add_argument("--secret", required=True, help="as in limber.yaml")
    parser.add_argument("--platform", choices=PLATFORMS, default="iphone")
    parser.add_argument("--rate", type=float, default=50.0, help="of the signal, in Hz")
    parser.add_argument("--begin", type=float, help="time of the first sample, in s since 1970")
    chosen = parser.parse_args()
    phone = PhoneRecording(chosen.platform, rate=chosen.rate)
    play(
        read_signal(chosen.signal),
        phone,
        IngestAddress(chosen.port, chosen.sensor, chosen.secret),
        chosen.begin,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
