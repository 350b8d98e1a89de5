"""Logistic regression on categorical variables, rows of one person being dependent.

What cannot be estimated is refused before or after the fit, naming the variable and the category
to blame: an infinite odds ratio must not be shown as a number. Categories that have none by
themselves were left out before (`estimable`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from etabli.errors import MethodError
from etabli.methods.clusters import Coded, Floats, Integers, encode, people_of

_LARGEST = 15.0
"""Coefficient (log odds ratio) beyond which an estimate runs off to infinity: no odds ratio of 3 million is one."""


@dataclass(frozen=True)
class Factor:
    """One explanatory variable: its categories, the people of each, and the columns it takes in the design."""

    name: str
    coded: Coded
    people: Integers
    reference: int
    first: int

    @property
    def others(self) -> list[int]:
        """Codes of the categories that are not the reference."""
        return [code for code in range(len(self.coded.levels)) if code != self.reference]

    @property
    def columns(self) -> list[int]:
        """Columns of the design, in the order of `others`."""
        return list(range(self.first, self.first + len(self.others)))

    def per_category(self, values: Floats) -> Floats:
        """Return the sum by category of a value per row."""
        return np.bincount(self.coded.codes, weights=values, minlength=len(self.coded.levels)).astype(float)


@dataclass(frozen=True)
class Fit:
    """Estimated coefficients (the constant first, then the columns of each factor) and their clustered covariance."""

    coefficients: Floats
    covariance: Floats
    degrees: None = None


def factors(frame: pd.DataFrame, names: Sequence[str], groups: Integers) -> list[Factor]:
    """Return the explanatory variables; the reference is the most frequent category in people (first in case of a tie).

    Parameters
    ----------
    frame
        The rows of the model: no missing value, no category without rows (see `estimable`).
    groups
        Person of each row, as integers from 0.
    """
    found, first = [], 1  # column 0 is the constant
    for name in names:
        coded = encode(frame, name)
        people = people_of(coded, groups, np.ones(len(groups), dtype=bool))
        found.append(Factor(name, coded, people, int(people.argmax()), first))
        first += len(coded.levels) - 1
    return found


def fit_logit(y: Floats, groups: Integers, on: Sequence[Factor]) -> Fit:
    """Fit logit P(y = 1) by maximum likelihood, its covariance clustered by `groups`.

    Raises
    ------
    MethodError
        A variable follows from the others, there are not more people than coefficients, or the estimate does not
        converge.
    """
    columns = [(factor.coded.codes == code).astype(float) for factor in on for code in factor.others]
    design = np.column_stack([np.ones(len(y)), *columns])
    _refuse_collinear(design, on)
    _refuse_few_people(len(np.unique(groups)), design.shape[1])
    return _newton(y, design, groups, on)


def _newton(y: Floats, design: Floats, groups: Integers, on: Sequence[Factor]) -> Fit:
    from statsmodels.discrete.discrete_model import Logit  # heavy: only who asks for a model pays for it

    model = Logit(y, design, check_rank=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # every failure it warns of is looked for below, and refused
        try:
            fit = model.fit(method="newton", maxiter=100, disp=0)
        except np.linalg.LinAlgError:
            raise _divergence(on, None) from None
    coefficients = np.asarray(fit.params, dtype=float)
    found = Fit(coefficients, jackknife_covariance(y, design, groups, coefficients))
    sound = fit.mle_retvals["converged"] and np.isfinite(found.covariance).all()
    if not sound or np.abs(found.coefficients[1:]).max() > _LARGEST:
        raise _divergence(on, found.coefficients)
    return found


def jackknife_covariance(y: Floats, design: Floats, groups: Integers, coefficients: Floats) -> Floats:
    """Return the clustered covariance of a logistic fit, bias-reduced as if each person were left out in turn (CR3).

    With W the weights μ(1 − μ), A = X′WX and H_g the part of the weighted hat matrix of person g's rows,

        V = (k − 1)/k · A⁻¹ [Σ u_g u_g′] A⁻¹,   u_g = X_g′ W_g^½ (I − H_g)⁻¹ W_g^−½ (y_g − μ_g).

    The plain sandwich takes the residuals as they are; those of a person who weighs on a coefficient are too small,
    and intervals of rare categories too short (simulated in tests/methods/test_logit.py).

    Parameters
    ----------
    y, design, groups
        Outcome (rows), design matrix (rows × coefficients), person of each row as integers from 0.
    coefficients
        The maximum-likelihood estimate.

    References
    ----------
    Bell and McCaffrey (2002), Survey Methodology 28, 169–181; Cameron and Miller (2015), Journal of Human Resources
    50, 317–372, section VI.B.
    """
    mean = special.expit(design @ coefficients)
    root = np.sqrt(np.maximum(mean * (1 - mean), np.finfo(float).tiny))
    weighted, residual = design * root[:, None], (y - mean) / root
    bread = np.linalg.pinv(weighted.T @ weighted)
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    meat = np.zeros_like(bread)
    for size in np.unique(sizes[sizes > 0]):  # people with as many rows are solved for together
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        x, e = weighted[rows], residual[rows]
        kept = np.eye(size) - x @ bread @ x.transpose(0, 2, 1)
        scores = np.einsum("gmc,gm->gc", x, np.einsum("gmn,gn->gm", np.linalg.pinv(kept, hermitian=True), e))
        meat += scores.T @ scores
    people = int((sizes > 0).sum())
    return np.asarray((people - 1) / people * bread @ meat @ bread, dtype=float)


def _refuse_collinear(design: Floats, on: Sequence[Factor]) -> None:
    """A column of which nothing is left once the columns before it are known repeats them."""
    left = np.abs(np.diag(np.linalg.qr(design, mode="r")))
    repeated = np.flatnonzero(left < 1e-9 * np.linalg.norm(design, axis=0)[: len(left)])
    if len(repeated):
        name, level = _name_of(int(repeated[0]), on)
        raise MethodError(
            f"« {name} » se déduit des autres variables : les effets ne peuvent pas être séparés.",
            where=f"modalité « {level} »",
            hint=f"retirez « {name} » ou une variable qui dit la même chose, ou regroupez des modalités",
        )


def _refuse_few_people(people: int, coefficients: int) -> None:
    if people <= coefficients:
        raise MethodError(
            "Trop peu de personnes pour ce modèle.",
            expected=f"plus de {coefficients} personnes (une par coefficient)",
            got=str(people),
            hint="retirez des variables ou regroupez des modalités",
        )


def _divergence(on: Sequence[Factor], coefficients: Floats | None) -> MethodError:
    where = None
    if coefficients is not None and np.isfinite(coefficients).all():
        name, level = _name_of(int(np.abs(coefficients[1:]).argmax()) + 1, on)
        where = f"variable « {name} », modalité « {level} »"
    return MethodError(
        "Le modèle ne converge pas : des modalités, ensemble, déterminent l’évènement.",
        where=where or f"variables {', '.join(f'« {factor.name} »' for factor in on)}",
        hint="regroupez les modalités rares, ou retirez une variable",
    )


def _name_of(column: int, on: Sequence[Factor]) -> tuple[str, str]:
    for factor in on:
        if column in factor.columns:
            return factor.name, factor.coded.levels[factor.others[column - factor.first]]
    raise ValueError(f"column {column} belongs to no variable")  # a defect of this module, not of the data
