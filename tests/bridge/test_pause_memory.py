"""What a paused bridge keeps of the frames that it reads."""

from pathlib import Path

from devtools.pause_memory import BOOT_EVERY, pause_memory

FRAMES = 4000


async def test_a_paused_bridge_keeps_nothing_of_the_frames_that_it_reads(tmp_path: Path) -> None:
    """Only the position of each start of the device, up to a limit, in its two guards."""
    found = await pause_memory(tmp_path, FRAMES)
    assert found.objects.pop("ReadPosition", 0) <= 2 * FRAMES // BOOT_EVERY
    assert sum(found.objects.values()) <= FRAMES // 100
