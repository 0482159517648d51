"""Print as JSON, in hex, the frames that the rows of a JSON document on stdin describe."""

import json
import sys

from limber_frame import FramePacker

frames = []
for row in json.load(sys.stdin):
    key = (row["key"] or "").encode()
    samples = row["samples"]
    packer = FramePacker(row["sensor"], row["boot"], row["rate_hz"], key, len(samples))
    packer.battery = 255 if row["battery"] is None else row["battery"]
    packer.skip_samples(row["sequence"])
    for number, (x, y, z) in enumerate(samples):
        # Only the time of the first sample counts.
        clock = row["clock_us"] + number
        packer.add_sample(round(x * 1000), round(y * 1000), round(z * 1000), clock)
    if row["quantity"] == "clock":
        frames.append(packer.clock_frame(row["clock_us"]).hex())
    else:
        frames.append(bytes(packer.take_frame()).hex())
print(json.dumps(frames))
