"""Write a week of an ankle actigraph, to measure what long recordings cost.

`python -m devtools.actigraph_week OUT.cwa [--days 7] [--rate 100]`. By day the limb walks and
rests, by night it lies and kicks. The figures of such a week are not compared with anything.
"""

import argparse
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from devtools.actigraph_files import Device, Floats, write_cwa


def hours_of_week(device: Device, days: float, seed: int = 1) -> Iterator[Floats]:
    """Yield the acceleration of each hour, shape (3, n)."""
    rng = np.random.default_rng(seed)
    for hour in range(round(days * 24)):
        local = (device.start + timedelta(hours=hour)).hour
        yield hour_of_leg(rng, device.rate, asleep=local >= 23 or local < 7)


def hour_of_leg(rng: np.random.Generator, rate: float, *, asleep: bool) -> Floats:
    """Return the acceleration of an hour in bed, or of one out of it."""
    times = np.arange(round(3600 * rate)) / rate
    down = [[0.97], [0.1], [0.2]] if asleep else [[0.1], [0.99], [0.05]]
    signal = np.tile(np.array(down), len(times))
    if asleep:
        kicks = np.sin(2 * np.pi * 7 * times) * ((times % 28) < 1.8)
        signal += 0.2 * kicks * rng.normal(1, 0.2)
    else:
        walks = np.sin(2 * np.pi * 1.9 * times) * ((times % 300) < 120)
        signal += walks * np.array([[0.3], [0.5], [0.2]])
    noise: Floats = rng.standard_normal((3, len(times)), dtype=np.float32).astype(np.float64)
    week: Floats = signal + 0.004 * noise
    return week


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--rate", type=float, default=100)
    args = parser.parse_args()
    device = Device(rate=args.rate)
    write_cwa(args.out, hours_of_week(device, args.days), device)


if __name__ == "__main__":
    main()
