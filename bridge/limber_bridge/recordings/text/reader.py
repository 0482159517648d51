"""Read a recording from a text: find its table, its columns, their times and their values."""

from dataclasses import replace
from pathlib import Path

from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.text.columns import plan_columns, unused_notes
from limber_bridge.recordings.text.content import Content, read_content
from limber_bridge.recordings.text.headers import recognise_columns
from limber_bridge.recordings.text.layout import SEPARATORS, Layout, find_layout, split_line
from limber_bridge.recordings.text.loggers import logger_facts, long_rows
from limber_bridge.recordings.text.row_labels import check_single_sensor
from limber_bridge.recordings.text.signals import make_recording
from limber_bridge.recordings.text.timed_rows import read_rows
from limber_bridge.recordings.text.times import EMPTY_MESSAGE, check_duration


def read_text(path: Path, options: ReadOptions) -> Recording:
    """Read a table in a text; UnreadableRecordingError or OSError."""
    return read_clean_text(path, read_content(path), options)


def read_clean_text(
    path: Path, content: Content, options: ReadOptions, *, start: int | None = None
) -> Recording:
    """Read a table in the bytes of a text; UnreadableRecordingError.

    `start` is the time of its time 0 (us since 1970), if that is known from elsewhere.
    """
    content = long_rows(content)
    layout = find_layout(content.data)
    if layout is None:
        raise no_table(path, content)
    facts = logger_facts(path, layout)
    layout = skip_rows(content.data, layout, facts.skipped_rows)
    plan = plan_columns(path, layout, facts, options)
    check_single_sensor(path, content.data, plan)
    timed = read_rows(path, content.data, plan, options)
    if start is not None and not timed.has_start:
        timed = replace(timed, stamps=timed.stamps + start, has_start=True)
    check_duration(path, timed.stamps)
    recording = make_recording(path, plan, timed)
    notes = (*content.notes, *timed.notes, *recording.notes, *unused_notes(path, plan))
    return replace(recording, notes=notes)


def no_table(path: Path, content: Content) -> UnreadableRecordingError:
    """Return the error for a text without a table."""
    if not content.data.strip():
        return UnreadableRecordingError(f"{path}: empty; a recording starts with a header row")
    line = content.data[:1000].decode("utf-8", "replace").strip().split("\n")[-1]
    if any(recognise_columns(split_line(line, separator), (), ()) for separator in SEPARATORS):
        return UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    first = printable(line, 40)
    return UnreadableRecordingError(
        f"{path}: `{first}`: no table with numbers in it; write a header row with `time` and "
        "a column for each axis, and one row for each sample"
    )


def skip_rows(data: bytes, layout: Layout, count: int) -> Layout:
    """Return a layout whose table begins some rows later."""
    begin = layout.first_byte
    for _ in range(count):
        begin = data.find(b"\n", begin) + 1
    return replace(
        layout,
        first_line=layout.first_line + count,
        first_byte=begin,
        rows=layout.rows[count:],
    )
