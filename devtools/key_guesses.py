"""Measure how fast keys can be tried on a recorded frame, and how long some kinds of keys last.

python -m devtools.key_guesses [--seconds S]
"""

import argparse
import hashlib
import hmac
import itertools
import time
from typing import Final

from devtools.network_sensor import AnkleSensor, leg

SIGNATURE: Final = slice(24, 32)
YEAR_S: Final = 365.25 * 24 * 3600
KINDS: Final = {
    "8 small letters and digits": 36**8,
    "16 hexadecimal digits": 16**16,
}
"""Number of keys of each kind."""


def guesses_per_second(seconds: float) -> float:
    """Return how many keys one core tries per second."""
    frame = AnkleSensor(key=b"the key that is looked for").frame(leg(0, 0.5, []))
    signed = frame[: SIGNATURE.start] + frame[SIGNATURE.stop :]
    expected = frame[SIGNATURE]
    began = time.process_time()
    for number in itertools.count(1):
        key = b"%016d" % number
        assert hmac.digest(key, signed, hashlib.sha256)[:8] != expected  # noqa: S101 - a measurement
        if not number % 1000 and time.process_time() - began >= seconds:
            return number / (time.process_time() - began)
    raise AssertionError("counts for ever")


def main() -> None:
    """Print the rate, and the time until all keys of a kind are tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    rate = guesses_per_second(parser.parse_args().seconds)
    print(f"{rate:,.0f} keys per second on one core")
    for kind, count in KINDS.items():
        print(f"{kind}: {count / rate / YEAR_S:,.2g} years")


if __name__ == "__main__":
    main()
