"""A tidy frame written as its partner would deliver it: the inverse of `readers.read` and `checks.tidy`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.columnar_output import write_columnar
from etabli.sources.delimited_output import write_delimited
from etabli.sources.limits import LIMITS, Limits, hold_declared, hold_size, hold_values
from etabli.sources.outgoing import held, hold_variables
from etabli.sources.statistical_output import write_sas, write_spss, write_spss_compressed, write_stata
from etabli.sources.workbook_output import write_workbook

Writer = Callable[[Path, Iterable[pd.DataFrame], SourceCodebook], None]
"""File, frames one after the other, codebook of the source."""

WRITERS: dict[str, Writer] = {
    ".csv": write_delimited,
    ".sav": write_spss,
    ".zsav": write_spss_compressed,
    ".dta": write_stata,
    ".xpt": write_sas,
    ".xlsx": write_workbook,
    ".parquet": write_columnar,
}
"""The writers by suffix, in lower case."""


def write_delivery(frames: pd.DataFrame | Iterable[pd.DataFrame], book: SourceCodebook, path: Path) -> int:
    """Write frames in codes as a delivery: the codebook's columns, values and format.

    The file appears whole or not at all. CSV, Excel and Parquet are written frame after frame, in the memory
    of one of them; the others are held whole, within the bounds of `LIMITS`.

    Parameters
    ----------
    frames
        The variables of the codebook, in codes; identifiers as plain text. One frame, or several that follow.
    book
        The codebook of the source.
    path
        The file to write; its suffix says in which format.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    DeliveryError
        A frame has not the codebook's variables, or holds a value that the delivery cannot write or would lose.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise DeliveryError(
            "Ce format de fichier ne s’écrit pas.", where=path.name, expected=" ou ".join(WRITERS), got=path.suffix
        )
    hold_declared(book, LIMITS[suffix])
    counted = _Held([frames] if isinstance(frames, pd.DataFrame) else frames, book, path.name, LIMITS[suffix])
    staged = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        WRITERS[suffix](staged, counted, book)
        staged.replace(path)
    except DeliveryError as error:
        error.where = f"{path.name}, {error.where}" if error.where and path.name not in error.where else error.where
        raise
    finally:
        staged.unlink(missing_ok=True)
    return counted.rows


class _Held:
    """Frames that are held to the codebook and to the format as they pass, and counted."""

    def __init__(self, frames: Iterable[pd.DataFrame], book: SourceCodebook, name: str, limits: Limits) -> None:
        self.frames, self.book, self.name, self.limits, self.rows = frames, book, name, limits, 0

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for frame in self.frames:
            hold_variables(frame, self.book, self.name)
            self.rows += len(frame)
            heading = self.book.format.title_rows + self.book.format.header_rows
            hold_size(self.rows, len(self.book.variables), self.limits, heading=heading)
            for name, variable in self.book.variables.items():
                with held(name, variable, frame[name]):
                    hold_values(name, frame[name], variable, self.limits)
            yield frame
