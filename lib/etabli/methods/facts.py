"""Published figures, one a row, found by name: `system.measure`, or `system.measure@year`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from etabli.errors import MethodError, suggestion

COLUMNS = ("system", "measure", "year", "value", "unit")


@dataclass(frozen=True)
class Figure:
    """One published figure."""

    name: str
    year: int | None
    """None: the source gives no date."""
    value: float | None
    """None: the source knows the figure and does not give it (n.d.)."""
    unit: str


@dataclass(frozen=True)
class Facts:
    """Figures by name, each with its years."""

    by_name: Mapping[str, tuple[Figure, ...]]

    def find(self, reference: str, *, where: str) -> Figure:
        """Return the figure that `system.measure` or `system.measure@year` names.

        Parameters
        ----------
        reference
            The name. Without a year, the figure must have one year only.
        where
            Who asks, for the message.

        Raises
        ------
        MethodError
            The measure or the year is unknown, or several years would do.
        """
        name, _, year = reference.partition("@")
        if name not in self.by_name:
            raise MethodError(
                f"La mesure « {name} » n’existe pas.", where=where, hint=suggestion(name, sorted(self.by_name))
            )
        found = [figure for figure in self.by_name[name] if year in {"", str(figure.year)}]
        if len(found) != 1:
            years = ", ".join(str(figure.year) for figure in self.by_name[name])
            raise MethodError(
                f"La mesure « {name} » n’a pas de chiffre pour {year}."
                if year
                else f"La mesure « {name} » a plusieurs années.",
                where=where,
                expected=f"l’une de : {years}",
                hint=f"écrivez par exemple « {name}@{self.by_name[name][-1].year} »",
            )
        return found[0]


def index_facts(frame: pd.DataFrame) -> Facts:
    """Return the rows of `frame` (columns `COLUMNS`; year and value may be missing) as facts.

    Raises
    ------
    MethodError
        A column is missing, a year or a value is no number, or a figure stands twice for one year.
    """
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise MethodError("Les chiffres n’ont pas toutes leurs colonnes.", expected=", ".join(missing))
    by_name: dict[str, tuple[Figure, ...]] = {}
    for system, measure, year, value, unit in frame[list(COLUMNS)].itertuples(index=False):
        name = f"{system}.{measure}"
        when = _number(year, name, "year")
        if when is not None and not when.is_integer():
            raise MethodError("Une année est un nombre entier.", where=f"mesure « {name} »", got=str(year))
        figure = Figure(name, None if when is None else int(when), _number(value, name, "value"), unit=str(unit))
        others = by_name.get(figure.name, ())
        if figure.year in {other.year for other in others}:
            raise MethodError(
                "Un chiffre est donné deux fois pour la même année.",
                got=f"{figure.name}, {'sans année' if figure.year is None else figure.year}",
                hint="gardez une ligne par mesure et par année",
            )
        by_name[figure.name] = (*others, figure)
    return Facts(by_name)


def _number(cell: Any, name: str, column: str) -> float | None:
    if pd.isna(cell):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        value = math.inf
    if math.isinf(value):
        raise MethodError(
            f"La colonne « {column} » n’a pas que des nombres.", where=f"mesure « {name} »", got=str(cell)
        )
    return value
