"""An outlet of the Lab Streaming Layer in a process of its own: python lsl_outlet.py NAME KIND."""

import sys
import time

import numpy as np
import pylsl

KINDS = {
    # type, channels, nominal rate, unit, scale of uV or g
    "emg_v": ("EMG", 2, 250.0, "V", 1e-6),
    "emg_uv": ("EMG", 2, 250.0, "microvolts", 1.0),
    "emg_no_unit": ("EMG", 2, 250.0, "", 1.0),
    "accelerometer": ("ACC", 3, 50.0, "m/s^2", 9.80665),
    "irregular": ("ACC", 3, 0.0, "g", 1.0),
    "texts": ("Markers", 1, 0.0, "", 1.0),
}


def main() -> None:
    """Push samples in real time until the process is stopped."""
    name = sys.argv[1]
    kind, channels, rate, unit, scale = KINDS[sys.argv[2]]
    value_format = "string" if kind == "Markers" else "float32"
    info = pylsl.StreamInfo(name, kind, channels, rate, value_format, f"limber-{name}")
    described = info.desc().append_child("channels")
    for _ in range(channels if unit else 0):
        described.append_child("channel").append_child_value("unit", unit)
    outlet = pylsl.StreamOutlet(info)
    random = np.random.default_rng(1)
    begin = pylsl.local_clock()
    sent = 0
    real_rate = rate or 50.0
    while True:
        due = int((pylsl.local_clock() - begin) * real_rate)
        for number in range(sent, due):
            if kind == "Markers":
                outlet.push_sample([f"trial {number}"], begin + number / real_rate)
                continue
            if kind == "EMG":
                values = random.normal(0.0, 3.0, channels)
            else:
                values = np.array([0.0, 1.0, 0.0]) + random.normal(0.0, 0.002, channels)
            jitter = 0.004 * random.standard_normal() if not rate else 0.0
            outlet.push_sample(list(values * scale), begin + number / real_rate + jitter)
        sent = max(sent, due)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
