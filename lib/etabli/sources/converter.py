"""The child in which deliveries are read: `python -m etabli.sources.converter`, one job a line, one answer a line.

A broken file may end this process, fill its memory or never end: the parent (`conversion`) watches and tells.
Jobs come by standard input, so that a pseudonym key stands in no argument and no environment.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import psutil

from etabli.errors import EtabliError
from etabli.sources.checks import tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.metadata import Reading
from etabli.sources.pseudonyms import StudyKey, pseudonymise
from etabli.sources.readers import read

_SLACK = 2 << 30
"""Bytes of address space beyond the limit: threads and maps reserve more than they use."""


def main() -> None:
    """Answer jobs until standard input ends."""
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no answer
    _say(answers, {"ready": True})
    for line in sys.stdin.buffer:
        _say(answers, answer(json.loads(line)))


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job: read a file, and write the frame where the job says; return what the parent must know."""
    _limit(job["memory"])
    path, book = Path(job["path"]), job["book"] and SourceCodebook.model_validate_json(job["book"])
    try:
        reading = read(path, book, shown=job["shown"])
        if job["key"] is None:
            Path(job["target"]).write_bytes(pickle.dumps(reading, protocol=5))
        else:
            convert(reading, book, StudyKey.from_json(job["key"]), shown=job["shown"], target=Path(job["target"]))
    except EtabliError as error:
        rest = (error.what, error.where, error.expected, error.got, error.hint)
        return {"error": [type(error).__name__, *rest]}
    except MemoryError:
        return {"limit": "memory"}
    return {"rows": len(reading.frame), "peak": peak_memory()}


def convert(reading: Reading, book: SourceCodebook, key: StudyKey, *, shown: str, target: Path) -> None:
    """Check and pseudonymise what was read, and write it as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = tidy(reading.frame, reading.book or book, shown=shown)
    pq.write_table(
        pa.Table.from_pandas(pseudonymise(frame, book, key=key), preserve_index=False), target, compression="lz4"
    )


def peak_memory() -> int:
    """Return the most bytes that this process has held."""
    try:
        import resource
    except ImportError:
        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))  # Windows
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _limit(memory: int) -> None:
    """Bound the address space where the system can; the parent watches the memory everywhere."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = memory + _SLACK
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _say(answers: Any, told: dict[str, Any]) -> None:
    answers.write(json.dumps(told).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
