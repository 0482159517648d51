"""A scored night as one picture: level with thresholds, movements, series, posture, sleep, and the
intervals.

matplotlib is an extra: a bridge next to the bed draws nothing.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from limber_bridge.detection.channel import SensorChannel
from limber_bridge.detection.events import Cramp, Gap, PositionChange, Series
from limber_bridge.detection.measures import HOUR
from limber_bridge.detection.signal import SECOND, Floats, Sensor
from limber_bridge.detection.spans import Span
from limber_bridge.domain.recording import Signal, UnreadableRecordingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from limber_bridge.offline.detect import Detected

BIN: Final = 5 * SECOND
"""us; the highest level in so much time is one point of the picture."""
INK, LEG, SERIES, POSTURE, CRAMP, SLEEP = (
    "#33415c",
    "#2a9d8f",
    "#e76f51",
    "#8d99ae",
    "#c1121f",
    "#457b9d",
)


def draw(found: Detected) -> tuple[bytes, bytes]:
    """Return the picture of a night as PNG and as SVG; UnreadableRecordingError without matplotlib."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise UnreadableRecordingError("--plot needs `pip install limber-bridge[plot]`") from error
    count = len(found.sensors)
    figure = Figure(figsize=(14, 3.4 + 2.0 * count), layout="constrained")
    rows = figure.subplots(count + 2, 1, gridspec_kw={"height_ratios": [2.0] * count + [1.4, 1.4]})
    origin = found.recording.start or 0
    for axes, sensor, signal in zip(rows, found.sensors, found.recording.signals, strict=False):
        draw_level(axes, sensor, signal, origin)
        axes.sharex(rows[0])
    rows[count].sharex(rows[0])
    draw_events(rows[count], found, origin)
    draw_intervals(rows[count + 1], found)
    figure.suptitle(f"{found.recording.name}   {summary(found)}", color=INK, fontsize=11)
    return saved(figure.savefig, "png"), saved(figure.savefig, "svg")


def saved(savefig: Callable[..., None], kind: str) -> bytes:
    """Return a figure as a file of one kind; the same night gives the same bytes."""
    out = BytesIO()
    savefig(
        out, format=kind, dpi=110, metadata={"Date": None} if kind == "svg" else {"Software": None}
    )
    return out.getvalue()


def summary(found: Detected) -> str:
    """Return the night in a line."""
    night = found.night.measures
    index = "unknown" if night.plm_index is None else f"{night.plm_index:.1f}/h"
    movements = "unknown" if night.movements is None else night.movements
    return f"leg movements {movements}, periodic {night.plm if night.plm is not None else 'unknown'}, PLM index {index}"


def draw_level(axes: Axes, sensor: Sensor, signal: Signal, origin: int) -> None:
    """Draw the level of a sensor and the threshold at which a movement begins."""
    times, levels, thresholds = curve(sensor, signal)
    hours = (times - origin) / HOUR
    axes.plot(hours, levels, color=INK, linewidth=0.5)
    axes.plot(hours, thresholds, color=LEG, linewidth=0.9, linestyle="--")
    axes.set_yscale("log")
    side = "" if sensor.side is None else f"{sensor.side} "
    axes.set_ylabel(f"{side}{sensor.placement}\n{sensor.quantity.unit}", fontsize=8)
    axes.tick_params(labelbottom=False, labelsize=7)


def curve(sensor: Sensor, signal: Signal) -> tuple[Floats, Floats, Floats]:
    """Return times (us), highest levels and thresholds, `BIN` by `BIN`; NaN where there is none."""
    channel = SensorChannel(sensor, with_trace=True)
    times = []
    levels = []
    thresholds = []
    for block in signal.blocks:
        for traced in channel.process(block).trace:
            frames = traced.frames
            if frames.envelope is not None and len(frames.envelope):
                bins, starts = np.unique(frames.times // BIN, return_index=True)
                times.append(bins.astype(np.float64) * BIN)
                levels.append(np.maximum.reduceat(frames.envelope, starts))
                thresholds.append(np.full(len(bins), traced.movement_threshold))
    if not times:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    known = np.concatenate(thresholds)
    known[~np.isfinite(known)] = np.nan
    return np.concatenate(times), np.maximum(np.concatenate(levels), 1e-6), known


def draw_events(axes: Axes, found: Detected, origin: int) -> None:
    """Draw what was found, a line each kind."""
    night = found.night
    posture = [
        (event.onset, event.end) for event in found.events if isinstance(event, PositionChange)
    ]
    cramps = [
        (event.onset, event.end or event.onset)
        for event in found.events
        if isinstance(event, Cramp)
    ]
    gaps = [(event.onset, event.end) for event in found.events if isinstance(event, Gap)]
    series = [
        (event.onset, event.end)
        for event in found.events
        if isinstance(event, Series) and event.ended
    ]
    movements = [(move.onset, move.end) for move in night.scoring.movements]
    rows: list[tuple[str, Sequence[Span], str]] = [
        ("gap", gaps, "#000000"),
        ("cramp", cramps, CRAMP),
        ("posture", posture, POSTURE),
        ("series", series, SERIES),
        ("movement", movements, LEG),
        ("asleep", night.asleep or (), SLEEP),
        ("in bed", night.in_bed or (), INK),
    ]
    for height, (_, spans, color) in enumerate(rows):
        bars = [((begin - origin) / HOUR, max(end - begin, SECOND) / HOUR) for begin, end in spans]
        axes.broken_barh(bars, (height - 0.35, 0.7), color=color)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=7)
    axes.set_xlabel("hours since the first sample", fontsize=8)
    axes.set_xlim(0, found.recording.duration * SECOND / HOUR)
    axes.tick_params(labelsize=7)


def draw_intervals(axes: Axes, found: Detected) -> None:
    """Draw the histogram of the intervals between candidate movements, in bins of 2 s (science
    reference 7, no. 10).
    """
    candidates = [move.onset for move in found.night.scoring.candidates]
    intervals = np.diff(candidates) / SECOND
    axes.hist(intervals[intervals <= 100], bins=[*range(0, 102, 2)], color=LEG)
    rules = found.rules
    axes.axvspan(rules.min_interval / SECOND, rules.max_interval / SECOND, color=SERIES, alpha=0.12)
    axes.set_xlabel("s from one candidate movement to the next; shaded: periodic", fontsize=8)
    axes.tick_params(labelsize=7)
