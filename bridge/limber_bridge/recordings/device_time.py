"""The start of a recording whose device stores local time."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from limber_bridge.domain.nights import to_us, to_utc

CLOCK_SET_FROM: Final = datetime(2005, 1, 1, tzinfo=UTC)
"""Earlier times come from a clock that was never set: no such device was sold before this."""


def zone_of_offset(offset: timedelta | None) -> ZoneInfo | None:
    """Return the zone with an offset of whole hours from UTC; None for any other."""
    if offset is None or offset % timedelta(hours=1):
        return None
    # The sign in the names of these zones is that of POSIX: west of Greenwich is positive.
    return ZoneInfo(f"Etc/GMT{-(offset // timedelta(hours=1)):+d}")


def local_start(
    path: Path, local: int, zone: ZoneInfo | None, offset: timedelta | None = None
) -> tuple[int | None, list[str]]:
    """Return when (us UTC) a recording starts, None if that is unknown, and notes.

    `local`: us since 1970 in local time. `zone` is where it was made, according to the user;
    `offset` is that of local time from UTC, according to the file.
    """
    moment = to_utc(local).replace(tzinfo=None)
    if to_utc(local) < CLOCK_SET_FROM:
        note = (
            f"{path}: the clock of the device says {moment:%Y-%m-%d}, so it was not set; the start "
            "is unknown"
        )
        return None, [note]
    if zone is None:
        if offset is not None:
            return to_us(moment.replace(tzinfo=timezone(offset))), []
        note = (
            f"{path}: the device stores local time without a time zone, so the start is unknown; "
            "write --time-zone, for example --time-zone Europe/Berlin"
        )
        return None, [note]
    in_zone = moment.replace(tzinfo=zone)
    if offset is None or offset == in_zone.utcoffset():
        return to_us(in_zone), []
    if offset in zone_offsets(zone, moment.year):
        # The clock is set once. It does not change with daylight-saving time.
        return to_us(moment.replace(tzinfo=timezone(offset))), []
    note = (
        f"{path}: the header says that local time is {format_offset(offset)}, but --time-zone "
        f"{zone.key} is {format_offset(in_zone.utcoffset())}; --time-zone is used"
    )
    return to_us(in_zone), [note]


def zone_offsets(zone: ZoneInfo, year: int) -> set[timedelta | None]:
    """Return the offsets from UTC that a zone has in a year."""
    return {datetime(year, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}


def format_offset(offset: timedelta | None) -> str:
    """Return an offset as `UTC+02:00`."""
    return "unknown" if offset is None else str(timezone(offset))
