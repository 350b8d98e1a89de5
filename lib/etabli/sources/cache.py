"""Converted deliveries, by what they depend on: checked and pseudonymised, so that no identity lies in the cache.

An entry is addressed by the file's digest, its codebook, the readers' version and the fingerprint of the pseudonym
key. It appears whole or not at all, may be deleted at any time, and is made again.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pandas as pd
from filelock import FileLock

from etabli import memo
from etabli.project import Project
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.conversion import Child, Job, Limits
from etabli.sources.pseudonyms import StudyKey, carried
from etabli.sources.readers import VERSION
from etabli.sources.rights import begin, make_folder

_DELIVERIES = "deliveries"


@dataclass(frozen=True)
class Entry:
    """The place of one converted delivery."""

    folder: Path
    stem: str
    """The source, and the start of the file's digest: what all conversions of one delivery share."""
    digest: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.stem}-{self.digest}.parquet"


def cache_folder(project: Project, slug: str) -> Path:
    """Return where the converted deliveries of a study lie."""
    return project.cache / _DELIVERIES / slug


def entry_of(folder: Path, source: str, digest: str, book: SourceCodebook, *, key: StudyKey) -> Entry:
    """Return the entry of a delivery.

    Parameters
    ----------
    folder
        That of its study.
    source, digest
        The source's name, and the SHA-256 of the file.
    book
        The codebook of the source.
    key
        The study's key; only its fingerprint goes into the address, from which neither the key nor anybody who
        withdrew can be found.
    """
    parts = (digest, book.model_dump_json(), VERSION, pd.__version__, key.fingerprint)
    return Entry(folder, f"{source}-{digest[:16]}", sha256("\0".join(parts).encode()).hexdigest()[:24])


def converted(entry: Entry, job: Job, *, limits: Limits = Limits()) -> pd.DataFrame:  # noqa: B008 – frozen
    """Return the frame of an entry, made in a child process if it is not there.

    Several processes that ask for one entry at once wait for the first.

    Raises
    ------
    DeliveryError
        The file cannot be read, or breaks its codebook.
    """
    assert job.book is not None
    found = _read(entry.path, job.book)
    if found is not None:
        return found
    make_folder(entry.folder)
    with FileLock(entry.folder / f"{entry.stem}.lock"):
        found = _read(entry.path, job.book)
        if found is not None:
            return found
        staged, before = entry.folder / f"{entry.stem}.{os.getpid()}.{uuid4().hex}.part", _forgotten(entry.folder)
        try:
            with Child(limits) as child:
                child.do(job, begin(staged))
            if not _kept(entry, staged, before):
                return _not_kept(job, limits)
        finally:
            staged.unlink(missing_ok=True)
        _prune(entry)
        frame = _read(entry.path, job.book)
    assert frame is not None
    return frame


_FORGOTTEN = ".forgotten"
"""In the folder of a study's conversions: changes each time that they are forgotten."""


def _forgotten(folder: Path) -> str:
    path = folder / _FORGOTTEN
    return path.read_text(encoding="ascii") if path.is_file() else ""


def _kept(entry: Entry, staged: Path, before: str) -> bool:
    """Put a conversion in its place, unless the cache was told to forget while it was made: it may hold the person."""
    with FileLock(entry.folder / f"{_FORGOTTEN}.lock"):
        if _forgotten(entry.folder) != before or not staged.is_file():
            return False
        staged.replace(entry.path)
        return True


def _not_kept(job: Job, limits: Limits) -> pd.DataFrame:
    """Convert once more, for whoever asked; whether a run may still end with it is the run's matter."""
    assert job.book is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, Child(limits) as child:
        target = Path(folder) / "frame.parquet"
        child.do(job, target)
        frame = _read(target, job.book)
    assert frame is not None
    return frame


def forget(project: Project) -> None:
    """Empty the cache of all that was made of deliveries; public files stay.

    All of it goes, rather than the entries of one person or delivery: an entry that was missed would be a person kept,
    and whatever goes is only made again. Folders and locks stay, for whoever converts meanwhile; what they make is not
    kept (`_kept`).
    """
    memo.forget(project)
    if project.cache.is_dir():
        for each in project.cache.iterdir():
            if each not in {project.public, project.cache / _DELIVERIES, memo.root_of(project)}:
                shutil.rmtree(each) if each.is_dir() else each.unlink(missing_ok=True)
    for folder in (project.cache / _DELIVERIES).glob("*/"):
        with FileLock(folder / f"{_FORGOTTEN}.lock"):
            for each in folder.iterdir():
                if each.suffix != ".lock":
                    each.unlink(missing_ok=True)
            begin(folder / _FORGOTTEN).write_text(uuid4().hex, encoding="ascii")


def _prune(entry: Entry) -> None:
    """Delete the other conversions of the same delivery: of a former codebook or key, or half-made."""
    for other in entry.folder.glob(f"{entry.stem}*"):
        if other.suffix in {".parquet", ".part"} and other != entry.path:
            other.unlink(missing_ok=True)


def _read(path: Path, book: SourceCodebook) -> pd.DataFrame | None:
    """Return the frame of an entry; None when it is not there, or is not whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, memory_map=True)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError):
        path.unlink(missing_ok=True)
        return None
    if table.column_names != carried(book):
        return None
    kinds = {
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(na_value=float("nan")),
    }
    kinds[pa.large_string()] = kinds[pa.string()]
    frame: pd.DataFrame = table.to_pandas(types_mapper=kinds.get, ignore_metadata=True, split_blocks=True)
    coded = [name for name in carried(book) if book.variables[name].type == "code"]
    try:
        return frame.assign(**{name: _codes(frame[name], book.variables[name]) for name in coded})
    except ValueError:  # a place that is no code's
        path.unlink(missing_ok=True)
        return None


def _codes(places: pd.Series, variable: Variable) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(places.to_numpy(), categories=pd.Index(list(variable.codes)))
