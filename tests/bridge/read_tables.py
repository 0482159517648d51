"""Read tables, and compare what was found with the kicks that are in them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.domain.recording import Recording
from tests.bridge.tables import KICKS, RATE


def score(
    path: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[dict[str, Any], str]:
    assert main(["score", "--json", str(path), *options]) == 0, capsys.readouterr().err
    out, err = capsys.readouterr()
    return json.loads(out), err


def onsets(found: dict[str, Any]) -> list[float]:
    return [one["onset"] for one in found["movements"]]


def write(tmp_path: Path, content: str | bytes, name: str = "night.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def check_kicks(recording: Recording, peak: float = 0.2) -> None:
    """The signal has the kicks where and as large as they are."""
    (signal,) = recording.signals
    assert signal.rate == pytest.approx(RATE, rel=0.01)
    start = recording.start or 0
    for block in signal.blocks:
        times = (block.clock.times_of(np.arange(block.first, block.end)) - start) / 1e6
        quiet = np.ones(len(times), bool)
        for onset in KICKS:
            quiet &= (times < onset - 0.8) | (times > onset + 1.8)
        shaking = np.abs(block.samples[0])
        assert np.nanmax(shaking[quiet], initial=0.0) < 0.05
        for onset in KICKS:
            inside = (times > onset) & (times < onset + 1)
            if inside.sum() > 40:
                assert np.nanmax(shaking[inside]) == pytest.approx(peak, rel=0.1)
