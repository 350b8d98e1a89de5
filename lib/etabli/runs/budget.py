"""What a kernel uses while a run goes on, and the end of one that holds more memory than its study allows."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

_LOOK_EVERY = 0.2
"""Seconds. A kernel that fills a laptop's memory takes longer than that; a look costs some twenty microseconds."""


class Watch:
    """Looks at a kernel from time to time, in a thread of its own, for the time of a `with`.

    Parameters
    ----------
    limit
        Most bytes of resident memory that the kernel may hold; then it is killed, and `is_exceeded` says so.
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
                held, times = process.memory_info().rss, process.cpu_times()
                self.peak, self.cpu_seconds = max(self.peak, held), times.user + times.system
                if held > self.limit:
                    self.is_exceeded = True
                    process.kill()
            except psutil.Error:
                return  # it has ended
