"""Nights of 1 h with tibialis EMG: real muscle bursts and synthesised ones."""

from functools import cache
from typing import Final

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from devtools.battery.emg import Electrodes, Muscle, record_emg
from devtools.battery.truth import Item, Kind, Night, Recorded
from devtools.processes import ROOT
from limber_bridge.detection.signal import Floats, Placement, Quantity, Sensor, Side

DURATION: Final = 3600.0
REAL_RATE: Final = 2000
"""Hz of the recorded contractions."""
RATES: Final = (200.0, 250.0, 500.0)
SMALLEST_UV: Final = 12.0
"""uV RMS of the weakest burst: 8 uV above the highest rest, which is what the rules ask for
(docs/science.md#movement-thresholds)."""


@cache
def real_bursts(rate: int) -> tuple[Floats, Floats]:
    """Return contractions and amplifier noise of 15 people at a rate, each with an RMS of 1."""
    with np.load(ROOT / "tests/data/emg/tibialis_anterior.npz") as data:
        bursts = np.asarray(data["tibialis_anterior_uv"], dtype=np.float64)
        noise = np.asarray(data["amplifier_noise_uv"], dtype=np.float64)
    high = min(440.0, 0.42 * rate)
    band = butter(3, (15.0, high), "bandpass", fs=REAL_RATE, output="sos")
    result = []
    for signals in (bursts, noise):
        filtered = sosfiltfilt(band, signals, axis=1)
        sampled = resample_poly(filtered, rate, REAL_RATE, axis=1)
        result.append(sampled / np.std(sampled, axis=1, keepdims=True))
    return result[0], result[1]


def burst_signal(rng: np.random.Generator, rate: float, duration: float, size: float) -> Floats:
    """Return a piece of a real contraction with a size (uV RMS) and short edges."""
    bursts, _ = real_bursts(round(rate))
    person = bursts[int(rng.integers(len(bursts)))]
    count = round(duration * rate)
    first = int(rng.integers(max(1, len(person) - count)))
    piece = person[first : first + count].copy()
    # Muscles begin at once or within some tenths of a second, and their force wavers.
    edge = max(1, round(min(0.25 * duration, np.exp(rng.uniform(-4.5, -1))) * rate))
    piece *= np.minimum(1, np.minimum(np.arange(1, count + 1), np.arange(count, 0, -1)) / edge)
    if duration > 1.5:
        knots = rng.uniform(0.4, 1.2, round(2 * duration) + 2)
        piece *= np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(knots)), knots)
    result: Floats = size * piece / np.std(piece)
    return result


def amplifier(rng: np.random.Generator, rate: float, count: int, size: float) -> Floats:
    """Return real amplifier noise of the 15 people in random order, with an RMS (uV)."""
    _, noise = real_bursts(round(rate))
    pieces = []
    length = 0
    while length < count:
        piece = noise[int(rng.integers(len(noise)))]
        pieces.append(piece if rng.random() < 0.5 else piece[::-1])
        length += len(piece)
    result: Floats = size * np.concatenate(pieces)[:count]
    return result


def emg(seed: int) -> Night:
    """Return an hour of one leg with leg movements of 12 to 140 uV RMS."""
    rng = np.random.default_rng((10, seed))
    rate = float(rng.choice(RATES))
    muscle = Muscle(float(rng.uniform(0.6, 3.0)), DURATION)
    count = round(DURATION * rate)
    extra = amplifier(rng, rate, count, rng.uniform(1.0, 1.6))
    items = []
    at = 40.0
    while at < DURATION - 60:
        item = draw_item(rng, at)
        items.append(item)
        if rng.random() < 0.7 and item.duration < 9.5:
            first = round(item.onset * rate)
            piece = burst_signal(rng, rate, item.duration, item.size)
            extra[first : first + len(piece)] += piece
        else:
            muscle.burst(item.onset, item.end, item.size, float(rng.uniform(0.03, 0.12)))
        at = item.end + float(np.clip(rng.lognormal(2.9, 0.6), 4, 120))
    if seed % 3 == 0:
        pops(rng, extra, rate, items)
    if seed % 4 == 1:
        # The muscle tone rises and falls over minutes.
        times = np.linspace(0, DURATION, 13)
        muscle.tension(times, rng.uniform(0, 2.0, 13), cramping=False)
    if seed % 5 == 2:
        extra += rng.uniform(2, 10) * np.sin(2 * np.pi * 50.02 * np.arange(count) / rate)
    heart = 0.0 if seed % 2 else float(rng.uniform(3, 20))
    electrodes = Electrodes(rate, 0.3, heart, 0.1, float(rng.uniform(-20, 20)))
    samples = record_emg(rng, electrodes, muscle, extra)
    sensor = Sensor(30, Quantity.EMG, Placement.TIBIALIS, Side(str(rng.choice(("left", "right")))))
    items.sort(key=lambda item: item.onset)
    return Night(f"emg {seed}", DURATION, [Recorded(sensor, rate, samples)], items)


def draw_item(rng: np.random.Generator, at: float) -> Item:
    """Return a leg movement, a twitch or a movement of more than 10 s."""
    size = float(np.exp(rng.uniform(np.log(SMALLEST_UV), np.log(140))))
    chance = rng.random()
    if chance < 0.12:
        return Item(Kind.TWITCH, at, at + rng.uniform(0.1, 0.3), size=size)
    if chance < 0.15:
        return Item(Kind.LONG, at, at + rng.uniform(12, 25), size=size)
    seconds = float(np.clip(rng.lognormal(np.log(2.3), 0.6), 0.65, 9.3))
    return Item(Kind.KICK, at, at + seconds, size=size, times_noise=size)


def pops(rng: np.random.Generator, extra: Floats, rate: float, items: list[Item]) -> None:
    """Add pops of an electrode: sharp steps that fade within some tens of ms."""
    for at in rng.uniform(60, DURATION - 60, 15):
        if any(item.onset - 3 < at < item.end + 3 for item in items):
            continue
        first = round(at * rate)
        since = np.arange(round(0.2 * rate)) / rate
        extra[first : first + len(since)] += rng.uniform(80, 600) * np.exp(-since / 0.02)
        items.append(Item(Kind.SPIKE, float(at), float(at) + 0.2))
