"""Write the results of `limber score`: tables, JSON and pictures."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from limber_bridge.domain.foreign_text import printable
from limber_bridge.offline.nights_table import format_nights
from limber_bridge.offline.score import (
    ScoredRecording,
    ScoreOptions,
    current_parts,
    json_path,
    output_name,
    score_recording,
)
from limber_bridge.offline.score_table import format_table
from limber_bridge.offline.workers import Failure, process_recordings

MAX_LISTED_FILES: Final = 3
"""Files that are named after writing them; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where to write results."""

    json: bool
    """JSON on stdout."""
    folder: Path | None
    """Folder for JSON files; None: a table, or JSON, on stdout."""
    plot: bool
    quiet: bool = False
    """Do not list the written files."""

    @property
    def picture_folder(self) -> Path:
        """Folder for pictures."""
        return self.folder or Path()


def score_all(
    executor: Executor, paths: Sequence[Path], options: ScoreOptions, outputs: OutputOptions
) -> bool:
    """Score recordings and write the results; False if one could not be scored.

    Recordings whose results in the folder are current are skipped. Raises OSError if results cannot
    be written.
    """
    if outputs.folder is not None:
        outputs.folder.mkdir(parents=True, exist_ok=True)
    outdated = [path for path in paths if not has_current_output(path, options, outputs)]
    all_scored = True
    written = list[Path]()
    work = partial(score_recording, options=options, plot=outputs.plot)
    for path, result in process_recordings(executor, work, outdated):
        match result:
            case Failure():
                warn(result.reason)
                all_scored = False
            case ScoredRecording():
                for text in write_result(path, result, outputs, written):
                    print(text)  # noqa: T201 - the output of the command
    skipped = len(paths) - len(outdated)
    if not outputs.quiet and (written or skipped):
        warn(summarize_files(written, skipped, outputs))
    return all_scored


def warn(message: str) -> None:
    """Print one line for the user on stderr, whatever the file contains that the message quotes."""
    print(printable(message, None), file=sys.stderr)  # noqa: T201 - for the user


def summarize_files(written: Sequence[Path], skipped: int, outputs: OutputOptions) -> str:
    """Return one line about the written files and the skipped recordings."""
    parts = []
    if len(written) > MAX_LISTED_FILES:
        parts.append(f"wrote {len(written)} files to {outputs.picture_folder}")
    elif written:
        parts.append(f"wrote {', '.join(map(str, written))}")
    if skipped:
        parts.append(f"already up to date: {skipped}")
    return "; ".join(parts)


def has_current_output(path: Path, options: ScoreOptions, outputs: OutputOptions) -> bool:
    """Return whether everything that is requested of a recording is there and up to date."""
    if outputs.folder is None:
        return False
    nights = current_parts(path, outputs.folder, options)
    if nights is None:
        return False
    return not outputs.plot or all(
        is_newer(picture, path)
        for night in nights
        for picture in picture_paths(path, outputs, night)
    )


def is_newer(picture: Path, recording: Path) -> bool:
    """Return whether a picture exists and is not older than its recording."""
    return picture.exists() and picture.stat().st_mtime >= recording.stat().st_mtime


def write_result(
    path: Path, scored: ScoredRecording, outputs: OutputOptions, written: list[Path]
) -> Iterator[str]:
    """Write the files of a recording and add them to `written`; yield what belongs on stdout."""
    for note in scored.notes:
        warn(note)
    for part in scored.parts:
        pictures = picture_paths(path, outputs, part.night)
        for picture, content in zip(pictures, part.pictures, strict=False):
            write_atomically(picture, content)
            written.append(picture)
    documents = [part.document for part in scored.parts]
    if outputs.json:
        yield from map(json.dumps, documents)
    elif outputs.folder is None:
        for remark in scored.remarks:
            warn(remark)
        yield format_table(documents[0]) if len(documents) == 1 else format_nights(documents)
    else:
        # The JSON files come last: their times show that all files of the recording are complete.
        for part in scored.parts:
            output = json_path(path, outputs.folder, part.night)
            write_atomically(output, (json.dumps(part.document) + "\n").encode())
            written.append(output)


def picture_paths(path: Path, outputs: OutputOptions, night: date | None) -> list[Path]:
    """Return the paths of the pictures of a recording, or of a night of it: PNG, SVG."""
    name = output_name(path, night)
    return [outputs.picture_folder / f"{name}{suffix}" for suffix in (".png", ".svg")]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is complete or does not exist."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
