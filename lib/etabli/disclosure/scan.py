"""Looks for personal data in files, whatever they are: deliveries, notebooks, reports and what is exported.

`scan_file` reads a file as the person who receives it could: the text of a page, but its attributes, comments
and scripts as well; every string of a JSON file; a notebook's sources and outputs; the columns of a table.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from etabli import french
from etabli.errors import DeliveryError, PersonalDataError
from etabli.personal_data import KINDS, Kind, find, masked

BLOCK = 4_000_000
"""Characters of a text file that are read at once: a delivery may be larger than memory."""


@dataclass(frozen=True)
class Hit:
    """Personal data in a file: which kind, where (line, cell, column), and what it looks like, hidden."""

    shown: str
    where: str
    kind: Kind
    looks: str

    def __str__(self) -> str:
        place = f"{self.shown}, {self.where}" if self.where else self.shown
        return f"{place} : {KINDS[self.kind]}, « {self.looks} »"


def scan_file(path: Path, *, shown: str, exempt: Iterable[str] = (), headers: bool = True) -> list[Hit] | None:
    """Return the personal data of a file; None when its format is not one that is read here.

    Parameters
    ----------
    shown
        How hits name the file.
    exempt
        Declared contacts: what stands in one of them, to the letter, is no hit.
    headers
        Whether a column counts whose name alone says that it identifies. In a table of results « Téléphone » is a
        category like another.

    Raises
    ------
    PersonalDataError
        The file cannot be read as what its suffix says.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return None
    allowed = [each.casefold() for each in exempt]
    try:
        seen = [each for each in reader(path) if headers or not each.header]
    except (ValueError, OSError, DeliveryError) as error:
        got = error.what if isinstance(error, DeliveryError) else type(error).__name__
        raise PersonalDataError(
            "Ce fichier n’a pas pu être examiné.", where=shown, got=got, hint="est-il abîmé ?"
        ) from None
    return [
        Hit(shown, each.where, each.kind, "toute la colonne" if each.header else masked(each.text))
        for each in seen
        if not any(each.text.casefold() in contact for contact in allowed)
    ]


def hold_folder(folder: Path, *, exempt: Iterable[str] = ()) -> None:
    """Refuse a folder that is about to leave and holds personal data, or a file that cannot be examined.

    Raises
    ------
    PersonalDataError
        The message names file and kind, and never the datum.
    """
    contacts = tuple(exempt)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        shown = path.relative_to(folder).as_posix()
        hits = scan_file(path, shown=shown, exempt=contacts, headers=False)
        if hits is None:
            raise PersonalDataError("Un fichier à exporter n’est pas d’un format qui s’examine.", where=shown)
        if hits:
            first, others = hits[0], len(hits) - 1
            raise PersonalDataError(
                "Le rapport contient une donnée personnelle.",
                where=f"{shown}, {first.where}" if first.where else shown,
                expected="aucune, hormis le contact que déclare study.yml",
                got=f"{KINDS[first.kind]}, « {first.looks} »"
                + (f", et {french.count(others, 'autre', 'autres')}" if others else ""),
                hint="retirez-la du notebook ou du libellé qui la porte",
            )


@dataclass(frozen=True)
class _Seen:
    """Personal data as it stands in a file; its text never leaves this module."""

    kind: Kind
    where: str
    text: str
    header: bool = False


def _seen(text: str, where: Callable[[int, str], str]) -> Iterator[_Seen]:
    for found in find(text):
        datum = text[found.start : found.end]
        yield _Seen(found.kind, where(found.start, datum), datum)


def _line(number: int) -> str:
    return f"ligne {number}"


def _plain(path: Path) -> Iterator[_Seen]:
    before = 0
    for block in _blocks(path):
        yield from _seen(block, lambda place, _, block=block, before=before: _line(  # type: ignore[misc]
            before + block.count("\n", 0, place) + 1
        ))  # fmt: skip
        before += block.count("\n")


def _blocks(path: Path) -> Iterator[str]:
    """Yield a text file in blocks of whole lines, as UTF-8 when it is, else as Latin-1: every byte is a letter."""
    with path.open("rb") as opened:
        encoding = "utf-16" if opened.read(2) in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            for _ in iter(lambda: file.read(BLOCK), ""):
                pass
    except UnicodeDecodeError:
        encoding = "latin-1"
    with path.open(encoding=encoding, newline="\n") as file:
        while lines := file.readlines(BLOCK):
            yield "".join(lines)


_BASE64 = re.compile(r"(data:[\w/+.;=-]*;base64,)[A-Za-z0-9+/=\s]+")
_INLINE = re.compile(r"</?(?:a|abbr|b|code|em|i|mark|q|small|span|strong|sub|sup|u)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<!--|-->|<[^>]*>")


def _page(path: Path) -> Iterator[_Seen]:
    """Read a page twice over: the text that shows, then what tags hold."""
    raw = _BASE64.sub(r"\1", "".join(_blocks(path)))
    text = unescape(_TAG.sub("\n", _INLINE.sub("", raw)))
    tags = unescape("\n".join(each for each in _TAG.findall(raw) if "=" in each))

    def where(_: int, datum: str) -> str:
        place = raw.find(datum)
        return _line(raw.count("\n", 0, place) + 1) if place >= 0 else ""

    yield from _seen(text, where)
    yield from _seen(tags, where)


def _json(path: Path) -> Iterator[_Seen]:
    yield from _strings(json.loads("".join(_blocks(path))))


def _json_lines(path: Path) -> Iterator[_Seen]:
    for number, line in enumerate("".join(_blocks(path)).splitlines(), start=1):
        if line.strip():
            yield from _strings(json.loads(line), f"{_line(number)}, ")


def _strings(tree: object, prefix: str = "") -> Iterator[_Seen]:
    """Look into all strings and whole numbers of a tree at once, and tell the way to the one that is hit."""
    ways, texts = [], []
    for way, text in _leaves(tree, ()):
        ways.append(way)
        texts.append(_BASE64.sub(r"\1", text))
    starts, place = [], 0
    for text in texts:
        starts.append(place)
        place += len(text) + 1

    def where(place: int, _: str) -> str:
        from bisect import bisect_right

        return prefix + _way(ways[bisect_right(starts, place) - 1])

    yield from _seen("\n".join(texts), where)


def _leaves(tree: object, way: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield (*way, "clé"), str(key)
            yield from _leaves(value, (*way, key))
    elif isinstance(tree, list):
        if tree and all(isinstance(each, str) for each in tree):  # a notebook's lines
            yield way, "".join(tree) if str(tree[0]).endswith("\n") else "\n".join(tree)
        else:
            for number, value in enumerate(tree):
                yield from _leaves(value, (*way, number))
    elif isinstance(tree, str | int) and not isinstance(tree, bool):
        yield way, str(tree)


def _way(way: tuple[object, ...]) -> str:
    """Say where a string of a JSON file stands; in a notebook, by its cell.

    A key of the file is shown only when it is a plain word: it may be a person as well.
    """
    if way[:1] == ("cells",) and len(way) > 1 and isinstance(way[1], int):
        part = {"source": "source", "outputs": "sortie"}.get(str(way[2]) if len(way) > 2 else "", "métadonnées")
        return f"cellule {way[1] + 1}, {part}"
    return ".".join(str(each) if re.fullmatch(r"[\w-]{1,30}", str(each)) else "…" for each in way)


IDENTITY_COLUMNS: dict[str, Kind] = {
    **dict.fromkeys(("prenom", "prenoms", "nom_famille", "nom_de_famille", "nom_usage", "nom_d_usage"), "name"),
    **dict.fromkeys(("nom_naissance", "nom_de_naissance", "nom_prenom", "nom_et_prenom", "nom_marital"), "name"),
    **dict.fromkeys(("date_naissance", "date_de_naissance", "dt_naiss", "date_naiss", "ddn", "birth_date"), "birth"),
    **dict.fromkeys(("nir", "num_secu", "numero_securite_sociale", "nss"), "nir"),
    **dict.fromkeys(("telephone", "tel", "portable", "mobile", "num_tel", "numero_telephone"), "phone"),
    **dict.fromkeys(("courriel", "email", "e_mail", "mail", "adresse_mail"), "email"),
    **dict.fromkeys(("adresse", "adresse_postale", "adresse_complete", "num_voie"), "address"),
    **dict.fromkeys(("iban", "rib"), "iban"),
}
"""Columns whose name says what they hold: a given name, or a telephone number that a spreadsheet took for a number."""


def _identity_columns(header: Iterable[str]) -> Iterator[_Seen]:
    for name in header:
        bare = unicodedata.normalize("NFKD", name.strip().strip('"')).encode("ascii", "ignore").decode()
        kind = IDENTITY_COLUMNS.get(re.sub(r"\W+", "_", bare).strip("_").lower())
        if kind is not None:
            yield _Seen(kind, f"colonne « {name.strip()} »", name, header=True)


def _delimited(path: Path) -> Iterator[_Seen]:
    header = next(_blocks(path), "").partition("\n")[0].strip("\r\ufeff")
    separator = max(";\t,|", key=header.count)
    yield from _identity_columns(header.split(separator))
    yield from _plain(path)


def _parquet(path: Path) -> Iterator[_Seen]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield from _identity_columns(file.schema_arrow.names)
            for batch in file.iter_batches():
                yield from _columns(batch.to_pydict())
    except ArrowException as error:
        raise ValueError(str(error)) from None


def _workbook(path: Path) -> Iterator[_Seen]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python()
            for row in rows[:5]:  # headers may stand below a title
                yield from _identity_columns(str(each) for each in row if isinstance(each, str))
            columns = {
                f"{name}, colonne {number + 1}": list(each) for number, each in enumerate(zip(*rows, strict=False))
            }
            yield from _columns(columns)
    except CalamineError as error:
        raise ValueError(str(error)) from None


def _statistical(path: Path) -> Iterator[_Seen]:
    """Read in a child process: a broken file of SPSS, SAS or Stata may end whoever reads it."""
    from etabli.sources.conversion import read_apart

    frame = read_apart(path, shown=path.name).frame
    yield from _identity_columns(frame.columns)
    yield from _columns({str(name): frame[name].dropna().astype(object).unique().tolist() for name in frame})


def _columns(columns: dict[str, list[Any]]) -> Iterator[_Seen]:
    """Look into the values of each column: what a person can read of them, once each."""
    for name, values in columns.items():
        texts = dict.fromkeys(
            str(each) for each in values if isinstance(each, str | int) and not isinstance(each, bool)
        )
        yield from _seen("\n".join(texts), lambda *_, name=name: f"colonne « {name} »")


Reader = Callable[[Path], Iterator[_Seen]]

READERS: dict[str, Reader] = {
    **dict.fromkeys((".html", ".htm", ".svg", ".xml"), _page),
    **dict.fromkeys((".json", ".geojson", ".ipynb"), _json),
    ".jsonl": _json_lines,
    **dict.fromkeys((".csv", ".tsv"), _delimited),
    **dict.fromkeys((".txt", ".md", ".yml", ".yaml", ".py", ".css", ".log"), _plain),
    ".parquet": _parquet,
    **dict.fromkeys((".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt"), _statistical),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), _workbook),
}
"""How a file is read, by its suffix in small letters."""
