"""Arithmetic with intervals of time.

A span includes its beginning and excludes its end, both in microseconds.
"""

from collections.abc import Iterable, Iterator, Sequence

type Span = tuple[int, int]
"""Beginning and end of an interval; us."""


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, with those that touch or overlap joined into one."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def subtract_spans(span: Span, others: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of a span when others, sorted by their beginning, are cut out of it."""
    begin, end = span
    for cut_begin, cut_end in others:
        if cut_begin >= end:
            break
        if cut_begin > begin:
            yield begin, cut_begin
        begin = max(begin, cut_end)
    if begin < end:
        yield begin, end


def intersect_spans(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """Return the times that lie in a span of each list.

    The spans of each list must be sorted and must not overlap.
    """
    common: list[Span] = []
    rest_of_first = iter(first)
    rest_of_second = iter(second)
    one = next(rest_of_first, None)
    other = next(rest_of_second, None)
    while one is not None and other is not None:
        begin = max(one[0], other[0])
        end = min(one[1], other[1])
        if begin < end:
            common.append((begin, end))
        # The span that ends first cannot overlap anything that comes later.
        if one[1] < other[1]:
            one = next(rest_of_first, None)
        else:
            other = next(rest_of_second, None)
    return common


def mirror_spans(spans: Sequence[Span]) -> list[Span]:
    """Return spans with time running backwards, so that a rule can be applied from the end."""
    return [(-end, -begin) for begin, end in reversed(spans)]


def is_in_spans(time: int, spans: Iterable[Span]) -> bool:
    """Return whether a time (us) lies in one of the spans."""
    return any(begin <= time < end for begin, end in spans)
