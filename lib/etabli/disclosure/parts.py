"""What the parts of a region tell of it: the areas of a quarter make the quarter, whether a table says so or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from etabli.disclosure.regions import Region, region
from etabli.methods.results import MISSING


@dataclass(frozen=True, eq=False)
class Splits:
    """How each variable of a delivery splits its rows, and which variables follow from which.

    Parameters
    ----------
    frame
        All rows of the delivery.
    person
        The variable that says who is behind each; None where nobody is.
    """

    frame: pd.DataFrame
    person: str | None = None
    _texts: dict[str, pd.Series] = field(default_factory=dict)
    _coarse: dict[tuple[str, str], Mapping[str, str] | None] = field(default_factory=dict)

    def parts(self, whole: Region, name: str) -> list[Region]:
        """Return the regions into which a variable splits another: with all of its categories that can stand there.

        A variable of the region that follows from this one (the quarter, from the area) is left out of its parts, which
        are all within it. Empty when the region, or the delivery, has no such split.
        """
        has = dict(whole.categories)
        if name in has or name not in self.frame or any(each not in self.frame for each in has):
            return []
        coarse = {each: found for each in has if (found := self.coarser(name, each)) is not None}
        left = {each: code for each, code in has.items() if each not in coarse}
        codes = [
            code for code in self._codes(name) if all(found.get(code) == has[each] for each, found in coarse.items())
        ]
        parts = [region(whole.source, {**left, name: code}) for code in codes]
        if not coarse:
            return parts
        unknown = self._text(name) == MISSING  # whose area is not known is in the quarter all the same
        for each, code in has.items():
            unknown &= self._text(each) == code
        return [*parts, region(whole.source, {**has, name: MISSING})] if unknown.any() else parts

    def coarser(self, fine: str, coarse: str) -> Mapping[str, str] | None:
        """Return the one category of a variable that each of another has; None when one has several, or is not held."""
        if fine not in self.frame or coarse not in self.frame:
            return None
        if (fine, coarse) not in self._coarse:
            pairs = pd.DataFrame({"fine": self._text(fine), "coarse": self._text(coarse)}).drop_duplicates()
            pairs = pairs[pairs["fine"] != MISSING]  # whose area is not known may be anywhere
            follows = pairs["fine"].is_unique
            self._coarse[fine, coarse] = dict(zip(pairs["fine"], pairs["coarse"], strict=True)) if follows else None
        return self._coarse[fine, coarse]

    def size(self, name: str) -> int:
        """Return how many categories a variable of the delivery has, as declared; one more where it may be missing."""
        column = self.frame[name]
        declared = isinstance(column.dtype, pd.CategoricalDtype)
        return len(column.cat.categories) + int(column.isna().any()) if declared else 0

    def is_constant(self, name: str) -> bool:
        """Whether each person has one category of a variable of the delivery in all their rows."""
        if self.person is None:
            return False
        pairs = pd.DataFrame({"person": self.frame[self.person], "code": self._text(name)}).dropna().drop_duplicates()
        return bool(pairs["person"].is_unique)

    @cached_property
    def has_repeats(self) -> bool:
        """Whether somebody has several rows."""
        return self.person is not None and bool(self.frame[self.person].dropna().duplicated().any())

    def _text(self, name: str) -> pd.Series:
        if name not in self._texts:
            column = self.frame[name]
            self._texts[name] = column.astype(str).mask(column.isna(), MISSING)
        return self._texts[name]

    def _codes(self, name: str) -> list[str]:
        return sorted(self._text(name).unique())
