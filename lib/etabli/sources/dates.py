"""Dates of one fixed form, read as columns of digits: some thirty times as fast as one after the other."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

_WIDTHS = {"%d": 2, "%m": 2, "%Y": 4, "%H": 2, "%M": 2, "%S": 2}
_ENOUGH = 1_000
"""Values under which pandas' own reading is as fast."""

_BLOCK = 1 << 18
"""Values whose letters are looked at together: some 20 MB."""


def fixed_dates(text: pd.Series, form: str) -> pd.Series | None:
    """Return the dates of a column of text, if every filled value has exactly the form's digits and signs.

    Parameters
    ----------
    text
        Texts, NA where a value is missing.
    form
        `strptime` format.

    Returns
    -------
    Series or None
        `datetime64[us]`, NaT where a value is missing; None where the form is not of fixed width, the column is short,
        or a value is anything but such a date: who is to read it then (« 1/2/2024 »), or to refuse it, decides.

    Examples
    --------
    >>> days = fixed_dates(pd.Series(["31/12/2024"] * 1_000), "%d/%m/%Y")
    >>> days.iloc[0], fixed_dates(pd.Series(["31/02/2024"] * 1_000), "%d/%m/%Y")
    (Timestamp('2024-12-31 00:00:00'), None)
    """
    parts = re.findall("%.|[^%]", form)
    named = [part for part in parts if part.startswith("%")]
    if len(text) < _ENOUGH or not {"%d", "%m", "%Y"} <= set(named) <= set(_WIDTHS) or len(set(named)) < len(named):
        return None
    missing = text.isna().to_numpy()
    filled = text.to_numpy(dtype=object)[~missing]
    found = np.full(len(text), np.datetime64("NaT"), dtype="datetime64[us]")
    days = np.empty(len(filled), dtype="datetime64[us]")
    for start in range(0, len(filled), _BLOCK):
        block = _block(filled[start : start + _BLOCK], parts)
        if block is None:
            return None
        days[start : start + _BLOCK] = block
    found[~missing] = days
    return pd.Series(found, text.index)


def _block(texts: npt.NDArray[np.object_], parts: list[str]) -> npt.NDArray[np.datetime64] | None:
    width = sum(_WIDTHS.get(part, 1) for part in parts)
    letters = texts.astype(f"U{width + 1}").view("uint32").reshape(len(texts), width + 1)
    if letters[:, width].any():
        return None
    numbers: dict[str, npt.NDArray[np.int64]] = {}
    place = 0
    for part in parts:
        size = _WIDTHS.get(part, 1)
        here = letters[:, place : place + size]
        place += size
        if part not in _WIDTHS:
            if (here != ord(part)).any():
                return None
            continue
        digits = here.astype("int64") - ord("0")
        if ((digits < 0) | (digits > 9)).any():
            return None
        numbers[part] = digits @ (10 ** np.arange(size - 1, -1, -1))
    return _moments(numbers)


def _moments(numbers: dict[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.datetime64] | None:
    """Return the moments of these years, months, days…; None when one of them is not in the calendar."""
    year, month, day = numbers["%Y"], numbers["%m"], numbers["%d"]
    if (year < 1).any() or (month < 1).any() or (month > 12).any() or (day < 1).any():
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    if (days.astype("datetime64[M]") != months).any():
        return None
    seconds = np.zeros(len(days), dtype="int64")
    for part, most, unit in (("%H", 23, 3_600), ("%M", 59, 60), ("%S", 59, 1)):
        if part in numbers:
            if (numbers[part] > most).any():
                return None
            seconds += numbers[part] * unit
    return days.astype("datetime64[us]") + (seconds * 1_000_000).astype("timedelta64[us]")
