"""What a child process does for its parent (`conversion.Child`): one job a line comes in, one answer a line goes out.

Apart from the jobs themselves, so that a child imports what its own jobs need and no more.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import psutil

_SLACK = 2 << 30
"""Bytes of address space beyond the limit: threads and maps reserve more than they use."""


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer jobs until standard input ends."""
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no answer
    _say(answers, {"ready": True})
    for line in sys.stdin.buffer:
        _say(answers, answer(json.loads(line)))


def peak_memory() -> int:
    """Return the most bytes that this process has held."""
    try:
        import resource
    except ImportError:
        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))  # Windows
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def limit_memory(memory: int) -> None:
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
