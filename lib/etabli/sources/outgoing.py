"""The columns of a frame to be written, held to the codebook before a byte is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from etabli.errors import DeliveryError, suggestion
from etabli.sources.codebook import SourceCodebook, Variable


def hold_variables(frame: pd.DataFrame, book: SourceCodebook, name: str) -> None:
    """Refuse a frame that has not exactly the codebook's variables.

    Raises
    ------
    DeliveryError
        The first variable that is missing, or that the codebook does not know.
    """
    for variable in book.variables:
        if variable not in frame:
            raise DeliveryError(
                f"La variable « {variable} » manque dans les données à écrire.",
                where=name,
                hint=suggestion(variable, frame.columns),
            )
    for column in frame.columns:
        if column not in book.variables:
            raise DeliveryError(
                f"La variable « {column} » n’est pas dans le codebook.",
                where=name,
                hint=suggestion(column, book.variables),
            )


def titles_of(book: SourceCodebook) -> list[str]:
    """Return what stands above the header of a table, from top to bottom: a title, then empty rows."""
    title = f"{book.row.many.capitalize()} : données fictives"
    return [title if place == 0 else "" for place in range(book.format.title_rows)]


def header_of(book: SourceCodebook) -> list[list[str]]:
    """Return the header rows from top to bottom, a name repeated over the columns that it stands for."""
    columns = [variable.column or name for name, variable in book.variables.items()]
    labels = [variable.label for variable in book.variables.values()]
    above = [[book.row.many.capitalize()] * len(columns)] * (book.format.header_rows - 2)
    return [list(row) for row in [*above, labels, columns][-book.format.header_rows :]]


@contextmanager
def held(name: str, variable: Variable, values: pd.Series) -> Iterator[None]:
    """Tell which variable a mistake is about, while its column is written.

    Raises
    ------
    DeliveryError
        What the block refused, or a value that has not the variable's type.
    """
    try:
        yield
    except DeliveryError as error:
        error.where = error.where or f"variable « {name} »"
        raise
    except (ValueError, TypeError):
        raise DeliveryError(
            "Une valeur n’a pas le type de sa variable.",
            where=f"variable « {name} »",
            expected=f"le type « {variable.type} »",
            got=f"des données de type {values.dtype}",
        ) from None
