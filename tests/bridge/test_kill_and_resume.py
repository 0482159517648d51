"""The real process, killed at many moments of a night, keeps what an undisturbed one keeps."""

from pathlib import Path

from devtools.chaos import chaos
from tests.required_programs import need


async def test_killed_again_and_again_it_keeps_what_an_undisturbed_bridge_keeps(
    tmp_path: Path,
) -> None:
    """Outside the gaps that it reports, movement by movement; whoever asks later knows everything,
    once."""
    need("mosquitto")
    (tmp_path / "disk").mkdir()
    found = await chaos(tmp_path, seed=4, seconds=40, wanted=["bridge killed"])
    assert found.well, str(found)
    assert found.faults["bridge killed"] >= 4
    assert found.gaps >= found.faults["bridge killed"]
    log = (tmp_path / "bridge.log").read_text()
    assert "Traceback" not in log
    assert "DAMAGED" not in log
