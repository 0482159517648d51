"""Mechanics of a shank that carries a sensor: rotation, gravity and shaking.

The shank is a rigid rod that turns at the knee. Its frame: x along the shank to the foot, z to the
front, y across. `pitch` is the angle of x above the horizontal (-90 degrees: standing), `roll` the
turn about x. The sensor shows gravity in that frame and the acceleration of its own path.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from scipy.signal import butter, sosfiltfilt

from limber_bridge.detection.signal import Floats

GRAVITY: Final = 9.81
"""m/s2."""


@dataclass(slots=True)
class Frames:
    """Angles (rad) and linear acceleration (g, shank frame) of a limb, sample by sample."""

    grid: Floats
    """Times in s."""
    pitch: Floats
    roll: Floats
    linear: Floats
    """Shape (3, n)."""

    def piece(self, begin: float, end: float) -> slice:
        """Return the samples between two times."""
        first, last = np.searchsorted(self.grid, (begin, end))
        return slice(int(first), int(last))


class Motion(Protocol):
    """A part of what a limb does."""

    def add_to(self, frames: Frames) -> None:
        """Add its angles and accelerations."""


@dataclass(frozen=True, slots=True)
class Path:
    """Angles at some times, joined by paths of least jerk (Flash and Hogan 1985).

    The last angle stays.
    """

    times: tuple[float, ...]
    """s."""
    pitches: tuple[float, ...]
    """rad, added to those of all other motions."""
    rolls: tuple[float, ...]

    def sample(self, grid: Floats) -> tuple[Floats, Floats]:
        """Return pitch and roll at some times."""
        times = np.array(self.times)
        index = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, len(times) - 2)
        share = np.clip((grid - times[index]) / (times[index + 1] - times[index]), 0, 1)
        smooth = share**3 * (10 - 15 * share + 6 * share**2)
        pitches = np.array(self.pitches)
        rolls = np.array(self.rolls)
        return (
            pitches[index] + smooth * (pitches[index + 1] - pitches[index]),
            rolls[index] + smooth * (rolls[index + 1] - rolls[index]),
        )

    def add_to(self, frames: Frames) -> None:
        """Add the angles."""
        piece = frames.piece(self.times[0], self.times[-1])
        pitch, roll = self.sample(frames.grid[piece])
        frames.pitch[piece] += pitch
        frames.roll[piece] += roll
        frames.pitch[piece.stop :] += self.pitches[-1]
        frames.roll[piece.stop :] += self.rolls[-1]

    def moved(self, delay: float, share: float) -> Path:
        """Return the same path later and smaller."""
        return Path(
            tuple(time + delay for time in self.times),
            tuple(share * angle for angle in self.pitches),
            tuple(share * angle for angle in self.rolls),
        )


@dataclass(frozen=True, slots=True)
class Echo:
    """The acceleration of a path, felt by another limb through the mattress."""

    path: Path
    share: float
    direction: tuple[float, float, float]
    lever: float
    """m, of the limb that moves."""

    def add_to(self, frames: Frames) -> None:
        """Add the acceleration."""
        piece = frames.piece(self.path.times[0] - 0.5, self.path.times[-1] + 0.5)
        grid = frames.grid[piece]
        if len(grid) < 8:
            return
        pitch, roll = self.path.sample(grid)
        angle = pitch + 0.15 * roll
        shake = self.share * self.lever * np.gradient(np.gradient(angle, grid), grid) / GRAVITY
        frames.linear[:, piece] += np.array(self.direction)[:, None] * shake


@dataclass(frozen=True, slots=True)
class Ring:
    """A blow that rings out: heel strikes, the mattress after a partner's movement."""

    onset: float
    size: tuple[float, float, float]
    """g, along each axis."""
    frequency: float
    decay: float
    """s."""

    def add_to(self, frames: Frames) -> None:
        """Add the acceleration."""
        piece = frames.piece(self.onset, self.onset + 6 * self.decay)
        since = frames.grid[piece] - self.onset
        wave = np.exp(-since / self.decay) * np.sin(2 * np.pi * self.frequency * since)
        frames.linear[:, piece] += np.array(self.size)[:, None] * wave


@dataclass(frozen=True, slots=True)
class Tremor:
    """Band-limited shaking with a rise and a fall."""

    onset: float
    end: float
    size: tuple[float, float, float]
    """g RMS, along each axis."""
    band: tuple[float, float]
    """Hz."""
    seed: int

    def add_to(self, frames: Frames) -> None:
        """Add the acceleration."""
        piece = frames.piece(self.onset, self.end)
        count = piece.stop - piece.start
        if count < 8:
            return
        rate = 1 / (frames.grid[1] - frames.grid[0])
        waves = band_noise(np.random.default_rng(self.seed), (3, count), self.band, rate)
        fade = np.minimum(1, 4 * np.minimum(np.arange(count), np.arange(count)[::-1]) / count)
        frames.linear[:, piece] += np.array(self.size)[:, None] * waves * fade


@dataclass(frozen=True, slots=True)
class Swing:
    """A rhythmic turn of the shank: walking, rhythmic feet, rubbing."""

    onset: float
    end: float
    pitch: float
    """rad, to either side."""
    roll: float
    frequency: float
    phase: float = 0.0
    second: float = 0.25
    """Share of the second harmonic, as no limb moves in a pure sine."""

    def add_to(self, frames: Frames) -> None:
        """Add the angles."""
        piece = frames.piece(self.onset, self.end)
        grid = frames.grid[piece]
        if not len(grid):
            return
        angle = 2 * np.pi * self.frequency * (grid - self.onset) + self.phase
        wave = np.sin(angle) + self.second * np.sin(2 * angle + 0.7)
        fade = np.minimum(1, np.minimum(grid - self.onset, self.end - grid) / 0.5)
        frames.pitch[piece] += self.pitch * wave * fade
        frames.roll[piece] += self.roll * wave * fade


@dataclass(frozen=True, slots=True)
class Sway:
    """Slow, irregular turning about an angle: standing, breathing through the mattress."""

    onset: float
    end: float
    pitch: float
    """rad RMS."""
    roll: float
    band: tuple[float, float]
    seed: int

    def add_to(self, frames: Frames) -> None:
        """Add the angles."""
        piece = frames.piece(self.onset, self.end)
        count = piece.stop - piece.start
        rate = 1 / (frames.grid[1] - frames.grid[0])
        if count < 3 * rate:
            return
        waves = band_noise(np.random.default_rng(self.seed), (2, count), self.band, rate)
        fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / rate)
        frames.pitch[piece] += self.pitch * waves[0] * fade
        frames.roll[piece] += self.roll * waves[1] * fade


def band_noise(
    rng: np.random.Generator, shape: tuple[int, int], band: tuple[float, float], rate: float
) -> Floats:
    """Return noise in a band, with an RMS of 1 in each row."""
    upper = min(band[1], 0.45 * rate)
    lower = min(band[0], 0.5 * upper)
    sections = butter(2, (lower, upper), "bandpass", fs=rate, output="sos")
    padding = min(shape[1] - 1, round(3 * rate))
    waves = sosfiltfilt(sections, rng.standard_normal(shape), axis=1, padlen=padding)
    result: Floats = waves / np.maximum(np.sqrt(np.mean(waves**2, axis=1, keepdims=True)), 1e-9)
    return result


@dataclass(slots=True)
class Limb:
    """One shank through a night; its motions are added in order of time."""

    side: str
    pitch: float
    """rad; where it rests now."""
    roll: float
    lever: float
    """m from the knee to the sensor."""
    start: tuple[float, float] = field(init=False)
    motions: list[Motion] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = (self.pitch, self.roll)

    def add(self, motion: Motion) -> None:
        """Add a motion; a path moves the place where the limb rests."""
        self.motions.append(motion)
        if isinstance(motion, Path):
            self.pitch += motion.pitches[-1]
            self.roll += motion.rolls[-1]

    def move_to(self, times: tuple[float, float], pitch: float, roll: float) -> None:
        """Turn the limb to an angle (rad) between two times."""
        self.add(Path(times, (0.0, pitch - self.pitch), (0.0, roll - self.roll)))

    def render(self, grid: Floats) -> Floats:
        """Return what a perfect sensor on the shank shows, in g, shape (3, n)."""
        return specific_force(self.frames(grid), self.lever)

    def pushes(self, grid: Floats) -> Floats:
        """Return the acceleration without gravity (g): along the shank, across, and upwards."""
        frames = self.frames(grid)
        force = specific_force(frames, self.lever)
        up = upward(frames)
        pure = force - up
        return np.stack([pure[0], pure[1], (pure * up).sum(axis=0)])

    def frames(self, grid: Floats) -> Frames:
        """Return the angles and accelerations of all motions."""
        count = len(grid)
        frames = Frames(
            grid,
            np.full(count, self.start[0]),
            np.full(count, self.start[1]),
            np.zeros((3, count)),
        )
        for motion in self.motions:
            motion.add_to(frames)
        return frames


def specific_force(frames: Frames, lever: float) -> Floats:
    """Return the specific force (g) at a lever (m) from the joint, in the frame of the shank."""
    step = float(frames.grid[1] - frames.grid[0])
    pitch = frames.pitch
    roll = frames.roll
    speed = np.gradient(pitch, step)
    turning = np.gradient(speed, step)
    rolling = np.gradient(np.gradient(roll, step), step)
    force = frames.linear + upward(frames)
    force[0] -= lever * speed**2 / GRAVITY
    force[1] += lever * turning * np.sin(roll) / GRAVITY
    force[2] += lever * turning * np.cos(roll) / GRAVITY
    # The sensor sits on the skin, about 5 cm beside the long axis.
    force[1] += 0.05 * rolling / GRAVITY
    return force


def upward(frames: Frames) -> Floats:
    """Return the direction upwards in the frame of the shank: what gravity shows at rest."""
    return np.stack(
        [
            np.sin(frames.pitch),
            np.cos(frames.pitch) * np.sin(frames.roll),
            np.cos(frames.pitch) * np.cos(frames.roll),
        ]
    )


def level_of(force: Floats, rate: float) -> Floats:
    """Return the 0.2 s RMS (g) of the vector without gravity."""
    sections = butter(2, 0.4, "highpass", fs=rate, output="sos")
    moving = sosfiltfilt(sections, force, axis=1)
    width = max(1, round(0.2 * rate))
    power = np.convolve((moving**2).sum(axis=0), np.ones(width) / width, mode="same")
    level: Floats = np.sqrt(np.maximum(power, 0))
    return level
