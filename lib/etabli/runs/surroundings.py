"""What a worker makes reports with, compared before the first run: two versions of a library give two reports."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import etabli
from etabli import french
from etabli.errors import RunError
from etabli.runs.manifest import versions

Surroundings = dict[str, str]
"""Version by software; `etabli` has its version and the digest of its code."""


def surroundings() -> Surroundings:
    """Return what this process makes reports with."""
    found = versions()
    return {**found, "etabli": f"{found['etabli']} ({code_digest()[:12]})", "système": platform.system()}


def code_digest() -> str:
    """Return one digest for all the files of the package."""
    root = Path(etabli.__file__).parent
    paths = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    hashes = {path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest() for path in paths}
    return sha256(json.dumps(hashes).encode()).hexdigest()


def hold_same(own: Surroundings, others: Mapping[str, Surroundings]) -> None:
    """Hold workers to what this process has.

    Parameters
    ----------
    others
        What each worker has, by its name.

    Raises
    ------
    RunError
        A worker has something else; the message names the first, and all that differs.
    """
    for worker, theirs in others.items():
        names = [name for name in own if own[name] != theirs.get(name)]
        if names:
            count = sum(found != own for found in others.values())
            raise RunError(
                f"{french.count(count, 'worker n’a pas', 'workers n’ont pas')} les mêmes logiciels que cette machine.",
                where=worker,
                expected=", ".join(f"{name} {own[name]}" for name in names),
                got=", ".join(f"{name} {theirs.get(name, 'absent')}" for name in names),
                hint="installez-y le même requirements.lock et le même code : les rapports en dépendent",
            )
