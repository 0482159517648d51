"""Decide whether a person is in bed from what a sensor outside of the bridge reports.

Home Assistant passes on what any of its sensors shows: a mat, a bed with sensors, load cells. Such
a report comes before the bridge's own sensors while it is valid. These go on learning meanwhile
what they need to take over when the reports end; docs/science.md#in-bed-from-reports.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from limber_bridge.detection.bed_state import BedReport, BedState, PendingChange
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import BedTransition, Method
from limber_bridge.detection.in_bed import (
    BED_RULES,
    is_interrupted,
    judge_epoch,
    last_judged,
    names_time,
    resumed_at,
)
from limber_bridge.detection.signal import MINUTE, SECOND
from limber_bridge.detection.spans import Span

REPORT_VALID_US: Final = 5 * MINUTE
"""Time for which a report counts. Chosen: reports are repeated every minute, and a restart of Home
Assistant takes a minute or two."""
SAME_CHANGE_US: Final = 2 * SECOND
"""Reports whose times differ by less are about the same change. Chosen: the way through the network
varies by less."""

REPORTED_SPANS_KEPT: Final = 100
"""Times with valid reports that are kept. Chosen: more than Home Assistant is restarted in the days
for which nights are scored again."""


def add_report(state: BedState, report: BedReport) -> BedState:
    """Return what is known after a report; the latest one of each epoch counts.

    A report that contradicts a valid one with a later change is out of date: of two clients that
    contradict each other, the one with the later change counts.
    """
    # The clock was set back if there are later ones.
    earlier = [one for one in state.reports if one.time <= report.time]
    if earlier and report.time - earlier[-1].time <= REPORT_VALID_US:
        current = earlier[-1]
        if report.in_bed is not current.in_bed and report.since < current.since:
            return state
        same_change = abs(report.since - current.since) < SAME_CHANGE_US
        if report.in_bed is current.in_bed and same_change:
            report = replace(report, since=current.since)
    kept = [one for one in earlier if one.time // EPOCH_US != report.time // EPOCH_US]
    return replace(
        state,
        reports=(*without_outdated(kept, decided_until(state)), report),
        reported=tuple(span for span in state.reported if span[1] <= report.time + EPOCH_US),
    )


def decided_until(state: BedState) -> int:
    """Return the end (us) of the last epoch that was judged; 0 before the first."""
    last = last_judged(state)
    return 0 if last is None else last + EPOCH_US


def without_outdated(reports: list[BedReport], time: int) -> list[BedReport]:
    """Return the reports that an epoch which starts at a time (us) or later may need."""
    last_before = [one for one in reports if one.time <= time][-1:]
    return [*last_before, *(one for one in reports if one.time > time)]


def report_at(reports: Iterable[BedReport], time: int) -> BedReport | None:
    """Return the last report before a time (us), None if it is not valid any more."""
    valid = [one for one in reports if one.time < time <= one.time + REPORT_VALID_US]
    return valid[-1] if valid else None


def reported_epochs(state: BedState, complete_until: int) -> Iterator[int]:
    """Yield the starts (us) of the epochs for which a report is valid, up to a time (us)."""
    if not state.reports:
        return
    first = state.reports[0].time // EPOCH_US * EPOCH_US
    last = min(complete_until, state.reports[-1].time + REPORT_VALID_US) - EPOCH_US
    for start in range(max(first, decided_until(state)), last + 1, EPOCH_US):
        if report_at(state.reports, start + EPOCH_US) is not None:
            yield start


def process_reported_epoch(
    state: BedState, start: int, report: BedReport, measured: tuple[Method, Epoch] | None
) -> tuple[BedState, BedTransition | None]:
    """Return what is known after one more epoch with a report, and the change that is certain.

    `start` (us) is that of the epoch; `measured`: what the bridge's own sensors measured in it.
    """
    state = learned_from(state, start, measured)
    state = replace(state, method=Method.EXTERNAL, reported=with_epoch(state.reported, start))
    if report.in_bed is state.in_bed:
        return replace(state, pending=None), None
    since = max(state.earliest_change, report.since)
    pending = PendingChange(report.in_bed, since, start + EPOCH_US, onsets=0)
    rule = BED_RULES[Method.EXTERNAL]
    if pending.until - since < (rule.in_after if report.in_bed else rule.out_after):
        return replace(state, pending=pending), None
    state = replace(state, in_bed=report.in_bed, earliest_change=since, pending=None)
    return state, BedTransition(since, report.in_bed, Method.EXTERNAL)


def with_epoch(spans: tuple[Span, ...], start: int) -> tuple[Span, ...]:
    """Return the times (us) with valid reports, with one more epoch."""
    if spans and spans[-1][1] == start:
        return (*spans[:-1], (spans[-1][0], start + EPOCH_US))
    return (*spans, (start, start + EPOCH_US))[-REPORTED_SPANS_KEPT:]


def learned_from(state: BedState, start: int, measured: tuple[Method, Epoch] | None) -> BedState:
    """Return the state with what the bridge's own sensors learned; what they say is left out."""
    if is_interrupted(last_judged(state), start):
        state = resumed_at(state, start)
    elif is_interrupted(state.last_epoch, start):
        # Only the own sensors were interrupted.
        state = state.without_times()
    if measured is None:
        return state
    method, epoch = measured
    load, ankle, bed_movement, verdict = judge_epoch(state, method, epoch)
    return replace(
        state,
        last_epoch=start,
        last_since=verdict.since if names_time(method, epoch) else state.last_since,
        load=load,
        ankle=ankle,
        bed_movement=bed_movement,
    )


def without_report(state: BedState, start: int) -> BedState:
    """Return the state with which own sensors decide from `start` (us), as no report is valid."""
    if state.method is not Method.EXTERNAL:
        return state
    # Until then, a report has said what was so.
    return replace(state, pending=None, earliest_change=max(state.earliest_change, start))
