"""What a kernel and what it started use while a run goes on, and their end when they hold more than is allowed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

_LOOK_EVERY = 0.2
"""Seconds. A kernel that fills a laptop's memory takes longer than that; a look costs some hundred microseconds."""


class Watch:
    """Looks at a kernel from time to time, in a thread of its own, for the time of a `with`.

    Parameters
    ----------
    limit
        Most bytes of memory that the kernel and the processes below it may hold together; then all are killed, and
        `is_exceeded` says so. What a process shares with others counts for its part, so that a copy of the kernel by
        `fork` is not counted twice.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.peak = 0
        self.cpu_seconds = 0.0
        self.is_exceeded = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, pid: int) -> None:
        """Look at this process from now on."""
        try:
            process = psutil.Process(pid)
        except psutil.NoSuchProcess:
            return
        self._thread = threading.Thread(target=self._look, args=(process,), daemon=True)
        self._thread.start()

    def told(self, *, cpu_seconds: float | None, peak: int | None) -> None:
        """Take the system's own account of a kernel that ended, where there is one."""
        self.cpu_seconds = self.cpu_seconds if cpu_seconds is None else cpu_seconds
        self.peak = max(self.peak, peak or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self, process: psutil.Process) -> None:
        while not self._over.wait(_LOOK_EVERY):
            try:
                held, times, below = process.memory_info().rss, process.cpu_times(), _below(process)
                held += sum(_part_of(each) for each in below)
                self.peak, self.cpu_seconds = max(self.peak, held), times.user + times.system
                if held > self.limit:
                    self.is_exceeded = True
                    process.kill()
                    for each in below:
                        with suppress(psutil.Error):  # it has ended already
                            each.kill()
            except psutil.Error:
                return  # it has ended


def _below(process: psutil.Process) -> list[psutil.Process]:
    """Return what a process started, and what that started."""
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        return process.children(recursive=True)  # looks at every process of the machine
    found: list[psutil.Process] = []
    waiting = [process.pid]
    while waiting:
        for number in _children(waiting.pop()):
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(number))
                waiting.append(number)
    return found


def _children(number: int) -> Iterator[int]:
    """Yield the numbers of what a process started, as Linux lists them under its threads."""
    for path in Path(f"/proc/{number}/task").glob("*/children"):
        with suppress(OSError):  # it has ended
            yield from map(int, path.read_text(encoding="ascii").split())


def _part_of(process: psutil.Process) -> int:
    """Return the bytes that a process holds, its part of those that it shares; all of these where nobody tells."""
    try:
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except psutil.AccessDenied:
        with suppress(psutil.Error):
            return int(process.memory_info().rss)
    except psutil.Error:
        pass
    return 0
