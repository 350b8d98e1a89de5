"""What a fitted model says of each category: its ratio to the reference, with bounds, and one joint test a variable."""

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


def ratios(variable: Factor, fit: Fitted, name: str) -> pd.DataFrame:
    """Return exp(β) by category, its bounds exp(β ± 1.96 se), and which is the reference: 1, without bounds.

    Columns: `variable`, `category`, `<name>`, `<name>_low`, `<name>_high`, `reference`.
    """
    levels = len(variable.coded.levels)
    beta, error = np.zeros(levels), np.full(levels, np.nan)
    beta[variable.others] = fit.coefficients[variable.columns]
    error[variable.others] = np.sqrt(np.diag(fit.covariance)[variable.columns])
    reach = float(special.ndtri((1 + LEVEL) / 2)) * error
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
    """Return the test that all coefficients of a variable are zero: χ², one degree a category but the reference."""
    beta = fit.coefficients[variable.columns]
    within = fit.covariance[np.ix_(variable.columns, variable.columns)]
    statistic, freedom = float(beta @ np.linalg.solve(within, beta)), float(len(beta))
    p_value = float(special.chdtrc(freedom, statistic))
    note = FEW_PEOPLE_NOTE if variable.people.min() < FEW_PEOPLE else None
    return Test(WALD, statistic, (freedom,), p_value, people, within={"variable": variable.name}, note=note)
