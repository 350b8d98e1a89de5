"""What a fitted model says of each category: its ratio to the reference, with bounds, and one joint test a variable.

A sandwich variance that few people make is itself uncertain. Where the model says on how many degrees of freedom each
coefficient's rests, bounds are Student's and the test is an F, as many below as their harmonic mean: simulated in
benchmarks/small_groups.py.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from scipy import special

from etabli.methods.association import FEW_PEOPLE, FEW_PEOPLE_NOTE
from etabli.methods.clusters import Floats
from etabli.methods.intervals import LEVEL
from etabli.methods.logit import Factor
from etabli.methods.results import Test

WALD = "test de Wald"


class Fitted(Protocol):
    """A fitted model: the constant first, then the columns of each factor."""

    @property
    def coefficients(self) -> Floats: ...

    @property
    def covariance(self) -> Floats: ...

    @property
    def degrees(self) -> Floats | None:
        """Degrees of freedom of each coefficient's variance; None: as many as make it certain."""


def ratios(variable: Factor, fit: Fitted, name: str) -> pd.DataFrame:
    """Return exp(β) by category, its bounds exp(β ± t · se), and which is the reference: 1, without bounds.

    Columns: `variable`, `category`, `<name>`, `<name>_low`, `<name>_high`, `reference`.
    """
    levels = len(variable.coded.levels)
    beta, error = np.zeros(levels), np.full(levels, np.nan)
    beta[variable.others] = fit.coefficients[variable.columns]
    error[variable.others] = np.sqrt(np.diag(fit.covariance)[variable.columns])
    quantile = np.full(levels, float(special.ndtri((1 + LEVEL) / 2)))
    if fit.degrees is not None:
        quantile[variable.others] = special.stdtrit(fit.degrees[variable.columns], (1 + LEVEL) / 2)
    reach = quantile * error
    return pd.DataFrame(
        {
            "variable": variable.name,
            "category": variable.coded.levels,
            name: np.exp(beta),
            f"{name}_low": np.exp(beta - reach),
            f"{name}_high": np.exp(beta + reach),
            "reference": np.arange(levels) == variable.reference,
        }
    )


def wald(variable: Factor, fit: Fitted, people: int | None) -> Test:
    """Return the test that all coefficients of a variable are zero, a degree a category but the reference: χ², or F."""
    beta = fit.coefficients[variable.columns]
    degrees: tuple[float, ...]
    within = fit.covariance[np.ix_(variable.columns, variable.columns)]
    statistic, freedom = float(beta @ np.linalg.solve(within, beta)), float(len(beta))
    if fit.degrees is None:
        degrees, p_value = (freedom,), float(special.chdtrc(freedom, statistic))
    else:
        below = freedom / float((1 / fit.degrees[variable.columns]).sum())
        statistic /= freedom
        degrees, p_value = (freedom, below), float(special.fdtrc(freedom, below, statistic))
    note = FEW_PEOPLE_NOTE if variable.people.min() < FEW_PEOPLE else None
    return Test(WALD, statistic, degrees, p_value, people, within={"variable": variable.name}, note=note)
