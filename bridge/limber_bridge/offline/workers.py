"""Many recordings at once: the same calls in this process, in several, or on a Dask cluster.

Law: how the work is spread changes nothing in what comes out, nor in which order.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, override

from tqdm import tqdm

from limber_bridge.domain.recording import UnreadableRecordingError

CONNECTING: Final = 10
"""s to wait for a Dask scheduler."""


class NoClusterError(Exception):
    """The Dask cluster cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A recording that could not be scored."""

    reason: str


class Here(Executor):
    """Does the work at once, in this process: one recording is not worth another."""

    @override
    def submit[**P, R](self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Return the work done."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except (UnreadableRecordingError, MemoryError) as error:
            future.set_exception(error)
        return future


@contextmanager
def executor(jobs: int, cluster: str | None) -> Iterator[Executor]:
    """Give a way to do the work: on a Dask cluster, in `jobs` processes, or here; NoClusterError."""
    if cluster is not None:
        with on_cluster(cluster) as pool:
            yield pool
    elif jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            try:
                yield pool
            except BaseException:
                # Nobody waits for the rest.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    else:
        yield Here()


@contextmanager
def on_cluster(address: str) -> Iterator[Executor]:
    """Give an existing Dask cluster; its workers need limber-bridge, and the recordings under the
    same paths.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise NoClusterError("--dask needs `pip install limber-bridge[cluster]`") from error
    try:
        client = Client(address, timeout=CONNECTING)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise NoClusterError(
            f"--dask {address}: no scheduler answers there ({error}); check the address"
        ) from error
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]


def each[R](
    pool: Executor, work: Callable[[Path], R], paths: Sequence[Path]
) -> Iterator[tuple[Path, R | Failed]]:
    """Yield what came of each recording, in their order, with a progress bar where a person
    watches.
    """
    bar = tqdm(total=len(paths), unit="night", disable=None, leave=False)
    if isinstance(pool, Here):
        # One after the other: what is done is handed on before the next begins.
        for path in paths:
            found: R | Failed = outcome(path, pool.submit(partial(work, path)))
            bar.update()
            yield path, found
        bar.close()
        return
    with bar:
        futures: list[Future[R]] = []
        for path in paths:
            future = pool.submit(partial(work, path))
            future.add_done_callback(lambda _: bar.update())
            futures.append(future)
        for path, future in zip(paths, futures, strict=True):
            try:
                result: R | Failed = outcome(path, future)
            except BrokenProcessPool:
                result = alone(work, path)
            yield path, result


def alone[R](work: Callable[[Path], R], path: Path) -> R | Failed:
    """Work on a recording in a process of its own: whose fault it was that the others died, only
    that one dies now.
    """
    with ProcessPoolExecutor(1) as pool:
        try:
            return outcome(path, pool.submit(work, path))
        except BrokenProcessPool:
            return Failed(
                f"{path}: the process that worked on it died, for want of memory perhaps; cut the recording"
            )


def outcome[R](path: Path, future: Future[R]) -> R | Failed:
    """Return the result of a call, or why there is none; BrokenProcessPool where its process, or
    another one, died.
    """
    try:
        return future.result()
    except UnreadableRecordingError as error:
        return Failed(str(error))
    except MemoryError:
        return Failed(f"{path}: not enough memory; cut the recording, or use fewer --jobs")
    except CancelledError:
        return Failed(f"{path}: the cluster gave it up; look at its workers' memory")
