"""Read tables in Parquet, for which the extra `limber-bridge[fast]` is needed."""

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.text.content import Content
from limber_bridge.recordings.text.reader import read_clean_text

if TYPE_CHECKING:
    from polars import DataType

MAGIC: Final = b"PAR1"


def is_parquet(head: bytes, _path: Path) -> bool:
    """Return whether a file is Parquet."""
    return head.startswith(MAGIC)


def read_parquet(path: Path, options: ReadOptions) -> Recording:
    """Read a table in Parquet; UnreadableRecordingError or OSError."""
    if importlib.util.find_spec("polars") is None:
        raise UnreadableRecordingError(
            f"{path}: Parquet needs the extra limber-bridge[fast] (script/setup bridge-fast); "
            "install it, or export CSV"
        )
    import polars  # noqa: PLC0415 - an extra, and heavy

    out = io.BytesIO()
    try:
        # As text, it is recognised and checked as any other table. No number loses a digit.
        frame = polars.read_parquet(path)
        # Lists, records and bytes hold no signal, and have no form as text.
        nested = [name for name, kind in frame.schema.items() if has_no_text(kind)]
        frame.drop(nested).write_csv(out)
    except polars.exceptions.PolarsError as error:
        first = str(error).split("\n")[0]
        raise UnreadableRecordingError(
            f"{path}: damaged Parquet file ({first}); export it again"
        ) from error
    return read_clean_text(path, Content(out.getvalue(), ()), options)


def has_no_text(kind: DataType) -> bool:
    """Return whether values of a type of polars cannot be written into a table of text."""
    import polars  # noqa: PLC0415 - an extra, and heavy

    return kind.is_nested() or kind in (polars.Binary, polars.Object)
