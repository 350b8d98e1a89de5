"""Yearly figures by audience, spread for computing: one row an audience and year, one column a measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from etabli.errors import MethodError
from etabli.methods.results import TOTAL

DELIVERED_TOTAL = "total"
"""The audience that stands for all of them in the source."""


def spread(frame: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    """Return one row an audience and year, the total last; what the source does not give is missing.

    Parameters
    ----------
    frame
        Columns `measure`, `audience`, `year`, `value`: one row a published count.
    measures
        The measures to keep, in order.

    Raises
    ------
    MethodError
        A column or a measure is missing, or a figure stands twice.
    """
    _check(frame, measures)
    long = frame.assign(measure=frame["measure"].astype(str), audience=frame["audience"].astype(str))
    audiences = [name for name in long["audience"].unique() if name != DELIVERED_TOTAL]
    grid = pd.MultiIndex.from_product(
        [[*audiences, DELIVERED_TOTAL], sorted(int(year) for year in long["year"].unique())],
        names=["audience", "year"],
    )
    wide = long.pivot(index=["audience", "year"], columns="measure", values="value").reindex(grid)
    return wide[list(measures)].astype("Int64").rename(index={DELIVERED_TOTAL: TOTAL}, level="audience")


def _check(frame: pd.DataFrame, measures: Sequence[str]) -> None:
    missing = [column for column in ("measure", "audience", "year", "value") if column not in frame.columns]
    if missing:
        raise MethodError("Les chiffres n’ont pas toutes leurs colonnes.", expected=", ".join(missing))
    found = set(frame["measure"].astype(str))
    absent = [measure for measure in measures if measure not in found]
    if absent:
        raise MethodError(
            "Une mesure manque dans les chiffres.",
            expected=", ".join(absent),
            got=", ".join(sorted(found)),
            hint="complétez le fichier : une ligne par mesure, public et année",
        )
    for column in ("year", "value"):
        hold_whole(frame, column)
    keys = frame[["measure", "audience", "year"]]
    twice = keys[keys.duplicated()]
    if not twice.empty:
        raise MethodError(
            "Un chiffre est donné deux fois.",
            got=", ".join(str(value) for value in twice.iloc[0]),
            hint="gardez une ligne par mesure, public et année",
        )


def hold_whole(frame: pd.DataFrame, column: str) -> None:
    """Raise a MethodError when a year is missing, or a year or a value is no whole number."""
    numbers = pd.to_numeric(frame[column], errors="coerce").astype("Float64")
    whole = (numbers == numbers.round()) & (numbers.abs() < 2**53)
    faulty = ~whole.fillna(value=False) & (frame[column].notna() | (column == "year"))
    if not pd.api.types.is_numeric_dtype(frame[column]) or faulty.any():
        first = frame.loc[faulty, column].iloc[0] if faulty.any() else frame[column].iloc[0]
        raise MethodError(
            f"La colonne « {column} » n’a pas que des nombres entiers.",
            expected="des nombres entiers" + ("" if column == "value" else ", sans valeur manquante"),
            got=str(first),
        )


def given_years(wide: pd.DataFrame) -> list[int]:
    """Return the years of the source, in order; they need not follow one another."""
    return sorted(set(wide.index.get_level_values("year")))


def hold_year(year: int, wide: pd.DataFrame) -> None:
    """Raise a MethodError when the source does not give this year."""
    if year not in given_years(wide):
        raise MethodError(
            f"Aucun chiffre n’est donné pour {year}.",
            expected="l’une de : " + ", ".join(str(each) for each in given_years(wide)),
            got=str(year),
            hint="choisissez une année de la source : une année absente n’est pas déduite de ses voisines",
        )


def hold_totals(wide: pd.DataFrame, measures: Sequence[str], year: int) -> None:
    """Raise a MethodError when the parts contradict a total of this year.

    An audience without a figure can only add to the sum, so that a sum which is too small is then no contradiction.
    """
    for measure in measures:
        figures = wide[measure].xs(year, level="year")
        parts = figures.drop(index=TOTAL)
        stated: Any = figures.loc[TOTAL]
        total: Any = parts.sum(min_count=1)
        if pd.isna(stated) or pd.isna(total):
            continue
        if total > stated or (total < stated and parts.notna().all()):
            raise MethodError(
                f"Le total de « {measure} » en {year} n’est pas la somme de ses publics.",
                expected=f"{total} (la somme)",
                got=f"{stated} (le total donné)",
                hint="corrigez le chiffre ; audit.totals montre tous les totaux, année par année",
            )
