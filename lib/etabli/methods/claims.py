"""What a report states about its own figures, read from a table: this total, of these parts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from etabli.errors import MethodError, suggestion
from etabli.methods.facts import Facts, Figure

OPERATIONS = ("sum", "difference", "ratio")
COLUMNS = ("claim", "operation", "stated", "stated_value", "stated_unit", "parts", "parts_expected", "precision")
SEPARATOR = ";"


@dataclass(frozen=True)
class Claim:
    """One statement that can be recomputed: `stated` = operation over `parts`."""

    name: str
    operation: str
    stated: Figure
    parts: tuple[Figure, ...]
    parts_expected: int | None
    """How many parts the source says there are; None when it does not say that the parts make the whole."""
    precision: float
    """Last digit that the source shows, in the unit of `stated`: 1 for « 675 € », 0.01 for « 9 % »."""


def read_claims(frame: pd.DataFrame, facts: Facts) -> list[Claim]:
    """Return the rows of `frame` as claims, their figures found among `facts`.

    Parameters
    ----------
    frame
        One row a claim. Columns: `claim` (its code), `operation` (sum, difference, ratio), `stated`
        (a reference to a fact) or else `stated_value` and `stated_unit`, `parts` (references, in order,
        between semicolons), `parts_expected` (may be missing), `precision`.
    facts
        The figures.

    Raises
    ------
    MethodError
        A column is missing, a claim stands twice or does not hold together, a measure is unknown.
    """
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise MethodError("Les énoncés n’ont pas toutes leurs colonnes.", expected=", ".join(missing))
    names = frame["claim"].astype(str)
    if names.duplicated().any():
        raise MethodError("Un énoncé est déclaré deux fois.", got=names[names.duplicated()].iloc[0])
    return [_claim(row, facts) for row in frame[list(COLUMNS)].to_dict("records")]


def _claim(row: dict[Any, Any], facts: Facts) -> Claim:
    name = str(row["claim"])
    where = f"énoncé « {name} »"
    operation = str(row["operation"])
    if operation not in OPERATIONS:
        raise MethodError(
            f"L’opération « {operation} » n’existe pas.", where=where, hint=suggestion(operation, OPERATIONS)
        )
    if pd.isna(row["parts"]):
        raise MethodError("Un énoncé n’a pas de termes.", where=where, expected="« parts » : une mesure au moins")
    references = [part.strip() for part in str(row["parts"]).split(SEPARATOR)]
    expected = None if pd.isna(row["parts_expected"]) else _number(row, "parts_expected", where)
    if expected is not None and not expected.is_integer():
        raise MethodError("Un nombre de parts est entier.", where=where, got=str(row["parts_expected"]))
    claim = Claim(
        name=name,
        operation=operation,
        stated=_stated(row, facts, where),
        parts=tuple(facts.find(reference, where=where) for reference in references),
        parts_expected=None if expected is None else int(expected),
        precision=_number(row, "precision", where),
    )
    _hold_together(claim, where)
    return claim


def _stated(row: dict[Any, Any], facts: Facts, where: str) -> Figure:
    named, given = not pd.isna(row["stated"]), not pd.isna(row["stated_value"])
    if named == given or given == pd.isna(row["stated_unit"]):
        raise MethodError(
            "Un énoncé donne son chiffre d’une seule façon.",
            where=where,
            expected="« stated » (une mesure), ou « stated_value » avec « stated_unit »",
        )
    if named:
        return facts.find(str(row["stated"]), where=where)
    return Figure(name=where, year=None, value=_number(row, "stated_value", where), unit=str(row["stated_unit"]))


def _number(row: dict[Any, Any], column: str, where: str) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = math.inf
    if math.isinf(value):
        raise MethodError(
            "Le chiffre d’un énoncé n’est pas un nombre.", where=f"{where}, « {column} »", got=str(row[column])
        )
    return value


def _hold_together(claim: Claim, where: str) -> None:
    given = len(claim.parts)
    if claim.operation != "sum" and given != 2:
        raise MethodError(
            "Un rapport ou une différence a deux termes.", where=where, expected="2 parts", got=f"{given} part(s)"
        )
    if claim.parts_expected is not None and claim.parts_expected < given:
        raise MethodError(
            "Un énoncé a plus de parts qu’il n’en annonce.",
            where=where,
            expected=f"« parts_expected » d’au moins {given}",
            got=str(claim.parts_expected),
        )
    if not claim.precision > 0:
        raise MethodError(
            "La précision d’un énoncé est le dernier chiffre affiché.",
            where=where,
            expected="un nombre positif : 1 pour « 675 € », 0.01 pour « 9 % »",
            got=str(claim.precision),
        )
