"""What `limber score` writes: a line or an object a night, files, pictures."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from limber_bridge.offline.score import (
    Scored,
    ScoreOptions,
    is_done,
    output_of,
    score_recording,
    stem,
)
from limber_bridge.offline.workers import Failed, each

SHOWN: Final = (
    ("time_in_bed_h", "in bed", "h"),
    ("sleep_h", "asleep (see methods in the JSON)", "h"),
    ("movements", "leg movements", ""),
    ("candidates", "candidate movements (CLM)", ""),
    ("plm", "periodic movements (PLM)", ""),
    ("plm_index", "PLM per hour in bed", "/h"),
    ("plms_index", "PLM in sleep, per hour of it", "/h"),
    ("plmw_index", "PLM awake in bed, per hour of it", "/h"),
    ("periodicity_index", "PLM / CLM", ""),
    ("plm_nr", "PLM without those at respiratory events", ""),
    ("plms_nr_index", "the same in sleep, per hour of it", "/h"),
    ("series_count", "series", ""),
    ("imi_median", "median interval", "s"),
    ("twitches", "twitches (no leg movements)", ""),
    ("cramps_probable", "probable cramps", ""),
    ("cramps_possible", "possible cramps", ""),
)
"""Measures that a person sees first: key, name, unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where the results go."""

    json: bool
    folder: Path | None
    plot: bool
    quiet: bool = False
    """Do not say where they went."""

    @property
    def pictures(self) -> Path:
        """Where pictures go."""
        return self.folder or Path()


def score_all(pool: Executor, paths: Sequence[Path], order: ScoreOptions, outputs: Outputs) -> bool:
    """Score recordings and write what comes of them; False if one could not be scored. OSError if
    nothing can be kept.

    What is up to date in the folder is left alone.
    """
    if outputs.folder is not None:
        outputs.folder.mkdir(parents=True, exist_ok=True)
    todo = [path for path in paths if not is_up_to_date(path, order, outputs)]
    well = True
    written = list[Path]()
    for path, outcome in each(pool, partial(score_recording, order=order, plot=outputs.plot), todo):
        match outcome:
            case Failed():
                print(outcome.reason, file=sys.stderr)  # noqa: T201 - for a person
                well = False
            case Scored():
                for text in write(path, outcome, outputs, written):
                    print(text)  # noqa: T201 - its answer
    if not outputs.quiet and (written or len(todo) < len(paths)):
        print(where(written, len(paths) - len(todo), outputs), file=sys.stderr)  # noqa: T201 - for a person
    return well


def where(written: Sequence[Path], left: int, outputs: Outputs) -> str:
    """Return in a line where results went; `left` recordings were up to date."""
    done = f"wrote {', '.join(map(str, written))}" if len(written) in range(1, 4) else ""
    done = done or f"wrote {len(written)} files into {outputs.folder or 'this folder'}"
    return f"{done}; up to date: {left}" if left else done


def is_up_to_date(path: Path, order: ScoreOptions, outputs: Outputs) -> bool:
    """Return whether nothing is left to be done for a recording."""
    if outputs.folder is None or not is_done(path, output_of(path, outputs.folder), order):
        return False
    return not outputs.plot or all(
        is_newer(picture, path) for picture in picture_paths(path, outputs)
    )


def is_newer(picture: Path, recording: Path) -> bool:
    """Return whether a picture is there and was made after its recording."""
    return picture.exists() and picture.stat().st_mtime >= recording.stat().st_mtime


def write(path: Path, scored: Scored, outputs: Outputs, written: list[Path]) -> Iterator[str]:
    """Write what came of a recording, and note the files; yield what is for stdout."""
    for note in scored.notes:
        print(note, file=sys.stderr)  # noqa: T201 - for a person
    for picture, content in zip(picture_paths(path, outputs), scored.pictures, strict=False):
        put(picture, content)
        written.append(picture)
    if outputs.json:
        yield json.dumps(scored.document)
    elif outputs.folder is None:
        yield table(scored.document)
    else:
        # Last, as its time says that all is done.
        put(output_of(path, outputs.folder), (json.dumps(scored.document) + "\n").encode())
        written.append(output_of(path, outputs.folder))


def picture_paths(path: Path, outputs: Outputs) -> list[Path]:
    """Return where the pictures of a recording go: PNG, SVG."""
    return [outputs.pictures / f"{stem(path)}{kind}" for kind in (".png", ".svg")]


def put(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def table(found: dict[str, Any]) -> str:
    """Return a night as a table for a person: what is known of what is asked for most."""
    measures = found["measures"]
    rows = [(name, measures[key], unit) for key, name, unit in SHOWN if measures[key] is not None]
    lines = [f"{name:<42} {value:>9.10g} {unit}".rstrip() for name, value, unit in rows]
    return "\n".join(
        [f"{found['recording']}  ({found['rules']}, {found['duration'] / 3600:.2f} h)", *lines, ""]
    )
