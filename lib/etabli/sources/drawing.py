"""A data set drawn from a codebook: every rule is kept, and nothing in it means anything.

Rows are drawn chunk after chunk, so that their number does not weigh on memory. Variables are drawn
one by one; the rows that break a rule between variables have their values drawn again, while what is missing stays so:
a row that misses something breaks few rules, and what may be missing would end by missing more often than it should.
A study whose method needs structure plants it in its own `demo.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.cells import Places, delivered
from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversions import convert, stands_for
from etabli.sources.domains import ROWS_A_PERSON, Domain, Period, domain_of
from etabli.sources.expressions import Expression
from etabli.sources.seeds import stream

__all__ = ["CHUNK", "MISSING_SHARE", "ROWS_A_PERSON", "TRIES", "Draw", "draw", "draw_chunks"]

MISSING_SHARE = 0.05
"""Share of missing values in a variable that is not required."""

SKEW = 5 / 3
"""Exponent of a uniform draw that picks people as Pareto weights of exponent 2.5 do: a few come much more often.

The heaviest share q of such people makes a share q^(1 − 1/2.5) of the rows; its inverse is u^(5/3)."""

CHUNK = 100_000
"""Rows drawn and written at once."""

TRIES = 100
"""Times that the rows which break a rule between variables are drawn again, at most."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Draw:
    """What a draw rests on beside its codebook and its number of rows.

    Parameters
    ----------
    seed
        The same seed gives the same rows, of the same edition and the same source.
    period
        First and last day of the edition: where dates fall, when their bounds let them.
    parents
        By variable that refers to another source: the different keys of that source.
    edition, source
        Of which edition and which source the rows are: each has its own draw, each edition its own identifiers.
    """

    seed: int
    period: Period = (date(2024, 1, 1), date(2024, 12, 31))
    parents: Mapping[str, pd.Series] = field(default_factory=dict)
    edition: str = ""
    source: str = ""

    def part(self, number: int) -> np.random.Generator:
        """Return the random numbers of a part of the rows: 0 for what all of them rest on, then one for each chunk."""
        return stream(self.seed, self.edition, self.source, number=number)

    @property
    def shift(self) -> float:
        """Which identifiers there are: the same in all sources of an edition, that a study may link."""
        return float(stream(self.seed, self.edition).random())


def draw(book: SourceCodebook, rows: int, *, seed: int) -> pd.DataFrame:
    """Draw a tidy frame from a codebook.

    Codes follow their weights; numbers are uniform between their bounds (default: 0 to 100), dates in
    the year 2024 or between theirs; a person has a skewed number of rows (Pareto weights); any other
    identifier is unique; 5 % of the values that may be missing are.

    Parameters
    ----------
    book
        The codebook of the source.
    rows
        Number of rows, at least 1.
    seed
        The same seed gives the same frame.

    Returns
    -------
    DataFrame
        What `tidy` would return for its delivery, identifiers as plain text.

    Raises
    ------
    DeliveryError
        No value, or too few different ones, keep the rules of a variable.
    """
    return pd.concat(draw_chunks(book, rows, Draw(seed)), ignore_index=True)


def draw_chunks(book: SourceCodebook, rows: int, by: Draw) -> Iterator[pd.DataFrame]:
    """Draw the rows of `draw`, `CHUNK` at a time; keys of other sources come from `by.parents`.

    Raises
    ------
    DeliveryError
        As `draw`; or rows break a rule between variables however often they are drawn.
    """
    random = by.part(0)
    columns = {name: _Column(random, name, book, rows, by) for name in book.variables}
    checks = [book.expression(rule) for rule in book.rules if rule.check is not None]
    together = [_Together(rule.unique) for rule in book.rules if rule.unique is not None]
    for number, start in enumerate(range(0, rows, CHUNK)):
        random = by.part(number + 1)
        count = min(CHUNK, rows - start)
        missing = {name: column.absent(random, count) for name, column in columns.items()}
        values = {name: column.take(random, count).mask(missing[name]) for name, column in columns.items()}
        yield _kept(random, pd.DataFrame(values), missing, columns, [*checks, *together])


class _Column:
    """One variable as it is drawn: its domain, and how far a unique one has come."""

    def __init__(self, random: np.random.Generator, name: str, book: SourceCodebook, rows: int, by: Draw) -> None:
        self.name, self.book, self.variable = name, book, book.variables[name]
        is_person, is_child = name == book.person, name in by.parents
        self.unique = self.variable.unique or (self.variable.type == "identifier" and not is_person and not is_child)
        self.skewed = (is_person or is_child) and not self.unique
        self.domain = (
            _keys(by.parents[name]) if is_child else domain_of(self.variable, rows, by.period, self.skewed, by.shift)
        )
        self.order = _Order(random, self.domain.size)
        self.seen: set[object] = set()
        self.next, self.rows = 0, rows
        allowed = [rule.missing[name] for rule in book.rules if rule.missing and name in rule.missing]
        self.missing = min([MISSING_SHARE, *(share / 2 for share in allowed)])
        if self.domain.size == 0 and self.variable.required:
            raise _impossible(
                name,
                f"un texte de la forme « {self.variable.pattern} »" if self.variable.pattern else "au moins une valeur",
                "aucun texte d’essai n’a cette forme" if self.variable.pattern else "aucune",
            )
        if self.unique and 0 < self.domain.size < rows:
            raise self._too_few(self.domain.size)

    def take(self, random: np.random.Generator, count: int) -> pd.Series:
        """Return the next `count` values; none misses, unless nothing keeps the rules of the variable."""
        if self.domain.size == 0:
            return convert(pd.Series([None] * count, dtype="str"), self.variable, self.book.format)
        return self._unique(count) if self.unique else self._any(random, count)

    def absent(self, random: np.random.Generator, count: int) -> Mask:
        """Return which of the next `count` values are missing."""
        return random.random(count) < (0.0 if self.variable.required else self.missing)

    def _any(self, random: np.random.Generator, count: int) -> pd.Series:
        if self.skewed:
            places = self.order.at((random.random(count) ** SKEW * self.domain.size).astype(np.int64))
        elif self.domain.weights is not None:
            places = random.choice(self.domain.size, count, p=self.domain.weights)
        else:
            places = random.integers(0, self.domain.size, count)
        values, good = self._values(places)
        if good.all():
            return values
        if not good.any():
            raise _impossible(self.name, f"{self.rows} valeurs", "0")
        return values.take(np.resize(np.flatnonzero(good), count)).reset_index(drop=True)

    def _unique(self, count: int) -> pd.Series:
        parts, lacking = [], count
        while lacking:
            wanted = np.arange(self.next, min(self.next + lacking, self.domain.size))
            if not len(wanted):
                raise self._too_few(self.rows - lacking)
            self.next += len(wanted)
            values, good = self._values(self.order.at(wanted))
            if self.variable.type in {"number", "date", "datetime"}:  # two places may be written alike
                good &= self._new(values)
            parts.append(values[good])
            lacking -= int(good.sum())
        return pd.concat(parts, ignore_index=True)

    def _new(self, values: pd.Series) -> Mask:
        new = ~(values.duplicated() | values.isin(self.seen)).to_numpy(dtype=bool)
        self.seen.update(values[new])
        return np.asarray(new)

    def _values(self, places: Places) -> tuple[pd.Series, Mask]:
        """Return the values at these places as they are read back, and which of them keep the rules."""
        if self.unique:
            known, inverse = places, np.arange(len(places))
        else:
            inverse, known = pd.factorize(places)
        text = delivered(pd.Series(self.domain.values(known)), self.variable, self.book.format)
        good = ~stands_for(text, ["", *self.variable.missing], self.variable, self.book.format)
        if self.variable.pattern is not None:
            good &= text.str.fullmatch(self.variable.pattern).fillna(False).astype(bool)
        values = convert(text, self.variable, self.book.format)
        return values.take(inverse).reset_index(drop=True), good.to_numpy(dtype=bool)[inverse]

    def _too_few(self, got: int) -> DeliveryError:
        return _impossible(self.name, f"{self.rows} valeurs toutes différentes", str(got))


class _Order:
    """An order of the places of a domain, known without being stored: place a·i + b modulo their number."""

    def __init__(self, random: np.random.Generator, size: int) -> None:
        self.size = max(1, size)
        self.step = int(random.integers(1, self.size + 1))
        while math.gcd(self.step, self.size) != 1:
            self.step = self.step % self.size + 1
        self.shift = int(random.integers(0, self.size))

    def at(self, ranks: Places) -> Places:
        return np.asarray((ranks * self.step + self.shift) % self.size, dtype=np.int64)


def _keys(parent: pd.Series) -> Domain:
    known = parent.reset_index(drop=True)
    return Domain(len(known), lambda places: known.take(places).tolist())


class _Together:
    """Variables of which no two rows have the same values together: 8 bytes are kept of each row."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names, self.seen = names, np.empty(0, dtype=np.uint64)
        self.words = f"pas deux lignes avec les mêmes {', '.join(f'« {name} »' for name in names)}"

    def broken(self, frame: pd.DataFrame) -> Mask:
        full = frame[list(self.names)].notna().all(axis=1).to_numpy()
        hashes = self._hashes(frame)
        return np.asarray(full & (pd.Series(hashes).duplicated().to_numpy() | np.isin(hashes, self.seen)))

    def keep(self, frame: pd.DataFrame) -> None:
        self.seen = np.concatenate([self.seen, self._hashes(frame)])

    def _hashes(self, frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
        return np.asarray(pd.util.hash_pandas_object(frame[list(self.names)], index=False), dtype=np.uint64)


def _kept(
    random: np.random.Generator,
    frame: pd.DataFrame,
    missing: dict[str, Mask],
    columns: Mapping[str, _Column],
    rules: list[Expression | _Together],
) -> pd.DataFrame:
    """Return the frame, the rows that break a rule drawn again. What is unique stays, and is not drawn twice.

    What is missing stays too, but for a variable of which a broken rule asks whether it is.
    """
    again = [name for name, column in columns.items() if not column.unique]
    for _ in range(TRIES):
        broken_by = [rule.broken(frame) for rule in rules]
        broken = np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *broken_by])
        if not broken.any():
            for rule in rules:
                if isinstance(rule, _Together):
                    rule.keep(frame)
            return frame
        for rule, here in zip(rules, broken_by, strict=True):
            for name in rule.presences if isinstance(rule, Expression) else ():
                missing[name][here] = columns[name].absent(random, int(here.sum()))
        rows = np.flatnonzero(broken)
        for name in again:
            values = columns[name].take(random, len(rows)).mask(missing[name][rows])
            frame[name] = _replaced(frame[name], rows, values)
    rule, count = max(((rule, int(rule.broken(frame).sum())) for rule in rules), key=lambda found: found[1])
    raise DeliveryError(
        "Le tirage ne parvient pas à respecter une règle entre variables.",
        where=f"règle du codebook : {rule.words}",
        expected=f"des lignes qui la respectent, en {TRIES} tirages au plus",
        got=f"{count} ligne{'s' if count > 1 else ''} qui l’enfrei{'gnent' if count > 1 else 'nt'} encore",
        hint="resserrez les bornes des variables, ou écrivez un demo.py pour l’étude",
    )


def _replaced(values: pd.Series, rows: Places, new: pd.Series) -> pd.Series:
    order = np.arange(len(values))
    order[rows] = len(values) + np.arange(len(rows))
    return pd.concat([values, new], ignore_index=True).take(order).reset_index(drop=True)


def _impossible(name: str, wanted: str, got: str) -> DeliveryError:
    return DeliveryError(
        f"Aucune donnée factice ne convient à la variable « {name} ».",
        where=f"variable « {name} » du codebook",
        expected=wanted,
        got=got,
        hint="élargissez ses règles, ou écrivez un demo.py pour l’étude",
    )
