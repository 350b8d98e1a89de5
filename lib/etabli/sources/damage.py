"""What is wrong with a delimited file, told: its separator, its quotes, the width of its rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from etabli.errors import DeliveryError

_USUAL = {";": "le point-virgule", ",": "la virgule", "\t": "la tabulation", "|": "la barre verticale"}


def hold_page(text: str, shown: str) -> None:
    """Refuse a web page: what a portal sends once its session has ended."""
    if text.lstrip()[:9].casefold().startswith(("<!doctype", "<html")):
        raise DeliveryError(
            "Le fichier n’est pas un tableau.",
            where=shown,
            expected="un texte dont les champs sont séparés",
            got="une page HTML",
            hint="le site a peut-être répondu par sa page de connexion : téléchargez le fichier de nouveau",
        )


def hold_separator(header: Sequence[str], separator: str, known: Sequence[str], shown: str, line: int) -> None:
    """Refuse a header of one field that holds a usual separator."""
    whole = header[0].strip() if len(header) == 1 else ""
    if whole in known or "\n" in whole:
        return
    used = max(_USUAL, key=whole.count)
    if used not in whole:
        return
    if used == separator:
        raise DeliveryError(
            "Chaque ligne est entre guillemets, et n’a donc qu’un champ.",
            where=f"{shown}, ligne {line}",
            expected=f"des champs séparés par {_USUAL[used]}",
            hint="un tableur qui n’avait pas reconnu le séparateur a réenregistré le fichier : redemandez l’original",
        )
    written = "\\t" if used == "\t" else used
    raise DeliveryError(
        "Le séparateur du fichier n’est pas celui du codebook.",
        where=f"{shown}, ligne {line}",
        expected=_USUAL.get(separator, f"« {separator} »"),
        got=f"{_USUAL[used]}, semble-t-il",
        hint=f'déclarez « separator: "{written}" » sous « format » dans le codebook',
    )


def quote_error(complaint: str, line: int, shown: str) -> DeliveryError:
    """Return the error for what the strict pass complains of."""
    if complaint == "unexpected end of data":
        what = "Un guillemet n’est pas refermé, ou le fichier est tronqué."
    elif complaint.startswith("field larger"):
        what = f"Une cellule dépasse {csv.field_size_limit()} caractères : un guillemet n’est sans doute pas refermé."
    else:
        what = "Un guillemet est mal placé."
    return DeliveryError(
        what,
        where=f"{shown}, ligne {line}",
        expected="une cellule entre guillemets refermée à sa fin, ses propres guillemets doublés",
        hint="corrigez la ligne, ou redemandez le fichier",
    )


def hold_widths(lines: Sequence[int], rows: Sequence[Sequence[str]], width: int, shown: str) -> None:
    """Refuse the first row that has not the header's number of fields."""
    for place, (line, row) in enumerate(zip(lines, rows, strict=True)):
        if len(row) != width:
            after_a_gap = place > 0 and line > lines[place - 1] + 1 + sum(cell.count("\n") for cell in rows[place - 1])
            raise _width_error(line, len(row), width, shown, last=place == len(rows) - 1, below=after_a_gap)


def _width_error(line: int, got: int, width: int, shown: str, *, last: bool, below: bool) -> DeliveryError:
    if got > width:
        what, hint = "Une ligne a trop de champs.", "une cellule qui contient le séparateur s’écrit entre guillemets"
    elif below and got == 1:
        what, hint = "Un texte suit le tableau.", "retirez du fichier cette note, et celles qui la suivent"
    elif last:
        what, hint = "Le fichier est tronqué à sa dernière ligne.", "redemandez le fichier"
    else:
        what, hint = "Une ligne a trop peu de champs.", "corrigez la ligne, ou redemandez le fichier"
    return DeliveryError(
        what,
        where=f"{shown}, ligne {line}",
        expected=f"{_fields(width)}, comme l’en-tête",
        got=_fields(got),
        hint=hint,
    )


def _fields(count: int) -> str:
    return f"{count} champ{'s' if count > 1 else ''}"
