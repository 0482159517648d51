"""What a request says of nights, as entries of the diary."""

from datetime import date

from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.domain.diary import DiaryEntry, changed_entry, split_values
from limber_bridge.domain.nights import EARLIEST_NIGHT
from limber_bridge.protocol.diary_messages import DiaryRequest
from limber_bridge.protocol.messages import Refusal


def said_entries(
    monitor: SleeperMonitor, request: DiaryRequest, now: int
) -> list[DiaryEntry] | Refusal:
    """Return the entries after a request, the one to answer with last, or why it is refused.

    `now`: host time in us.
    """
    calendar = monitor.calendar
    moment = monitor.clock.time or now
    latest = max(calendar.night_of(moment), calendar.night_of(now))
    if request.night is not None:
        by_night = {request.night: request.values}
    else:
        by_night = split_values(
            request.values, calendar.night_of(moment), calendar.night_that_ended_last(moment)
        )
    for night in by_night:
        refusal = refuse_night(request.id, night, latest)
        if refusal is not None:
            return refusal
    return [changed_entry(monitor.diary.of(night), values) for night, values in by_night.items()]


def refuse_night(request: str, night: date, latest: date) -> Refusal | None:
    """Return a refusal of an impossible night; None if something can be said of it."""
    if night > latest:
        text = f"`night` {night} is in the future; the current night is that of {latest}"
        return Refusal(id=request, error="time_in_future", message=text)
    if night < EARLIEST_NIGHT:
        text = f"night {night} is before {EARLIEST_NIGHT}; correct `night`, or the bridge's clock"
        return Refusal(id=request, error="malformed", message=text)
    return None
