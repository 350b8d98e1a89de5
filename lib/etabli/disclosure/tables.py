"""Tables that may end whoever opens them: workbooks, Parquet, SPSS, SAS and Stata, searched in a child process.

`python -m etabli.disclosure.tables` is that child: one file a job, what it saw written for the parent alone.
"""

from __future__ import annotations

import pickle
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from etabli.disclosure.seen import Cell, Seen, as_text, column, identity_columns, leaves, seen_in, seen_in_cells
from etabli.disclosure.texts import read_page
from etabli.errors import EtabliError
from etabli.personal_data import concealed, has_first_name
from etabli.sources.serving import limit_memory, peak_memory, serve

SECONDS = 600.0
MEMORY = 2 << 30
"""Bytes and seconds that one file may take."""

_UNFOLDED, _RATIO = 100_000_000, 150
"""A part of a workbook that unfolds beyond this size and this ratio is a trap: long sheets fold 5 to 40 times."""


def apart(path: Path) -> Iterator[Seen]:
    """Search a file in a child process.

    Raises
    ------
    DeliveryError
        The file cannot be read, ended the child, or passed a limit.
    """
    from etabli.sources.conversion import Child, Job, Limits

    with tempfile.TemporaryDirectory() as folder, Child(Limits(SECONDS, MEMORY), module=__name__) as child:
        target = Path(folder) / "seen"
        child.do(Job(path, concealed(path.name)), target)
        yield from pickle.loads(target.read_bytes())  # noqa: S301 – written by our own child, in our own folder


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job in the child: search a file, and write what was seen where the job says."""
    limit_memory(job["memory"])
    path = Path(job["path"])
    try:
        seen = list(TABLES[path.suffix.lower()](path))
        Path(job["target"]).write_bytes(pickle.dumps(seen, protocol=5))
    except EtabliError as error:
        return {"error": [type(error).__name__, error.what, error.where, error.expected, error.got, error.hint]}
    except (ValueError, OSError, BadZipFile):
        return {"error": ["DeliveryError", "Le fichier est abîmé ou tronqué.", job["shown"], None, None, None]}
    except MemoryError:
        return {"limit": "memory"}
    return {"peak": peak_memory()}


def _workbook(path: Path) -> Iterator[Seen]:
    from python_calamine import CalamineError, CalamineWorkbook

    if is_zipfile(path):
        yield from _around_sheets(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        yield from seen_in_cells(Cell(name, "nom d’une feuille") for name in book.sheet_names)
        for name in book.sheet_names:
            yield from _sheet(concealed(name), book.get_sheet_by_name(name).to_python())
    except CalamineError as error:
        raise ValueError(str(error)) from None


def _sheet(name: str, rows: list[list[Any]]) -> Iterator[Seen]:
    heads: dict[int, str] = {}
    for row in rows[:5]:  # headers may stand below a title
        yield from identity_columns(str(each) for each in row if isinstance(each, str))
        if all(isinstance(each, str) for each in row):
            heads = dict(enumerate(row))
    for number, values in enumerate(zip(*rows, strict=False)):
        yield from _values(values, heads.get(number, ""), f"colonne « {name}, colonne {number + 1} »")


_AUTHOR = re.compile(r"<(?:\w+:)?(?:author|creator|lastModifiedBy|initial-creator)>([^<]+)<")
_ANNOTATION = re.compile(r"<office:annotation\b.*?</office:annotation>", re.DOTALL)


def _around_sheets(path: Path) -> Iterator[Seen]:
    """Search what a workbook holds beside its cells: comments, properties, drawings, links."""
    with ZipFile(path) as archive:
        for part in archive.infolist():
            if part.file_size > _UNFOLDED and part.file_size > _RATIO * max(1, part.compress_size):
                raise ValueError("unfolds beyond measure")
            if not part.filename.endswith((".xml", ".rels")) or re.search(
                r"worksheets/sheet|sharedStrings|styles|theme", part.filename
            ):
                continue
            raw = archive.read(part).decode("utf-8", "replace")
            if part.filename == "content.xml":
                raw = "".join(_ANNOTATION.findall(raw))
            told = (
                "commentaire"
                if "comment" in part.filename or part.filename == "content.xml"
                else "propriétés du classeur"
            )
            for text in read_page(raw):
                yield from seen_in(text, lambda *_, told=told: told)
            for author in _AUTHOR.findall(raw):
                if has_first_name(author):
                    yield Seen("name", "auteur", author)


def _parquet(path: Path) -> Iterator[Seen]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            schema = file.schema_arrow
            yield from identity_columns(schema.names)
            yield from _values(schema.names, "", "nom d’une colonne")
            told = [
                *(schema.metadata or {}).items(),
                *(pair for each in schema for pair in (each.metadata or {}).items()),
            ]
            yield from _values(
                [part for key, value in told if key != b"ARROW:schema" for part in (key, value)], "", "métadonnées"
            )
            for batch in file.iter_batches():
                for name, values in zip(batch.schema.names, batch.columns, strict=True):
                    if not str(values.type).startswith(("date", "time", "bool", "duration")):
                        yield from _values(values.to_pylist(), name, column(name))
    except ArrowException as error:
        raise ValueError(str(error)) from None


def _statistical(path: Path) -> Iterator[Seen]:
    from etabli.sources.readers import read

    reading = read(path, shown=concealed(path.name))
    frame, metadata = reading.frame, reading.metadata
    yield from identity_columns(map(str, frame.columns))
    labels = {each.name: [each.label or "", *each.labels.values(), *each.labels] for each in metadata.columns}
    yield from _values([metadata.label or ""], "", "titre du fichier")
    for name, texts in labels.items():
        yield from _values(texts, name, f"libellés de la {column(name)}")
    for number, name in enumerate(map(str, frame.columns)):
        yield from _values(frame.iloc[:, number].dropna().unique().tolist(), name, column(name))


def _values(values: Iterable[Any], name: str, where: str) -> Iterator[Seen]:
    """Look into the values of a column, once each, nested ones leaf by leaf."""
    texts = dict.fromkeys(text for value in values for text in _texts(value))
    yield from seen_in_cells(Cell(text, where, name) for text in texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list | tuple):
        yield from (text for _, text in leaves(value))
    elif (text := as_text(value)) is not None:
        yield text


TABLES: dict[str, Callable[[Path], Iterator[Seen]]] = {
    ".parquet": _parquet,
    **dict.fromkeys((".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt"), _statistical),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), _workbook),
}
"""How the child reads a file, by its suffix in small letters."""

if __name__ == "__main__":
    serve(answer)
