"""Who makes the reports of a batch: this process, processes of this machine, or a Dask cluster.

Each is a pool over a `concurrent.futures` executor. Processes and not threads: papermill changes the working folder
of its whole process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psutil

from etabli.runs.forks import shared_template

Result = TypeVar("Result")


class Pool(Protocol):
    """Workers, and how many."""

    @property
    def size(self) -> int: ...

    def submit(self, make: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a call made by a worker. A worker that is lost makes it fail with a `BrokenExecutor`."""
        ...

    def restart(self) -> None:
        """Start new workers in the place of those that were lost."""
        ...


class InPlace:
    """The process itself, which makes one report after the other."""

    size = 1

    def submit(self, make: Callable[..., Result], *arguments: Any) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(make(*arguments))
        except Exception as error:  # noqa: BLE001  # raised again by whoever asks for the result
            future.set_exception(error)
        return future

    def restart(self) -> None:
        """Do nothing: this process is there."""


class Local:
    """Processes of this machine, by loky: they start afresh, and one that dies is noticed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._executor: Executor | None = None

    def submit(self, make: Callable[..., Result], *arguments: Any) -> Future[Result]:
        if self._executor is None:
            self._executor = _new_executor(self.size)
        return self._executor.submit(make, *arguments)

    def restart(self) -> None:
        self.stop()

    def stop(self) -> None:
        """End the workers, whatever they do."""
        executor: Any = self._executor
        self._executor = None
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local_pool(size: int, *, environment: Mapping[str, str], folder: Path) -> Iterator[Pool]:
    """Give that many workers of this machine; one is this process itself. They share one template of kernels."""
    if size == 1:
        yield InPlace()
        return
    with shared_template(environment, str(folder)):
        pool = Local(size)
        try:
            yield pool
        finally:
            pool.stop()


def _new_executor(size: int) -> Executor:
    from loky import ProcessPoolExecutor

    executor: Executor = ProcessPoolExecutor(size, initializer=_end_with, initargs=(os.getpid(),))
    return executor


def _end_with(owner: int) -> None:
    """End this worker soon after its owner: a batch that was killed must not go on beside the one that resumes it."""
    process = psutil.Process(owner)

    def look() -> None:
        with suppress(psutil.NoSuchProcess):  # it may end between the two questions
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
