"""One variable of two deliveries: what is compared of it, from where a difference is told, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etabli import french
from etabli.sources import distances
from etabli.sources.codebook import Variable
from etabli.sources.columns import Column
from etabli.sources.distances import TAIL, Classes
from etabli.sources.permutation import People, Statistic, bounds_of_chance

MOST_DISTANCE = 0.05
"""Total variation distance (half the sum of the absolute differences of shares), or Kolmogorov-Smirnov distance, from
which a distribution is told to have moved: a twentieth of the rows would have to change category."""

MOST_VOLUME = 0.20
"""Relative change of the number of rows, or of the bounds of 98 % of the numbers, from which it is told."""

MOST_MISSING = 0.05
"""Change of the share of missing values, as a fraction, from which it is told."""

_EXACT = 1e-9
"""What two equal distances may differ by, computed otherwise."""


@dataclass(frozen=True)
class Comparison:
    """A variable in the old and in the new delivery, its rows in classes, and what is measured on them.

    Parameters
    ----------
    variable
        What the codebook says of it.
    before, after
        Its columns.
    classes
        Their rows in classes.
    statistics
        By what is told: how it is measured, and the threshold below which it is not told.
    """

    variable: Variable
    before: Column
    after: Column
    classes: Classes
    statistics: Mapping[str, tuple[Statistic, float]]

    def told(self, people: People, level: float) -> Iterator[str]:
        """Yield what is beyond its threshold, and beyond what chance does with a probability of `level` at most."""
        counts = self.classes.counts
        found = {name: float(statistic(*counts)[0]) for name, (statistic, _) in self.statistics.items()}
        large = [name for name, (_, threshold) in self.statistics.items() if found[name] > threshold + _EXACT]
        if not large:
            return
        bounds = bounds_of_chance(
            people, self.classes.old, self.classes.new, self.classes.size,
            [(self.statistics[name][0], found[name]) for name in large], level=level,
        )  # fmt: skip
        for name, bound in zip(large, bounds, strict=True):
            if found[name] > bound + _EXACT:
                yield _TOLD[name](_Found(self, found[name], bound))


def comparison_of(variable: Variable, before: Column, after: Column) -> Comparison:
    """Return what is compared of a variable: what misses, then its values as its type and its sensitivity let them."""
    statistics: dict[str, tuple[Statistic, float]] = {"missing": (distances.missing_change, MOST_MISSING)}
    classes = distances.classes_of(variable, before, after)
    if classes is None:
        return Comparison(variable, before, after, distances.missing_classes(before, after), statistics)
    is_shown = variable.sensitivity != "sensitive"
    if classes.marks is None:
        statistics["variation"] = (distances.variation, MOST_DISTANCE)
        if variable.type == "code" and is_shown:
            statistics["vanished"] = (distances.vanished, 0.0)
    else:
        statistics["kolmogorov"] = (distances.kolmogorov, MOST_DISTANCE)
        if variable.type in {"integer", "number"} and is_shown:
            statistics["tails"] = (distances.tails(classes.marks), MOST_VOLUME)
    return Comparison(variable, before, after, classes, statistics)


@dataclass(frozen=True)
class _Found:
    """A difference to be told: what was measured, and what chance does."""

    comparison: Comparison
    value: float
    bound: float

    @property
    def distance(self) -> str:
        return f"{french.number(self.value, 2)} (seuil {french.number(MOST_DISTANCE, 2)})"

    @property
    def columns(self) -> tuple[Column, Column]:
        return self.comparison.before, self.comparison.after


def _missing(found: _Found) -> str:
    lost, missing = (
        float(each.counts[np.asarray(each.text.isna())].sum() / max(1, each.counts.sum())) for each in found.columns
    )
    return f"valeurs manquantes : {french.percent(lost)}, puis {french.percent(missing)}"


def _vanished(found: _Found) -> str:
    shares = distances.vanished_shares(*found.comparison.classes.counts)[0]
    known = dict(zip(found.comparison.classes.old.tolist(), found.comparison.before.series.tolist(), strict=True))
    gone = {str(known[place]) for place in np.flatnonzero(shares > found.bound + _EXACT).tolist()}
    labels = [f"« {each.label} »" for code, each in found.comparison.variable.codes.items() if code in gone]
    return f"plus aucune ligne pour {french.listing(labels)}"


def _variation(found: _Found) -> str:
    return f"la répartition a bougé : variation totale {found.distance}"


def _kolmogorov(found: _Found) -> str:
    told = f"la répartition a bougé : distance de Kolmogorov-Smirnov {found.distance}"
    if found.comparison.variable.sensitivity == "sensitive":
        return told
    if found.comparison.variable.type in {"date", "datetime"}:
        spans = (each.series.dropna().quantile([TAIL, 1 - TAIL]) for each in found.columns)
        was, now = (f"du {low:%d/%m/%Y} au {high:%d/%m/%Y}" for low, high in spans)
        return f"{told} ; 98 % des dates {was}, puis {now}"
    was, now = (" – ".join(_quantiles(each, [0.25, 0.5, 0.75])) for each in found.columns)
    return f"{told} ; quartiles {was}, puis {now}"


def _tails(found: _Found) -> str:
    was, now = (" à ".join(_quantiles(each, [TAIL, 1 - TAIL])) for each in found.columns)
    return f"98 % des valeurs de {was}, puis de {now}"


def _quantiles(column: Column, shares: list[float]) -> list[str]:
    values: pd.Series = column.series.dropna().astype("float64").quantile(shares)
    return [french.number(float(value), 1) for value in values]


_TOLD: dict[str, Callable[[_Found], str]] = {
    "missing": _missing,
    "vanished": _vanished,
    "variation": _variation,
    "kolmogorov": _kolmogorov,
    "tails": _tails,
}
