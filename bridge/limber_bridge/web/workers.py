"""Threads for what must not delay the detection."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

READERS: Final = 2
"""Threads that read the journal and write exports. Chosen: apart from those of the daemon, which
write the journal, and few enough that the detection gets its turn."""


class Workers:
    """Run blocking functions in threads of their own."""

    def __init__(self) -> None:
        """Start without threads; they start when they are needed."""
        self._readers = ThreadPoolExecutor(READERS, "web-reader")
        # One at a time, as a hash needs 32 MB, and the file of sessions has one writer.
        self._secrets = ThreadPoolExecutor(1, "web-secrets")

    async def read[**P, T](self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that reads the journal, the disk or the network."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    async def access[**P, T](
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function that checks a password or writes the file of sessions."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._secrets, call)

    def close(self) -> None:
        """Let the threads end; what has not begun is left undone."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._secrets.shutdown(wait=False, cancel_futures=True)
