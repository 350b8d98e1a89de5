"""Odds ratios of an outcome, all other declared characteristics being equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from etabli.errors import MethodError, suggestion
from etabli.methods.association import adjust
from etabli.methods.clusters import Flags, Floats, complete_rows, encode
from etabli.methods.intervals import LEVEL
from etabli.methods.logit import Factor, Fit, factors, fit_logit
from etabli.methods.results import Dimension, Measure, Table, Test

WALD = "test de Wald"


def odds_ratios(
    frame: pd.DataFrame, *, outcome: str, event: str, on: Sequence[str], person: str = "recipient"
) -> Table:
    """Return how each category changes the odds of an event, the other variables being equal.

    Logistic regression by maximum likelihood, logit P(outcome = event) = α + Σ β, on categorical variables; the
    reference is each variable's most frequent category, in people. Variance clustered by person (Liang and Zeger 1986,
    Biometrika 73, 13–22; factor k/(k − 1) · (n − 1)/(n − c) for k people, n rows and c coefficients), bounds
    exp(β ± 1.96 se). One joint Wald test a variable (χ², one degree a category but the reference), p-values adjusted
    together (Holm).

    Returns
    -------
    Table
        By `variable` and `category` (neither adds up). Measures: `odds_ratio`, with bounds, and `share_event`, the
        crude share of the category's rows with the event (a fraction). Column `reference` flags the reference
        categories: odds ratio 1 by construction, without bounds. Rows with a missing value are left out of the whole
        model, and counted in `missing`.

    Raises
    ------
    MethodError
        A column or the event does not exist; a category is empty, or determines the event; a variable has one category
        or follows from the others; there are not more people than coefficients; the estimate does not converge.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": range(8), "age": [*"aaaaabbb"], "channel": [*"xxyyyxyy"]})
    >>> odds = odds_ratios(visits, outcome="channel", event="x", on=["age"])
    >>> odds.cells["odds_ratio"].round(4).to_list()
    [1.0, 0.75]
    """
    _refuse_repeats(outcome, on)
    complete, missing = complete_rows(frame, (outcome, *on), person)
    groups, people = pd.factorize(frame.loc[complete, person])
    y = _outcome(frame, outcome, event, complete)
    variables = factors(frame, on, complete, groups)
    fit = fit_logit(y, event, groups, variables)
    cells = pd.concat([_cells(variable, fit, y) for variable in variables], ignore_index=True)
    cells["model_people"] = len(people)
    tests = adjust([_wald(variable, fit, len(people)) for variable in variables])
    measures = (
        Measure("odds_ratio", "ratio", low="odds_ratio_low", high="odds_ratio_high", base="model_people"),
        Measure("share_event", "share", base="people"),
    )
    dimensions = (Dimension("variable", additive=False), Dimension("category", additive=False))
    return Table(cells, dimensions, measures, tests=tests, missing=missing)


def _outcome(frame: pd.DataFrame, outcome: str, event: str, complete: Flags) -> Floats:
    coded = encode(frame, outcome)
    if event not in coded.levels:
        raise MethodError(
            f"La variable « {outcome} » n’a pas de modalité « {event} ».", hint=suggestion(event, coded.levels)
        )
    y = np.asarray(coded.codes[complete] == coded.levels.index(event), dtype=float)
    if len(y) == 0 or y.min() == y.max():
        raise MethodError(
            f"« {event} » ne varie pas : il n’y a rien à expliquer.",
            where=f"variable « {outcome} »",
            expected="des lignes avec et sans l’évènement",
        )
    return y


def _cells(variable: Factor, fit: Fit, y: Floats) -> pd.DataFrame:
    levels = len(variable.coded.levels)
    beta, error = np.zeros(levels), np.full(levels, np.nan)
    beta[variable.others] = fit.coefficients[variable.columns]
    error[variable.others] = np.sqrt(np.diag(fit.covariance)[variable.columns])
    reach = float(special.ndtri((1 + LEVEL) / 2)) * error
    return pd.DataFrame(
        {
            "variable": variable.name,
            "category": variable.coded.levels,
            "odds_ratio": np.exp(beta),
            "odds_ratio_low": np.exp(beta - reach),
            "odds_ratio_high": np.exp(beta + reach),
            "share_event": variable.per_category(y) / variable.per_category(np.ones_like(y)),
            "reference": np.arange(levels) == variable.reference,
            "people": variable.people,
        }
    )


def _wald(variable: Factor, fit: Fit, people: int) -> Test:
    beta = fit.coefficients[variable.columns]
    covariance = fit.covariance[np.ix_(variable.columns, variable.columns)]
    statistic, freedom = float(beta @ np.linalg.solve(covariance, beta)), float(len(beta))
    p_value = float(special.chdtrc(freedom, statistic))
    return Test(WALD, statistic, (freedom,), p_value, people, within={"variable": variable.name})


def _refuse_repeats(outcome: str, on: Sequence[str]) -> None:
    names = (outcome, *on)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or not on:
        raise MethodError(
            "Un modèle explique une variable par d’autres, chacune une fois.",
            expected="« on » : une variable au moins, sans la variable à expliquer",
            got=", ".join(repeated) or "aucune variable",
        )
