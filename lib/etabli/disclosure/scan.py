"""Looks for personal data in files, whatever they are: deliveries, notebooks, reports and what is exported.

`scan_file` reads a file as the person who receives it could: the text of a page, but its attributes, comments
and scripts as well; every string of a JSON file; a notebook's sources and outputs; the cells of a table; its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from etabli import french
from etabli.disclosure.seen import Seen
from etabli.disclosure.sheets import seen_in_workbook
from etabli.disclosure.tables import TABLES, apart
from etabli.disclosure.texts import delimited, json_file, json_lines, name_of_file, page, plain_file
from etabli.disclosure.workbook import WORKBOOK
from etabli.errors import DeliveryError, PersonalDataError
from etabli.personal_data import KINDS, Kind, concealed, masked


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


def scan_file(
    path: Path, *, shown: str, exempt: Iterable[str] = (), headers: bool = True, reader: Reader | None = None
) -> list[Hit] | None:
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
    reader
        How it is read; by its suffix, otherwise.

    Raises
    ------
    PersonalDataError
        The file cannot be read as what its suffix says.
    """
    allowed = [each.casefold() for each in exempt]
    named = list(name_of_file(path.name if Path(shown).is_absolute() else shown))
    told = _safely(shown, named)
    reader = reader or READERS.get(path.suffix.lower())
    if reader is None and not named:
        return None
    try:
        inside = [each for each in reader(path) if headers or not each.header] if reader else []
    except (ValueError, OSError, DeliveryError) as error:
        got = error.what if isinstance(error, DeliveryError) else type(error).__name__
        raise PersonalDataError(
            "Ce fichier n’a pas pu être examiné.", where=told, got=got, hint="est-il abîmé ?"
        ) from None
    hits = [
        Hit(told, each.where, each.kind, "toute la colonne" if each.header else masked(each.text))
        for each in dict.fromkeys((*named, *inside))
        if not any(each.text.casefold() in contact for contact in allowed)
    ]
    return hits if hits or reader else None


def _safely(shown: str, named: Iterable[Seen]) -> str:
    """Return a file's name as a message may show it, what names a person in it hidden."""
    for each in named:
        for datum in (each.text, each.text.replace(" ", "_")):
            shown = shown.replace(datum, masked(datum))
    return concealed(shown)


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
        hits = scan_file(path, shown=shown, exempt=contacts, headers=False, reader=_OWN.get(shown))
        if hits is None:
            raise PersonalDataError("Un fichier à exporter n’est pas d’un format qui s’examine.", where=shown)
        if hits:
            first, others = hits[0], len(hits) - 1
            raise PersonalDataError(
                "Le rapport contient une donnée personnelle.",
                where=f"{first.shown}, {first.where}" if first.where else first.shown,
                expected="aucune, hormis le contact que déclare study.yml",
                got=f"{KINDS[first.kind]}, « {first.looks} »"
                + (f", et {french.count(others, 'autre', 'autres')}" if others else ""),
                hint="retirez-la du notebook ou du libellé qui la porte",
            )


Reader = Callable[[Path], Iterator[Seen]]

READERS: dict[str, Reader] = {
    **dict.fromkeys((".html", ".htm", ".svg", ".xml"), page),
    **dict.fromkeys((".json", ".geojson", ".ipynb"), json_file),
    ".jsonl": json_lines,
    **dict.fromkeys((".csv", ".tsv"), delimited),
    **dict.fromkeys((".txt", ".md", ".yml", ".yaml", ".py", ".css", ".log"), plain_file),
    **dict.fromkeys(TABLES, apart),
}
"""How a file is read, by its suffix in small letters."""

_OWN: dict[str, Reader] = {WORKBOOK: lambda path: seen_in_workbook(path.read_bytes())}
"""Files that the house writes, held to their form: no child process is needed to read them."""
