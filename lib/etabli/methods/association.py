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

FEW_PEOPLE_NOTE = "Une modalité au moins repose sur très peu de personnes\u00a0: résultat indicatif."

FEWEST_PEOPLE = 10
"""People of a category under which it takes no part in the clustered test: with five a category the test rejects a true
independence 13 times in 100, with ten 9 times (600 simulated tables each)."""

FEWEST_PEOPLE_NOTE = f"Les modalités de moins de {FEWEST_PEOPLE} personnes n’entrent pas dans le test."

PEARSON = "test du χ² de Pearson"
RAO_SCOTT = "test du χ² de Rao-Scott (correction du second ordre)"


def independence_test(counts: Counts) -> Test | None:
    """Test whether rows and columns of a table are independent.

    With one row a person, Pearson's χ². Else its second-order Rao–Scott correction with people as clusters, as R's
    `survey::svychisq(statistic="F")`: with C the contrasts of interaction, D the diagonal of the observed cell
    proportions, V their linearised variance between people (factor k/(k − 1)) and n the rows,

        Δ = (C′D⁻¹C / n)⁻¹ C′D⁻¹VD⁻¹C,   F = X² / tr Δ,   d = (tr Δ)² / tr Δ²,

    F with d and d (k − 1) degrees of freedom. Where empty cells make C′D⁻¹C singular, D holds the proportions expected
    under independence. Rows and columns that no one is in are left out, and with clusters those of fewer than
    `FEWEST_PEOPLE` people.

    `Test.effect` is Cramér's V of the table of rows, corrected for the value that chance alone would give it (Bergsma):
    with φ² = max(0, X²/n − tr Δ / n) and r̃ = r − (r − 1)²/(ñ − 1), c̃ likewise, V = √(φ² / min(r̃ − 1, c̃ − 1)), where
    ñ = n (r − 1)(c − 1) / tr Δ is the number of independent rows that would give as much information (n without
    clusters, where tr Δ = (r − 1)(c − 1)).

    Returns
    -------
    Test or None
        None when there is nothing to test: one row or one column, fewer than two people, no variation between people.

    References
    ----------
    Rao and Scott (1984), Annals of Statistics 12, 46–60; Thomas and Rao (1987), JASA 82, 630–636; Bergsma (2013),
    Journal of the Korean Statistical Society 42, 323–328.
    """
    present = counts.without_empty()
    full = present if present.one_row_each else present.of_categories(at_least=FEWEST_PEOPLE).without_empty()
    if min(full.shape) < 2 or full.persons < 2:
        return None
    rows = full.rows
    statistic = pearson_statistic(rows)
    freedom = float((full.shape[0] - 1) * (full.shape[1] - 1))
    if full.one_row_each:
        effect = corrected_v(statistic, rows, freedom)
        p_value = float(special.chdtrc(freedom, statistic))
        return Test(PEARSON, statistic, (freedom,), p_value, full.persons, effect, note=_conditions(full, whole=True))
    delta = _design_effects(full)
    trace = float(np.trace(delta))
    if trace <= 1e-12:
        return None
    effect = corrected_v(statistic, rows, trace)
    first = trace**2 / float(np.trace(delta @ delta))
    degrees = (first, first * (full.persons - 1))
    p_value = float(special.fdtrc(*degrees, statistic / trace))
    return Test(
        RAO_SCOTT,
        statistic / trace,
        degrees,
        p_value,
        full.persons,
        effect,
        note=_conditions(full, whole=full is present),
    )


def pearson_statistic(table: Floats) -> float:
    """Return Pearson's X² of a table of counts without empty row or column."""
    expected = _expected(table)
    return float(((table - expected) ** 2 / expected).sum())


def corrected_v(statistic: float, table: Floats, expected: float) -> float:
    """Return Cramér's V of a table of counts, less what chance alone would give it (Bergsma 2013).

    Parameters
    ----------
    statistic
        Pearson's X² of the table.
    expected
        Its mean under independence: (r − 1)(c − 1) for independent rows, tr Δ for clustered ones.

    Examples
    --------
    >>> table = np.array([[30.0, 10.0], [10.0, 30.0]])
    >>> round(corrected_v(pearson_statistic(table), table, 1), 3)
    0.49
    """
    n, (height, width) = table.sum(), table.shape
    independent = n * (height - 1) * (width - 1) / expected
    phi = max(0.0, statistic / n - expected / n)
    spans = [size - (size - 1) ** 2 / (independent - 1) for size in (height, width)]
    smallest = min(spans) - 1
    return float(min(1.0, np.sqrt(phi / smallest))) if independent > 1 and smallest > 0 else float("nan")


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
    """Return tests with Holm's adjusted p-values, each saying so in its note when there are several.

    How many they are is not said: beside a block that is masked, it would tell whether there was anything to test.
    """
    if len(tests) < 2:
        return tuple(tests)
    said = "Valeur p ajustée à celles des autres caractéristiques (Holm)."
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


def _conditions(counts: Counts, *, whole: bool) -> str | None:
    """Return what a reader must know; it names no category and no number: a note must not betray one person."""
    notes = [] if whole else [FEWEST_PEOPLE_NOTE]
    if (_expected(counts.rows) < FEW_EXPECTED).any():
        notes.append("Effectifs attendus inférieurs à 5 dans une case au moins\u00a0: résultat indicatif.")
    smallest = min(counts.over_rows().people.min(), counts.over_columns().people.min())
    if smallest < FEW_PEOPLE and not counts.one_row_each:
        notes.append(FEW_PEOPLE_NOTE)
    return " ".join(notes) or None
