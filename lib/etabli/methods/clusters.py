"""Counts of rows by category, kept person by person.

One person comes several times, so the rows of a frame are not independent: its people are. Every
count here is a persons × cells matrix, from which come the rows of a cell, its distinct people, and
the variances between people.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from etabli.errors import MethodError, suggestion
from etabli.methods.membership import Membership, may_be_missing, membership_of
from etabli.methods.results import MISSING, Missing

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Coded:
    """A categorical variable as integers: `codes` from 0, −1 where missing, into `levels`."""

    codes: Integers
    levels: tuple[str, ...]


def encode(frame: pd.DataFrame, name: str) -> Coded:
    """Return a variable as codes; all declared categories of a Categorical are kept, in their order.

    Raises
    ------
    MethodError
        The frame has no such column.
    """
    values = column(frame, name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, levels = values.cat.codes.to_numpy(), [str(level) for level in values.cat.categories]
    else:
        text = values.astype("str")  # missing values stay missing
        codes, found = pd.factorize(text, sort=True)
        levels = [str(level) for level in found]
    return Coded(codes.astype(np.int64), tuple(levels))


def people_of(coded: Coded, persons: Integers, kept: Flags) -> Integers:
    """Return how many distinct people each category has among the rows kept.

    Parameters
    ----------
    coded
        The variable, none missing.
    persons
        Person of each row, as integers from 0.
    """
    size = len(coded.levels)
    pairs = np.unique(persons[kept] * size + coded.codes[kept])
    return np.bincount(pairs % size, minlength=size).astype(np.int64)


def with_missing(frame: pd.DataFrame, name: str, somebody: Flags) -> Coded:
    """Return a variable as codes, with a last category `MISSING` if a value of somebody is missing, or may be.

    Rows of nobody are counted apart, and have no line of their own.

    A line that were there only where somebody's value is missing would tell that somebody's is, masked or not.
    """
    coded = encode(frame, name)
    missing = coded.codes < 0
    if not missing[somebody].any() and not may_be_missing(frame, name):
        return coded
    return Coded(np.where(missing, len(coded.levels), coded.codes), (*coded.levels, MISSING))


def column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column of the frame.

    Raises
    ------
    MethodError
        The frame has no such column, or two of that name.
    """
    if name not in frame.columns:
        raise MethodError(f"La variable « {name} » n’est pas dans les données.", hint=suggestion(name, frame.columns))
    refuse_repeated_column(frame, name)
    return frame[name]


def refuse_repeated_column(frame: pd.DataFrame, name: str) -> None:
    """Raise a MethodError when two columns have this name."""
    if not frame.columns.is_unique and (frame.columns == name).sum() > 1:
        raise MethodError(
            f"Deux colonnes des données s’appellent « {name} ».",
            expected="un nom par colonne",
            hint="retirez ou renommez l’une des deux avant ce calcul",
        )


def refuse_reserved(names: Sequence[str], reserved: Collection[str]) -> None:
    """Raise a MethodError when a variable has the name of a column that the result makes itself."""
    taken = [name for name in names if name in reserved]
    if taken:
        raise MethodError(
            f"La variable « {taken[0]} » porte le nom d’une colonne du résultat.",
            expected=f"un nom autre que {', '.join(reserved)}",
            hint="renommez la variable dans le codebook",
        )


def complete_rows(frame: pd.DataFrame, variables: Sequence[str], person: str) -> tuple[Flags, Missing | None]:
    """Return which rows have all variables and a person, and what is left out.

    `Missing.people` counts the distinct people of the rows left out, who may be in the table by their other rows; a
    row without a person adds a row and no one.
    """
    if person not in frame.columns:
        raise MethodError(
            f"La variable « {person} », qui dit quelle personne est derrière chaque ligne, n’est pas dans les données.",
            hint="nommez-la par person=…, comme le codebook la nomme",
        )
    refuse_repeated_column(frame, person)
    known = frame[person].notna().to_numpy(dtype=bool)
    complete = known.copy()
    for name in variables:
        complete &= column(frame, name).notna().to_numpy(dtype=bool)
    out = ~complete
    missing = Missing(int(out.sum()), int(frame.loc[out, person].nunique()), len(frame)) if out.any() else None
    return complete, missing


@dataclass(frozen=True)
class Counts:
    """Rows by person and cell of a `shape[0]` × `shape[1]` table (cells in row-major order)."""

    by_person: Any  # scipy.sparse.csr_array, persons × cells, of float64
    shape: tuple[int, int]
    people_labels: NDArray[Any]
    """Who each line of `by_person` is."""

    @property
    def persons(self) -> int:
        """How many distinct people the table rests on."""
        return int(self.by_person.shape[0])

    @property
    def one_row_each(self) -> bool:
        """Whether no person has more than one row: people are then independent observations."""
        return bool(self.by_person.sum() == self.persons)

    @property
    def rows(self) -> Floats:
        """Rows by cell, of the table's shape."""
        return np.asarray(self.by_person.sum(axis=0), dtype=float).reshape(self.shape)

    @property
    def people(self) -> Integers:
        """Distinct people by cell, of the table's shape."""
        return _columns_in_use(self.by_person).reshape(self.shape)

    @property
    def by_row(self) -> Any:
        """Rows by person and row of the table (persons × shape[0])."""
        return self.by_person @ _row_of_cells(self.shape)

    def over_rows(self) -> Counts:
        """Return the table of one row that adds all rows up."""
        height, width = self.shape
        return Counts(
            sparse.csr_array(self.by_person @ np.tile(np.eye(width), (height, 1))), (1, width), self.people_labels
        )

    def over_columns(self) -> Counts:
        """Return the table of one column that adds all columns up."""
        return Counts(sparse.csr_array(self.by_row), (self.shape[0], 1), self.people_labels)

    def with_margins(self) -> tuple[Integers, Integers]:
        """Return rows and distinct people, each with a last row and a last column for the totals."""
        down, across = self.over_rows(), self.over_columns()
        corner = np.array([[self.rows.sum()]])
        rows = np.block([[self.rows, across.rows], [down.rows, corner]])
        people = np.block([[self.people, across.people], [down.people, np.array([[self.persons]])]])
        return rows.astype(np.int64), people.astype(np.int64)

    def membership(self) -> Membership:
        """Return who stands where, row by row of the table, with a last row and a last column for its totals."""
        height, width = self.shape
        down = np.vstack([np.eye(height), np.ones((1, height))])
        across = np.vstack([np.eye(width), np.ones((1, width))])
        return membership_of(self.people_labels, self.by_person @ sparse.csr_array(np.kron(down, across).T))

    def without_empty(self) -> Counts:
        """Return the table without the rows and columns that no one is in."""
        return self.of_categories(at_least=1)

    def of_categories(self, *, at_least: int) -> Counts:
        """Return the table of the rows and columns of at least so many people, without those who are in the others."""
        down = self.over_columns().people.ravel() >= at_least
        across = self.over_rows().people.ravel() >= at_least
        if down.all() and across.all():
            return self
        kept = self.by_person[:, np.flatnonzero(np.outer(down, across).ravel())]
        people = np.flatnonzero(np.asarray(kept.sum(axis=1)).ravel() > 0)
        return Counts(kept[people, :], (int(down.sum()), int(across.sum())), self.people_labels[people])


def count(person: NDArray[Any], row: Integers, column: Integers, shape: tuple[int, int]) -> Counts:
    """Count the rows of each person in each cell.

    Parameters
    ----------
    person
        Who each row is about (any values, none missing).
    row, column
        Codes of each row's cell, from 0, none missing.
    shape
        Number of rows and columns of the table.
    """
    codes, persons = pd.factorize(person)
    ones = np.ones(len(codes))
    matrix = sparse.coo_array((ones, (codes, row * shape[1] + column)), shape=(len(persons), shape[0] * shape[1]))
    return Counts(matrix.tocsr(), shape, np.asarray(persons, dtype=object))


def _row_of_cells(shape: tuple[int, int]) -> Any:
    return sparse.csr_array(np.repeat(np.eye(shape[0]), shape[1], axis=0))


def _columns_in_use(matrix: Any) -> Integers:
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)
