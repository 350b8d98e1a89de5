"""A first codebook.yml for a delivery, commented, to be read line by line before it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from etabli.errors import DeclarationError
from etabli.sources.likeness import Likeness, folded, look_at
from etabli.sources.previews import Preview, preview

_HEAD = """\
# Ébauche faite d’après « {file} » ({rows} lignes). Tout y est supposé : relisez chaque ligne, surtout « sensitivity ».
# Aucune valeur d’une colonne qui identifie, ni d’un texte libre, n’est écrite ici.
# Dans le doute, une colonne est prise pour un identifiant : un pseudonyme la remplacera.
sources:
  {source}:
    row: {{one: ligne, many: lignes, gender: f}} # ce qu’est une ligne : une visite, un dossier…
    # person: la variable qui dit de qui est la ligne (de type identifier), avec « people »
    # people: {{one: personne, many: personnes, gender: f}}
    format: {{separator: {separator}, encoding: {encoding}, decimal: {decimal}}}
    variables:
"""

_TAIL = """\
    # rules: ce qui doit tenir entre les variables, et du fichier entier
    #   - check: fin >= debut
    #   - rows: {minimum: 1000}
"""


def draft(path: Path, *, shown: str) -> str:
    """Return the text of a codebook for a delivery.

    Parameters
    ----------
    path
        The delivery.
    shown
        How messages and the draft name it.

    Raises
    ------
    DeliveryError
        It cannot be read.
    """
    seen = preview(path, shown=shown)
    source = _name(path.stem, set())
    head = _HEAD.format(
        file=" ".join(shown.split()),
        rows=len(seen.frame),
        source=source,
        separator=_quoted(seen.format.separator),
        encoding=seen.format.encoding,
        decimal=_quoted(seen.format.decimal),
    )
    taken: set[str] = set()
    lines = [line for column in seen.frame.columns for line in _variable(str(column), seen, taken)]
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
            where=target.name,
            hint="donnez un autre nom par --output",
        ) from None
    except FileNotFoundError:
        raise DeclarationError("Le dossier de l’ébauche n’existe pas.", where=target.parent.name) from None
    return target


def _variable(column: str, seen: Preview, taken: set[str]) -> Iterator[str]:
    labels = seen.labels.get(column, {})
    likeness = look_at(column, seen.frame[column], labelled=bool(labels))
    name = _name(column, taken)
    yield f"{name}: # {likeness.why}"
    yield f"  label: {_quoted(seen.titles.get(column) or column)}"
    yield f"  type: {likeness.type}"
    yield f"  sensitivity: {likeness.sensitivity}"
    if column != name:
        yield f"  column: {_quoted(column)}"
    if not likeness.required:
        yield "  required: false"
    if likeness.pattern is not None:
        yield f"  pattern: {_quoted(likeness.pattern)}"
    if likeness.format is not None:
        yield f"  format: {_quoted(likeness.format)}"
    missing = seen.missing.get(column, {})
    if missing and likeness.type != "identifier":
        yield "  missing:"
        yield from (f"    {_quoted(value)}: {_quoted(labels.get(value, said))}" for value, said in missing.items())
    yield from _codes(likeness, labels, set(missing))


def _codes(likeness: Likeness, labels: dict[str, str], missing: set[str]) -> Iterator[str]:
    values = [value for value in dict.fromkeys([*labels, *likeness.codes]) if value not in missing]
    if likeness.type != "code" or not values:
        return
    if likeness.hidden and not labels:
        yield f"  # {likeness.hidden} autre(s) valeur(s), trop rare(s) pour être écrite(s) : à décrire, ou à corriger"
    yield "  codes:"
    taken: set[str] = set()
    for value in values:
        label = labels.get(value, value)
        yield f"    {_quoted(_name(label, taken))}: {{label: {_quoted(label)}, value: {_quoted(value)}}}"


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
