"""What every method returns: a table of values that carries its counts.

A `Table` is long: one row of `cells` for each combination of categories, with one column for each
measure and one, `people`, for the number of **distinct people** that the row rests on. Disclosure
control reads that column; a count of rows (visits, requests) never stands in for it. A table also knows
**which** people stand in each row (`membership`), so that several tables can be protected together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from etabli.errors import MethodError, suggestion
from etabli.methods.membership import Membership

TOTAL = "__total__"
"""The category that stands for all categories of a dimension together."""

MISSING = "__missing__"
"""The category of those whose variable is missing: shown like any other, so that tables of one population agree."""

IMPOSSIBLE = "impossible"
"""An optional column of `cells`: true where nobody can be, by construction; such a value is neither 0 nor missing."""

PEOPLE = "people"
"""The column of `cells` with the number of distinct people behind a row; missing where it is not known."""

SMALL_BASE = 30
"""Fewest people under whom a share is written « 7 sur 13 » (house rule: no percentage under 30 people)."""

SIGNIFICANCE = 0.05
"""Level under which a p-value lets a sentence speak of a difference."""

Kind = Literal[
    "count",
    "amount",
    "share",
    "curve",
    "change",
    "points",
    "ratio",
    "index",
    "mean",
    "expected",
    "quantile",
    "hours",
    "test_value",
    "rate",
    "coordinate",
    "text",
]
"""How a measure is written: a whole number, a sum of money, a percentage of a whole, a part of people estimated over
time (survival, incidence), a relative change (0.033 is +3.3 %), a difference of percentages, a ratio (odds ratio), an
index (a share in one file over a share in another), a mean, what a model expects, a quantile of whole numbers (days),
whole hours, a test value (a standard normal quantile), what a whole analysis comes to (in steps of `STEP`), a place on
an axis, or words."""

STEP = 0.05
"""In which a rate is told: what all people together come to, which changes with each of them."""


@dataclass(frozen=True)
class Measure:
    """One column of values.

    Parameters
    ----------
    name
        Column of `cells`. Shares and changes are fractions (0.125, not 12.5).
    kind
        How it is written.
    unit
        `rows` or `people` for counts of the source's rows or people, `EUR`, or a plain plural.
    low, high
        Columns of the bounds of its 95 % interval; None for an exhaustive count.
    base
        Column with the number of people (or, in published aggregates, units) in the denominator:
        it decides how many digits a share carries.
    of
        For a share: the columns of its numerator and of its denominator. Under 30 people it is written
        with them (« 7 sur 13 »), never as a percentage.
    states_people
        Whether the number of people behind it is released beside it. Not for a model that leaves people out: beside
        tables of everybody, its number of people tells how many lack several answers at once.
    """

    name: str
    kind: Kind
    unit: str | None = None
    low: str | None = None
    high: str | None = None
    base: str | None = None
    of: tuple[str, str] | None = None
    states_people: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of `cells` that this measure is written from."""
        return tuple(column for column in (self.name, self.low, self.high, self.base, *(self.of or ())) if column)


@dataclass(frozen=True)
class Dimension:
    """One way in which the rows of `cells` differ.

    `additive` is true when the categories exclude one another and add up to `TOTAL`, if it is
    there: what is masked in one of them could then be had by subtraction. A list of variables is
    not additive. A dimension named `category` beside one named `variable` holds that variable's codes.
    """

    name: str
    additive: bool = True


@dataclass(frozen=True)
class Test:
    """A test of the table as a whole."""

    __test__ = False  # pytest: this is not a test case

    name: str
    """The test's usual name, in French: « test du χ² de Pearson »."""
    statistic: float
    degrees: tuple[float, ...]
    p_value: float
    people: int | None
    """How many people it rests on; None where that number would tell how many the table leaves out."""
    effect: float | None = None
    """Cramér's V, from 0 (no association) to 1."""
    within: Mapping[str, str] = field(default_factory=dict)
    """The categories within which it was made (one variable of a stacked table); empty: the whole table."""
    note: str | None = None
    """What a reader must know of its conditions (« effectifs attendus faibles »)."""


@dataclass(frozen=True)
class Missing:
    """What a table leaves out because one of its variables is missing."""

    rows: int
    people: int
    of: int | None = field(default=None, compare=False)
    """How many rows there were; None where that is not known."""
    of_people: bool = field(default=False, compare=False)
    """Whether the rows are people, one each."""


@dataclass(frozen=True)
class Table:
    """Values by category, with the people behind them.

    Parameters
    ----------
    cells
        One row a combination of categories, in display order. Columns: the dimensions, the columns of
        the measures, and `people`.
    dimensions
        In display order: the first runs down, the second across. None: the table is one row.
    measures
        In display order.
    tests
        Tests of the table.
    missing
        What was left out because a variable of the table is missing; None when nothing was.
    held
        The variables that all cells are held at, each with its category: an odds ratio speaks of one event, a
        filtered table of one quarter.
    source
        What tells the delivery that it counts from others; empty where nothing says so.
    derived
        The variables that follow from another one, each with that one: a person's route from their channels.
    membership
        Which people stand in each row, for disclosure control; None for published aggregates, whose people nobody
        here knows. It is never shown and never written.
    rests_on
        Tables of people that the values of a model may give back: they are protected as if they were shown beside it.
    inside
        Why nothing of it may leave the house, in French, to be read in its place; empty: protection decides.
    one_each
        Whether the rows that it counts are people, one each by construction; where they are visits, that each person
        happens to have one is told to nobody.

    Raises
    ------
    MethodError
        A column is missing, two rows have the same categories, or the people counted are not those who stand in
        the rows.
    """

    cells: pd.DataFrame
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    tests: tuple[Test, ...] = ()
    missing: Missing | None = None
    held: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    derived: Mapping[str, str] = field(default_factory=dict)
    membership: Membership | None = field(default=None, repr=False, compare=False)
    rests_on: tuple[Table, ...] = field(default=(), repr=False, compare=False)
    inside: str = ""
    one_each: bool = False
    _made: bytes = field(init=False, repr=False, compare=False)
    """The digest of its cells, when its method made them."""

    def __post_init__(self) -> None:
        needed = [*self.keys, PEOPLE, *(column for measure in self.measures for column in measure.columns)]
        missing = [column for column in needed if column not in self.cells.columns]
        if missing:
            raise MethodError("Un résultat n’a pas toutes ses colonnes.", expected=", ".join(missing))
        if self.keys and self.cells.duplicated(list(self.keys)).any():
            raise MethodError("Un résultat a deux lignes pour les mêmes modalités.", got=", ".join(self.keys))
        if not self.keys and len(self.cells) != 1:
            raise MethodError("Un résultat sans dimension tient en une ligne.", got=f"{len(self.cells)} lignes")
        object.__setattr__(self, "_made", self._digest())
        if self.membership is not None:
            self._hold_counts(self.membership)

    def hold(self) -> None:
        """Hold the result to what its method made: no value, bound, count or category may be another one since.

        Raises
        ------
        MethodError
            `cells` was changed.
        """
        if self._digest() != self._made:
            raise MethodError(
                "Un résultat a été modifié depuis que sa méthode l’a fait : il ne dirait plus ce qui a été compté.",
                where=", ".join(self.keys) or "résultat d’une ligne",
                expected="des valeurs, des bornes et des effectifs tels que la méthode les rend",
                hint="n’écrivez pas dans « .cells » ; demandez à la méthode, ou par report.load, ce qu’il vous faut",
            )

    def _digest(self) -> bytes:
        return sha256(self.cells.to_csv().encode()).digest()

    def _hold_counts(self, membership: Membership) -> None:
        """What is counted and who is there must agree: protection rests on the one, the reader reads the other."""
        if membership.rows.shape[1] != len(self.cells):
            raise MethodError(
                "Un résultat ne sait pas quelles personnes sont dans chacune de ses lignes.",
                expected=f"{len(self.cells)} lignes",
                got=f"{membership.rows.shape[1]} lignes",
                hint="les lignes d’un résultat ne se trient ni ne se filtrent : demandez-les à la méthode",
            )
        counted = {m.name: membership.totals for m in self.measures if m.kind == "count" and m.unit == "rows"}
        if self.states_people:
            counted[PEOPLE] = membership.distinct
        stated = {name: self.cells[name].to_numpy(dtype=float, na_value=np.nan) for name in counted}
        if any((stated[name] != counts).any() for name, counts in counted.items()):
            raise MethodError(
                "Les effectifs d’un résultat ne sont pas ceux des personnes qu’il compte.",
                hint="les lignes d’un résultat ne se trient ni ne se filtrent : demandez-les à la méthode",
            )

    def at(self, column: str, row: int) -> Any:
        """Return the value of a column of `cells` in a row, counted from 0: a report asks for thousands, one by one."""
        if column not in self._columns:
            self._columns[column] = list(self.cells[column].array)
        return self._columns[column][row]

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        return {}

    @cached_property
    def content(self) -> str:
        """What tells what it counts, people included, from any other: a digest; tests are made of the same people."""
        members = None if self.membership is None else self.membership.content
        held, derived = sorted(self.held.items()), sorted(self.derived.items())
        counted = (self.source, held, derived, self.one_each)
        told = (counted, self.dimensions, self.measures, self.missing, members, self.cells.to_csv())
        return sha256(repr(told).encode()).hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is written of it: `content` with it, so that whoever reads it need not go through its people."""
        return {**{name: each for name, each in vars(self).items() if name != "_columns"}, "content": self.content}

    @property
    def states_people(self) -> bool:
        """Whether its rows count the people of their categories; a model's do not."""
        return any(measure.states_people for measure in self.measures)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dimension.name for dimension in self.dimensions)

    def measure(self, name: str) -> Measure:
        """Return the measure named `name`."""
        for measure in self.measures:
            if measure.name == name:
                return measure
        known = [measure.name for measure in self.measures]
        raise MethodError(f"Ce résultat n’a pas de mesure « {name} ».", hint=suggestion(name, known))

    def value(self, measure: str, **categories: object) -> Value:
        """Return one value, by its categories; a dimension that is not named stands at its total.

        Raises
        ------
        MethodError
            The measure, the dimension or the category does not exist.
        """
        self.measure(measure)
        self._hold_dimensions(categories)
        rows = self.cells
        for name in self.keys:
            wanted = str(categories.get(name, TOTAL))
            chosen = rows[rows[name].astype(str) == wanted]
            if chosen.empty:
                known = [each for each in rows[name].astype(str).unique() if each != TOTAL]
                raise MethodError(
                    f"Ce résultat n’a pas cette modalité pour « {name} ».", got=wanted, hint=suggestion(wanted, known)
                )
            rows = chosen
        return Value(self, measure, self._position(rows.index[0]))

    def reference(self, variable: str) -> Value:
        """Return the value of the reference category of a variable, in a model's table.

        A variable that left the model has none: the value is then not available, and a sentence says `otherwise`.

        Raises
        ------
        MethodError
            The table has no reference categories, or not of this variable.
        """
        cells = self.cells.reset_index(drop=True)
        if not {"reference", "variable"} <= set(cells.columns) or not (cells["variable"].astype(str) == variable).any():
            raise MethodError(f"Ce résultat n’a pas de modalité de référence pour « {variable} ».")
        rows = np.flatnonzero(cells["variable"].astype(str) == variable)
        flagged = [row for row in rows if bool(cells["reference"].iloc[row])]
        return Value(self, self.measures[0].name, int((flagged or rows)[0]))

    def largest(self, measure: str, **categories: object) -> Value:
        """Return the largest value of a measure among the rows of these categories, totals and non-responses apart.

        Shares of fewer than `SMALL_BASE` people are not compared, unless there are only such.
        """
        return self._extreme(measure, categories, largest=True)

    def smallest(self, measure: str, **categories: object) -> Value:
        """Return the smallest value of a measure, among the same rows as `largest`."""
        return self._extreme(measure, categories, largest=False)

    def _extreme(self, measure: str, categories: Mapping[str, object], *, largest: bool) -> Value:
        self.measure(measure)
        self._hold_dimensions(categories)
        kept = pd.Series(True, index=self.cells.index)
        for name in self.keys:
            text = self.cells[name].astype(str)
            kept &= text == str(categories[name]) if name in categories else ~text.isin([TOTAL, MISSING])
        candidates = self.cells.loc[kept & self._is_comparable(measure, kept), measure].dropna()
        if candidates.empty:
            raise MethodError(f"Aucune valeur de « {measure} » à comparer.", got=str(dict(categories)))
        label = candidates.idxmax() if largest else candidates.idxmin()
        rows = tuple(self._position(each) for each in candidates.index)
        best = self._position(label)
        return Value(self, measure, best, rows, tuple(_not_told_apart(self, self.measure(measure), best, rows)))

    def _is_comparable(self, measure: str, kept: pd.Series[bool]) -> pd.Series[bool]:
        """Leave out shares of fewer than `SMALL_BASE` people, unless there are only such."""
        base = self.measure(measure).base
        if self.measure(measure).kind != "share" or base is None:
            return kept
        large = self.cells[base].ge(SMALL_BASE).fillna(value=True)
        return large if (kept & large & self.cells[measure].notna()).any() else kept

    def is_significant(self, **within: str) -> Condition:
        """Whether a test of the table, or of one variable of a stack (`variable="age"`), rejects at 5 %.

        A table without that test has nothing that is significant.

        Raises
        ------
        MethodError
            The table has no such variable.
        """
        self._hold_dimensions(within)
        for name, category in within.items():
            known = self.cells[name].astype(str).unique()
            if category not in known:
                raise MethodError(f"Ce résultat n’a pas de « {category} ».", hint=suggestion(category, known))
        tests = tuple(test for test in self.tests if dict(test.within) == within)
        return Condition(any(test.p_value < SIGNIFICANCE for test in tests), self, tests)

    def _hold_dimensions(self, categories: Mapping[str, object]) -> None:
        for name in categories:
            if name not in self.keys:
                raise MethodError(f"Ce résultat n’a pas de dimension « {name} ».", hint=suggestion(name, self.keys))

    def _position(self, label: Hashable) -> int:
        place = self.cells.index.get_loc(label)
        if not isinstance(place, int):
            raise MethodError("Un résultat a deux lignes de même rang.", got=str(label))
        return place

    def with_cells(self, cells: pd.DataFrame) -> Table:
        """Return the same table over other cells."""
        return replace(self, cells=cells)


@dataclass(frozen=True)
class Value:
    """One value of a table, kept with its table so that it is protected as the table is."""

    table: Table
    measure: str
    row: int
    compared: tuple[int, ...] = ()
    """The rows among which it is the largest or the smallest: saying so speaks of all of them."""
    tied: tuple[int, ...] = ()
    """Those of them that its interval does not tell apart from it, itself first; empty where nothing is compared."""

    def __repr__(self) -> str:
        return f"valeur de « {self.measure} », à citer par report.say ou sentence"

    def __format__(self, form: str) -> str:
        """Refuse to be written by an f-string: such a text would leave the report's one path, unprotected."""
        raise MethodError(
            "Une valeur ne s’écrit pas elle-même dans un texte.",
            expected='report.say("… {x} …", x=valeur), qui la protège et l’arrondit',
            hint="retirez le « f » devant les guillemets, et donnez la valeur par son nom",
        )

    @property
    def number(self) -> float | int | str | None:
        """The value itself; None when it is not available."""
        value = self.table.cells[self.measure].iloc[self.row]
        if value is None or (not isinstance(value, str) and pd.isna(value)):
            return None
        number: float | int | str = value.item() if isinstance(value, np.generic) else value
        return number

    def ranks_apart(self, other: Value) -> Condition:
        """Whether a sentence may name both as extremes of one comparison.

        The test of what they compare rejects, and no row is such that neither of the two is told apart from it.
        """
        rejected = any(test.p_value < SIGNIFICANCE for test in self.tests)
        return Condition(rejected and not set(self.tied) & set(other.tied), self.table, self.tests, (self, other))

    @property
    def tests(self) -> tuple[Test, ...]:
        """The tests of its table that it takes part in."""
        here = {name: str(self.table.cells[name].iloc[self.row]) for name in self.table.keys}
        return tuple(test for test in self.table.tests if test.within.items() <= here.items())

    def category(self, dimension: str) -> str:
        """The category of a dimension at which the value stands."""
        if dimension not in self.table.keys:
            raise MethodError(
                f"Cette valeur n’a pas de dimension « {dimension} ».", hint=suggestion(dimension, self.table.keys)
            )
        return str(self.table.cells[dimension].iloc[self.row])

    def of(self, measure: str) -> Value:
        """Another measure of the same row."""
        self.table.measure(measure)
        return Value(self.table, measure, self.row, self.compared, self.tied)


@dataclass(frozen=True)
class Condition:
    """What decides which of two sentences is said, with what it rests on: the choice of words is protected too."""

    holds: bool
    table: Table
    tests: tuple[Test, ...]
    values: tuple[Value, ...] = ()

    def __bool__(self) -> bool:
        return self.holds


def _not_told_apart(table: Table, measure: Measure, best: int, rows: Sequence[int]) -> list[int]:
    """Return the rows whose value does not differ significantly from that of `best`, `best` first.

    On the scale on which its interval is symmetric (log odds of a share, log of a ratio), each row is compared with
    `best` as independent: z = |a − b| / √(se_a² + se_b²), se being half the width of the interval over 1.96; at the
    level of 5 % for all comparisons together (Bonferroni). A share of 0 or 1 has no log odds: it is compared as it
    stands, se being what its interval and the other's have towards each other over 1.96 (Newcombe 1998, method 10).
    Exhaustive counts have no interval: they differ as they stand.
    """
    others = [row for row in rows if row != best]
    if not (measure.low and measure.high and others):
        return [best]
    bounds = table.cells[[measure.name, measure.low, measure.high]].astype(float).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):  # a share of 0 or 1 has infinite log odds
        value, low, high = _SCALES.get(measure.kind, np.asarray)(bounds).T
        error = (high - low) / (2 * special.ndtri((1 + _LEVEL) / 2))
        z = np.abs(value - value[best]) / np.hypot(error, error[best])
        z = np.where(np.isnan(z), _towards(bounds, best), z)
    needed = special.ndtri(1 - SIGNIFICANCE / (2 * len(others)))
    return [best, *(row for row in others if not z[row] > needed)]


def _towards(bounds: NDArray[np.float64], best: int) -> NDArray[np.float64]:
    """Return z for each row against `best`, on the scale of the values themselves (rows × value, low, high)."""
    value, low, high = bounds.T
    is_under = value < value[best]
    own = np.where(is_under, high - value, value - low)
    others = np.where(is_under, value[best] - low[best], high[best] - value[best])
    z = np.abs(value - value[best]) * special.ndtri((1 + _LEVEL) / 2) / np.hypot(own, others)
    return np.asarray(z, dtype=float)


_LEVEL = 0.95
_SCALES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "share": special.logit,
    "ratio": np.log,
    "index": np.log,
}
