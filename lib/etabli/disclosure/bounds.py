"""The least and the greatest value that a linear form can take, of all whole numbers that fit a linear system.

Linear programming first (HiGHS): quick, and sound, for what fits in fractions is more than what fits in whole numbers.
Whole numbers where it matters: 10 a + 7 b = 61 has one solution in counts, and many in fractions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Form = Mapping[int, float]
"""A sum of unknowns: the coefficient of each, by its number."""

TOLERANCE = 1e-6
"""Distance under which two values are one: ten times what HiGHS allows a constraint."""

_CLEAN = 1e-9
_PRIMAL = 4
"""HiGHS's number for the primal simplex method."""

MOST_LOCAL = 250
"""Unknowns among which whole numbers are looked for: those around a number."""


class Infeasible(Exception):  # noqa: N818  # not a mistake: an answer
    """No file fits the system."""


class System:
    """`low` ≤ A x ≤ `high`, x ≥ 0: asked many times for the extremes of different forms.

    Parameters
    ----------
    matrix
        A, one row a constraint, one column an unknown.
    low, high
        The bounds of each row.
    carried
        Pairs of unknowns of which the first is more than nothing only if the second is: rows, and who makes them.
    """

    def __init__(
        self, matrix: sparse.csr_array, low: Floats, high: Floats, carried: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.matrix, self.low, self.high = matrix, low, high
        self.least, self.greatest = propagated(matrix, low, high)
        if carried:
            self._carry(carried)
        self._model = _model(matrix, low, high, self.least, self.greatest)
        self._priced: list[int] = []

    @classmethod
    def of(cls, entries: Sequence[tuple[Form, float, float]], unknowns: int) -> System:
        """Return the system of these constraints: the form of each, its least and its greatest value.

        >>> system = System.of([({0: 1, 1: 1}, 10, 10), ({1: 1}, 7, 8)], 2)
        >>> [system.extreme({0: 1}, greatest=side)[0] for side in (False, True)]
        [2.0, 3.0]
        """
        low, high = (np.array([each[side] for each in entries], dtype=float) for side in (1, 2))
        return cls(matrix_of([form for form, _, _ in entries], unknowns), low, high)

    def extreme(self, form: Form, *, greatest: bool) -> tuple[float, Floats | None]:
        """Return the extreme of a form in fractions, and where it is reached; None where it has no end.

        Raises
        ------
        Infeasible
            Nothing fits.
        """
        self._price(form, greatest=greatest)
        self._model.run()
        # from one form to the next, the last answer fits: the primal method starts there, ten times faster
        self._model.setOptionValue("simplex_strategy", _PRIMAL)
        status = self._model.getModelStatus()
        if status in {highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            return (inf if greatest else -inf), None
        if status != highspy.HighsModelStatus.kOptimal:
            raise Infeasible
        return float(self._model.getInfo().objective_function_value), np.array(self._model.getSolution().col_value)

    def carriers(self) -> list[int]:
        """Return the rows that the last extreme rests on: those with a price."""
        duals = np.asarray(self._model.getSolution().row_dual)
        return [int(row) for row in np.flatnonzero(np.abs(duals) > _CLEAN)]

    def _carry(self, carried: Sequence[tuple[int, int]]) -> None:
        """Add that n rows of at most m are made by at least n ÷ m of a person: fractions then know that somebody is."""
        ended = [(rows, people) for rows, people in carried if 0 < self.greatest[rows] < inf]
        forms = [{people: 1.0, rows: -1.0 / float(self.greatest[rows])} for rows, people in ended]
        self.matrix = sparse.csr_array(sparse.vstack([self.matrix, matrix_of(forms, self.matrix.shape[1])]))
        self.low = np.concatenate([self.low, np.zeros(len(ended))])
        self.high = np.concatenate([self.high, np.full(len(ended), inf)])
        self.least, self.greatest = propagated(self.matrix, self.low, self.high)

    def reach(self, forms: sparse.csr_array) -> tuple[Floats, Floats]:
        """Return bounds of many forms from those of single unknowns: quick, and wider than their extremes."""
        up, down = forms.maximum(0), (-forms).maximum(0)
        most = _times(up, self.greatest) - _times(down, self.least)
        fewest = _times(up, self.least) - _times(down, self.greatest)
        return fewest, most

    def whole_extreme(self, form: Form, *, greatest: bool, nodes: int) -> float:
        """Return a bound of a form that holds of every whole-number solution.

        Only what stands around it is looked at, `MOST_LOCAL` unknowns: fewer constraints let more fit, so that the
        bound is sound. A search that ends after `nodes` gives a wider one.

        Raises
        ------
        Infeasible
            No whole numbers fit.
        """
        columns, rows = self._around(form)
        inside = {column: place for place, column in enumerate(columns)}
        outside = np.setdiff1d(np.arange(self.matrix.shape[1]), columns)
        block = self.matrix[rows]
        moved = block[:, outside] @ self.least[outside]  # those that are left out of a row are known
        local = sparse.csr_array(block[:, columns])
        model = _model(
            local, self.low[rows] - moved, self.high[rows] - moved, self.least[columns], self.greatest[columns]
        )
        whole = np.full(len(columns), _INTEGER, dtype=np.uint8)
        model.changeColsIntegrality(len(columns), np.arange(len(columns), dtype=np.int32), whole)
        model.setOptionValue("mip_max_nodes", nodes)
        _set_costs(model, {inside[column]: value for column, value in form.items()}, greatest=greatest)
        model.run()
        status = model.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Infeasible
        if status in {highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            return inf if greatest else -inf
        return float(model.getInfo().mip_dual_bound)

    def _around(self, form: Form) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the unknowns around a form that are not known, and the rows that bind no other."""
        free = self.greatest - self.least > _CLEAN
        by_column = self._by_column
        chosen, fresh = dict.fromkeys(form), list(form)
        while fresh and len(chosen) < MOST_LOCAL:
            rows = np.unique(np.concatenate([_of(by_column, column) for column in fresh]))
            near = np.unique(np.concatenate([_of(self.matrix, row) for row in rows])) if len(rows) else rows
            fresh = [int(c) for c in near if free[c] and int(c) not in chosen][: MOST_LOCAL - len(chosen)]
            chosen.update(dict.fromkeys(fresh))
        columns = np.array(sorted(chosen), dtype=np.int64)
        beyond = free.copy()
        beyond[columns] = False
        touched = np.zeros(self.matrix.shape[1])
        touched[columns] = 1
        pattern = abs(self.matrix)
        rows = np.flatnonzero((pattern @ touched > 0) & (pattern @ beyond.astype(float) == 0))
        return columns, rows

    @cached_property
    def _by_column(self) -> sparse.csr_array:
        return sparse.csr_array(self.matrix.T)

    def _price(self, form: Form, *, greatest: bool) -> None:
        if self._priced:
            zeros = np.zeros(len(self._priced))
            self._model.changeColsCost(len(self._priced), np.array(self._priced, dtype=np.int32), zeros)
        self._priced = list(form)
        _set_costs(self._model, form, greatest=greatest)


def _of(matrix: sparse.csr_array, row: int) -> NDArray[np.int64]:
    """Return the columns of a row."""
    return np.asarray(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]], dtype=np.int64)


def _times(matrix: sparse.csr_array, values: Floats) -> Floats:
    """Return a product in which 0 times what has no end is 0."""
    endless = np.isinf(values)
    product = matrix @ np.where(endless, 0, values)
    if endless.any():
        product[matrix @ endless.astype(float) > 0] = inf
    return np.asarray(product)


def matrix_of(forms: Sequence[Form], width: int) -> sparse.csr_array:
    """Return forms as the lines of a matrix."""
    columns = np.fromiter((column for form in forms for column in form), dtype=np.int64)
    values = np.fromiter((value for form in forms for value in form.values()), dtype=float)
    starts = np.concatenate([[0], np.cumsum([len(form) for form in forms], dtype=np.int64)])
    return sparse.csr_array((values, columns, starts), shape=(len(forms), width))


class _Quiet(highspy.Highs):
    """HiGHS without its banner, which it writes past Python on the terminal as soon as it listens for callbacks."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # highspy

    def enableCallbacks(self) -> None:  # noqa: N802  # highspy's own name
        """Listen for none."""


_INTEGER = int(highspy.HighsVarType.kInteger)


def _set_costs(model: Any, form: Form, *, greatest: bool) -> None:
    sense = highspy.ObjSense.kMaximize if greatest else highspy.ObjSense.kMinimize
    model.changeObjectiveSense(sense)
    columns, costs = np.array(list(form), dtype=np.int32), np.array(list(form.values()), dtype=float)
    model.changeColsCost(len(columns), columns, costs)


def _model(matrix: sparse.csr_array, low: Floats, high: Floats, least: Floats, greatest: Floats) -> Any:
    model = _Quiet()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    lp = highspy.HighsLp()
    rows, columns = matrix.shape
    lp.num_col_, lp.num_row_ = columns, rows
    lp.col_cost_ = np.zeros(columns)
    lp.col_lower_, lp.col_upper_ = least, greatest
    lp.row_lower_, lp.row_upper_ = low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = columns, rows
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    model.passModel(lp)
    return model


MOST_SWEEPS = 30


def propagated(matrix: sparse.csr_array, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return bounds of each unknown, in whole numbers, that follow from single rows of the system, again and again.

    A sum of ten of which nine are known gives the tenth; a number between 3.3 and 4.1 is 4. Sound for whole-number
    unknowns that are not negative; where nothing fits, some least is above its greatest.
    """
    least, greatest = np.zeros(matrix.shape[1]), np.full(matrix.shape[1], inf)
    entries = matrix.tocoo()
    entries.eliminate_zeros()  # a share of « 0 % » at least binds nothing, and nothing times no limit is no number
    rows, columns = entries.coords
    values, up = entries.data, entries.data > 0
    for _ in range(MOST_SWEEPS):
        before = least.sum(), np.isinf(greatest).sum(), greatest[np.isfinite(greatest)].sum()
        # what each entry adds to its row at least, and at most
        lows = values * np.where(up, least[columns], greatest[columns])
        highs = values * np.where(up, greatest[columns], least[columns])
        for sums, bound, rising in ((lows, high, True), (highs, low, False)):
            endless = np.isinf(sums)
            total = np.bincount(rows, np.where(endless, 0, sums), minlength=matrix.shape[0])
            holes = np.bincount(rows, endless, minlength=matrix.shape[0])
            others = total[rows] - np.where(endless, 0, sums)
            known = (holes[rows] - endless) == 0
            with np.errstate(invalid="ignore"):
                limit = (bound[rows] - others) / values
            usable = known & np.isfinite(limit)
            upper = usable & (up == rising)
            lower = usable & (up != rising)
            np.minimum.at(greatest, columns[upper], np.floor(limit[upper] + TOLERANCE))
            np.maximum.at(least, columns[lower], np.ceil(limit[lower] - TOLERANCE))
        after = least.sum(), np.isinf(greatest).sum(), greatest[np.isfinite(greatest)].sum()
        if before == after or (least > greatest).any():
            break
    return least, greatest
