"""Append-only files: one JSON object a line, each with the digest of the line before it.

A line that is changed, or removed from the middle, breaks the chain and is said. Two writers at once lose
nothing: each waits for the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from etabli.errors import DeliveryError

FIRST = "0" * 64
"""What stands for the digest of the line before the first."""

PREVIOUS = "previous"
_SECONDS = 30
"""How long a writer waits for another."""


def append(path: Path, told: Mapping[str, Any], *, shown: str) -> None:
    """Add one line, on disk before this returns.

    Raises
    ------
    DeliveryError
        The file is damaged, or another process holds it for too long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_SECONDS):
            lines = _lines(path)
            _checked(lines, shown)
            line = {**told, PREVIOUS: _digest(lines[-1]) if lines else FIRST}
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
    except Timeout:
        raise DeliveryError(
            "Un autre programme tient ce fichier.", where=shown, hint="attendez qu’il ait fini, puis recommencez"
        ) from None


def entries(path: Path, *, shown: str) -> list[dict[str, Any]]:
    """Return the lines of a file, oldest first; none when there is no file.

    Raises
    ------
    DeliveryError
        The chain is broken.
    """
    return _checked(_lines(path), shown)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _digest(line: str) -> str:
    return sha256(line.encode("utf-8")).hexdigest()


def _checked(lines: list[str], shown: str) -> list[dict[str, Any]]:
    before, found = FIRST, []
    for number, line in enumerate(lines, start=1):
        try:
            told = json.loads(line)
            held = isinstance(told, dict) and told.pop(PREVIOUS, None) == before
        except ValueError:
            held = False
        if not held:
            raise DeliveryError(
                "Ce fichier, qui ne fait que s’allonger, a été modifié.",
                where=f"{shown}, ligne {number}",
                expected="la ligne qui a été écrite là",
                hint="rétablissez le fichier d’après une sauvegarde",
            )
        found.append(told)
        before = _digest(line)
    return found
