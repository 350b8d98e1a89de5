"""Tests of association between two categorical variables, rows of one person being dependent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import linalg, special

from etabli.methods.clusters import Counts, Floats
from etabli.methods.results import Test

FEW_EXPECTED = 5
"""Expected count under which the χ² approximation is doubtful: Cochran (1954), Biometrics 10, 417–451."""

FEW_PEOPLE = 20
"""People of a category under which the clustered test is noted. Its variance between people is then poorly known, and
the test rejects too often: simulated in tests/methods/test_association.py, where 5 people a category are too few."""

PEARSON = "test du χ² de Pearson"
RAO_SCOTT = "test du χ² de Rao-Scott (correction du second ordre)"


def independence_test(counts: Counts) -> Test | None:
    """Test whether rows and columns of a table are independent.

    With one row a person, Pearson's χ². Else its second-order Rao–Scott correction with people as clusters, as R's
    `survey::svychisq(statistic="F")`: with C the contrasts of interaction, D the diagonal of the observed cell
    proportions, V their linearised variance between people (factor k/(k − 1)) and n the rows,

        Δ = (C′D⁻¹C / n)⁻¹ C′D⁻¹VD⁻¹C,   F = X² / tr Δ,   d = (tr Δ)² / tr Δ²,

    F with d and d (k − 1) degrees of freedom. Where empty cells make C′D⁻¹C singular, D holds the proportions expected
    under independence. `Test.effect` is Cramér's V of the table of rows, √(X² / (n · min(r − 1, c − 1))), which the
    clusters do not change. Empty rows and columns are left out.

    Returns
    -------
    Test or None
        None when there is nothing to test: one row or one column, fewer than two people, no variation between people.

    References
    ----------
    Rao and Scott (1984), Annals of Statistics 12, 46–60; Thomas and Rao (1987), JASA 82, 630–636.
    """
    full = counts.without_empty()
    if min(full.shape) < 2 or full.persons < 2:
        return None
    rows = full.rows
    statistic = pearson_statistic(rows)
    effect = float(np.sqrt(statistic / (rows.sum() * (min(full.shape) - 1))))
    if full.one_row_each:
        freedom = float((full.shape[0] - 1) * (full.shape[1] - 1))
        p_value = float(special.chdtrc(freedom, statistic))
        return Test(PEARSON, statistic, (freedom,), p_value, full.persons, effect, note=_conditions(full))
    delta = _design_effects(full)
    trace = float(np.trace(delta))
    if trace <= 1e-12:
        return None
    first = trace**2 / float(np.trace(delta @ delta))
    degrees = (first, first * (full.persons - 1))
    p_value = float(special.fdtrc(*degrees, statistic / trace))
    return Test(RAO_SCOTT, statistic / trace, degrees, p_value, full.persons, effect, note=_conditions(full))


def pearson_statistic(table: Floats) -> float:
    """Return Pearson's X² of a table of counts without empty row or column."""
    expected = _expected(table)
    return float(((table - expected) ** 2 / expected).sum())


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65–70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(np.asarray(p_values, dtype=float)[order] * factors), 1)
    back = np.empty(len(order))
    back[order] = adjusted
    return [float(each) for each in back]


def adjust(tests: Sequence[Test]) -> tuple[Test, ...]:
    """Return tests with Holm's adjusted p-values, each saying so in its note when there are several."""
    if len(tests) < 2:
        return tuple(tests)
    said = f"Valeur p ajustée pour {len(tests)} tests (Holm)."
    adjusted = holm([test.p_value for test in tests])
    return tuple(
        replace(test, p_value=p_value, note=f"{test.note} {said}" if test.note else said)
        for test, p_value in zip(tests, adjusted, strict=True)
    )


def _expected(table: Floats) -> Floats:
    return np.asarray(np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum(), dtype=float)


def _design_effects(counts: Counts) -> Floats:
    """Return Δ: its eigenvalues are the factors by which dependence inflates each direction of X²."""
    rows = counts.rows
    n, (height, width) = rows.sum(), counts.shape
    contrasts = np.kron(linalg.helmert(height).T, linalg.helmert(width).T)
    variance = _variance_of_proportions(counts)
    for proportions in (rows.ravel() / n, _expected(rows).ravel() / n):
        inverse = np.divide(1, proportions, out=np.zeros_like(proportions), where=proportions > 0)
        weighted = contrasts * inverse[:, None]
        independent = contrasts.T @ weighted / n
        if np.linalg.matrix_rank(independent) == len(independent):
            break
    return np.asarray(np.linalg.solve(independent, weighted.T @ variance @ weighted), dtype=float)


def _variance_of_proportions(counts: Counts) -> Floats:
    """Return the linearised variance between people of the cell proportions (cells × cells)."""
    y = counts.by_person
    m = np.asarray(y.sum(axis=1), dtype=float)
    p = counts.rows.ravel() / m.sum()
    cross = np.outer(p, y.T @ m)
    squares = (y.T @ y).toarray() - cross - cross.T + np.outer(p, p) * (m @ m)
    return np.asarray(squares * counts.persons / (counts.persons - 1) / m.sum() ** 2, dtype=float)


def _conditions(counts: Counts) -> str | None:
    """Return what a reader must know; it names no category and no number: a note must not betray one person."""
    notes = []
    if (_expected(counts.rows) < FEW_EXPECTED).any():
        notes.append("Effectifs attendus inférieurs à 5 dans une case au moins\u00a0: résultat indicatif.")
    smallest = min(counts.over_rows().people.min(), counts.over_columns().people.min())
    if smallest < FEW_PEOPLE and not counts.one_row_each:
        notes.append("Une modalité au moins repose sur très peu de personnes\u00a0: résultat indicatif.")
    return " ".join(notes) or None
