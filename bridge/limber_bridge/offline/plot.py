"""Draw a scored night: envelope and threshold of each sensor, all events, and the intervals.

matplotlib is an optional dependency: the daemon draws nothing.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from limber_bridge.detection.channel import SensorChannel
from limber_bridge.detection.events import Cramp, Gap, PositionChange, Series
from limber_bridge.detection.signal import HOUR, SECOND, Floats, Sensor
from limber_bridge.detection.spans import Span
from limber_bridge.domain.recording import Signal, UnreadableRecordingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from limber_bridge.offline.detect import DetectedRecording

BIN_US: Final = 5 * SECOND
"""Time for one point of the envelope: the maximum within it is drawn."""
MIN_ENVELOPE: Final = 1e-6
"""Smaller values are drawn as this one, because the axis is logarithmic."""
MAX_INTERVAL_S: Final = 100
"""Largest interval in the histogram."""
INTERVAL_BIN_S: Final = 2
INK: Final = "#33415c"
MOVEMENT_COLOR: Final = "#2a9d8f"
SERIES_COLOR: Final = "#e76f51"
POSITION_COLOR: Final = "#8d99ae"
CRAMP_COLOR: Final = "#c1121f"
SLEEP_COLOR: Final = "#457b9d"
GAP_COLOR: Final = "#000000"


def draw_night(detected: DetectedRecording) -> tuple[bytes, bytes]:
    """Return the picture of a night as PNG and SVG; UnreadableRecordingError without matplotlib."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise UnreadableRecordingError(
            "--plot needs more packages: run `script/setup bridge-plot`"
        ) from error
    count = len(detected.sensors)
    figure = Figure(figsize=(14, 3.4 + 2.0 * count), layout="constrained")
    rows = figure.subplots(count + 2, 1, gridspec_kw={"height_ratios": [2.0] * count + [1.4, 1.4]})
    origin = detected.recording.start or 0
    for axes, sensor, signal in zip(
        rows, detected.sensors, detected.recording.signals, strict=False
    ):
        draw_envelope(axes, sensor, signal, origin)
        axes.sharex(rows[0])
    rows[count].sharex(rows[0])
    draw_events(rows[count], detected, origin)
    draw_intervals(rows[count + 1], detected)
    figure.suptitle(title(detected), color=INK, fontsize=11)
    return render(figure.savefig, "png"), render(figure.savefig, "svg")


def render(savefig: Callable[..., None], kind: str) -> bytes:
    """Return a figure as the bytes of a file; the same night gives the same bytes."""
    out = BytesIO()
    # Date and version of the software would make the bytes differ.
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    savefig(out, format=kind, dpi=110, metadata=metadata)
    return out.getvalue()


def title(detected: DetectedRecording) -> str:
    """Return the name of the recording and its most important measures."""
    measures = detected.night.measures
    movements = "unknown" if measures.movements is None else measures.movements
    periodic = "unknown" if measures.plm is None else measures.plm
    index = "unknown" if measures.plm_index is None else f"{measures.plm_index:.1f} /h"
    return (
        f"{detected.recording.name}   leg movements: {movements}, periodic: {periodic}, "
        f"PLM index: {index}"
    )


def draw_envelope(axes: Axes, sensor: Sensor, signal: Signal, origin: int) -> None:
    """Draw the envelope of a sensor and the threshold at which a movement begins."""
    times, envelope, thresholds = envelope_curve(sensor, signal)
    hours = (times - origin) / HOUR
    axes.plot(hours, envelope, color=INK, linewidth=0.5)
    axes.plot(hours, thresholds, color=MOVEMENT_COLOR, linewidth=0.9, linestyle="--")
    axes.set_yscale("log")
    side = "" if sensor.side is None else f"{sensor.side} "
    axes.set_ylabel(f"{side}{sensor.placement}\n{sensor.quantity.unit}", fontsize=8)
    axes.tick_params(labelbottom=False, labelsize=7)


def envelope_curve(sensor: Sensor, signal: Signal) -> tuple[Floats, Floats, Floats]:
    """Return times (us), maxima of the envelope, and thresholds (NaN if unknown) for each bin."""
    channel = SensorChannel(sensor, with_trace=True)
    times = []
    maxima = []
    thresholds = []
    for block in signal.blocks:
        for traced in channel.process(block).trace:
            frames = traced.frames
            if frames.envelope is not None and len(frames.envelope):
                bins, starts = np.unique(frames.times // BIN_US, return_index=True)
                times.append(bins.astype(np.float64) * BIN_US)
                maxima.append(np.maximum.reduceat(frames.envelope, starts))
                thresholds.append(np.full(len(bins), traced.movement_threshold))
    if not times:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    known = np.concatenate(thresholds)
    known[~np.isfinite(known)] = np.nan
    return np.concatenate(times), np.maximum(np.concatenate(maxima), MIN_ENVELOPE), known


def draw_events(axes: Axes, detected: DetectedRecording, origin: int) -> None:
    """Draw the events, a row for each kind."""
    night = detected.night
    position_changes = [
        (event.onset, event.end) for event in detected.events if isinstance(event, PositionChange)
    ]
    cramps = [
        (event.onset, event.end or event.onset)
        for event in detected.events
        if isinstance(event, Cramp)
    ]
    gaps = [(event.onset, event.end) for event in detected.events if isinstance(event, Gap)]
    series = [
        (event.onset, event.end)
        for event in detected.events
        if isinstance(event, Series) and event.ended
    ]
    movements = [(move.onset, move.end) for move in night.scoring.movements]
    rows: list[tuple[str, Sequence[Span], str]] = [
        ("gap", gaps, GAP_COLOR),
        ("cramp", cramps, CRAMP_COLOR),
        ("position change", position_changes, POSITION_COLOR),
        ("series", series, SERIES_COLOR),
        ("movement", movements, MOVEMENT_COLOR),
        ("asleep", night.asleep or (), SLEEP_COLOR),
        ("in bed", night.in_bed or (), INK),
    ]
    for height, (_, spans, color) in enumerate(rows):
        bars = [((begin - origin) / HOUR, max(end - begin, SECOND) / HOUR) for begin, end in spans]
        axes.broken_barh(bars, (height - 0.35, 0.7), color=color)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=7)
    axes.set_xlabel("hours since the first sample", fontsize=8)
    axes.set_xlim(0, detected.recording.duration * SECOND / HOUR)
    axes.tick_params(labelsize=7)


def draw_intervals(axes: Axes, detected: DetectedRecording) -> None:
    """Draw a histogram of the intervals between candidates; docs/science.md#intervals."""
    candidates = [move.onset for move in detected.night.scoring.candidates]
    intervals = np.diff(candidates) / SECOND
    bins = [*range(0, MAX_INTERVAL_S + INTERVAL_BIN_S, INTERVAL_BIN_S)]
    axes.hist(intervals[intervals <= MAX_INTERVAL_S], bins=bins, color=MOVEMENT_COLOR)
    rules = detected.rules
    axes.axvspan(
        rules.min_interval / SECOND, rules.max_interval / SECOND, color=SERIES_COLOR, alpha=0.12
    )
    axes.set_xlabel(
        "s from one candidate movement to the next; periodic in the shaded range", fontsize=8
    )
    axes.tick_params(labelsize=7)
