"""Deliveries read in a child process, within limits of time and memory: a broken file ends the child, not the study."""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from etabli import errors
from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.metadata import Reading
from etabli.sources.pseudonyms import StudyKey

_POLL = 0.02
"""Seconds between two looks at the child."""


@dataclass(frozen=True)
class Limits:
    """What one file may take."""

    seconds: float = 1_800
    memory: int = 4 << 30
    """Bytes of resident memory."""


@dataclass(frozen=True)
class Job:
    """One file to read.

    Parameters
    ----------
    path, shown
        The file, and how messages name it.
    book
        The codebook of its source.
    key
        The study's key: with one, the frame is checked and pseudonymised, and written as Parquet; without, the
        reading is written as it is.
    """

    path: Path
    shown: str
    book: SourceCodebook | None = None
    key: StudyKey | None = None


class Child:
    """A process that reads files, one after the other; started when it is needed, again when it has died."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.peak = 0
        """Most bytes that the child held in its last job."""
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes] = queue.Queue()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process, and wait until it is ready."""
        if self._process is not None:
            return
        self._answers = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "etabli.sources.converter"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"},
        )  # fmt: skip
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        self._wait("l’interpréteur", time.monotonic() + self.limits.seconds)

    def stop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # the pipe of a dead child cannot be flushed

    def do(self, job: Job, target: Path) -> None:
        """Have one file read, and the result written to `target`.

        Raises
        ------
        EtabliError
            The reader's own, in the child's words; a DeliveryError when the child died or passed a limit.
        """
        self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        told = {
            "path": str(job.path.resolve()), "shown": job.shown, "memory": self.limits.memory, "target": str(target),
            "book": job.book.model_dump_json(exclude_unset=True) if job.book else None,
            "key": job.key.as_json() if job.key is not None else None,
        }  # fmt: skip
        try:
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            self.stop()
            raise _died(job.shown) from None
        answer = self._wait(job.shown, time.monotonic() + self.limits.seconds)
        if "error" in answer:
            name, what, where, expected, got, hint = answer["error"]
            raise getattr(errors, name)(what, where=where, expected=expected, got=got, hint=hint)
        if "limit" in answer:
            self.stop()
            raise _too_big(job.shown, self.limits)
        self.peak = answer["peak"]

    def _wait(self, shown: str, deadline: float) -> dict[str, Any]:
        """Return the child's answer; stop it and raise when it dies, or passes a limit."""
        assert self._process is not None
        watched = psutil.Process(self._process.pid)
        while True:
            try:
                line = self._answers.get(timeout=_POLL)
            except queue.Empty:
                if time.monotonic() > deadline:
                    self.stop()
                    raise _too_long(shown, self.limits) from None
                if _held(watched) > self.limits.memory:
                    self.stop()
                    raise _too_big(shown, self.limits) from None
                continue
            if not line:
                self.stop()
                raise _died(shown)
            answer: dict[str, Any] = json.loads(line)
            return answer


def read_apart(path: Path, book: SourceCodebook | None = None, *, shown: str, limits: Limits = Limits()) -> Reading:
    """Read a delivery as `readers.read` does, in a child process: for a file that nobody has read yet.

    Raises
    ------
    DeliveryError
        As `readers.read`; or the file ended the child, or passed a limit.
    """
    with tempfile.TemporaryDirectory() as folder, Child(limits) as child:
        target = Path(folder) / "reading"
        child.do(Job(path, shown, book), target)
        reading: Reading = pickle.loads(target.read_bytes())  # noqa: S301 – written by our own child, in our own folder
        return reading


def _listen(stream: Any, answers: queue.Queue[bytes]) -> None:
    """Pass the child's answers on; an empty one says that it has ended."""
    try:
        for line in stream:
            answers.put(line)
    except ValueError:
        pass  # closed by `stop`
    answers.put(b"")


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _died(shown: str) -> DeliveryError:
    return DeliveryError(
        "Le fichier a fait tomber le programme qui le lisait : il est abîmé.",
        where=shown,
        expected="un fichier complet, que son propre logiciel sait ouvrir",
        hint="redemandez le fichier, ou faites-le enregistrer dans un autre format (CSV, par exemple)",
    )


def _too_long(shown: str, limits: Limits) -> DeliveryError:
    return DeliveryError(
        "La lecture du fichier a dépassé le temps permis.",
        where=shown,
        expected=f"au plus {limits.seconds:g} s",
        hint="le fichier est sans doute abîmé ; s’il n’est que grand, demandez-le en plusieurs parties",
    )


def _too_big(shown: str, limits: Limits) -> DeliveryError:
    return DeliveryError(
        "La lecture du fichier a dépassé la mémoire permise.",
        where=shown,
        expected=f"au plus {limits.memory / (1 << 30):.2g} Gio".replace(".", ","),
        hint="le fichier est sans doute abîmé ; s’il n’est que grand, demandez-le en plusieurs parties",
    )
