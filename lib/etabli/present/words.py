"""From values and codes to what a reader reads: labels of the codebook, numbers in French."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from etabli import french
from etabli.errors import ReportError
from etabli.methods.membership import OF_OWN
from etabli.methods.results import IMPOSSIBLE, MISSING, SMALL_BASE, TOTAL, Measure, Table
from etabli.present import theme
from etabli.sources.codebook import Codebook, Noun, SourceCodebook

_MANY = 10**9
"""Stands for a base that is not a number of people: published aggregates carry one decimal."""

PERCENT = frozenset({"share", "curve", "change", "points"})
"""Kinds of measures that are fractions, and are written in percent or in points."""

_OWN_LABELS = {TOTAL: theme.TOTAL_LABEL, MISSING: theme.MISSING_LABEL}


@dataclass(frozen=True)
class Words:
    """The words of a study's codebook, and of one of its sources for what its rows and people are called."""

    codebook: Codebook
    source: SourceCodebook | None

    def dimension(self, name: str) -> str:
        """Return the label of a dimension: its variable's, or nothing for a stack of variables."""
        if name in {"variable", "category"}:
            return ""
        variable = self.codebook.variable(name)
        if variable:
            return variable.label
        return theme.DIMENSIONS.get(name.partition(OF_OWN)[0], french.capitalised(name))

    def label(self, name: str, code: str) -> str:
        """Return the label of a category of a variable."""
        variable = self.codebook.variable(name)
        return _OWN_LABELS.get(code) or (variable.codes[code].label if variable and code in variable.codes else code)

    def category(self, table: Table, row: int, dimension: str, *, in_sentence: bool = False) -> str:
        """Return the label of the category at which a row of a table stands; small inside a sentence."""
        code = str(table.at(dimension, row))
        if code not in _OWN_LABELS and dimension == "variable":
            return self.dimension(code)
        name = str(table.at("variable", row)) if dimension == "category" else dimension
        label = self.label(name, code)
        if code in _OWN_LABELS:
            return label
        variable = self.codebook.variable(name)
        return french.uncapitalised(label) if in_sentence and not (variable and variable.proper) else label

    def measure(self, measure: Measure, labels: Mapping[str, str]) -> str:
        """Return the heading of a measure."""
        if measure.name in labels:
            return labels[measure.name]
        noun = self.noun(measure)
        if measure.kind == "count" and noun is not None:
            return french.capitalised(noun.many)
        variable = self.codebook.variable(measure.name)
        return variable.label if variable else theme.MEASURES.get(measure.name, french.capitalised(measure.name))

    @property
    def people(self) -> Noun | None:
        """What the source's people are called; None where its rows hold no person."""
        return self.source.people if self.source else None

    def noun(self, measure: Measure) -> Noun | None:
        """Return what a count counts; None for a measure that counts nothing."""
        if measure.unit in {"rows", "people"}:
            if self.source is None:
                raise ReportError(
                    "De quelle source vient ce résultat ?",
                    expected="source= le nom de la source, puisque plusieurs sont chargées",
                )
            return self.source.row if measure.unit == "rows" else self.source.people
        if measure.kind == "count" and measure.unit:
            one, _, many = measure.unit.partition("|")
            return Noun(one=one, many=many or one, gender="m")
        return None

    def value(self, table: Table, row: int, measure: Measure) -> str:
        """Return one value as printed; « n.d. » when it is not available."""
        x = table.at(measure.name, row)
        if is_impossible(table, row, measure):
            return theme.IMPOSSIBLE
        if pd.isna(x):
            return theme.NOT_AVAILABLE
        if measure.kind == "text":
            variable = self.codebook.variable(measure.name)
            return variable.codes[str(x)].label if variable and str(x) in variable.codes else str(x)
        if measure.of and is_small(table, row, measure):
            return self._counted(table, row, measure)
        return write(x, measure, base_of(table, row, measure))

    def _counted(self, table: Table, row: int, measure: Measure) -> str:
        """Return a share of few people by its counts: « 7 sur 13 » people, « 25 visites sur 56 (27 allocataires) »."""
        part, whole = (int(table.at(column, row)) for column in measure.of or ())
        people, noun = int(base_of(table, row, measure)), self._counted_noun(table, row, measure)
        if whole == people or noun is None or self.people is None:
            return f"{french.number(part)} sur {french.number(whole)}"
        counted, who = (french.count(n, each.one, each.many) for n, each in ((part, noun), (people, self.people)))
        return f"{counted} sur {french.number(whole)} ({who})"

    def counted(self, table: Table, row: int, measure: Measure) -> str:
        """Return a share of few people as a sentence says it: « 7 allocataires sur 13 »."""
        plain, noun = self._counted(table, row, measure), self._counted_noun(table, row, measure)
        part, _, whole = plain.partition(" sur ")
        return f"{french.count(int(part), noun.one, noun.many)} sur {whole}" if noun and part.isdecimal() else plain

    def _counted_noun(self, table: Table, row: int, measure: Measure) -> Noun | None:
        """Return what a share is a share of: people, where each has one row, else rows."""
        if self.source is None or measure.of is None:
            return None
        return self.people if table.at(measure.of[1], row) == base_of(table, row, measure) else self.source.row

    def gender(self, table: Table, row: int, measure: Measure) -> Literal["f", "m"]:
        """Return the gender of what a share is a share of: « une visite sur cinq »."""
        noun = self._counted_noun(table, row, measure)
        return noun.gender if noun else "m"

    def released(self, table: Table, row: int, measure: Measure) -> float | str | None:
        """Return what files hold of one value: the number as printed, « 7 sur 13 », or None for no value."""
        if is_impossible(table, row, measure):
            return None
        if measure.of and is_small(table, row, measure) and not pd.isna(table.at(measure.name, row)):
            return self.value(table, row, measure)
        return printed(table.at(measure.name, row), measure, base_of(table, row, measure))

    def bounds(self, table: Table, row: int, measure: Measure) -> tuple[float, float] | None:
        """Return the bounds of the interval of a value, as printed; None when none is printed."""
        if not (measure.low and measure.high) or self.interval(table, row, measure) is None:
            return None
        base = base_of(table, row, measure)
        low, high = (printed(table.at(name, row), measure, base) for name in (measure.low, measure.high))
        return float(low or 0), float(high or 0)

    def interval(self, table: Table, row: int, measure: Measure) -> str | None:
        """Return the 95 % interval of a value, as printed under it; None when it has none."""
        if not (measure.low and measure.high):
            return None
        low, high = table.at(measure.low, row), table.at(measure.high, row)
        if pd.isna(low) or pd.isna(high) or is_small(table, row, measure):
            return None
        base = base_of(table, row, measure)
        return french.interval(low, high, lambda bound: write(float(bound), measure, base))


def write(x: float | str, measure: Measure, base: float) -> str:
    """Return a value as its kind is printed: no digit that `base` people do not carry."""
    match measure.kind:
        case "text":
            return str(x)
        case "count" | "expected" | "quantile" | "hours" | "test_value" | "coordinate":
            return french.number(float(x), digits_of(measure, base))
        case "amount":
            return french.money(float(x))
        case "share" | "curve":
            return french.percent(float(x), french.share_decimals(int(min(base, _MANY))))
        case "change":
            return french.signed_percent(float(x), french.share_decimals(int(min(base, _MANY))))
        case "points":
            return french.points(float(x), french.share_decimals(int(min(base, _MANY))))
        case "ratio" | "index":
            return french.ratio(float(x))
        case "mean":
            return french.mean(float(x))
        case "rate":
            return french.percent(float(x), 0)


def printed(x: object, measure: Measure, base: float) -> float | str | None:
    """Return the number that was printed, and no digit more: what files hold.

    Shares and changes are in percent, as printed.
    """
    if isinstance(x, str):
        return x
    if not isinstance(x, int | float | np.number) or np.isnan(float(x)):
        return None
    scale, digits = 100 if measure.kind in {*PERCENT, "rate"} else 1, digits_of(measure, base)
    rounded = french.rounded(float(x) * scale, digits)
    return int(rounded) if digits == 0 else float(rounded)


def digits_of(measure: Measure, base: float) -> int:
    """Return how many decimals a value of so many people is printed with."""
    if measure.kind in PERCENT:
        return french.share_decimals(int(min(base, _MANY)))
    return {"ratio": 2, "index": 2, "mean": 1, "test_value": 1, "coordinate": 3}.get(measure.kind, 0)


def unit_of(measure: Measure, words: Words) -> str:
    """Return the unit of the printed number, for files."""
    noun = words.noun(measure)
    if noun is not None:
        return noun.many
    return {"share": "%", "curve": "%", "change": "%", "rate": "%", "points": "points", "amount": "€"}.get(
        measure.kind, measure.unit or ""
    )


def is_small(table: Table, row: int, measure: Measure) -> bool:
    """Whether a value is a share of so few people that it is written with its two counts."""
    return measure.kind == "share" and measure.of is not None and base_of(table, row, measure) < SMALL_BASE


def is_impossible(table: Table, row: int, measure: Measure) -> bool:
    """Whether a value cannot exist: nobody can be in its row by construction, or it is a share of nobody."""
    if measure.kind == "share" and base_of(table, row, measure) == 0:
        return True
    return IMPOSSIBLE in table.cells and table.at(IMPOSSIBLE, row) is not pd.NA and bool(table.at(IMPOSSIBLE, row))


def base_of(table: Table, row: int, measure: Measure) -> float:
    """Return the number of people that a value rests on; infinite where none is known."""
    if measure.base is None:
        return float("inf")
    base = table.at(measure.base, row)
    return float("inf") if pd.isna(base) else float(base)
