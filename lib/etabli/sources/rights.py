"""Who may read what the workbench keeps of people: new folders for their owner, files for whom their folder is open to.

A team that shares `data/ledger` opens that folder to its group, once; what is written there later is open to the
group as well. Windows keeps rights in other ways: there, those of the folder above are inherited.
"""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that lack, for their owner alone; what is there stays as it is."""
    for each in reversed([folder, *folder.parents]):
        if not each.is_dir():
            each.mkdir(mode=0o700, exist_ok=True)


def begin(path: Path) -> Path:
    """Make an empty file, if there is none, that those alone may read who may enter its folder; return its path."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return path
    if os.name == "posix":
        path.chmod(path.parent.stat().st_mode & 0o666)
    return path
