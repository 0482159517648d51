"""A real recording of walking, which has no periodic leg movements."""

from pathlib import Path

import pytest

from limber_bridge.detection.events import BedTransition, Series
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.recordings import read_recording

FOLDER = Path(__file__).parents[1] / "data/foot_walking"


@pytest.mark.parametrize("side", Side)
def test_walking_is_out_of_bed_and_has_no_series(side: Side) -> None:
    (signal,) = read_recording(FOLDER / f"{side}.csv.gz").signals
    assert signal.rate == pytest.approx(102.4, rel=1e-3)
    pipeline = Pipeline([Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, side)])
    events = [
        event for block in signal.blocks for event in pipeline.process(1, block)
    ] + pipeline.finish()
    assert [event.in_bed for event in events if isinstance(event, BedTransition)] == [False]
    assert not [event for event in events if isinstance(event, Series)]
