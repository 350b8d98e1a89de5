"""What may go: reports of former editions, the results that their runs shared, former batches."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from etabli import memo
from etabli.disclosure import shared
from etabli.errors import EtabliError
from etabli.project import Project
from etabli.runs.journal import journals, page_of_batch
from etabli.runs.manifest import FILE, read_manifest
from etabli.study import Study


def find_clutter(project: Project, studies: Iterable[Study], *, keep: int) -> list[Path]:
    """Return the folders and files that may go.

    Reports of studies that are no longer declared stay: nobody could make them again.

    Parameters
    ----------
    studies
        All declared studies.
    keep
        How many editions of each study to keep, the last of `study.yml`; and how many batches, the last.
    """
    found = [path for study in studies for path in _former_reports(project, study, keep=keep)]
    former = journals(project)[:-keep]
    pages = [page_of_batch(project, path.stem) for path in former]
    locks = [path.with_suffix(".lock") for path in former]
    return sorted({*found, *former, *(path for path in (*pages, *locks) if path.is_file())})


def remove(clutter: Iterable[Path]) -> None:
    """Delete folders and files; of a link, the link."""
    for path in clutter:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _former_reports(project: Project, study: Study, *, keep: int) -> Iterator[Path]:
    """Yield the reports of a study's former editions, what failed runs left of them, and what they shared."""
    kept = set(list(study.editions)[-keep:])
    folder = project.reports / study.slug
    for path in sorted(folder.glob(f"*/{FILE}")):
        if path.parent.name.startswith("."):
            continue
        try:
            edition = str(read_manifest(path.parent, shown=project.relative(path.parent)).parameters["edition"])
        except EtabliError:
            continue  # not ours to judge
        if edition not in kept:
            yield path.parent
    for former in (name for name in study.editions if name not in kept):
        yield from sorted(folder.glob(f"{former}_*.failed.ipynb"))
        shared_work = (memo.folder_of(project, study.slug, former), shared.folder_of(project, study.slug, former))
        yield from (each for each in shared_work if each.is_dir())
