"""Personal data as it stands in a file, before a message may show it: where it is, and under which name."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from etabli.personal_data import Kind, concealed, find, is_identifier, is_phone_name


@dataclass(frozen=True)
class Seen:
    """One datum of a file; its text never leaves the room."""

    kind: Kind
    where: str
    text: str
    header: bool = False
    """Whether it is a column, whose name alone says what it holds."""


def seen_in(text: str, where: Callable[[int, str], str]) -> Iterator[Seen]:
    """Yield the data of a text; `where` tells a place from its offset and the datum."""
    for found in find(text):
        datum = text[found.start : found.end]
        yield Seen(found.kind, where(found.start, datum), datum)


@dataclass(frozen=True)
class Cell:
    """A value on its own, as text: where it stands, and the name (a column's, a key's) that says what it is."""

    text: str
    where: str
    name: str = ""


def seen_in_cells(cells: Iterable[Cell]) -> Iterator[Seen]:
    """Yield the data of cells, all looked into at once, each on its own.

    What a cell is called counts: nine digits under « Tél. » lost their zero, ten digits under « id_visite » are no
    telephone number.
    """
    kept = list(cells)
    texts = [_completed(each) for each in kept]
    starts, place = [], 0
    for text in texts:
        starts.append(place)
        place += len(text) + 2
    joined = "\n\n".join(texts)
    for found in find(joined):
        cell = kept[bisect_right(starts, found.start) - 1]
        datum = joined[found.start : found.end]
        if not (found.kind == "phone" and datum.isdigit() and is_identifier(cell.name)):
            yield Seen(found.kind, cell.where, datum)


def _completed(cell: Cell) -> str:
    if len(cell.text) == 9 and cell.text.isdigit() and cell.text[0] != "0" and is_phone_name(cell.name):
        return f"0{cell.text}"
    return cell.text


def as_text(value: object) -> str | None:
    """Return what of a value may hold a datum: a text, a whole number however it is stored; None of anything else.

    >>> as_text(255081416802538.0), as_text("x"), as_text(0.25), as_text(b"jeanne@exemple.fr")
    ('255081416802538', 'x', None, 'jeanne@exemple.fr')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if 1e7 < abs(value) < 1e16 and value == int(value) else None


def leaves(tree: object, way: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], str]]:
    """Yield the texts and whole numbers of a tree, keys included, and the way to each."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield (*way, "clé"), str(key)
            yield from leaves(value, (*way, key))
    elif isinstance(tree, list | tuple):
        if tree and all(isinstance(each, str) for each in tree):  # a notebook's lines
            yield way, "".join(tree) if str(tree[0]).endswith("\n") else "\n".join(tree)
        else:
            for number, value in enumerate(tree):
                yield from leaves(value, (*way, number))
    elif (text := as_text(tree)) is not None:
        yield way, text


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


def identity_columns(header: Iterable[str]) -> Iterator[Seen]:
    """Yield the columns whose name alone says that they identify."""
    for name in header:
        bare = unicodedata.normalize("NFKD", name.strip().strip('"')).encode("ascii", "ignore").decode()
        kind = IDENTITY_COLUMNS.get(re.sub(r"\W+", "_", bare).strip("_").lower())
        if kind is not None:
            yield Seen(kind, column(name), name, header=True)


def column(name: str) -> str:
    """Tell a column by its name, which may itself be a person's."""
    return f"colonne « {concealed(name.strip())} »"


def line(number: int) -> str:
    """Tell a line."""
    return f"ligne {number}"
