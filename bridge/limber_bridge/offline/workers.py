"""Process many recordings: in this process, in several ones, or on a Dask cluster.

How the work is distributed changes neither the results nor their order.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, override

from limber_bridge.domain.recording import UnreadableRecordingError

DASK_CONNECT_TIMEOUT_S: Final = 10


class ClusterError(Exception):
    """The Dask cluster cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be processed."""

    reason: str


class InProcessExecutor(Executor):
    """Runs each call at once in this process: enough for one recording."""

    @override
    def submit[**P, R](self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run the call and return its result as a finished future."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except (UnreadableRecordingError, MemoryError) as error:
            future.set_exception(error)
        return future


@contextmanager
def create_executor(jobs: int, dask_address: str | None) -> Iterator[Executor]:
    """Provide an executor: a Dask cluster, `jobs` processes, or this process; ClusterError."""
    if dask_address is not None:
        with dask_executor(dask_address) as executor:
            yield executor
    elif jobs > 1:
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - heavy

        with ProcessPoolExecutor(jobs) as executor:
            try:
                yield executor
            except BaseException:
                # Do not wait for the remaining recordings, for example after Ctrl-C.
                executor.shutdown(wait=False, cancel_futures=True)
                raise
    else:
        yield InProcessExecutor()


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Provide an existing Dask cluster; ClusterError.

    Its workers need limber-bridge, and the recordings under the same paths.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise ClusterError(
            "--dask needs more packages: run `script/setup bridge-cluster`"
        ) from error
    try:
        client = Client(address, timeout=DASK_CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"--dask {address}: no scheduler answers ({error}); check the address"
        ) from error
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]


def process_recordings[R](
    executor: Executor, work: Callable[[Path], R], paths: Sequence[Path]
) -> Iterator[tuple[Path, R | Failure]]:
    """Yield the result of each recording in order, with a progress bar on a terminal."""
    with progress_bar(len(paths)) as advance:
        if isinstance(executor, InProcessExecutor):
            # One at a time, so that a result is written before the next recording starts.
            for path in paths:
                result: R | Failure = result_of(path, executor.submit(partial(work, path)))
                advance()
                yield path, result
            return
        futures: list[Future[R]] = []
        for path in paths:
            future = executor.submit(partial(work, path))
            future.add_done_callback(lambda _: advance())
            futures.append(future)
        for path, future in zip(paths, futures, strict=True):
            try:
                result = result_of(path, future)
            except BrokenExecutor:
                result = retry_in_own_process(work, path)
            yield path, result


@contextmanager
def progress_bar(count: int) -> Iterator[Callable[[], object]]:
    """Provide a function to call after each recording, which advances a bar on a terminal.

    One recording has no bar: tqdm takes a while to import, and starts a helper process.
    """
    if count < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - heavy

    with tqdm(total=count, unit="night", leave=False) as bar:
        yield bar.update


def retry_in_own_process[R](work: Callable[[Path], R], path: Path) -> R | Failure:
    """Process a recording in a process of its own.

    When a process dies, the calls of all others fail too; only the recording that killed it fails
    again.
    """
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - heavy

    with ProcessPoolExecutor(1) as executor:
        try:
            return result_of(path, executor.submit(work, path))
        except BrokenExecutor:
            return Failure(
                f"{path}: its process died, perhaps because memory ran out; "
                "split the recording into shorter ones"
            )


def result_of[R](path: Path, future: Future[R]) -> R | Failure:
    """Return the result of a call, or why it failed; BrokenProcessPool if a process died."""
    try:
        return future.result()
    except UnreadableRecordingError as error:
        return Failure(str(error))
    except MemoryError:
        return Failure(f"{path}: not enough memory; split the recording, or use fewer --jobs")
    except CancelledError:
        return Failure(f"{path}: cancelled by the cluster; check the memory of its workers")
