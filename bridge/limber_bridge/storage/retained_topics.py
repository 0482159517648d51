"""The retained topics of a bridge that does not run, while its journal is locked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from limber_bridge.storage.integrity import file_exists
from limber_bridge.storage.journal import Journal


@contextmanager
def owned_topics(path: Path) -> Iterator[set[str]]:
    """Provide the retained topics of a journal, and write what the set holds at the end.

    The journal is locked meanwhile; one that does not exist is not created. Raises JournalError
    where a bridge uses it.
    """
    if not file_exists(path):
        yield set()
        return
    with Journal(path) as journal:
        before = journal.retained_topics()
        topics = set(before)
        yield topics
        if topics != before:
            journal.save_topics(sorted(topics))
