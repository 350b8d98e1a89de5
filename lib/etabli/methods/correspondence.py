"""Multiple correspondence analysis (*ACM*): the axes along which the answers of people differ most.

Computed from the Burt table, whose counts are whole numbers: the result does not depend on the order of the people, and
costs the same for 60,000 of them as for 600. Held to FactoMineR, and to the package `prince`
([0017](../../../docs/decisions/0017-correspondence-analysis-is-our-own.md)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.errors import MethodError
from etabli.methods.answers import Answers, burt
from etabli.methods.clusters import Flags, Floats, Integers

_NOTHING = 1e-10
"""Eigenvalue under which an axis is a rounding error of nothing."""


@dataclass(frozen=True)
class Correspondence:
    """A multiple correspondence analysis.

    Parameters
    ----------
    eigenvalues
        Of the axes (axes,), falling.
    inertia
        Of all active categories: the sum of all eigenvalues.
    between_variables
        The inertia of the Burt table outside its diagonal blocks, on Greenacre's scale.
    vectors
        Active categories × axes, of length 1.
    frequencies
        Share of the people in each category, active or not (categories,).
    active
        Which categories made the axes.
    variables
        Number of variables, Q.
    """

    eigenvalues: Floats
    inertia: float
    between_variables: float
    vectors: Floats
    frequencies: Floats
    active: Flags
    variables: int

    @property
    def rates(self) -> Floats:
        """Share of the inertia of each axis: pessimistic, since one variable has many axes of its own."""
        return self.eigenvalues / self.inertia

    @property
    def modified(self) -> Floats:
        """Benzécri's eigenvalues: [Q/(Q − 1) · (λ − 1/Q)]² for axes with λ > 1/Q, 0 for the others."""
        q = self.variables
        above = np.maximum(self.eigenvalues - 1 / q, 0.0)
        return np.asarray((q / (q - 1) * above) ** 2 if q > 1 else above, dtype=float)

    @property
    def benzecri(self) -> Floats:
        """Share of each axis among the modified eigenvalues: optimistic. All 0 where none is above 1/Q."""
        total = self.modified.sum()
        return self.modified / total if total > 0 else np.zeros_like(self.modified)

    @property
    def greenacre(self) -> Floats:
        """Modified eigenvalues as a share of the inertia between variables: between the two others."""
        none = np.zeros_like(self.modified)
        return self.modified / self.between_variables if self.between_variables > _NOTHING else none

    @property
    def categories(self) -> Floats:
        """Principal coordinates of all active categories, NaN for the others (categories × axes)."""
        found = np.full((len(self.frequencies), len(self.eigenvalues)), np.nan)
        scale = np.sqrt(self.variables / self.frequencies[self.active])
        found[self.active] = self.vectors * np.sqrt(self.eigenvalues) * scale[:, None]
        return found

    @property
    def contributions(self) -> Floats:
        """Share of an axis that each active category makes, NaN for the others (categories × axes)."""
        found = np.full((len(self.frequencies), len(self.eigenvalues)), np.nan)
        found[self.active] = self.vectors**2
        return found

    def people(self, indicator: Floats) -> Floats:
        """Return principal coordinates of patterns (patterns × axes), of those analysed or of others."""
        f = self.frequencies[self.active]
        centred = indicator[:, self.active] - f
        return np.asarray((centred / np.sqrt(self.variables * f)) @ self.vectors, dtype=float)

    def quality(self, coordinates: Floats, frequencies: Floats) -> Floats:
        """Return cos²: how much of a category's distance to the mean each axis holds (categories × axes).

        The squared distance of a category of frequency f is 1/f − 1.
        """
        with np.errstate(divide="ignore", invalid="ignore"):  # a category of nobody, or of everybody, has none
            return np.asarray(coordinates**2 / (1 / frequencies - 1)[:, None], dtype=float)


def correspondence(answers: Answers, *, passive: Flags | None = None) -> Correspondence:
    """Return the multiple correspondence analysis of answers.

    With n people, Q variables, f the frequencies and B the Burt table, the eigenvalues and vectors of

        M = (B/n − f f′) / (Q √(f f′))

    over the active categories, frequencies and Q being those of everybody: a *specific* analysis, in which a missing
    answer, or a passive category, keeps its place among the answers and takes no part in the axes.

    Parameters
    ----------
    passive
        Categories that take no part (categories,); those of nobody never do.

    Raises
    ------
    MethodError
        Nothing varies: no active category is that of some and not of others.

    References
    ----------
    Greenacre (2017), Correspondence Analysis in Practice, 3rd ed., chapters 18–19 and theory appendix; Benzécri (1979),
    Cahiers de l'analyse des données 4, 377–378; Le Roux and Rouanet (2010), Multiple Correspondence Analysis, 3.3
    (specific analysis).
    """
    table = burt(answers.codes, answers.weights, answers.sizes) / max(answers.people, 1)
    frequencies = np.diag(table).copy()
    active = frequencies > 0 if passive is None else (frequencies > 0) & ~passive
    matrix = _standardised(table, frequencies, active, len(answers.variables))
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > _NOTHING
    if not kept.any():
        raise MethodError(
            "Aucune réponse ne varie : il n’y a pas d’axe.",
            where=f"variables {', '.join(f'« {name} »' for name in answers.variables)}",
            expected="une variable au moins dont deux modalités ont des personnes",
        )
    owner = np.repeat(np.arange(len(answers.sizes)), answers.sizes)[active]
    return Correspondence(
        eigenvalues=values[kept],
        inertia=float(np.trace(matrix)),
        between_variables=_between(matrix, owner, len(answers.variables)),
        vectors=_signed(vectors[:, kept]),
        frequencies=frequencies,
        active=active,
        variables=len(answers.variables),
    )


def eigenvalues_of(codes: Integers, sizes: Sequence[int], frequencies: Floats, active: Flags) -> Floats:
    """Return the eigenvalues of rows of answers, one a person, falling: of shuffled ones, whose frequencies stay."""
    matrix = _standardised(burt(codes, None, sizes) / len(codes), frequencies, active, len(sizes))
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1], dtype=float)


def projected(coordinates: Floats, eigenvalues: Floats, people: Floats) -> Floats:
    """Return the coordinates of supplementary categories (categories × axes): the mean of their people, over √λ.

    Parameters
    ----------
    coordinates
        Of patterns (patterns × axes).
    people
        How many people of a pattern have a category (patterns × categories).
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # a category of nobody has no place
        mean = (people.T @ coordinates) / people.sum(axis=0)[:, None]
    return np.asarray(mean / np.sqrt(eigenvalues), dtype=float)


def axis_tests(coordinates: Floats, people: Floats, everybody: int) -> Floats:
    """Return the test values of categories on axes: √((n − 1) nⱼ / (n − nⱼ)) times their coordinates.

    Beyond ±2 a category lies elsewhere than nⱼ people drawn at random would. Of active categories it is a reading aid:
    they made the axes.

    References
    ----------
    Lebart, Morineau and Piron (2006), Statistique exploratoire multidimensionnelle, 4th ed., 1.4.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # a category of everybody lies at the mean
        return np.asarray(np.sqrt((everybody - 1) * people / (everybody - people))[:, None] * coordinates, dtype=float)


def _standardised(table: Floats, frequencies: Floats, active: Flags, variables: int) -> Floats:
    f = frequencies[active]
    return np.asarray((table[np.ix_(active, active)] - np.outer(f, f)) / (variables * np.sqrt(np.outer(f, f))))


def _between(matrix: Floats, owner: Integers, variables: int) -> float:
    """Return Q/(Q − 1) times the inertia of the blocks that cross two variables (0 with one variable)."""
    crossing = owner[:, None] != owner[None, :]
    return float((matrix**2)[crossing].sum() * variables / max(variables - 1, 1))


def _signed(vectors: Floats) -> Floats:
    """Return vectors whose largest entry is positive: the sign of an axis says nothing, and must not vary."""
    size = np.abs(vectors)
    largest = (size > size.max(axis=0) - 1e-9).argmax(axis=0)
    return np.asarray(vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])]), dtype=float)
