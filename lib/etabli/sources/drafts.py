"""A first codebook.yml for a delivery, commented, to be read line by line before it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from etabli import french
from etabli.errors import DeclarationError, DeliveryError, suggestion
from etabli.personal_data import concealed, find
from etabli.sources.codebook import FileFormat
from etabli.sources.likeness import Likeness, folded, look_at, may_name_people, names_people
from etabli.sources.previews import Preview, preview

_HEAD = """\
# Ébauche faite d’après « {file} » ({rows}). Tout y est supposé : relisez chaque ligne, surtout « sensitivity ».
# Aucune valeur d’une colonne qui identifie, ni d’un texte libre, n’est écrite ici.
# Dans le doute, une colonne est prise pour un identifiant : un pseudonyme la remplacera.
sources:
  {source}: # à remplacer par le nom de la source dans study.yml
    row: {{one: ligne, many: lignes, gender: f}} # ce qu’est une ligne : une visite, un dossier…
{person}{format}    variables:
"""

_PERSON = """\
    person: {name} # supposé : la variable qui dit de qui est la ligne
    people: {{one: personne, many: personnes, gender: f}}
"""

_NOBODY = """\
    # person: la variable qui dit de qui est la ligne (de type identifier), avec « people »
    # people: {one: personne, many: personnes, gender: f}
"""

_TAIL = """\
    # rules: ce qui doit tenir entre les variables, et du fichier entier
    #   - check: fin >= debut
    #   - rows: {minimum: 1000}
"""


def draft(path: Path, *, shown: str, source: str | None = None, person: str | None = None) -> str:
    """Return the text of a codebook for a delivery.

    Parameters
    ----------
    path
        The delivery.
    shown
        How messages name it.
    source
        The source's name (default: the file's).
    person
        The column that says whose a row is (default: the first whose name says so, if any).

    Raises
    ------
    DeliveryError
        It cannot be read, or has no such column.
    """
    seen = preview(path, shown=shown)
    columns = [str(column) for column in seen.frame.columns]
    if person is not None and person not in columns:
        raise DeliveryError(
            f"La colonne « {person} » manque.",
            where=shown,
            expected="la colonne qui dit de qui est chaque ligne",
            hint=suggestion(person, [column for column in columns if _is_harmless(column)]),
        )
    may = filter(may_name_people, columns)
    whose = person or next((column for column in may if names_people(column, _look(column, seen, None))), None)
    looked = {column: _look(column, seen, whose) for column in columns}
    if person is not None:
        why = "dit de qui est la ligne"
        looked[person] = Likeness("identifier", "identifier", why, required=looked[person].required)
    taken: set[str] = set()
    names = {column: _name(concealed(column), taken) for column in columns}
    head = _HEAD.format(
        file=concealed(" ".join(path.name.split())),
        rows=french.count(len(seen.frame), "ligne", "lignes"),
        source=source or _name(concealed(path.stem), set()),
        person=_NOBODY if whose is None else _PERSON.format(name=names[whose]),
        format=_format(seen.format, path.suffix.lower()),
    )
    lines = [
        line
        for column in columns
        for line in (*_variable(column, names[column], looked[column], seen), *_once(column == whose, seen, column))
    ]
    return head + "".join(f"      {line}\n" for line in lines) + _TAIL


def write_draft(text: str, target: Path) -> Path:
    """Write a draft where nothing stands yet, and return its path.

    Raises
    ------
    DeclarationError
        The file exists, or its folder does not.
    """
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise DeclarationError(
            "Ce fichier existe déjà : une ébauche n’écrase rien.",
            where=str(target),
            hint="donnez un autre nom par --output",
        ) from None
    except FileNotFoundError:
        raise DeclarationError("Le dossier de l’ébauche n’existe pas.", where=str(target.parent)) from None
    return target


_DELIMITED = ("separator", "encoding", "decimal")
_SHEETS = ("sheet", "header_rows")
_TOLD = dict.fromkeys((".csv", ".tsv", ".txt"), _DELIMITED) | dict.fromkeys((".xlsx", ".ods"), _SHEETS)
"""What a draft always says of how a file of that suffix is written; the other formats say it themselves."""


def _format(written: FileFormat, suffix: str) -> str:
    """Return the line that says how the file was read: what is told of its kind, and what is not the rule."""
    usual, told = FileFormat().model_dump(), _TOLD.get(suffix, ())
    found = {name: value for name, value in written.model_dump().items() if name in told or value != usual[name]}
    shown = ", ".join(f"{name}: {_quoted(each) if isinstance(each, str) else each}" for name, each in found.items())
    return f"    format: {{{shown}}}\n" if shown else ""


_ENOUGH_PEOPLE = 50
"""Rows of different people from which a draft says that each has one: fewer may be different by chance."""


def _once(is_whose: bool, seen: Preview, column: str) -> Iterator[str]:
    values = seen.frame[column]
    if is_whose and len(values) >= _ENOUGH_PEOPLE and values.is_unique:
        yield "  unique: true # supposé : dans ce fichier, chaque personne a une seule ligne"


def _look(column: str, seen: Preview, whose: str | None) -> Likeness:
    """Return what a column seems to hold; codes that tell of somebody make it an identifier."""
    labels = seen.labels.get(column, {})
    likeness = look_at(
        column,
        seen.frame[column],
        title=seen.titles.get(column, ""),
        labelled=labels,
        missing=seen.missing.get(column, {}),
        people=None if whose is None else seen.frame[whose],
    )
    if likeness.type == "code" and not any(
        _is_harmless(f"{value} | {labels.get(value, '')}") for value in (*labels, *likeness.codes)
    ):
        why = "ses valeurs portent des données personnelles"
        return replace(likeness, type="identifier", sensitivity="identifier", why=why)
    return likeness


def _variable(column: str, name: str, likeness: Likeness, seen: Preview) -> Iterator[str]:
    labels, shown = seen.labels.get(column, {}), concealed(column)
    yield f"{name}: # {likeness.why}"
    yield f"  label: {_quoted(concealed(seen.titles.get(column) or column))}"
    yield f"  type: {likeness.type}"
    yield f"  sensitivity: {likeness.sensitivity}"
    if column != name:
        if shown != column:
            yield "  # le nom de cette colonne porte une donnée personnelle : faites-le changer"
        yield f"  column: {_quoted(shown)}"
    if not likeness.required:
        yield "  required: false"
    if likeness.pattern is not None:
        yield f"  pattern: {_quoted(likeness.pattern)}"
    if likeness.format is not None:
        yield f"  format: {_quoted(likeness.format)}"
    missing = {value: labels.get(value, said) for value, said in seen.missing.get(column, {}).items()}
    missing |= {value: labels.get(value, value) for value in likeness.missing}
    if missing and likeness.type != "identifier":
        yield "  missing:"
        yield from (f"    {_quoted(concealed(value))}: {_quoted(concealed(said))}" for value, said in missing.items())
    yield from _beside(likeness, labels, set(missing))
    yield from _codes(likeness, labels, set(missing))


def _beside(likeness: Likeness, labels: dict[str, str], missing: set[str]) -> Iterator[str]:
    """Tell the labels that the file gives to some of many numbers: they would be lost, and may say « missing »."""
    if likeness.type not in {"integer", "number", "date", "datetime"}:
        return
    for value, label in labels.items():
        if value not in missing and _is_harmless(f"{value} | {label}"):
            yield f"  # le fichier étiquette {_quoted(value)} : {_quoted(label)} (en « missing », si c’est un manque)"


def _codes(likeness: Likeness, labels: dict[str, str], missing: set[str]) -> Iterator[str]:
    told = [value for value in dict.fromkeys([*labels, *likeness.codes]) if value not in missing]
    values = [value for value in told if _is_harmless(value)]
    if likeness.type != "code" or not values:
        return
    if likeness.hidden:
        others = french.count(likeness.hidden, "autre valeur, trop rare", "autres valeurs, trop rares")
        yield f"  # {others} ou de trop de mots pour être écrites ici : à décrire, ou à corriger"
    personal = sum(not (_is_harmless(value) and _is_harmless(labels.get(value, ""))) for value in told)
    if personal:
        count = french.count(personal, "valeur, ou son libellé, porte", "valeurs, ou leurs libellés, portent")
        yield f"  # {count} une donnée personnelle, qui n’est pas écrite"
    yield "  codes:"
    taken: set[str] = set()
    for value in values:
        label = labels.get(value, value)
        label = label if _is_harmless(label) else value
        yield f"    {_quoted(_name(label, taken))}: {{label: {_quoted(label)}, value: {_quoted(value)}}}"


def _is_harmless(text: str) -> bool:
    """Return whether a text holds no personal data that `etabli scan` would find."""
    return next(find(text), None) is None


def _name(text: str, taken: set[str]) -> str:
    """Return a name of ours for a column, a value or a file, that none has yet."""
    base = folded(text)[:40].strip("_") or "sans_nom"
    base = base if re.match(r"[a-z]", base) else f"v_{base}"
    name, rank = base, 2
    while name in taken:
        name, rank = f"{base}_{rank}", rank + 1
    taken.add(name)
    return name


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()) if text != "\t" else text, ensure_ascii=False)
