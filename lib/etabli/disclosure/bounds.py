"""The least and the greatest value that a linear form can take, of all whole numbers that fit a linear system.

Linear programming first (HiGHS): quick, and sound, for what fits in fractions is more than what fits in whole numbers.
Whole numbers where it matters: 10 a + 7 b = 61 has one solution in counts, and many in fractions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Form = Mapping[int, float]

TOLERANCE = 1e-6
"""Distance under which two values are one: ten times what HiGHS allows a constraint."""

_CLEAN = 1e-9


class Infeasible(Exception):  # noqa: N818  # not a mistake: an answer
    """No file fits the system."""


class Unsettled(Exception):  # noqa: N818  # not a mistake: an answer
    """The search ended before it knew."""


class System:
    """`low` ≤ A x ≤ `high`, x ≥ 0: asked many times for the extremes of different forms.

    Parameters
    ----------
    matrix
        A, one row a constraint, one column an unknown.
    low, high
        The bounds of each row.
    """

    def __init__(self, matrix: sparse.csr_array, low: Floats, high: Floats) -> None:
        self.matrix, self.low, self.high = matrix, low, high
        self.least, self.greatest = propagated(matrix, low, high)
        self._model = _model(matrix, low, high, self.least, self.greatest)
        self._priced: list[int] = []
        self.solved = 0

    def extreme(self, form: Form, *, greatest: bool) -> tuple[float, Floats | None]:
        """Return the extreme of a form in fractions, and where it is reached; None where it has no end.

        Raises
        ------
        Infeasible
            Nothing fits.
        """
        self._price(form, greatest=greatest)
        self._model.run()
        self.solved += 1
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

    def whole_extreme(self, form: Form, *, greatest: bool, seconds: float) -> float:
        """Return a bound of a form that holds of every whole-number solution: its extreme, if there is time for it.

        Raises
        ------
        Infeasible
            No whole numbers fit.
        """
        model = _model(self.matrix, self.low, self.high, self.least, self.greatest)
        columns = np.arange(self.matrix.shape[1], dtype=np.int32)
        model.changeColsIntegrality(len(columns), columns, np.full(len(columns), _INTEGER, dtype=np.uint8))
        model.setOptionValue("time_limit", float(seconds))
        _set_costs(model, form, greatest=greatest)
        model.run()
        status = model.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Infeasible
        bound = float(model.getInfo().mip_dual_bound)
        if status in {highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            return inf if greatest else -inf
        return bound

    def without(self, rows: Sequence[int]) -> System:
        """Return the same system without some of its rows."""
        kept = np.setdiff1d(np.arange(self.matrix.shape[0]), np.asarray(rows, dtype=np.int64))
        return System(self.matrix[kept], self.low[kept], self.high[kept])

    def _price(self, form: Form, *, greatest: bool) -> None:
        if self._priced:
            zeros = np.zeros(len(self._priced))
            self._model.changeColsCost(len(self._priced), np.array(self._priced, dtype=np.int32), zeros)
        self._priced = list(form)
        _set_costs(self._model, form, greatest=greatest)


class _Quiet(highspy.Highs):
    """HiGHS without its banner, which it writes past Python on the terminal as soon as it listens for callbacks."""

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
