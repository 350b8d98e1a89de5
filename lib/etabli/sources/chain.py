"""Append-only files: one JSON object a line, each with the digest of the line before it.

A line that is changed, removed or added in the middle breaks the chain and is said; so are lines cut off the end, by a
small file beside (`.head`) that names the last one. A last line that was half written (a machine that stopped) is
left out, and told. Two writers at once lose nothing: each waits for the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from etabli.errors import DeliveryError
from etabli.sources.rights import begin, make_folder

FIRST = "0" * 64
"""What stands for the digest of the line before the first."""

PREVIOUS = "previous"
_SECONDS = 30
"""How long a writer waits for another."""


@dataclass(frozen=True)
class Chain:
    """What a file holds: its whole lines, oldest first, whether a last one was half written, the digest of the last."""

    entries: tuple[dict[str, Any], ...]
    torn: bool
    last: str


def append(path: Path, told: Mapping[str, Any], *, shown: str, after: str | None = None) -> int:
    """Add one line, on disk before this returns, and return its number, from 1.

    What a half-written last line holds is set aside in a file of its own, never thrown away.

    Parameters
    ----------
    after
        The digest of the line that the new one was decided by: with another one last, nothing is written.

    Raises
    ------
    DeliveryError
        The file is damaged, another process holds it for too long, or a line was added since `after`.
    """
    make_folder(path.parent)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_SECONDS):
            lines, rest = _lines(path)
            _checked(path, lines, shown)
            if after not in {None, _last(lines)}:
                raise DeliveryError(
                    "Ce fichier s’est allongé pendant que la ligne à écrire était décidée.",
                    where=shown,
                    got="une ligne de plus, écrite par quelqu’un d’autre",
                    hint="recommencez : ce qui vient d’être écrit sera pris en compte",
                )
            if rest:
                _set_aside(path, lines, rest)
            text = json.dumps({**told, PREVIOUS: _last(lines)}, ensure_ascii=False, sort_keys=True)
            with begin(path).open("a", encoding="utf-8", newline="\n") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            _note_head(path, len(lines) + 1, text)
            return len(lines) + 1
    except Timeout:
        raise DeliveryError(
            "Un autre programme tient ce fichier.", where=shown, hint="attendez qu’il ait fini, puis recommencez"
        ) from None


def read_chain(path: Path, *, shown: str) -> Chain:
    """Return what a file holds; nothing when there is no file.

    Raises
    ------
    DeliveryError
        The chain is broken.
    """
    lines, rest = _lines(path)
    return Chain(tuple(_checked(path, lines, shown)), bool(rest), _last(lines))


def entries(path: Path, *, shown: str) -> list[dict[str, Any]]:
    """Return the whole lines of a file, oldest first; none when there is no file.

    Raises
    ------
    DeliveryError
        The chain is broken.
    """
    return list(read_chain(path, shown=shown).entries)


def digests(path: Path, *, shown: str) -> list[str]:
    """Return the digest of each whole line, oldest first: the last stands for all that the file holds.

    Raises
    ------
    DeliveryError
        The chain is broken.
    """
    lines, _ = _lines(path)
    _checked(path, lines, shown)
    return [_digest(line) for line in lines]


def _lines(path: Path) -> tuple[list[str], bytes]:
    """Return the lines that end, and what stands after the last end of line."""
    if not path.is_file():
        return [], b""
    *whole, rest = path.read_bytes().split(b"\n")
    return [line.decode("utf-8", errors="replace") for line in whole], rest


def _last(lines: list[str]) -> str:
    return _digest(lines[-1]) if lines else FIRST


def _digest(line: str) -> str:
    return sha256(line.encode("utf-8")).hexdigest()


def _head(path: Path) -> Path:
    return path.with_name(f".{path.name}.head")


def _note_head(path: Path, number: int, line: str) -> None:
    draft = path.with_name(f".{path.name}.head.{os.getpid()}")
    begin(draft).write_text(f"{number} {_digest(line)}\n", encoding="ascii")
    draft.replace(_head(path))


def _set_aside(path: Path, lines: list[str], rest: bytes) -> None:
    begin(path.with_name(f"{path.name}.torn-{len(lines) + 1}")).write_bytes(rest)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - len(rest))
        file.flush()
        os.fsync(file.fileno())


def _checked(path: Path, lines: list[str], shown: str) -> list[dict[str, Any]]:
    before, found = FIRST, []
    for number, line in enumerate(lines, start=1):
        try:
            told = json.loads(line)
            held = isinstance(told, dict) and told.pop(PREVIOUS, None) == before
        except ValueError:
            held = False
        if not held:
            raise _tampered(f"{shown}, ligne {number}", "la ligne qui a été écrite là")
        found.append(told)
        before = _digest(line)
    _hold_head(path, lines, shown)
    return found


def _hold_head(path: Path, lines: list[str], shown: str) -> None:
    """Hold the end of the file to what was noted of it: what is cut off the end breaks no chain."""
    head = _head(path)
    if not head.is_file():
        return
    noted, _, digest = head.read_text(encoding="ascii", errors="replace").strip().partition(" ")
    if not noted.isdecimal():
        raise _tampered(f"{shown} ({head.name})", "le numéro et l’empreinte de la dernière ligne")
    number = int(noted)
    if number > len(lines):
        raise _tampered(shown, f"au moins {number} lignes", got=f"{len(lines)}")
    if number and _digest(lines[number - 1]) != digest:
        raise _tampered(f"{shown}, ligne {number}", "la ligne qui a été écrite là")


def _tampered(where: str, expected: str, *, got: str | None = None) -> DeliveryError:
    return DeliveryError(
        "Ce fichier, qui ne fait que s’allonger, a été modifié.",
        where=where,
        expected=expected,
        got=got,
        hint="rétablissez le fichier d’après une sauvegarde",
    )
