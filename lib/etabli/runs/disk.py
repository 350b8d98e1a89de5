"""What a disk refuses, told as one message; files that are their owner's alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from etabli.errors import RunError
from etabli.project import Project

_REFUSALS = {
    errno.ENOSPC: "plus de place sur le disque",
    errno.EDQUOT: "quota de disque atteint",
    errno.EACCES: "écriture interdite",
    errno.EPERM: "écriture interdite",
    errno.EROFS: "disque en lecture seule",
    errno.ENOENT: "un dossier manque",
    errno.ENAMETOOLONG: "un nom de fichier trop long pour ce disque",
    errno.ENOTDIR: "un fichier tient la place d’un dossier",
    errno.EEXIST: "un fichier tient la place d’un dossier",
}
"""What a disk refuses, in French; the system's own words for the rest."""


def disk_error(what: str, error: OSError, project: Project, target: Path) -> RunError:
    """Turn what the disk refuses into a message."""
    return RunError(
        what,
        where=project.relative(target),
        got=_REFUSALS.get(error.errno or 0, str(error.strerror or type(error).__name__)),
        hint="disque plein, ou dossier en lecture seule ? Ce qui existait est intact",
    )


def private(path: str, flags: int) -> int:
    """Open a file that nobody but its owner may read: an `opener` of `open`."""
    return os.open(path, flags, 0o600)
